package io.github.dllm4j.corpora;

import io.github.dllm4j.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * The tokens of a corpus in a temporary, memory-mapped file: two bytes a token if the vocabulary
 * has at most 65,536 ids, else four. If the tokenizer has an end token it stands between documents.
 * Reading is safe for concurrent use and needs no heap; the file goes away on {@link #close()}, or
 * with the program.
 */
public final class TokenFile implements AutoCloseable {

  private static final int PIECE_BYTES = 1 << 30;

  private final FileChannel channel;
  private final MappedByteBuffer[] pieces;
  private final int pieceBytes;
  private final boolean wide;
  private final long size;
  private final long characters;
  private final long[] starts; // of the documents
  private volatile boolean closed;

  private TokenFile(
      FileChannel channel, boolean wide, int pieceBytes, TokenWriter writer, EncodingSink sink)
      throws IOException {
    this.channel = channel;
    this.wide = wide;
    this.pieceBytes = pieceBytes;
    this.size = writer.count();
    this.characters = sink.characters();
    this.starts = sink.starts();
    long bytes = channel.size();
    this.pieces = new MappedByteBuffer[(int) ((bytes + pieceBytes - 1) / pieceBytes)];
    for (int i = 0; i < pieces.length; i++) {
      long from = (long) i * pieceBytes;
      pieces[i] =
          channel.map(FileChannel.MapMode.READ_ONLY, from, Math.min(pieceBytes, bytes - from));
      pieces[i].order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  /** Tokenises a corpus into the system's temporary folder. */
  public static TokenFile of(Corpus corpus, Tokenizer tokenizer) throws IOException {
    return of(corpus, tokenizer, Optional.empty(), PIECE_BYTES);
  }

  /**
   * Tokenises a corpus.
   *
   * @param temporaryFolder where the file is kept
   * @throws IOException if the corpus cannot be read or gives no tokens, or the file cannot be
   *     written
   * @throws IllegalArgumentException if the tokenizer cannot express a character
   */
  public static TokenFile of(Corpus corpus, Tokenizer tokenizer, Path temporaryFolder)
      throws IOException {
    return of(corpus, tokenizer, Optional.of(temporaryFolder), PIECE_BYTES);
  }

  /** The same with mapped pieces of this many bytes, a multiple of four. */
  static TokenFile of(
      Corpus corpus, Tokenizer tokenizer, Optional<Path> temporaryFolder, int pieceBytes)
      throws IOException {
    boolean wide = tokenizer.vocabulary().size() > 1 << 16;
    FileChannel channel = TemporaryFile.open(temporaryFolder);
    try {
      TokenWriter writer = new TokenWriter(channel, temporaryFolder, wide);
      EncodingSink sink = new EncodingSink(tokenizer, writer);
      corpus.read(sink);
      writer.flush();
      if (writer.count() == 0) {
        throw new IOException("corpus " + corpus.name() + " gives no tokens");
      }
      return new TokenFile(channel, wide, pieceBytes, writer, sink);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Number of tokens, end tokens between documents included. */
  public long size() {
    return size;
  }

  /** Number of characters all tokens together stand for. */
  public long characters() {
    return characters;
  }

  /** Number of documents. */
  public long documents() {
    return starts.length;
  }

  /** Index of the first token of a document, counted from 0. */
  public long documentStart(int document) {
    return starts[document];
  }

  /** Index after the last token of a document; its end token, if one follows, is part of it. */
  public long documentEnd(int document) {
    return document + 1 < starts.length ? starts[document + 1] : size;
  }

  /**
   * Average number of characters a token stands for: nats per token, divided by this and by log 2,
   * are bits per character.
   */
  public double charactersPerToken() {
    return (double) characters / size;
  }

  /**
   * Fills an array with the tokens {@code offset..offset + into.length - 1}.
   *
   * @throws IllegalArgumentException if they are not all within 0..size-1
   * @throws IllegalStateException after {@link #close()}
   */
  public void read(long offset, int[] into) {
    if (closed) {
      throw new IllegalStateException("the token file is closed");
    }
    if (offset < 0 || offset > size - into.length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "offset is %d for %d tokens; allowed: 0..%d",
              offset,
              into.length,
              size - into.length));
    }
    int width = wide ? Integer.BYTES : Short.BYTES;
    for (int i = 0; i < into.length; i++) {
      long at = (offset + i) * width;
      MappedByteBuffer piece = pieces[(int) (at / pieceBytes)];
      int index = (int) (at % pieceBytes);
      into[i] = wide ? piece.getInt(index) : piece.getShort(index) & 0xffff;
    }
  }

  /** Deletes the file. */
  @Override
  public void close() throws IOException {
    closed = true;
    channel.close();
  }
}
