package io.github.dllm4j.tokenizer;

import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** What all tokenizers share: the file they are, checks of ids and text, closing. */
abstract class AbstractTokenizer implements Tokenizer {

  private final byte[] json;
  private final String sha256;
  private final Vocabulary vocabulary;
  private volatile boolean closed;

  /** Keeps the file's bytes, which must not change afterwards. */
  AbstractTokenizer(byte[] json, Vocabulary vocabulary) {
    this.json = json;
    this.sha256 = hash(json);
    this.vocabulary = vocabulary;
  }

  @Override
  public final int[] encode(String text) {
    requireOpen();
    return encodeText(UnicodeText.requireWellFormed(text));
  }

  /** Encodes a well-formed text. */
  abstract int[] encodeText(String text);

  @Override
  public final String decode(int[] tokens) {
    requireOpen();
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i] < 0 || tokens[i] >= vocabulary.size()) {
        throw new IllegalArgumentException(
            "token " + i + " is " + tokens[i] + "; allowed: 0.." + (vocabulary.size() - 1));
      }
    }
    return decodeIds(tokens);
  }

  /** Decodes ids in range. */
  abstract String decodeIds(int[] tokens);

  @Override
  public final String token(int id) {
    requireId(id);
    return show(id);
  }

  @Override
  public final byte[] bytes(int id) {
    requireId(id);
    return bytesOf(id);
  }

  /** A new array with the bytes of an id in range, none if it stands for no text. */
  abstract byte[] bytesOf(int id);

  private void requireId(int id) {
    if (id < 0 || id >= vocabulary.size()) {
      throw new IllegalArgumentException(
          "token id is " + id + "; allowed: 0.." + (vocabulary.size() - 1));
    }
  }

  /** Shows an id in range. */
  abstract String show(int id);

  @Override
  public final Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public final String sha256() {
    return sha256;
  }

  @Override
  public final void save(Path file) throws AtomicFiles.WriteException {
    AtomicFiles.write(file, json);
  }

  @Override
  public void close() {
    closed = true;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the tokenizer is closed");
    }
  }

  private static String hash(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
