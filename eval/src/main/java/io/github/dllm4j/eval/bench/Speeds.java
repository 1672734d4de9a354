package io.github.dllm4j.eval.bench;

import io.github.dllm4j.engine.djl.Benchmark;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.Precision;
import java.util.function.Consumer;

/**
 * What the engine reaches in one precision.
 *
 * @param throughput of passes
 * @param step of the sampler, with a network of the same sizes
 * @param peakRssMib of this process while it was measured, NaN where the system does not say
 */
public record Speeds(Throughput throughput, StepCost step, double peakRssMib) {

  /** Measures, in a network of the settings' shape. */
  public static Speeds measure(
      BenchSettings settings, Precision precision, Consumer<String> progress) {
    Memory.forgetPeak();
    try (Benchmark benchmark = new Benchmark(settings.shape(), settings.device())) {
      StepCost step;
      try (Benchmark.Run run = benchmark.in(precision)) {
        int length = settings.shape().length();
        step =
            StepCost.measure(
                settings.batch(),
                length,
                settings.repeats(),
                () -> run.sample(settings.batch(), length, settings.steps(), settings.seed()));
      }
      progress.accept(precision.label() + ": steps of the sampler measured");
      Throughput throughput = Throughput.measure(settings, benchmark, precision, progress);
      return new Speeds(throughput, step, Memory.peakMib().orElse(Double.NaN));
    }
  }

  /**
   * What a step costs with a model as it is.
   *
   * @throws IllegalArgumentException if its noise does not mask
   */
  public static StepCost ofModel(BenchSettings settings, Model model, int batch) {
    int length = model.shape().length();
    int steps = Math.min(settings.steps(), length);
    return StepCost.measure(
        batch,
        length,
        settings.repeats(),
        () -> Benchmark.sample(model, batch, steps, settings.seed()));
  }
}
