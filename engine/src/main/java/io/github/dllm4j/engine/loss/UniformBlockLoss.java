package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.train.NoiseTimes;
import io.github.dllm4j.engine.train.NoisyBatch;
import java.util.Arrays;
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
    int length = examples.noisy().length / examples.sigmas().length;
    int[] clean = Arrays.copyOfRange(examples.targets(), from, to);
    int[] rows = Arrays.copyOfRange(examples.rows(), from, to);
    int[] noisy = Arrays.stream(rows).map(cell -> examples.noisy()[cell]).toArray();
    double[] odds = new double[clean.length];
    Arrays.setAll(
        odds, r -> UniformScoreEntropy.odds(symbols, examples.sigmas()[rows[r] / length]));
    double[] ofClean = laws.probabilityOf(clean);
    double[] ofNoisy = laws.probabilityOf(noisy);
    double[] logs = laws.sumLogOnePlus(odds);
    double[] nats = new double[clean.length];
    for (int r = 0; r < nats.length; r++) {
      int example = rows[r] / length;
      double sigma = examples.sigmas()[example];
      boolean same = clean[r] == noisy[r];
      nats[r] =
          example < times
              ? UniformScoreEntropy.loss(symbols, ofNoisy[r], ofClean[r], logs[r], same, sigma)
              : UniformScoreEntropy.reconstruction(symbols, ofNoisy[r], ofClean[r], same, sigma);
    }
    return nats;
  }

  @Override
  public double constant() {
    return UniformScoreEntropy.prior(symbols, NoiseTimes.SCHEDULE.at(1).sigma());
  }
}
