package io.github.dllm4j.eval.serve;

import io.github.dllm4j.engine.TextGenerator;
import java.io.IOException;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** A text generator behind HTTP. Speaks HTTP/1.1, without encryption. */
public final class GenerationServer implements AutoCloseable {
  private static final int THREADS = 8;
  private static final int HEADER_BYTES = 8192;

  /** Names of models are those of folders, and paths end with them. No path leads to a file. */
  private static final UriCompliance URIS =
      UriCompliance.DEFAULT.with(
          "names",
          UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
          UriCompliance.Violation.AMBIGUOUS_EMPTY_SEGMENT,
          UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING,
          UriCompliance.Violation.SUSPICIOUS_PATH_CHARACTERS);

  private final Server server;
  private final ServerConnector connector;

  private GenerationServer(Server server, ServerConnector connector) {
    this.server = server;
    this.connector = connector;
  }

  /**
   * Starts a server.
   *
   * @param generator not closed by the server
   * @param host address to listen at
   * @param port of it; 0 for any that is free
   * @param seed of requests that give none
   * @throws IOException if it cannot listen there
   */
  public static GenerationServer start(
      TextGenerator generator, String host, int port, Limits limits, long seed) throws IOException {
    QueuedThreadPool threads = new QueuedThreadPool(THREADS);
    threads.setName("dllm-http");
    threads.setDaemon(true);
    Server server = new Server(threads);
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setRequestHeaderSize(HEADER_BYTES);
    http.setUriCompliance(URIS);
    ServerConnector connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
    connector.setHost(host);
    connector.setPort(port);
    connector.setIdleTimeout(limits.idle().toMillis());
    server.addConnector(connector);
    connector.addBean(new SlowHeads(connector, limits.idle()));
    server.addBean(new NetworkConnectionLimit(limits.connections(), server));
    server.setHandler(new Api(generator, limits, seed));
    try {
      server.start();
    } catch (Exception e) {
      stop(server);
      Throwable reason = e.getCause() == null ? e : e.getCause();
      String why = reason.getMessage() == null ? "no such address" : reason.getMessage();
      throw new IOException("cannot listen at " + host + ":" + port + ": " + why, e);
    }
    return new GenerationServer(server, connector);
  }

  /** The port it listens at. */
  public int port() {
    return connector.getLocalPort();
  }

  /** Waits until it is closed. */
  public void join() throws InterruptedException {
    server.join();
  }

  @Override
  public void close() {
    stop(server);
  }

  private static void stop(Server server) {
    try {
      server.stop();
    } catch (Exception e) {
      throw new IllegalStateException("the server does not stop: " + e.getMessage(), e);
    }
  }
}
