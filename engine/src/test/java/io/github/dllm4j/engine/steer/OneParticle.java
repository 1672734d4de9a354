package io.github.dllm4j.engine.steer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * All paths of one particle without resampling, with the production proposals and the production
 * psi: the law of its end, each path counted with a power of its weight.
 */
final class OneParticle {
  private final Enumerated all;
  private final Proposal proposal;

  OneParticle(Enumerated all, Proposal proposal) {
    this.all = all;
    this.proposal = proposal;
  }

  /** Sum over paths of M(path) w(path)^power [end = x], [states]. */
  double[] weightedLaw(int power) {
    int moves = all.chain.moves();
    double[] before = new double[all.size()]; // log psi of where the particle is
    double[] law = new double[all.size()];
    for (int step = 0; step <= moves; step++) {
      double[] values = values(step);
      double[] next = new double[all.size()];
      double[][][] rows = step == 0 ? new double[][][] {all.chain.prior()} : rows(step - 1);
      int[] positions = step == 0 ? all.chain.canvas().holes() : all.chain.positions(step - 1);
      List<Outcomes> outcomes = new ArrayList<>();
      for (int x = 0; x < rows.length; x++) {
        int[] from = step == 0 ? all.chain.canvas().tokens() : all.states.get(x);
        outcomes.add(Outcomes.of(from, positions, rows[x]));
      }
      double[][] m = chances(step, positions, rows, outcomes);
      for (int x = 0; x < rows.length; x++) {
        Outcomes k = outcomes.get(x);
        for (int o = 0; o < m[x].length && (step == 0 || law[x] > 0); o++) {
          int y = all.index(k.sequences().get(o));
          double log = k.logProbabilities()[o] + values[y] - Math.log(m[x][o]) - before[x];
          next[y] += (step == 0 ? 1 : law[x]) * m[x][o] * Math.exp(power * log);
        }
      }
      law = next;
      before = values;
    }
    return law;
  }

  private double[][][] rows(int k) {
    return all.chain.rows(k, all.states);
  }

  /** log psi of every state; a masked state has no reward, and is never reached at the end. */
  private double[] values(int step) {
    List<int[]> clean =
        all.states.stream().filter(x -> step < all.chain.moves() || !masked(x)).toList();
    double[] some = proposal.logValue(step, clean);
    double[] values = new double[all.size()];
    Arrays.fill(values, Double.NaN);
    for (int s = 0; s < some.length; s++) {
      values[all.index(clean.get(s))] = some[s];
    }
    return values;
  }

  private boolean masked(int[] x) {
    return Arrays.stream(x).anyMatch(token -> token == all.chain.model().mask());
  }

  /** M of every outcome, as production draws, [state][outcome]. */
  private double[][] chances(
      int step, int[] positions, double[][][] rows, List<Outcomes> outcomes) {
    Optional<double[][]> factors =
        proposal.lookAhead() ? proposal.twist().logFactors(step) : Optional.empty();
    if (proposal.lookAhead() && factors.isEmpty()) {
      return proposal.tilted(step, outcomes);
    }
    double[][] chances = new double[rows.length][];
    for (int x = 0; x < rows.length; x++) {
      double[][] laws =
          factors.isPresent() ? proposal.tilted(factors.get(), positions, rows[x]) : rows[x];
      chances[x] =
          outcomes.get(x).sequences().stream()
              .mapToDouble(y -> Math.exp(ReverseChain.logProbability(laws, positions, y)))
              .toArray();
    }
    return chances;
  }
}
