package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.CausalModel;
import java.util.Locale;

/**
 * The likelihood under an autoregressive model, which is no bound but exact: the sum over scored
 * tokens of -ln p(x_i | x_0 .. x_{i-1}). Cost: one evaluation per passage.
 */
record LeftToRight(CausalModel model) implements LikelihoodEstimator {

  @Override
  public double nats(Passage passage, int index) {
    int[] tokens = passage.tokens();
    if (tokens.length > model.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a passage must have at most %d tokens, got %d",
              model.length(),
              tokens.length));
    }
    double[] logs = model.logProbabilities(new int[][] {tokens})[0];
    double nats = 0;
    for (int i = passage.given(); i < tokens.length; i++) {
      nats -= logs[i];
    }
    return nats;
  }

  @Override
  public Claim claim() {
    return Claim.EXACT;
  }

  @Override
  public String description() {
    return "left to right, exact";
  }
}
