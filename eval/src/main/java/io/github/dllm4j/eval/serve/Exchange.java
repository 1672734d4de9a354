package io.github.dllm4j.eval.serve;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * The answer to one HTTP request: one document, or events as they come. Never blocks: what a slow
 * client has not taken waits here, at most {@value #MOST_WAITING} characters; beyond that it is
 * given up. Answers once; safe for several threads.
 */
final class Exchange {
  private static final int MOST_WAITING = 1 << 20;

  private final Response response;
  private final Callback callback;
  private final Metrics metrics;
  private final Runnable gone;
  private final ArrayDeque<String> events = new ArrayDeque<>();
  private int waiting; // characters of the events
  private boolean streaming; // headers of a stream are out
  private boolean writing;
  private boolean last; // nothing comes behind what waits
  private boolean over;

  /**
   * An exchange.
   *
   * @param gone called when the client can no longer be reached
   */
  Exchange(Response response, Callback callback, Metrics metrics, Runnable gone) {
    this.response = response;
    this.callback = callback;
    this.metrics = metrics;
    this.gone = gone;
  }

  /** Answers with a document, unless a stream has begun. */
  synchronized void answer(int status, String type, String document) {
    if (over || streaming) {
      return;
    }
    over = true;
    metrics.answered(status);
    response.setStatus(status);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
    response.write(true, bytes(document), callback);
  }

  /** Answers with an error, or ends a stream that has begun with one. */
  synchronized void refuse(Refusal refusal) {
    String document =
        ApiReply.text(ApiReply.error(refusal.status(), refusal.kind(), refusal.reason()));
    if (streaming) {
      event(document);
      end();
      return;
    }
    if (refusal.status() == 503) {
      response.getHeaders().put(HttpHeader.RETRY_AFTER, "1");
    } else if (refusal.status() == 408 || refusal.status() == 413) {
      response.getHeaders().put(HttpHeader.CONNECTION, "close");
    }
    answer(refusal.status(), "application/json", document);
  }

  /** Adds a header, before the answer. */
  synchronized void header(HttpHeader name, String value) {
    response.getHeaders().put(name, value);
  }

  /** Sends an event. */
  synchronized void event(String data) {
    if (over || last) {
      return;
    }
    if (!streaming) {
      streaming = true;
      metrics.answered(200);
      response.setStatus(200);
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream;charset=utf-8");
      response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-cache");
    }
    events.add("data: " + data + "\n\n");
    waiting += data.length();
    if (writing && waiting > MOST_WAITING) {
      lost(new IOException("the client takes its events too slowly"));
      return;
    }
    write();
  }

  /** Whether the client has not taken yet what was sent. */
  synchronized boolean stuck() {
    return writing || over;
  }

  /** Ends a stream behind what was sent. */
  synchronized void end() {
    last = true;
    write();
  }

  private void write() {
    if (over || writing || (events.isEmpty() && !last)) {
      return;
    }
    String all = String.join("", events);
    events.clear();
    waiting = 0;
    if (last) {
      over = true;
      response.write(true, bytes(all), callback);
      return;
    }
    writing = true;
    response.write(false, bytes(all), Callback.from(this::written, this::lost));
  }

  private synchronized void written() {
    writing = false;
    write();
  }

  private void lost(Throwable reason) {
    synchronized (this) {
      if (over) {
        return;
      }
      over = true;
      events.clear();
    }
    gone.run();
    callback.failed(reason);
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }
}
