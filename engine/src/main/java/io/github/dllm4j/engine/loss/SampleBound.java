package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.TeacherForcing;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/**
 * The K-sample bound on the likelihood of a sampler that draws its order at random: with K
 * independent uniform orders S_1 .. S_K,
 *
 * <pre>
 * L_K(x) = -ln ( (1/K) sum_k nu^{S_k}(x) )
 * E L_1(x) >= E L_2(x) >= .. >= -ln p_N(x),   p_N(x) = E_S nu^S(x)
 * </pre>
 *
 * <p>where nu^S is {@link StepBound}'s, or {@link ChainRule}'s if the plan writes one token at a
 * time. What is bounded is -ln of the likelihood p_N of the mixture over orders, which is the law
 * of the sampler's texts; and it is bounded in the mean over the K orders (Jensen), not by every
 * single L_K. (1/K) sum nu is without bias for p_N, so L_K tends to -ln p_N. If the likelihood is
 * the same in every order there is nothing to gain and L_K = -ln p for every K.
 *
 * <p>Source: masked-diffusion spec 7; that the mean decreases in K: Burda, Grosse, Salakhutdinov,
 * arXiv 1509.00519, theorem 1. The sum is in log space. Cost: K N evaluations per passage for N
 * steps. The first order is that of the other estimators, so that K = 1 is N-step bound or chain
 * rule to the bit.
 */
record SampleBound(
    Denoiser denoiser, int samples, String name, IntFunction<SizePlan> plan, int batch, long seed)
    implements LikelihoodEstimator {

  SampleBound {
    ChainRule.requireMasking(denoiser, batch);
    if (samples < 1) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "samples must be at least 1, got %d", samples));
    }
  }

  @Override
  public double nats(Passage passage, int index) {
    int[] tokens = passage.tokens();
    List<SizePlan> plans = List.of(plan.apply(passage.scored()));
    double[] nats = new double[samples];
    for (int s = 0; s < samples; s++) {
      int[] order = TeacherForcing.order(passage.given(), tokens.length, index, s, seed);
      nats[s] = TeacherForcing.nats(denoiser, tokens, order, plans, batch)[0];
    }
    return ofMean(nats);
  }

  /** -ln of the mean of exp(-nats), nats. */
  static double ofMean(double[] nats) {
    double least = Arrays.stream(nats).min().orElseThrow();
    if (least == Double.POSITIVE_INFINITY) {
      return least;
    }
    double sum = 0;
    for (double n : nats) {
      sum += Math.exp(least - n);
    }
    return least - Math.log(sum / nats.length);
  }

  @Override
  public Claim claim() {
    return Claim.BOUND;
  }

  @Override
  public String description() {
    return String.format(
        Locale.ROOT, "K-sample bound, %d random orders per block, %s", samples, name);
  }
}
