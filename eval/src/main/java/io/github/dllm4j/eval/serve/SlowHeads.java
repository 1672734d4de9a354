package io.github.dllm4j.eval.serve;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.component.AbstractLifeCycle;

/**
 * Closes connections on which the head of a request does not become whole in time. To a server they
 * are not idle if a byte comes now and then, and so a few clients could hold all of its
 * connections.
 */
final class SlowHeads extends AbstractLifeCycle implements Runnable {
  private final ServerConnector connector;
  private final long within; // nanoseconds
  private Map<EndPoint, Since> waiting = new HashMap<>();

  /** So many requests were whole at a moment, and no other has been since. */
  private record Since(long requests, long moment) {}

  /** Watches all connections of a connector. */
  SlowHeads(ServerConnector connector, Duration within) {
    this.connector = connector;
    this.within = within.toNanos();
  }

  @Override
  protected void doStart() {
    again();
  }

  private void again() {
    long pause = Math.min(TimeUnit.SECONDS.toNanos(1), within / 2);
    connector.getScheduler().schedule(this, pause, TimeUnit.NANOSECONDS);
  }

  @Override
  public void run() {
    long now = System.nanoTime();
    Map<EndPoint, Since> still = new HashMap<>();
    for (EndPoint client : connector.getConnectedEndPoints()) {
      Connection connection = client.getConnection();
      long requests = connection == null ? 0 : connection.getMessagesIn();
      if (connection != null && requests > connection.getMessagesOut()) {
        continue; // is being answered
      }
      Since before = waiting.get(client);
      Since since =
          before != null && before.requests == requests ? before : new Since(requests, now);
      if (now - since.moment > within) {
        client.close();
      } else {
        still.put(client, since);
      }
    }
    waiting = still;
    if (isRunning()) {
      again();
    }
  }
}
