package io.github.dllm4j.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Loads and makes tokenizers. */
public final class Tokenizers {

  /** Files larger than this, 256 MiB, are refused; the largest published ones have about 40. */
  public static final int MAX_FILE_BYTES = 256 << 20;

  private Tokenizers() {}

  /**
   * Loads a Hugging Face {@code tokenizer.json}. Character and byte tokenizers, recognised by their
   * structure, run in pure Java, everything else in DJL's native library.
   *
   * @throws IOException if the file is missing, too large or not a usable tokenizer, in one line
   */
  public static Tokenizer load(Path file) throws IOException {
    return load(file, SpecialIds.FROM_FILE);
  }

  /** The same with special ids that a model's configuration decides. */
  public static Tokenizer load(Path file, SpecialIds ids) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException("tokenizer " + file + " is not a file");
    }
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw tooLarge("tokenizer " + file);
    }
    return load("tokenizer " + file, Files.readAllBytes(file), ids);
  }

  /** Loads a {@code tokenizer.json} from a stream, which stays open. */
  public static Tokenizer load(InputStream in) throws IOException {
    byte[] json = in.readNBytes(MAX_FILE_BYTES + 1);
    if (json.length > MAX_FILE_BYTES) {
      throw tooLarge("the tokenizer");
    }
    return load("the tokenizer", json, SpecialIds.FROM_FILE);
  }

  /** Loads a {@code tokenizer.json} from memory. */
  public static Tokenizer load(byte[] json, SpecialIds ids) throws IOException {
    if (json.length > MAX_FILE_BYTES) {
      throw tooLarge("the tokenizer");
    }
    return load("the tokenizer", json.clone(), ids);
  }

  private static Tokenizer load(String origin, byte[] json, SpecialIds ids) throws IOException {
    TokenizerFile file = new TokenizerFile(origin, json, ids);
    FileShape shape = new FileShape(file);
    return switch (shape.kind()) {
      case CHAR -> new CharacterTokenizer(file);
      case BYTE -> new ByteTokenizer(file);
      case BPE, OTHER -> new HuggingFaceFileTokenizer(file, shape);
    };
  }

  private static IOException tooLarge(String what) {
    return new IOException(what + " is too large; allowed: " + MAX_FILE_BYTES + " bytes");
  }

  /** The byte tokenizer: ids 0..255 are bytes, 256 is {@code <|end|>}, 257 {@code <|mask|>}. */
  public static Tokenizer bytes() {
    return ours(TokenizerJson.bytes());
  }

  /**
   * A character tokenizer of the code points in some texts.
   *
   * @throws IllegalArgumentException if there is no text or it holds a lone surrogate
   */
  public static Tokenizer character(Stream<String> documents) {
    TokenizerTrainer trainer = trainer(TokenizerKind.CHAR);
    documents.forEach(
        text -> {
          trainer.add(text);
          trainer.endDocument();
        });
    return trainer.train();
  }

  /**
   * A trainer without a limit of its own: the byte tokenizer, or a character tokenizer of whatever
   * characters come up.
   *
   * @throws IllegalArgumentException for other kinds
   */
  public static TokenizerTrainer trainer(TokenizerKind kind) {
    return switch (kind) {
      case CHAR -> new CharacterTrainer(SpecialIds.LIMIT);
      case BYTE -> new ByteTrainer();
      case BPE -> throw new IllegalArgumentException("a bpe tokenizer needs a vocabulary size");
      case OTHER -> throw cannotTrain();
    };
  }

  /**
   * A trainer.
   *
   * @param vocabularySize the number of ids, special ones included: what to reach (bpe), not to
   *     exceed (char), or exactly 258 (byte)
   * @throws IllegalArgumentException if the size does not suit the kind
   */
  public static TokenizerTrainer trainer(TokenizerKind kind, int vocabularySize) {
    return switch (kind) {
      case BPE -> new BpeTrainer(vocabularySize);
      case CHAR -> new CharacterTrainer(vocabularySize);
      case BYTE -> {
        if (vocabularySize != ByteTrainer.VOCABULARY) {
          throw new IllegalArgumentException(
              "vocabulary is " + vocabularySize + "; allowed for byte: " + ByteTrainer.VOCABULARY);
        }
        yield new ByteTrainer();
      }
      case OTHER -> throw cannotTrain();
    };
  }

  private static IllegalArgumentException cannotTrain() {
    return new IllegalArgumentException(
        "tokenizers of kind other can only be loaded; allowed: bpe, char, byte");
  }

  /** A tokenizer from a file we wrote ourselves. */
  static Tokenizer ours(byte[] json) {
    try {
      return load("the new tokenizer", json, SpecialIds.FROM_FILE);
    } catch (IOException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }
}
