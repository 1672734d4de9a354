package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.LeaveOneOut;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.info.DecaySample;
import io.github.dllm4j.engine.info.ReversePlanner;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import io.github.dllm4j.engine.train.NoisyBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/**
 * What one block says about how uniform noise forgets its law, for planning grids
 * (uniform-diffusion spec 5): with x the block under noise sigma,
 *
 * <pre>
 * phi(sigma) = (1/S) E sum over i and b != x_i of -ln s(x_i becomes b)
 *            = E sum_i [ ln(1 + kappa p_x) - (1/S) sum_b ln(1 + kappa p_b) ],  kappa = S/(e^sigma - 1)
 * </pre>
 *
 * <p>with p the leave-one-out law at i; the right-hand form needs two reductions of each law and no
 * vocabulary on the heap. Unbiased with the exact law. With a learned one it is the mean of the
 * model's own log-scores, and its bias has no sign. Rates at levels where hardly a token of all
 * blocks changes have standard errors that are too small. Cost: one evaluation per level and {@code
 * times + 1} for the bound.
 *
 * @param bound on -ln p of the block, nats: prior, score entropy and reconstruction
 * @param rates phi at each level, one noisy copy each, nats, [levels]
 */
public record BlockDecay(double bound, double[] rates) {
  /** The most noise a model is trained with, nats: the highest level that is measured. */
  public static final double HORIZON = -Math.log(NoiseSchedule.DEFAULT_EPSILON);

  private static final int TIMES = 16;

  /** Network evaluations of one block at so many levels. */
  public static int evaluations(int levels) {
    return levels + TIMES + 1;
  }

  /**
   * Measures blocks at levels from {@link ReversePlanner#LOWEST} to {@link #HORIZON}, evenly in the
   * logarithm.
   *
   * @param denoiser without MASK, DENOISER or LEAVE_ONE_OUT
   * @param blocks clean sequences of equal length, at least two
   * @param levels how many, at least 2
   * @param batch sequences per network call, at least 1; changes nothing but speed
   * @param seed of the noise
   */
  public static DecaySample sample(
      Denoiser denoiser, Iterator<int[]> blocks, int levels, int batch, long seed) {
    double ratio = HORIZON / ReversePlanner.LOWEST;
    double[] sigmas = new double[levels];
    Arrays.setAll(sigmas, n -> HORIZON * Math.pow(ratio, n / (levels - 1.0) - 1));
    List<Double> left = new ArrayList<>();
    List<double[]> rates = new ArrayList<>();
    while (blocks.hasNext()) {
      int[] block = blocks.next();
      BlockDecay decay = of(denoiser, block, sigmas, TIMES, left.size(), batch, seed);
      left.add(block.length * Math.log(denoiser.vocabulary()) - decay.bound());
      rates.add(decay.rates());
    }
    return DecaySample.of(sigmas, left.stream().mapToDouble(Double::doubleValue).toArray(), rates);
  }

  /**
   * Measures a block.
   *
   * @param denoiser without MASK, DENOISER or LEAVE_ONE_OUT
   * @param block clean ids, [d]
   * @param sigmas levels, nats, above 0, [levels]
   * @param times noise times of the bound, at least 1
   * @param index of the block; keys the noise together with the seed
   * @param batch sequences per network call, at least 1; changes nothing but speed
   * @param seed of the noise
   */
  public static BlockDecay of(
      Denoiser denoiser, int[] block, double[] sigmas, int times, int index, int batch, long seed) {
    Denoiser head = LeaveOneOut.of(denoiser);
    BlockLoss bound = new UniformBlockLoss(denoiser.vocabulary(), times);
    double[] losses = bound.losses(head, bound.examples(Passage.of(block), seed, index), batch);
    BlockLoss rate = new Rate(denoiser.vocabulary(), sigmas, times + 1);
    return new BlockDecay(
        block.length * (bound.constant() + Arrays.stream(losses).sum()),
        rate.losses(head, rate.examples(Passage.of(block), seed, index), batch));
  }

  /** One noisy copy per level, every row counts once; keyed apart from the copies of the bound. */
  private record Rate(int symbols, double[] sigmas, int firstCopy) implements BlockLoss {

    @Override
    public NoisyBatch examples(Passage passage, long seed, int index) {
      int[] block = passage.tokens();
      int copies = sigmas.length;
      NoiseLevel[] levels =
          Arrays.stream(sigmas).mapToObj(NoiseLevel::unitRate).toArray(NoiseLevel[]::new);
      double[] weights = new double[copies];
      Arrays.fill(weights, (double) copies * block.length);
      int[][] blocks = Collections.nCopies(copies, block).toArray(int[][]::new);
      return NoisyBatch.uniform(blocks, levels, weights, symbols, seed, index, firstCopy);
    }

    @Override
    public double[] losses(TokenLaws laws, NoisyBatch examples, int from, int to) {
      int length = examples.noisy().length / examples.sigmas().length;
      double[] odds = new double[to - from];
      Arrays.setAll(
          odds, r -> UniformScoreEntropy.odds(symbols, examples.sigmas()[(from + r) / length]));
      double[] ofNoisy = laws.probabilityOf(Arrays.copyOfRange(examples.noisy(), from, to));
      double[] nats = laws.sumLogOnePlus(odds);
      Arrays.setAll(nats, r -> Math.log1p(odds[r] * ofNoisy[r]) - nats[r] / symbols);
      return nats;
    }

    @Override
    public double constant() {
      return 0;
    }
  }
}
