package io.github.dllm4j.corpora;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Reads strict UTF-8 in pieces of at most 32,768 chars. A byte-order mark at the start is left out;
 * malformed bytes and NUL, the sign of a binary file, are errors that say where.
 */
final class Utf8 {

  private static final int CHUNK = 1 << 15;

  private final String name;
  private final TextSink sink;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT);
  private final ByteBuffer bytes = ByteBuffer.allocate(CHUNK);
  private final CharBuffer chars = CharBuffer.allocate(CHUNK);
  private long offset; // of bytes[0] in the stream
  private long line = 1; // at chars[0]
  private boolean first = true;

  private Utf8(String name, TextSink sink) {
    this.name = name;
    this.sink = sink;
  }

  /** Hands the whole stream to the sink as text, without ending a document. */
  static void read(String name, InputStream in, TextSink sink) throws IOException {
    new Utf8(name, sink).readAll(in);
  }

  private void readAll(InputStream in) throws IOException {
    boolean end = false;
    while (!end) {
      int read = in.read(bytes.array(), bytes.position(), bytes.remaining());
      end = read < 0;
      bytes.position(bytes.position() + Math.max(read, 0)).flip();
      // One char comes of at least one byte, so the chars always have room.
      CoderResult result = decoder.decode(bytes, chars, end);
      flush();
      if (result.isError()) {
        String hex = String.format(Locale.ROOT, "0x%02X", bytes.get(bytes.position()) & 0xff);
        throw notText(offset + bytes.position(), hex + " is not UTF-8");
      }
      offset += bytes.position();
      bytes.compact();
    }
  }

  private void flush() throws IOException {
    chars.flip();
    int from = first && chars.length() > 0 && chars.charAt(0) == '\uFEFF' ? 1 : 0;
    first = first && chars.length() == 0;
    String piece = chars.subSequence(from, chars.length()).toString();
    chars.clear();
    int nul = piece.indexOf('\0');
    if (nul >= 0) {
      line += newlines(piece.substring(0, nul));
      throw new IOException(name + ": line " + line + " holds a NUL byte; is it a binary file?");
    }
    line += newlines(piece);
    if (!piece.isEmpty()) {
      sink.text(piece);
    }
  }

  private IOException notText(long at, String what) {
    return new IOException(
        name + ": byte " + at + " (line " + line + ") " + what + "; is it a binary file?");
  }

  private static long newlines(String text) {
    return text.chars().filter(c -> c == '\n').count();
  }
}
