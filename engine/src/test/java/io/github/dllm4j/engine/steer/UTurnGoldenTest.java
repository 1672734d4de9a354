package io.github.dllm4j.engine.steer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.UniformGolden;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * Group 07. The way there, the way back, and the acceptance are the production ones; the exact
 * posterior of a way back is Bayes' rule here, since no factorised chain can draw from it.
 */
class UTurnGoldenTest {
  private static final SequenceScorer NOTHING = sequences -> new double[sequences.size()];

  /** -E of the golden file. */
  private static double minusEnergy(int[] sequence, int index) {
    return -(0.5 * Arrays.stream(sequence).sum() + 0.3 * Math.sin(index));
  }

  @Test
  void group07(TestReporter reporter) {
    Golden golden = new Golden("07 U-turn chains");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      JsonNode values = UniformGolden.values("07_uturn", name);
      for (String sigma : new String[] {"0.1", "0.5", "1.5"}) {
        JsonNode entry = values.get("sigma=" + sigma);
        double level = Double.parseDouble(sigma);
        exactPosterior(golden, name + " " + sigma, law, level, entry);
        for (int steps : new int[] {1, 2, 4}) {
          String what = name + " " + sigma + " N=" + steps;
          factorised(golden, what, law, level, steps, entry.get("N=" + steps));
        }
      }
      double lambda2 = Matrices.secondEigenvalue(minimalMask(law), law.table());
      golden.close(name, lambda2, values.get("minimal_mask_uturn_lambda2").asDouble());
    }
    golden.report(reporter, 259);
  }

  private static double[][] posterior(double[][] noise, double[] p) {
    double[] noised = Matrices.times(p, noise);
    double[][] back = new double[noised.length][p.length];
    for (int z = 0; z < noised.length; z++) {
      for (int x = 0; x < p.length; x++) {
        back[z][x] = p[x] * noise[x][z] / noised[z];
      }
    }
    return back;
  }

  private static void exactPosterior(
      Golden golden, String what, ExactLaw law, double level, JsonNode entry) {
    Enumerated all = new Enumerated(Enumerated.uniform(law, TimeGrid.of(level, 0)));
    UTurn turn = UTurn.metropolis(all.chain, NOTHING);
    double[] p = law.table();
    double[][] noise = all.noise(turn);
    double[][] there = Matrices.times(noise, posterior(noise, p));
    golden.close(what, Matrices.secondEigenvalue(there, p), entry.get("lambda2").asDouble());
    double stay = 0;
    double accept = 0;
    double total = 0;
    double[] target = p.clone();
    for (int x = 0; x < p.length; x++) {
      stay += p[x] * there[x][x];
      target[x] *= Math.exp(minusEnergy(all.states.get(x), x));
      total += target[x];
    }
    for (int x = 0; x < p.length; x++) {
      for (int y = 0; y < p.length; y++) {
        double forth = there[x][y] * target[x] / total * acceptance(all, x, y);
        double back = there[y][x] * target[y] / total * acceptance(all, y, x);
        assertEquals(forth, back, 1e-16, what + ": detailed balance for the tilted law");
        accept += forth;
      }
    }
    golden.close(what, stay, entry.get("P_stay").asDouble());
    golden.close(what, accept, entry.get("MH_accept").asDouble());
  }

  private static double acceptance(Enumerated all, int x, int y) {
    double from = minusEnergy(all.states.get(x), x);
    return Math.exp(UTurn.logAcceptance(from, minusEnergy(all.states.get(y), y)));
  }

  private static void factorised(
      Golden golden, String what, ExactLaw law, double level, int steps, JsonNode entry) {
    Enumerated all = new Enumerated(Enumerated.uniform(law, TimeGrid.uniform(level, steps)));
    double[] p = law.table();
    double[][] noise = all.noise(UTurn.metropolis(all.chain, NOTHING));
    double[][] before = identity(p.length); // from z to the last noisy sequence
    for (int k = 0; k < steps - 1; k++) {
      before = Matrices.times(before, all.move(k));
    }
    double[][] last = all.move(steps - 1);
    double[][] there = Matrices.times(noise, Matrices.times(before, last));
    double[] stationary = Matrices.stationary(there);
    double tv = Divergence.totalVariation(p, stationary);
    golden.close(what, tv, entry.get("TV_stationary_vs_p0").asDouble());
    double once = Divergence.totalVariation(p, Matrices.times(p, there));
    golden.close(what, once, entry.get("one_step_TV").asDouble());
    double moved = latentMove(p, noise, Matrices.times(before, last));
    golden.close(what, moved, entry.get("latent_MH_P_move").asDouble());
  }

  /**
   * How often the step moves that keeps only z as its latent. The file's N steps are one kernel,
   * the product of the chain's; {@link UTurn} itself keeps the steps between too, which is the same
   * for N = 1.
   */
  private static double latentMove(double[] p, double[][] noise, double[][] back) {
    double moved = 0;
    for (int x = 0; x < p.length; x++) {
      for (int y = 0; y < p.length; y++) {
        for (int z = 0; z < p.length && x != y && p[x] > 0; z++) {
          double forth = p[x] * noise[x][z] * back[z][y];
          double reverse = p[y] * noise[y][z] * back[z][x];
          moved += forth * Math.exp(UTurn.logAcceptance(Math.log(forth), Math.log(reverse)));
        }
      }
    }
    return moved;
  }

  private static double[][] identity(int n) {
    double[][] matrix = new double[n][n];
    for (int i = 0; i < n; i++) {
      matrix[i][i] = 1;
    }
    return matrix;
  }

  /** The masking U-turn that masks exactly one token: all sets, rows of the chain. */
  private static double[][] minimalMask(ExactLaw law) {
    Enumerated masked =
        new Enumerated(Enumerated.masking(law, TimeGrid.of(Double.POSITIVE_INFINITY, 0)));
    double[] p = law.table();
    double[][] there = new double[p.length][p.length];
    for (int x = 0; x < p.length; x++) {
      int[] clean = UniformGolden.word(law, x);
      for (int hole = 0; hole < clean.length; hole++) {
        int[] noisy = clean.clone();
        noisy[hole] = law.symbols();
        double[][] rows = masked.chain.rows(0, List.of(noisy))[0];
        Outcomes to = Outcomes.of(noisy, masked.chain.positions(0), rows);
        for (int o = 0; o < to.sequences().size(); o++) {
          int y = 0;
          for (int token : to.sequences().get(o)) {
            y = y * law.symbols() + token;
          }
          there[x][y] += Math.exp(to.logProbabilities()[o]) / clean.length;
        }
      }
    }
    return there;
  }
}
