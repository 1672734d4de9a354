package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.eval.serve.GenerationServer;
import io.github.dllm4j.eval.serve.Limits;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dllm serve}: a model behind an HTTP API like OpenAI's, until it is interrupted. */
@Command(
    name = "serve",
    description = "Serves a model over HTTP, in the form of OpenAI's API (docs/agents.md).",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class ServeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private ModelSelection selection;
  @Mixin private CommonOptions common;

  @Option(names = "--host", description = "Address to listen at (127.0.0.1: this machine only).")
  private String host = "127.0.0.1";

  @Option(names = "--port", description = "Port to listen at, 0 for any that is free (8080).")
  private int port = 8080;

  @Option(names = "--batch", description = "Most samples under way at once (16).")
  private int batch = TextGenerator.DEFAULT_BATCH;

  @Option(names = "--queue", description = "Most requests that wait; more are refused (64).")
  private int queue = TextGenerator.DEFAULT_QUEUE;

  @Option(names = "--deadline", description = "Most seconds for one request (120).")
  private int deadline = 120;

  @Option(names = "--idle", description = "Seconds after which an idle connection is closed (30).")
  private int idle = 30;

  @Option(names = "--connections", description = "Most open connections (256).")
  private int connections = Limits.DEFAULT.connections();

  @Option(names = "--body", description = "Most bytes of a request (262144).")
  private int body = Limits.DEFAULT.bodyBytes();

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException("--port must be 0 to 65535, got " + port);
    }
    require("--batch", batch, 1);
    require("--queue", queue, 1);
    require("--deadline", deadline, 1);
    require("--idle", idle, 1);
    require("--connections", connections, 1);
    require("--body", body, Limits.LEAST_BODY);
    Limits limits =
        new Limits(body, connections, Duration.ofSeconds(idle), Duration.ofSeconds(deadline));
    try (TextGenerator generator = TextGenerator.of(selection.open(common), batch, queue);
        GenerationServer server =
            GenerationServer.start(generator, host, port, limits, common.seed)) {
      if (common.json) {
        Map<String, Object> where = new LinkedHashMap<>();
        where.put("model", generator.model().name());
        where.put("host", host);
        where.put("port", server.port());
        spec.commandLine().getOut().println(Json.text(where));
        spec.commandLine().getOut().flush();
      }
      PrintWriter err = spec.commandLine().getErr();
      err.printf(
          Locale.ROOT,
          "serving %s at http://%s:%d%n",
          generator.model().name(),
          host,
          server.port());
      err.flush();
      server.join();
    }
    return 0;
  }

  /** Here, so that messages name the option and come before the model is opened. */
  private static void require(String option, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be at least %d, got %d", option, least, value));
    }
  }
}
