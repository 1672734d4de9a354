package io.github.dllm4j.engine.ctmc;

import java.util.Locale;

/**
 * Rates at which a token x jumps to b at a fixed noise level, given the other noisy tokens. With
 * r_b = Q[b][x] s_b / Q[x][b] the ratio of probability flow back to flow forth (s_b for uniform
 * noise):
 *
 * <pre>
 * REVERSE           Q[x][b] r                the noise process run backwards
 * FORWARD_BACKWARD  Q[x][b] (1 + r)          forwards and backwards at once
 * SQUARE_ROOT       Q[x][b] sqrt(r)
 * BARKER            Q[x][b] r / (1 + r)
 * MINIMUM           Q[x][b] min(1, r)
 * </pre>
 *
 * <p>All but the first are locally balanced, g(r) = r g(1/r): reversible for q_sigma, which they
 * leave invariant <em>in continuous time</em>, at no other cost than the network's answer. Source:
 * uniform-diffusion spec 2 and 8.1; the second is the corrector of Campbell et al. 2022. Cost O(S).
 */
public enum TokenRates {
  /** The noise process run backwards. */
  REVERSE,
  /** Noise and its reversal at once, Campbell's corrector. */
  FORWARD_BACKWARD,
  /** Locally balanced by the square root. */
  SQUARE_ROOT,
  /** Locally balanced by r/(1 + r). */
  BARKER,
  /** Locally balanced by min(1, r), Metropolis in continuous time. */
  MINIMUM;

  /**
   * The rates of one token.
   *
   * @param process the noise
   * @param leaveOneOut law of the clean token given the other noisy tokens, [stateCount]
   * @param token the noisy token
   * @param sigma total noise, nats, above 0
   * @return per nat of noise, 0 at the token itself, a new array, [stateCount]
   */
  public double[] of(NoiseProcess process, double[] leaveOneOut, int token, double sigma) {
    if (!(sigma > 0)) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "sigma must be above 0, got %s", sigma));
    }
    double[] back = Reversal.rates(process, leaveOneOut, token, sigma);
    for (int b = 0; b < back.length; b++) {
      if (b != token) {
        back[b] = balanced(process.rate(token, b), back[b]);
      }
    }
    return back;
  }

  /**
   * One Euler step of the jump process: K_b = h rate_b for b != x, K_x = max(0, 1 - sum),
   * renormalised; clipped where h times the rate of leaving is above 1.
   *
   * @param process the noise
   * @param leaveOneOut law of the clean token given the other noisy tokens, [stateCount]
   * @param token the noisy token
   * @param sigma total noise, nats, above 0
   * @param h time, nats of noise, at least 0
   * @return probabilities, a new array, [stateCount]
   */
  public double[] euler(
      NoiseProcess process, double[] leaveOneOut, int token, double sigma, double h) {
    double[] row = of(process, leaveOneOut, token, sigma);
    double moved = 0;
    for (int b = 0; b < row.length; b++) {
      row[b] *= h;
      moved += row[b];
    }
    row[token] = Math.max(0, 1 - moved);
    return Reversal.normalise(row, token);
  }

  /** Q g(r) from Q and Q r, which may be 0 apart from each other. */
  private double balanced(double forth, double back) {
    return switch (this) {
      case REVERSE -> back;
      case FORWARD_BACKWARD -> forth + back;
      case SQUARE_ROOT -> Math.sqrt(forth * back);
      case BARKER -> forth + back == 0 ? 0 : forth * back / (forth + back);
      case MINIMUM -> Math.min(forth, back);
    };
  }
}
