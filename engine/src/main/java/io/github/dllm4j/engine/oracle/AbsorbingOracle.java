package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.sample.AbsorbingDenoiser;
import java.util.Arrays;
import java.util.Locale;

/**
 * The exact posterior of a small law under uniform noise told as absorption:
 *
 * <pre>
 * P(x0 | x, u) in proportion to p(x0) prod_{x_i != u_i} [x0_i = x_i]
 *                                     prod_{x_i = u_i} (alpha [x0_i = u_i] + 1 - alpha)
 * </pre>
 *
 * <p>Source: uniform-diffusion spec 9. A token that equals its u stays ambiguous, so the posterior
 * depends on alpha, other than for MASK. Where the pair (x, u) is impossible every token is what x
 * says. Cost S^d d per call.
 */
public final class AbsorbingOracle implements AbsorbingDenoiser {
  private final double[] table;
  private final int length;
  private final int symbols;

  /**
   * An oracle.
   *
   * @param law at most 2^24 words
   */
  public AbsorbingOracle(ExactLaw law) {
    table = law.table();
    length = law.length();
    symbols = law.symbols();
  }

  @Override
  public int vocabulary() {
    return symbols;
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public double[][] predict(int[] tokens, int[] noise, double sigma) {
    if (tokens.length != length || noise.length != length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "tokens and noise must have %d entries, got %d and %d",
              length,
              tokens.length,
              noise.length));
    }
    double[][] laws = new double[length][symbols];
    double noised = -Math.expm1(-sigma);
    for (int word = 0; word < table.length; word++) {
      double p = table[word];
      int rest = word;
      for (int i = length - 1; i >= 0 && p > 0; i--) {
        int clean = rest % symbols;
        rest /= symbols;
        if (tokens[i] != noise[i]) {
          p *= clean == tokens[i] ? 1 : 0;
        } else if (clean != noise[i]) {
          p *= noised;
        }
      }
      rest = word;
      for (int i = length - 1; i >= 0 && p > 0; i--) {
        laws[i][rest % symbols] += p;
        rest /= symbols;
      }
    }
    for (int i = 0; i < length; i++) {
      if (Arrays.stream(laws[i]).sum() == 0) {
        laws[i][tokens[i]] = 1;
      }
    }
    return Words.finish(laws);
  }
}
