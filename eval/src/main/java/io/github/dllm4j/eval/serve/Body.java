package io.github.dllm4j.eval.serve;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;

/**
 * The body of a request, read as it comes, up to a limit. Of one that is larger some more is read
 * and dropped before it is refused: where a connection is closed with data that nobody has read,
 * the system may take the answer away from the client.
 */
final class Body {
  private static final int DROPPED = 16; // times the limit, at most

  private final Request request;
  private final int most;
  private final long within;
  private final long begin = System.nanoTime();
  private final Consumer<byte[]> whole;
  private final Consumer<Refusal> refused;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private long seen;

  /**
   * A body.
   *
   * @param most bytes
   * @param within which it must arrive
   * @param whole called with all of it, or else
   * @param refused called with why not; neither for a client that is gone
   */
  Body(
      Request request,
      int most,
      Duration within,
      Consumer<byte[]> whole,
      Consumer<Refusal> refused) {
    this.request = request;
    this.most = most;
    this.within = within.toNanos();
    this.whole = whole;
    this.refused = refused;
  }

  /** Reads what is there, and goes on when more is. */
  void read() {
    if (request.getLength() > (long) DROPPED * most) {
      tooLarge();
      return;
    }
    while (true) {
      Content.Chunk chunk = request.read();
      if (chunk == null) {
        request.demand(this::read);
        return;
      }
      if (Content.Chunk.isFailure(chunk)) {
        boolean slow = chunk.getFailure() instanceof TimeoutException;
        refused.accept(slow ? late() : Refusal.invalid("the request's body cannot be read"));
        return;
      }
      ByteBuffer part = chunk.getByteBuffer();
      seen += part.remaining();
      if (seen <= most) {
        byte[] some = new byte[part.remaining()];
        part.get(some);
        bytes.writeBytes(some);
      }
      boolean last = chunk.isLast();
      chunk.release();
      if (!last && System.nanoTime() - begin > within) {
        refused.accept(late());
        return;
      }
      if (seen > (last ? most : (long) DROPPED * most)) {
        tooLarge();
        return;
      }
      if (last) {
        whole.accept(bytes.toByteArray());
        return;
      }
    }
  }

  private static Refusal late() {
    return new Refusal(408, "timeout", "the request did not arrive in time");
  }

  private void tooLarge() {
    refused.accept(
        new Refusal(
            413,
            "too_large",
            String.format(Locale.ROOT, "a request must have at most %d bytes", most)));
  }
}
