package io.github.dllm4j.engine.djl;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingTask;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.StepListener;
import io.github.dllm4j.engine.train.MaskCounts;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.Update;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Times single runs of what the engine spends its time on, with a network of given sizes and
 * meaningless weights: how many repeats, and what to compare with what, is the caller's. Everything
 * runs through the code that generates and trains; the last id is MASK.
 *
 * <p>The first run of anything is slower (memory is first touched, code first loaded): drop it.
 */
public final class Benchmark implements AutoCloseable {
  private static final int PRODUCT = 2048;
  private static final int GPU_PRODUCT = 8192;

  private final Network network;
  private final NetworkShape shape;
  private final int mask;
  private final NetworkFlops flops;

  /**
   * A network to measure.
   *
   * @param device {@code auto}, {@code cpu} or {@code cuda:N}
   */
  public Benchmark(NetworkShape shape, String device) {
    this.shape = shape;
    this.mask = shape.vocabulary() - 1;
    this.flops = new NetworkFlops(shape);
    List<Architecture.Tensor> tensors = shape.tensors();
    this.network =
        Network.of(
            PyTorch.newManager(device),
            shape,
            i -> scrambled(Math.toIntExact(tensors.get(i).size()), i));
  }

  /** Numbers between -0.04 and 0.04 that look random, quickly made. */
  private static float[] scrambled(int size, int tensor) {
    float[] numbers = new float[size];
    for (int i = 0; i < size; i++) {
      long bits = (i + 1L + ((long) tensor << 32)) * 0x9E3779B97F4A7C15L;
      bits = (bits ^ (bits >>> 29)) * 0xBF58476D1CE4E5B9L;
      numbers[i] = (float) (bits >> 40) * (0.04f / (1 << 23));
    }
    return numbers;
  }

  /** The middle one of some numbers, or the mean of the middle two. */
  public static double median(List<Double> numbers) {
    double[] sorted = numbers.stream().mapToDouble(x -> x).sorted().toArray();
    int n = sorted.length;
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  }

  /** Operations of the network. */
  public NetworkFlops flops() {
    return flops;
  }

  /**
   * GFLOP/s of products of two square matrices of {@value #PRODUCT} rows, on a GPU {@value
   * #GPU_PRODUCT}, one after the other.
   *
   * @param seconds for which to go on, if one product does not take as long
   */
  public double peakGflops(Precision precision, double seconds) {
    Program program = network.program();
    int size = network.manager().getDevice().isGpu() ? GPU_PRODUCT : PRODUCT;
    try (NDManager step = network.manager().newSubManager();
        IValue own = Program.listOf(List.of(step.randomUniform(-1, 1, new Shape(size, size))));
        IValue cast =
            program.run("cast", own, precision.scalarType(), new long[] {0}, 0, shape.program())) {
      long begin = System.nanoTime();
      int products = 0;
      double took;
      do {
        try (NDArray done = program.call(step, "square", cast)) {
          done.getFloat();
        }
        products++;
        took = (System.nanoTime() - begin) * 1e-9;
      } while (took < seconds);
      return 2 * Math.pow(size, 3) * products / took * 1e-9;
    }
  }

  /**
   * Seconds of one forward pass, trunk and head at all rows, the head some rows at a time as when
   * sampling.
   *
   * @param run the network in a precision
   * @param batch sequences, of the network's length
   */
  public double forward(Run run, int batch) {
    int length = shape.length();
    try (NDManager step = network.manager().newSubManager()) {
      NDArray tokens = tokens(step, batch, length);
      NDArray rows = step.create(IntStream.range(0, batch * length).asLongStream().toArray());
      NDArray sigmas = step.create(new float[batch]);
      long begin = System.nanoTime();
      network
          .program()
          .call(
              step,
              "forward_pass",
              tokens,
              sigmas,
              rows,
              run.denoiser.weights(),
              shape.program(),
              run.precision.scalarType(),
              mask,
              LawBudget.of(step).headRows(shape.vocabulary()))
          .getFloat(0, 0);
      return (System.nanoTime() - begin) * 1e-9;
    }
  }

  private NDArray tokens(NDManager step, int batch, int length) {
    long[] ids = new long[batch * length];
    Arrays.setAll(ids, i -> i % 2 == 0 ? mask : i % shape.vocabulary());
    return step.create(ids, new Shape(batch, length));
  }

  /** The network in a precision, its weights cast once. */
  public final class Run implements AutoCloseable {
    private final Precision precision;
    private final TransformerDenoiser denoiser;

    private Run(Precision precision) {
      this.precision = precision;
      this.denoiser =
          TransformerDenoiser.borrowing(
              network, network.weights(), precision, mask, Representation.DENOISER);
    }

