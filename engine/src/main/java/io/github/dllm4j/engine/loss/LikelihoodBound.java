package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.Denoiser;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/**
 * A model's -ln p of a text, or a bound on it, in the mean over its tokens; what exactly is up to
 * the {@link LikelihoodEstimator}.
 *
 * <pre>
 * nats per token r = sum_i nats_i / sum_i tokens_i
 * standard error   = sqrt( n/(n-1) sum_i (nats_i - r tokens_i)^2 ) / sum_i tokens_i
 * </pre>
 *
 * <p>over n passages, the error of a ratio of means, which for passages of one length is the plain
 * one. It takes passages for independent; neighbours of one text are a little alike.
 *
 * @param natsPerToken the mean
 * @param standardError of the mean over passages, nats per token; NaN with one passage
 * @param blocks passages evaluated
 * @param tokens scored
 */
public record LikelihoodBound(double natsPerToken, double standardError, int blocks, long tokens) {

  /** Perplexity: exp of the nats per token. */
  public double perplexity() {
    return Math.exp(natsPerToken);
  }

  /**
   * From passages already evaluated.
   *
   * @param nats of each passage, at least one
   * @param tokens scored of each passage
   */
  public static LikelihoodBound of(double[] nats, int[] tokens) {
    if (nats.length == 0 || nats.length != tokens.length) {
      throw new IllegalArgumentException(
          nats.length == 0
              ? "the text is shorter than one block"
              : String.format(
                  Locale.ROOT, "%d passages have %d lengths", nats.length, tokens.length));
    }
    double sum = 0;
    long count = 0;
    for (int i = 0; i < nats.length; i++) {
      sum += nats[i];
      count += tokens[i];
    }
    double mean = sum / count;
    double squares = 0;
    for (int i = 0; i < nats.length; i++) {
      double deviation = nats[i] - mean * tokens[i];
      squares += deviation * deviation;
    }
    double n = nats.length;
    double error = n == 1 ? Double.NaN : Math.sqrt(n / (n - 1) * squares) / count;
    return new LikelihoodBound(mean, error, nats.length, count);
  }

  /** Evaluates blocks of which nothing is given, at least one. */
  public static LikelihoodBound ofBlocks(LikelihoodEstimator estimator, Iterator<int[]> blocks) {
    return estimate(estimator, passages(blocks));
  }

  /** Evaluates all passages, at least one. */
  public static LikelihoodBound estimate(
      LikelihoodEstimator estimator, Iterator<Passage> passages) {
    List<Double> nats = new ArrayList<>();
    List<Integer> tokens = new ArrayList<>();
    while (passages.hasNext()) {
      Passage passage = passages.next();
      nats.add(estimator.nats(passage, nats.size()));
      tokens.add(passage.scored());
    }
    return of(
        nats.stream().mapToDouble(Double::doubleValue).toArray(),
        tokens.stream().mapToInt(Integer::intValue).toArray());
  }

  /**
   * The NELBO of blocks.
   *
   * @param denoiser of a masking model if it has a MASK, else of a uniform one
   * @param blocks clean blocks
   * @param counts K, mask counts or times per block, at least 1
   * @param batch sequences per network call, at least 1; changes nothing but speed
   * @param seed of the noise, which is keyed by block and evaluation
   * @throws IllegalArgumentException if there is no block
   */
  public static LikelihoodBound estimate(
      Denoiser denoiser, Iterator<int[]> blocks, int counts, int batch, long seed) {
    LikelihoodEstimator nelbo = LikelihoodEstimator.nelbo(denoiser, counts, batch, seed);
    return ofBlocks(nelbo, blocks);
  }

  private static Iterator<Passage> passages(Iterator<int[]> blocks) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return blocks.hasNext();
      }

      @Override
      public Passage next() {
        return Passage.of(blocks.next());
      }
    };
  }
}
