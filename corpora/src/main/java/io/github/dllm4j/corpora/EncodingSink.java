package io.github.dllm4j.corpora;

import io.github.dllm4j.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.Arrays;

/**
 * Tokenises documents in chunks of bounded size.
 *
 * <p>About {@link #CHUNK} chars are gathered, then cut at {@link Tokenizer#lastCut}, so that the
 * tokens are those of the whole document. Where the tokenizer knows no such place, more is
 * gathered; at {@link #LIMIT} chars the text is cut all the same, before the last white space of
 * its second half or, in one giant word, at the end. Only there, and at most once per {@code LIMIT
 * / 2} chars, a token may differ from those of the whole.
 */
final class EncodingSink implements TextSink {

  static final int CHUNK = 1 << 16;
  static final int LIMIT = 1 << 20;

  private final Tokenizer tokenizer;
  private final TokenWriter writer;
  private final StringBuilder pending = new StringBuilder();
  private int nextTry = CHUNK;
  private boolean separate;
  private long characters;
  private long documents;
  private long[] starts = new long[16];

  /** Writes the tokens of all documents, with the end token between documents if there is one. */
  EncodingSink(Tokenizer tokenizer, TokenWriter writer) {
    this.tokenizer = tokenizer;
    this.writer = writer;
  }

  @Override
  public void text(String piece) throws IOException {
    if (separate && tokenizer.vocabulary().end().isPresent()) {
      writer.write(tokenizer.vocabulary().end().getAsInt());
    }
    if (separate) {
      begin();
    }
    separate = false;
    characters += piece.codePointCount(0, piece.length());
    for (int from = 0; from < piece.length(); from += CHUNK) {
      pending.append(piece, from, Math.min(from + CHUNK, piece.length()));
      if (pending.length() >= nextTry) {
        encodeSome();
      }
    }
  }

  /** Notes where a document after the first begins. */
  private void begin() {
    if (documents == starts.length) {
      starts = Arrays.copyOf(starts, 2 * starts.length);
    }
    starts[(int) documents] = writer.count();
  }

  private void encodeSome() throws IOException {
    String text = pending.toString();
    int cut = tokenizer.lastCut(text);
    if (cut == 0 && text.length() >= LIMIT) {
      cut = forcedCut(text);
    }
    encode(text.substring(0, cut));
    pending.delete(0, cut);
    // Doubling keeps the work linear when there is nowhere to cut.
    nextTry = Math.max(CHUNK, Math.min(LIMIT, 2 * pending.length()));
  }

  private static int forcedCut(String text) {
    for (int i = text.length() - 1; i > text.length() / 2; i--) {
      if (Character.isWhitespace(text.charAt(i))) {
        return i;
      }
    }
    return Character.isHighSurrogate(text.charAt(text.length() - 1))
        ? text.length() - 1
        : text.length();
  }

  @Override
  public void endDocument() throws IOException {
    encode(pending.toString());
    pending.setLength(0);
    nextTry = CHUNK;
    separate = true;
    documents++;
  }

  private void encode(String text) throws IOException {
    for (int token : tokenizer.encode(text)) {
      writer.write(token);
    }
  }

  /** Code points taken in. */
  long characters() {
    return characters;
  }

  /** Index of the first token of each document, [documents]. */
  long[] starts() {
    return Arrays.copyOf(starts, (int) documents);
  }

  /** Documents completed. */
  long documents() {
    return documents;
  }
}
