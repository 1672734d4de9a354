package io.github.dllm4j.corpora;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Optional;

/** Writes token ids, little-endian, two or four bytes each. */
final class TokenWriter {

  private final WritableByteChannel channel;
  private final Optional<Path> folder;
  private final boolean wide;
  private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
  private long count;

  /**
   * Writes to a channel.
   *
   * @param folder where the channel's file is, for messages
   * @param wide whether ids take four bytes
   */
  TokenWriter(WritableByteChannel channel, Optional<Path> folder, boolean wide) {
    this.channel = channel;
    this.folder = folder;
    this.wide = wide;
  }

  /** Appends one id. */
  void write(int token) throws IOException {
    if (buffer.remaining() < Integer.BYTES) {
      flush();
    }
    if (wide) {
      buffer.putInt(token);
    } else {
      buffer.putShort((short) token);
    }
    count++;
  }

  /** Writes what is still in memory. */
  void flush() throws IOException {
    buffer.flip();
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    } catch (IOException e) {
      throw TemporaryFile.failed(folder, e);
    }
    buffer.clear();
  }

  /** Ids so far. */
  long count() {
    return count;
  }
}
