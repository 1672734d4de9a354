package io.github.dllm4j.eval.bench;

import io.github.dllm4j.engine.djl.Benchmark;
import io.github.dllm4j.engine.djl.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.DoubleUnaryOperator;

/**
 * How much of the matrix-product peak passes of the network reach in one precision. Every run
 * stands between two runs of the peak, each half as long as the one before it took; its share is of
 * their mean, and the median of the shares is what counts, so that a machine that slows down for a
 * while does not matter.
 *
 * @param peakGflops of products of 2048 x 2048 matrices
 * @param forward passes at the batch
 * @param forwardOfOne at batch 1
 * @param training steps with half of the tokens masked: forward, backward, optimiser
 * @param trainingAll the same with a loss at every token
 */
public record Throughput(
    Spread peakGflops, Pass forward, Pass forwardOfOne, Pass training, Pass trainingAll) {

  /**
   * A kind of pass.
   *
   * @param seconds of one
   * @param share of the peak
   * @param tokensPerSecond by the median of the seconds
   */
  public record Pass(Spread seconds, Spread share, double tokensPerSecond) {}

  /** Measures; the first run of everything is dropped. */
  static Throughput measure(
      BenchSettings settings, Benchmark benchmark, Precision precision, Consumer<String> progress) {
    List<Double> peaks = new ArrayList<>();
    DoubleUnaryOperator peak =
        seconds -> {
          double gflops = benchmark.peakGflops(precision, seconds);
          peaks.add(gflops);
          return gflops;
        };
    int length = settings.shape().length();
    int repeats = settings.repeats();
    benchmark.peakGflops(precision, 0);
    Pass many;
    Pass one;
    int batch = settings.batch();
    try (Benchmark.Run run = benchmark.in(precision)) {
      many =
          pass(
              repeats,
              peak,
              () -> benchmark.forward(run, batch),
              flop(benchmark, batch),
              batch * length);
      progress.accept(precision.label() + ": forward passes measured");
      one = pass(repeats, peak, () -> benchmark.forward(run, 1), flop(benchmark, 1), length);
    }
    Benchmark.Training training =
        benchmark.training(precision, settings.update(), settings.batch());
    Pass masked =
        pass(repeats, peak, () -> training.step(false), training.flop(false), batch * length);
    Pass all = pass(repeats, peak, () -> training.step(true), training.flop(true), batch * length);
    progress.accept(precision.label() + ": training steps measured");
    return new Throughput(Spread.of(peaks), many, one, masked, all);
  }

  private static double flop(Benchmark benchmark, int batch) {
    int length = benchmark.flops().shape().length();
    return benchmark.flops().everywhere(batch, length)
        + benchmark.flops().asked((long) batch * length);
  }

  private static Pass pass(
      int repeats, DoubleUnaryOperator peak, DoubleSupplier run, double flop, int tokens) {
    List<Double> seconds = new ArrayList<>();
    List<Double> shares = new ArrayList<>();
    double before = peak.applyAsDouble(run.getAsDouble() / 2);
    for (int i = 0; i < repeats; i++) {
      double took = run.getAsDouble();
      double after = peak.applyAsDouble(took / 2);
      seconds.add(took);
      shares.add(flop / took * 1e-9 / ((before + after) / 2));
      before = after;
    }
    Spread time = Spread.of(seconds);
    return new Pass(time, Spread.of(shares), tokens / time.median());
  }
}
