package io.github.dllm4j.corpora;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Optional;

/** Keeps a stream that can be read only once in a temporary file, unpacked if it is gzip. */
final class Spool implements AutoCloseable {

  private final FileChannel channel;

  private Spool(FileChannel channel) {
    this.channel = channel;
  }

  /** Reads the stream to its end; it stays open. */
  static Spool of(InputStream in, Optional<Path> folder) throws IOException {
    InputStream buffered = new BufferedInputStream(in, 1 << 16);
    buffered.mark(2);
    boolean gzip = buffered.read() == 0x1f && buffered.read() == 0x8b;
    buffered.reset();
    FileChannel channel = TemporaryFile.open(folder);
    try {
      copy(gzip ? Sources.gunzip(buffered) : buffered, channel, folder);
      return new Spool(channel);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** Copies all bytes; only failures to write are blamed on the folder. */
  static void copy(InputStream in, WritableByteChannel out, Optional<Path> folder)
      throws IOException {
    byte[] buffer = new byte[1 << 16];
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, read);
      try {
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
      } catch (IOException e) {
        throw TemporaryFile.failed(folder, e);
      }
    }
  }

  /** Reads it from the start. */
  InputStream open() {
    return new InputStream() {
      private long position;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        int read = channel.read(ByteBuffer.wrap(into, offset, length), position);
        position += Math.max(read, 0);
        return read;
      }
    };
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