    /**
     * Samples by the engine's sampler, as many tokens at every step as at any other.
     *
     * @param length of the sequences, tokens
     */
    public SamplingTimes sample(int batch, int length, int steps, long seed) {
      return Benchmark.sample(denoiser, batch, length, steps, seed);
    }

    /** Samples in the usual way, with all logits at every step: {@code baseline.py}. */
    public SamplingTimes sampleFromAllLogits(int batch, int length, int steps, long seed) {
      return new AllLogitsSampler(network, denoiser.weights(), precision, mask)
          .sample(batch, length, steps, seed);
    }

    @Override
    public void close() {
      denoiser.close();
    }
  }

  /** Gets the network ready to run in a precision; the caller closes it. */
  public Run in(Precision precision) {
    return new Run(precision);
  }

  /**
   * Samples from a model as {@link Run#sample} does.
   *
   * @throws IllegalArgumentException if its noise does not mask
   */
  public static SamplingTimes sample(Model model, int batch, int steps, long seed) {
    if (!(model.denoiser() instanceof TransformerDenoiser denoiser) || model.config().mask() < 0) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "the model must be a masking one, got %s", model.config().process()));
    }
    return sample(denoiser, batch, model.shape().length(), steps, seed);
  }

  private static SamplingTimes sample(
      TransformerDenoiser denoiser, int batch, int length, int steps, long seed) {
    Canvas canvas = Canvas.blank(length, denoiser.mask().orElseThrow());
    SizePlan plan = SizePlan.balanced(length, steps);
    List<SamplingTask> tasks =
        IntStream.range(0, batch).mapToObj(i -> SamplingTask.of(canvas, plan, seed, i)).toList();
    ProgramUse use = denoiser.network().program().use();
    ProgramUse.Seen before = use.seen();
    long begin = System.nanoTime();
    List<Sample> samples = new Sampler(denoiser, batch).run(tasks, StepListener.NONE);
    double seconds = (System.nanoTime() - begin) * 1e-9;
    ProgramUse.Seen seen = use.seen().since(before);
    int evaluations = samples.get(0).evaluations();
    NetworkFlops flops = new NetworkFlops((NetworkShape) denoiser.shape());
    return new SamplingTimes(
        seconds,
        seen.seconds("hidden"),
        seen.seconds("head"),
        seen.seconds("ask"),
        plan.sizes().length,
        evaluations,
        seen.waits(),
        seen.numbers(),
        evaluations * flops.everywhere(batch, length) + flops.asked((long) batch * length));
  }

  /** Training steps of the network, whose weights they change. */
  public final class Training {
    private final TrainingLoss loss;
    private final Optimizer optimizer;
    private final NoisyBatch masked;
    private final NoisyBatch everywhere;

    private Training(Precision precision, Update update, int batch) {
      network.learn();
      this.loss = new TrainingLoss(network, precision, mask, Objective.ELBO, 0);
      this.optimizer = new Optimizer(network, update, precision);
      int[][] blocks = new int[batch][shape.length()];
      for (int b = 0; b < batch; b++) {
        int first = b * shape.length();
        Arrays.setAll(blocks[b], i -> (first + i) % mask);
      }
      int[] counts = MaskCounts.systematic(shape.length(), batch, 0, 0);
      this.masked = NoisyBatch.masked(blocks, counts, mask, 0, 0, 0);
      this.everywhere = NoisyBatch.shifted(blocks, mask);
    }

    private NoisyBatch examples(boolean all) {
      return all ? everywhere : masked;
    }

    /**
     * Seconds of one step: forward, backward and optimiser.
     *
     * @param all with a loss at every token, as autoregressive models have; else half of the tokens
     *     are masked, and the head is asked about these alone
     */
    public double step(boolean all) {
      long begin = System.nanoTime();
      try (NDManager m = network.manager().newSubManager()) {
        loss.backward(m, examples(all), false);
      }
      try (NDManager m = network.manager().newSubManager()) {
        optimizer.update(m, 1e-4, 0.1, 1, 0.99);
      }
      PyTorchThread.call(() -> network.weights().get(0).getFloat(0, 0)); // a GPU may be updating
      return (System.nanoTime() - begin) * 1e-9;
    }

    /** Operations of its forward and backward pass; the optimiser's own count as nothing. */
    public double flop(boolean all) {
      int batch = masked.sigmas().length;
      return 3
          * (flops.everywhere(batch, shape.length()) + flops.asked(examples(all).rows().length));
    }
  }

  /**
   * Gets the network ready to be trained, on blocks of its length.
   *
   * @param update the optimiser
   * @param batch sequences of a step
   */
  public Training training(Precision precision, Update update, int batch) {
    return new Training(precision, update, batch);
  }

  /** Seeds what PyTorch draws by itself, which only the baseline needs. */
  static void seed(long seed) {
    Engine.getInstance().setRandomSeed((int) seed);
  }

  @Override
  public void close() {
    network.close();
  }
}
