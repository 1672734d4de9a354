package io.github.dllm4j.eval.cli;

import io.github.dllm4j.eval.bench.BenchSettings;
import io.github.dllm4j.eval.bench.Probe;
import io.github.dllm4j.eval.bench.Spread;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * How long commands take from nothing, seconds of wall clock of whole processes started as this one
 * was, and the parts of the longest.
 *
 * @param help {@code dllm --help}, which loads no PyTorch
 * @param exact {@code dllm exact}, which loads none either
 * @param generate {@code dllm generate} to its end: a text of the bundled model, unconditional
 * @param engine of the latter, to load PyTorch
 * @param model to open the model
 * @param text to plan and sample
 */
record StartUp(
    Spread help, Spread exact, Spread generate, Spread engine, Spread model, Spread text) {
  private static final String[] EXACT = {
    "exact",
    "--distribution",
    "parity:k=3",
    "--process",
    "masking",
    "--sampler",
    "tweedie",
    "--steps",
    "3",
    "--json"
  };

  static StartUp measure(BenchSettings settings, Consumer<String> progress) throws IOException {
    List<Double> help = new ArrayList<>();
    List<Double> exact = new ArrayList<>();
    List<Double> generate = new ArrayList<>();
    List<Probe.Result> parts = new ArrayList<>();
    for (int i = 0; i < settings.repeats(); i++) {
      help.add(ChildJvm.run(Main.class, "--help").seconds());
      exact.add(ChildJvm.run(Main.class, EXACT).seconds());
      generate.add(ChildJvm.run(Main.class, "generate").seconds());
      parts.add(
          BenchProbe.run(
              new Probe(
                  Probe.Kind.START,
                  settings.shape(),
                  1,
                  1,
                  settings.precisions().get(0),
                  settings.device(),
                  settings.threads(),
                  settings.seed())));
    }
    progress.accept("starting measured");
    return new StartUp(
        Spread.of(help),
        Spread.of(exact),
        Spread.of(generate),
        Spread.of(parts.stream().map(Probe.Result::engineSeconds).toList()),
        Spread.of(parts.stream().map(Probe.Result::modelSeconds).toList()),
        Spread.of(parts.stream().map(Probe.Result::textSeconds).toList()));
  }
}
