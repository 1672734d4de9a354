package io.github.dllm4j.eval.bench;

import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.ReverseChoice;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.djl.Benchmark;
import io.github.dllm4j.engine.djl.Measured;
import io.github.dllm4j.engine.djl.NetworkShape;
import io.github.dllm4j.engine.djl.Precision;
import io.github.dllm4j.engine.djl.PyTorch;
import io.github.dllm4j.engine.djl.SamplingTimes;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.StepPlanner;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactReverse;
import io.github.dllm4j.engine.sample.ReversePlan;
import java.io.IOException;

/**
 * Measurements that need a process of their own: peak memory, which never falls, and starting.
 *
 * @param kind what is measured
 * @param shape of the network; where there is none, only its length counts
 * @param batch sequences
 * @param steps of the sampler
 * @param precision of the matrix products
 * @param device where
 * @param threads of one operation
 * @param seed of what is sampled
 */
public record Probe(
    Kind kind,
    NetworkShape shape,
    int batch,
    int steps,
    Precision precision,
    String device,
    int threads,
    long seed) {

  /** What is measured. */
  public enum Kind {
    /** The engine's sampler: where before what. */
    WHERE_FIRST,
    /** The baseline: all logits at every step. */
    ALL_LOGITS,
    /** From the start of a process to the first text of the bundled model. */
    START,
    /** The plans of least cost for every number of steps of a text of the shape's length. */
    PLAN,
    /** One exact step of uniform noise over all words of the shape's length over two tokens. */
    ENUMERATE
  }

  private static final double WARM_SECONDS = 1;

  /**
   * What came out.
   *
   * @param times of a sampling run; of a start, zeros; of anything else, the seconds in all
   * @param loadedMib resident when the network was loaded and had run once on a few tokens; without
   *     a network, before the run; NaN where the system does not say
   * @param peakMib resident at most during the run; without a network, what was resident before and
   *     what the run allocates together; NaN where the system does not say
   * @param engineSeconds to load PyTorch
   * @param modelSeconds to open the bundled model
   * @param textSeconds to generate a text of its length
   */
  public record Result(
      SamplingTimes times,
      @Measured double loadedMib,
      @Measured double peakMib,
      double engineSeconds,
      double modelSeconds,
      double textSeconds) {

    /**
     * What a run needs beyond the process with its weights, MiB; one page where the memory that was
     * there is enough.
     */
    public double runMib() {
      return Math.max(peakMib - loadedMib, 1.0 / 256);
    }
  }

  /** Runs processes with probes in them. */
  @FunctionalInterface
  public interface Runner {
    /**
     * Measures in a new process.
     *
     * @throws IOException if it cannot be started or fails
     */
    Result run(Probe probe) throws IOException;
  }

  /** A sampling probe of some settings in the first of their precisions. */
  static Probe of(Kind kind, BenchSettings settings, Precision precision) {
    return new Probe(
        kind,
        settings.shape(),
        settings.batch(),
        settings.steps(),
        precision,
        settings.device(),
        settings.threads(),
        settings.seed());
  }

  /** Measures in this process, which should do nothing else before or after. */
  public Result measure() throws IOException {
    return switch (kind) {
      case WHERE_FIRST, ALL_LOGITS -> sample();
      case START -> start();
      case PLAN -> plan();
      case ENUMERATE -> enumerate();
    };
  }

  private Result plan() {
    InformationCurve curve = curve(shape.length());
    return repeated(() -> new StepPlanner(curve).forSteps(curve.length()));
  }

  private Result enumerate() {
    ExactLaw law = chain(shape.length());
    ReversePlan step = ReverseChoice.TWEEDIE.plan(1);
    return repeated(
        () -> ExactReverse.of(law, NoiseProcess.uniform(law.symbols())).outputLaw(step));
  }

  /** A curve as steep as that of a text: a tail of one over distance. */
  static InformationCurve curve(int length) {
    double[] curve = new double[length];
    for (int j = 0; j < length; j++) {
      curve[j] = 2 + 5 / (1 + 16.0 * j / length);
    }
    return InformationCurve.exact(curve);
  }

  /** A chain over two tokens that stays. */
  static ExactLaw chain(int length) {
    double[][] stay = {{0.8, 0.2}, {0.2, 0.8}};
    return ExactLaw.markov(length, new double[] {0.5, 0.5}, stay);
  }

  /** The last run of a second of them: Java has compiled what it can. */
  private static Result repeated(Runnable work) {
    double loaded = Memory.residentMib().orElse(Double.NaN);
    long begin = System.nanoTime();
    double seconds;
    double mib;
    do {
      double allocated = Memory.allocatedMib();
      long from = System.nanoTime();
      work.run();
      seconds = (System.nanoTime() - from) * 1e-9;
      mib = Memory.allocatedMib() - allocated;
    } while (System.nanoTime() - begin < WARM_SECONDS * 1e9);
    SamplingTimes times = new SamplingTimes(seconds, 0, 0, 0, 1, 0, 0, 0, 0);
    return new Result(times, loaded, loaded + mib, 0, 0, 0);
  }

  private Result sample() {
    PyTorch.setThreads(threads);
    try (Benchmark benchmark = new Benchmark(shape, device);
        Benchmark.Run run = benchmark.in(precision)) {
      sample(run, 1, Math.min(shape.length(), 4), 2);
      System.gc();
      Memory.forgetPeak();
      double loaded = Memory.residentMib().orElse(Double.NaN);
      SamplingTimes times = sample(run, batch, shape.length(), steps);
      return new Result(times, loaded, Memory.peakMib().orElse(Double.NaN), 0, 0, 0);
    }
  }

  private SamplingTimes sample(Benchmark.Run run, int size, int length, int count) {
    return kind == Kind.WHERE_FIRST
        ? run.sample(size, length, count, seed)
        : run.sampleFromAllLogits(size, length, count, seed);
  }

  private Result start() throws IOException {
    long begin = System.nanoTime();
    PyTorch.threads();
    long engine = System.nanoTime();
    try (TextGenerator generator = TextGenerator.bundled()) {
      long model = System.nanoTime();
      generator.generate(GenerationRequest.prompt("").withSeed(seed));
      long text = System.nanoTime();
      return new Result(
          new SamplingTimes(0, 0, 0, 0, 0, 0, 0, 0, 0),
          0,
          Memory.peakMib().orElse(Double.NaN),
          (engine - begin) * 1e-9,
          (model - engine) * 1e-9,
          (text - model) * 1e-9);
    }
  }
}
