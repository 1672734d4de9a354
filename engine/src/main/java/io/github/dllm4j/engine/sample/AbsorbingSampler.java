package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.AbsorbingKernel;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.schedule.NoiseLevel;

/**
 * Samples by an {@link AbsorbingKernel}: u uniform, x = u, then all positions step independently
 * down the grid (uniform-diffusion spec 9). The grid starts at infinite noise, else the start is
 * off by the prior's error. Draws are keyed by (seed, sample, step, position). Cost: one evaluation
 * per step.
 */
public final class AbsorbingSampler {
  private final AbsorbingDenoiser denoiser;
  private final AbsorbingKernel kernel;
  private final TimeGrid grid;

  /**
   * A sampler.
   *
   * @param denoiser knows u
   * @param kernel the step
   * @param grid noise levels down to 0
   */
  public AbsorbingSampler(AbsorbingDenoiser denoiser, AbsorbingKernel kernel, TimeGrid grid) {
    this.denoiser = denoiser;
    this.kernel = kernel;
    this.grid = grid;
  }

  /**
   * One sample.
   *
   * @param seed the request's seed
   * @param sample index of the sample
   * @return tokens, [length]
   */
  public int[] sample(long seed, int sample) {
    int symbols = denoiser.vocabulary();
    int[] noise = new int[denoiser.length()];
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (int) (symbols * KeyedRandom.uniform(seed, sample, 0, i, Purpose.PRIOR));
    }
    int[] tokens = noise.clone();
    for (int k = 0; k < grid.steps(); k++) {
      double[][] laws = denoiser.predict(tokens, noise, grid.level(k));
      for (int i = 0; i < tokens.length; i++) {
        double[] row = row(laws[i], tokens[i], noise[i], k);
        int drawn = HeapLaws.draw(row, KeyedRandom.uniform(seed, sample, k, i, Purpose.DRAW));
        tokens[i] = drawn / symbols;
        noise[i] = drawn % symbols;
      }
    }
    return tokens;
  }

  /**
   * The law of token and noise at one position after a step.
   *
   * @param predicted law of the clean token, [S]
   * @param token x
   * @param noise u
   * @param step index of the step
   * @return probabilities, [x' * S + u']
   */
  public double[] row(double[] predicted, int token, int noise, int step) {
    return kernel.row(
        predicted,
        token,
        noise,
        NoiseLevel.unitRate(grid.level(step)),
        NoiseLevel.unitRate(grid.level(step + 1)));
  }

  /** What the network is asked. */
  public AbsorbingDenoiser denoiser() {
    return denoiser;
  }

  /** The noise levels. */
  public TimeGrid grid() {
    return grid;
  }
}
