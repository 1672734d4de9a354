package io.github.dllm4j.eval.cli;

import io.github.dllm4j.eval.bench.Probe;
import java.io.IOException;

/** A process of {@code dllm bench} that measures one thing; stdout is its result as JSON. */
final class BenchProbe {
  private BenchProbe() {}

  public static void main(String[] args) throws IOException {
    System.out.println(Json.text(Json.MAPPER.readValue(args[0], Probe.class).measure()));
  }

  /** Measures in a new process. */
  static Probe.Result run(Probe probe) throws IOException {
    ChildJvm.Ended ended = ChildJvm.run(BenchProbe.class, Json.text(probe));
    return Json.MAPPER.readValue(ended.out(), Probe.Result.class);
  }
}
