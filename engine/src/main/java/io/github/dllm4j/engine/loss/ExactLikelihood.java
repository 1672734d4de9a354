package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.CausalModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/**
 * The likelihood of text under an autoregressive model, which is no bound but exact: the mean over
 * blocks of -(1/d) sum_i ln p(x_i | x_0 .. x_{i-1}). Cost: one evaluation per block.
 */
public final class ExactLikelihood {
  private ExactLikelihood() {}

  /**
   * The mean over blocks, in the form of a bound that is met with equality.
   *
   * @param blocks clean blocks, all of one length, at most the model's
   * @param batch blocks per call, at least 1; changes nothing but speed
   * @throws IllegalArgumentException if there is no block, they differ in length or are too long
   */
  public static LikelihoodBound of(CausalModel model, Iterator<int[]> blocks, int batch) {
    if (batch < 1) {
      throw new IllegalArgumentException("batch must be at least 1, got " + batch);
    }
    double mean = 0;
    double squares = 0; // Welford's update
    int length = 0;
    int done = 0;
    while (blocks.hasNext()) {
      List<int[]> some = new ArrayList<>();
      while (blocks.hasNext() && some.size() < batch) {
        int[] block = blocks.next();
        length = done + some.size() == 0 ? checked(block.length, model.length()) : length;
        if (block.length != length) {
          throw new IllegalArgumentException(
              String.format(
                  Locale.ROOT, "blocks must all have %d tokens, got %d", length, block.length));
        }
        some.add(block);
      }
      for (double[] logs : model.logProbabilities(some.toArray(int[][]::new))) {
        done++;
        double delta = -Arrays.stream(logs).sum() / length - mean;
        mean += delta / done;
        squares += delta * (-Arrays.stream(logs).sum() / length - mean);
      }
    }
    if (done == 0) {
      throw new IllegalArgumentException("the text is shorter than one block");
    }
    double variance = squares / (done - 1.0);
    return new LikelihoodBound(mean, Math.sqrt(variance / done), done, (long) done * length);
  }

  private static int checked(int length, int longest) {
    if (length < 1 || length > longest) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "blocks must have 1 to %d tokens, got %d", longest, length));
    }
    return length;
  }
}
