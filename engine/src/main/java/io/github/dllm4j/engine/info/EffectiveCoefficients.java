package io.github.dllm4j.engine.info;

/**
 * c_{d,j} = (j+1) * integral over s in [0, 1] of Pr[Bin(d, e^-s) >= j+2] ds, j = 0..d-2, so that
 * the effective total correlation is sum_j c_{d,j} Delta_j (spec section 3, derived there from
 * E[min(1, -ln P)], P ~ Beta(j+2, d-1-j)). Gauss-Legendre, 40 points per panel; O(d) per point.
 */
final class EffectiveCoefficients {
  private static final int POINTS = 40;

  private EffectiveCoefficients() {}

  /** The coefficients for d tokens, [d - 1]. */
  static double[] of(int d) {
    double[] coefficients = new double[Math.max(0, d - 1)];
    if (coefficients.length == 0) {
      return coefficients;
    }
    int panels = d <= 16 ? 2 : 16 * (1 + d / 2000);
    for (int point = 0; point < POINTS; point++) {
      double[] node = legendreNode(point);
      for (int panel = 0; panel < panels; panel++) {
        double s = (panel + (1 + node[0]) / 2) / panels;
        double[] tails = Binomial.tails(d, Math.exp(-s));
        for (int j = 0; j < coefficients.length; j++) {
          coefficients[j] += node[1] / (2 * panels) * (j + 1) * tails[j + 2];
        }
      }
    }
    return coefficients;
  }

  /** Root and weight of the Legendre polynomial on [-1, 1] by Newton's iteration, {x, w}. */
  private static double[] legendreNode(int point) {
    double x = Math.cos(Math.PI * (point + 0.75) / (POINTS + 0.5));
    double slope = 1;
    for (int iteration = 0; iteration < 10; iteration++) {
      double before = 0;
      double value = 1;
      for (int n = 1; n <= POINTS; n++) {
        double next = ((2 * n - 1) * x * value - (n - 1) * before) / n;
        before = value;
        value = next;
      }
      slope = POINTS * (x * value - before) / (x * x - 1);
      x -= value / slope;
    }
    return new double[] {x, 2 / ((1 - x * x) * slope * slope)};
  }
}
