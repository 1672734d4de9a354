package io.github.dllm4j.tokenizer;

import java.nio.file.Path;

/**
 * Text to token ids and back. Implementations are immutable and safe for concurrent use.
 *
 * <p>Text never becomes a special token: the characters {@code <|mask|>} in a text are encoded as
 * ordinary text. Nothing is cut, padded or added. For {@link TokenizerKind#BPE}, {@link
 * TokenizerKind#CHAR} and {@link TokenizerKind#BYTE} made here, {@code decode(encode(text))} is
 * {@code text}, exactly.
 */
public interface Tokenizer extends AutoCloseable {

  /**
   * The tokens of a text.
   *
   * @param text any well-formed text of any length
   * @return ids in 0..size-1, none for the empty text
   * @throws IllegalArgumentException if the text holds a lone surrogate, or a character the
   *     tokenizer cannot express (character tokenizers, and others without a token for the unknown)
   * @throws IllegalStateException after {@link #close()}
   */
  int[] encode(String text);

  /**
   * The text of some tokens. Special tokens (mask, pad, begin, end and whatever else the file calls
   * special) decode to nothing; bytes that do not form a character decode to U+FFFD.
   *
   * @throws IllegalArgumentException if an id is outside 0..size-1
   * @throws IllegalStateException after {@link #close()}
   */
  String decode(int[] tokens);

  /**
   * One token as something to show: its text, the name of a special token, or {@code <0xE2>} for
   * bytes that are not a whole character.
   *
   * @throws IllegalArgumentException if the id is outside 0..size-1
   */
  String token(int id);

  /**
   * The bytes of UTF-8 that a token stands for, which need not be whole characters: the bytes of
   * the tokens of a text, one after the other, are the bytes of what {@link #decode} makes of them.
   *
   * @return a new array; empty for special tokens and for ids without a token
   * @throws IllegalArgumentException if the id is outside 0..size-1
   * @throws UnsupportedOperationException for {@link TokenizerKind#OTHER}, whose tokens are not
   *     bytes
   */
  byte[] bytes(int id);

  /**
   * Where a text that goes on may be cut: the largest {@code p} such that, whatever follows the
   * text, the tokens of its first {@code p} chars followed by the tokens of the rest are the tokens
   * of the whole. Zero if no such place is known.
   */
  int lastCut(String text);

  /** How many ids there are and which are special. */
  Vocabulary vocabulary();

  /** What kind of tokenizer this is. */
  TokenizerKind kind();

  /** SHA-256 of the {@code tokenizer.json}, 64 lower-case hexadecimal digits. */
  String sha256();

  /**
   * Writes the {@code tokenizer.json}; an existing file is replaced in one step, or not at all.
   *
   * @throws AtomicFiles.WriteException in one line with the file's name, if it cannot be written
   */
  void save(Path file) throws AtomicFiles.WriteException;

  /** Frees native memory; may be called twice. */
  @Override
  void close();
}
