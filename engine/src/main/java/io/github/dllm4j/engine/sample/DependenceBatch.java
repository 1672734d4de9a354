package io.github.dllm4j.engine.sample;

import java.util.stream.IntStream;

/**
 * The next holes to fill by pairwise dependence. Holes are added one after the other, the one that
 * adds least first, and of those that add the same the one of the largest entropy, while
 *
 * <pre>
 * estimate(S) = sum over i in S of min(H_i, sum over j in S before i of share_ij min(H_i, H_j))
 * </pre>
 *
 * <p>is at most gamma. The chain rule TC(S) = sum of I(X_i; all of S before i) is exact; that the
 * information of many is at most the sum over pairs is not true in general (a parity), but is in a
 * Markov chain: all before i but its two neighbours l and r are screened off, and I(X_i; X_l, X_r)
 * = I(X_i; X_l) + I(X_i; X_r) - I(X_l; X_r). So if the shares are large enough for every pair,
 * TC(S) is at most gamma there. The first hole adds nothing and is one of the largest entropy, so
 * the estimate is never more than that of the entropy bound for the same holes, sum H - max H.
 *
 * <p>Why large entropies first: an adaptive plan costs sum_i H(X_i | known when i is filled) - H(X)
 * (spec 11, O2). A hole of small entropy, which is one near known tokens, gets cheaper by waiting
 * and helps no other. Cost O(|S| holes) per step.
 */
final class DependenceBatch {
  private static final double UNIT = 1e-9; // nats; smaller differences do not decide

  private final DependenceKernel kernel;
  private final int[] positions; // of the holes, ascending
  private final double[] entropies; // nats
  private final double[] shared; // what the chosen say of each hole, by the sum over pairs
  private final boolean[] chosen;

  DependenceBatch(DependenceKernel kernel, int[] positions, double[] entropies) {
    this.kernel = kernel;
    this.positions = positions;
    this.entropies = entropies;
    shared = new double[positions.length];
    chosen = new boolean[positions.length];
  }

  /** Indices of the holes to fill, ascending, at least one. */
  int[] within(double gamma) {
    double estimate = 0;
    for (int count = 0; count < positions.length; count++) {
      int next = cheapest();
      estimate += added(next);
      if (estimate > gamma + UNIT) {
        break;
      }
      choose(next);
    }
    return IntStream.range(0, positions.length).filter(i -> chosen[i]).toArray();
  }

  private double added(int hole) {
    return Math.min(entropies[hole], shared[hole]);
  }

  private int cheapest() {
    int best = -1;
    for (int i = 0; i < positions.length; i++) {
      if (!chosen[i] && (best < 0 || isBefore(i, best))) {
        best = i;
      }
    }
    return best;
  }

  private boolean isBefore(int hole, int other) {
    int byAdded = Long.compare(units(added(hole)), units(added(other)));
    return byAdded < 0 || (byAdded == 0 && units(entropies[hole]) > units(entropies[other]));
  }

  private void choose(int hole) {
    chosen[hole] = true;
    for (int i = 0; i < positions.length; i++) {
      if (i != hole) {
        int distance = Math.abs(positions[i] - positions[hole]);
        int between = distance - Math.abs(i - hole);
        shared[i] += kernel.share(distance, between) * Math.min(entropies[i], entropies[hole]);
      }
    }
  }

  private static long units(double nats) {
    return (long) Math.floor(nats / UNIT + 0.5);
  }
}
