package io.github.dllm4j.engine.info;

import java.util.Locale;

/** Distances between laws on the same finite set. O(n). */
public final class Divergence {
  private Divergence() {}

  /**
   * KL(p || q) in nats, as the sum over p's support of {@link #excess} minus (q - p): no term of
   * the first sum is negative, so nothing cancels when q is close to p.
   *
   * @param p probabilities, [n]
   * @param q probabilities, [n]
   * @return the divergence; infinite if q misses a word of p
   */
  public static double kl(double[] p, double[] q) {
    checkLengths(p, q);
    double kl = 0;
    double more = 0;
    for (int x = 0; x < p.length; x++) {
      if (p[x] > 0) {
        kl += excess(p[x], q[x]);
        more += q[x] - p[x];
      }
    }
    return kl - more;
  }

  /**
   * q - p + p ln(p/q) = p (rho - ln(1 + rho)) with rho = q/p - 1: what an entry adds to a KL, and
   * to a score entropy. Near q = p the logarithm is taken of 1 + rho, where 1 + rho has no digits
   * to lose; far from it of q/p, where 1 + rho would lose those of a small q.
   *
   * @param p above 0
   * @param q at least 0
   * @return at least 0 but for rounding; infinite if q is 0
   */
  public static double excess(double p, double q) {
    double rho = (q - p) / p;
    return p * (rho - (Math.abs(rho) < 0.5 ? Math.log1p(rho) : Math.log(q / p)));
  }

  /** Half the sum of |p - q|, in [0, 1]. */
  public static double totalVariation(double[] p, double[] q) {
    checkLengths(p, q);
    double sum = 0;
    for (int x = 0; x < p.length; x++) {
      sum += Math.abs(p[x] - q[x]);
    }
    return sum / 2;
  }

  /** The probability that q gives to the support of p. */
  public static double massOnSupport(double[] p, double[] q) {
    checkLengths(p, q);
    double mass = 0;
    for (int x = 0; x < p.length; x++) {
      mass += p[x] > 0 ? q[x] : 0;
    }
    return mass;
  }

  /** The probability that q gives to what p calls impossible. */
  public static double massOffSupport(double[] p, double[] q) {
    checkLengths(p, q);
    double mass = 0;
    for (int x = 0; x < p.length; x++) {
      mass += p[x] > 0 ? 0 : q[x];
    }
    return mass;
  }

  private static void checkLengths(double[] p, double[] q) {
    if (p.length != q.length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "laws must be on the same set, got %d and %d words",
              p.length,
              q.length));
    }
  }
}
