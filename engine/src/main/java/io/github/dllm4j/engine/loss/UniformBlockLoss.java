package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.train.NoiseTimes;
import io.github.dllm4j.engine.train.NoisyBatch;
import java.util.Collections;

/**
 * The bound of uniform noise, NELBO = integral of the denoising score entropy over [delta, T] +
 * prior + reconstruction (uniform-diffusion spec 4): K systematic times of {@link NoiseTimes} for
 * the integral, and one more copy at delta for the reconstruction.
 *
 * @param symbols S
 * @param times K
 */
record UniformBlockLoss(int symbols, int times) implements BlockLoss {

  @Override
  public NoisyBatch examples(Passage passage, long seed, int index) {
    int[][] copies = Collections.nCopies(times + 1, passage.scoredTokens()).toArray(int[][]::new);
    NoiseLevel[] levels = new NoiseLevel[times + 1];
    double[] weights = new double[times + 1];
    double u = KeyedRandom.uniform(seed, 0, index, 0, Purpose.NOISE_TIME);
    for (int k = 0; k < times; k++) {
      levels[k] = NoiseTimes.SCHEDULE.at(NoiseTimes.at((k + u) / times));
      weights[k] = NoiseTimes.weight(levels[k]) * (times + 1) / times;
    }
    levels[times] = NoiseTimes.SCHEDULE.at(NoiseTimes.FIRST);
    weights[times] = times + 1;
    NoisyBatch noised = NoisyBatch.uniform(copies, levels, weights, symbols, seed, index, 0);
    return noised.after(passage.givenTokens(), noised.sigmas());
  }

  @Override
  public double[] losses(TokenLaws laws, NoisyBatch examples, int from, int to) {
    double[] sigmas = examples.sigmas();
    UniformRows rows =
        UniformRows.of(
            laws, examples, from, to, copy -> UniformScoreEntropy.odds(symbols, sigmas[copy]));
    double[] nats = new double[to - from];
    for (int r = 0; r < nats.length; r++) {
      int copy = rows.copy()[r];
      double noisy = rows.ofNoisy()[r];
      double clean = rows.ofClean()[r];
      boolean same = rows.same()[r];
      nats[r] =
          copy < times
              ? UniformScoreEntropy.loss(symbols, noisy, clean, rows.logs()[r], same, sigmas[copy])
              : UniformScoreEntropy.reconstruction(symbols, noisy, clean, same, sigmas[copy]);
    }
    return nats;
  }

  @Override
  public double constant() {
    return UniformScoreEntropy.prior(symbols, NoiseTimes.SCHEDULE.at(1).sigma());
  }
}
