package io.github.dllm4j.engine.loss;

import java.util.Arrays;

/**
 * Times in [0, 1] spread over a batch, uniform over the batch (spec section 6). Exact-size masks
 * make this unnecessary for masking; it matters where the network is told the time.
 */
public final class TimeSampling {
  private TimeSampling() {}

  /**
   * One time in each of n strata: t_i = (i + u_i)/n (MDLM).
   *
   * @param uniforms in [0, 1), [n]
   * @return times, ascending, [n]
   */
  public static double[] stratified(double... uniforms) {
    double[] times = new double[uniforms.length];
    Arrays.setAll(times, i -> (i + uniforms[i]) / times.length);
    return times;
  }

  /**
   * The same uniform in each stratum: t_i = (i + u)/n (VDM).
   *
   * @param uniform in [0, 1)
   * @param count n
   * @return times, ascending, [n]
   */
  public static double[] systematic(double uniform, int count) {
    double[] times = new double[count];
    Arrays.setAll(times, i -> (i + uniform) / count);
    return times;
  }

  /** t and its mirror image: {u, 1 - u}. */
  public static double[] antithetic(double uniform) {
    return new double[] {uniform, 1 - uniform};
  }
}
