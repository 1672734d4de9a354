package io.github.dllm4j.engine.ctmc;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Arrays;

/**
 * The token moves by c N_c modulo S for all c, N_c Poisson with mean h r_{x+c}; by Fourier,
 *
 * <pre>
 * phat(w) = exp(h sum_c r_{x+c} (e^(-2 pi i w c / S) - 1))
 * K_{x+c} = (1/S) sum_w phat(w) e^(2 pi i w c / S)
 * </pre>
 *
 * <p>Source: the tau-leaping of Theorem 11 (Dmitriev, Huang, Wei, COLT 2026), uniform-diffusion
 * spec 6.3. Adding token ids means nothing; it is here because the theorem is about it. Departure:
 * rounding below 0 becomes 0, so probabilities below about 1e-16 have no digits. Cost O(S^2).
 */
record AdditiveTauKernel() implements ReverseKernel {

  /** The n-th roots of unity; the last ones are kept, since rows come in thousands. */
  private static final class Roots {
    private static volatile Roots last = new Roots(1);

    private final double[] cosine;
    private final double[] sine;

    private Roots(int n) {
      cosine = new double[n];
      sine = new double[n];
      Arrays.setAll(cosine, k -> Math.cos(2 * Math.PI * k / n));
      Arrays.setAll(sine, k -> Math.sin(2 * Math.PI * k / n));
    }

    static Roots of(int n) {
      Roots roots = last;
      if (roots.cosine.length != n) {
        roots = new Roots(n);
        last = roots;
      }
      return roots;
    }
  }

  @Override
  public double[] row(
      NoiseProcess process, double[] leaveOneOut, int token, NoiseLevel from, NoiseLevel to) {
    Reversal.check(process, leaveOneOut, token, from, to);
    double h = Reversal.step(from, to);
    double[] rates = Reversal.rates(process, leaveOneOut, token, from.sigma());
    int n = rates.length;
    Roots roots = Roots.of(n);
    double[] cosine = roots.cosine;
    double[] sine = roots.sine;
    double[] events = new double[n];
    for (int c = 1; c < n; c++) {
      events[c] = h * rates[(token + c) % n];
    }
    double[] moved = new double[n];
    for (int w = 0; 2 * w <= n; w++) {
      double damping = 0;
      double phase = 0;
      int k = 0; // w c modulo n
      for (int c = 0; c < n; c++) {
        damping += events[c] * (cosine[k] - 1);
        phase -= events[c] * sine[k];
        k = k + w < n ? k + w : k + w - n;
      }
      // Frequency n - w gives the conjugate.
      double size = (w == 0 || 2 * w == n ? 1 : 2) * Math.exp(damping) / n;
      double real = size * Math.cos(phase);
      double imaginary = size * Math.sin(phase);
      k = 0;
      for (int c = 0; c < n; c++) {
        moved[c] += real * cosine[k] - imaginary * sine[k];
        k = k + w < n ? k + w : k + w - n;
      }
    }
    double[] row = new double[n];
    for (int c = 0; c < n; c++) {
      row[(token + c) % n] = Math.max(0, moved[c]);
    }
    return Reversal.normalise(row, token);
  }
}
