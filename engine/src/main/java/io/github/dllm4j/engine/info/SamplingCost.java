package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.Locale;

/**
 * What a plan costs, in nats, read off an information curve (spec section 4).
 *
 * <p>The <em>conditional</em> KL is the mean over reveal sets of KL(data || output given the sets);
 * it bounds the KL of the samples from above. With an exact predictor:
 *
 * <pre>
 * (K1) sizes    sum_k sum_{j &lt; s_k} h(N_k) - h(N_k + j)           Chen, Cong, Li, Theorems 4, 16
 * (K2) chances  sum_l Delta_l A_l, where A_l = sum over steps of the integral of
 *               (W_{k+1} - p) times the density that puts l others before p
 * </pre>
 *
 * <p>Both are sums of terms of one sign, where the textbook forms subtract the entropy. (K1) costs
 * O(d), (K2) O(N d). With a learned predictor add its excess (K4).
 */
public final class SamplingCost {
  private SamplingCost() {}

  /** Conditional KL of a plan of sizes (K1), nats. */
  public static double conditionalKl(InformationCurve curve, SizePlan plan) {
    checkHoles(curve, plan);
    double cost = 0;
    int revealed = 0;
    for (int size : plan.sizes()) {
      // Delta_l is paid by each of the holes after l in the block.
      for (int l = revealed; l < revealed + size - 1; l++) {
        cost += (revealed + size - 1 - l) * curve.drop(l);
      }
      revealed += size;
    }
    return cost;
  }

  /** Conditional KL of a plan of chances from the all-masked canvas (K2), nats. */
  public static double conditionalKl(InformationCurve curve, ChancePlan plan) {
    double[] weights = plan.weights();
    double[] nodes = new double[weights.length + 1];
    for (int k = 0; k < weights.length; k++) {
      nodes[k + 1] = k == weights.length - 1 ? 1 : Math.min(1, nodes[k] + weights[k]);
    }
    return riemannError(curve, nodes);
  }

  /**
   * Expected negative log-likelihood of the N-step sampler (K4), nats: sum_k s_k h(N_k). On a
   * cross-entropy curve this is the model's own; it has no sign problem.
   */
  public static double expectedNll(InformationCurve curve, SizePlan plan) {
    checkHoles(curve, plan);
    double nll = 0;
    int revealed = 0;
    for (int size : plan.sizes()) {
      nll += size * curve.at(revealed);
      revealed += size;
    }
    return nll;
  }

  /**
   * Bound of Li and Cai, Theorem 3, nats: (2^ceil(log2 smax) - 1) / d times the sum of mutual
   * informations.
   */
  public static double liCaiBound(InformationCurve curve, SizePlan plan) {
    int largest = largest(curve, plan);
    int power = largest <= 1 ? 1 : Integer.highestOneBit(largest - 1) * 2;
    return (power - 1.0) / curve.length() * curve.sumOfMutualInformation();
  }

  /** The same bound with its sharp constant (smax - 1) / d, nats. */
  public static double sharpLiCaiBound(InformationCurve curve, SizePlan plan) {
    return (largest(curve, plan) - 1.0) / curve.length() * curve.sumOfMutualInformation();
  }

  /** Bound of Li and Cai, Theorem 4, for the balanced plan of N steps, nats: constant 1. */
  public static double liCaiBalancedBound(InformationCurve curve, int steps) {
    return curve.sumOfMutualInformation() / steps;
  }

  /**
   * Theorem 12 (Dmitriev, Huang, Wei, Theorem 3) for modified tau-leaping on a grid of finite
   * horizon, exactly: started from the law at the horizon, not from all masks (K3).
   *
   * @param curve an exact curve
   * @param grid of finite horizon T
   * @param symbols number of clean tokens S
   * @return its terms
   */
  public static PathCost theorem12(InformationCurve curve, TimeGrid grid, int symbols) {
    if (grid.level(0) == Double.POSITIVE_INFINITY) {
      throw new IllegalArgumentException("the grid's horizon must be finite, got Infinity");
    }
    int d = curve.length();
    double[] nodes = new double[grid.steps() + 1];
    for (int k = 0; k < nodes.length; k++) {
      nodes[k] = Math.exp(-grid.level(k));
    }
    double sum = 0;
    for (int k = 0; k < grid.steps(); k++) {
      double rate = 0; // integral of I over the step
      double[] before = Binomial.tails(d, nodes[k]);
      double[] after = Binomial.tails(d, nodes[k + 1]);
      for (int l = 0; l < d - 1; l++) {
        rate += curve.drop(l) * (l + 1) * (after[l + 2] - before[l + 2]);
      }
      sum += (grid.level(k) - grid.level(k + 1)) * rate;
    }
    double revealed = nodes[0];
    double[] tails = Binomial.tails(d, revealed);
    double known = 0; // integral of G from 0 to e^-T
    for (int j = 0; j < d; j++) {
      known += curve.at(j) * tails[j + 1];
    }
    double initBound = d * revealed * Math.log(symbols);
    return new PathCost(riemannError(curve, nodes), sum, initBound - known, initBound);
  }

  /**
   * Terms of Theorem 12, nats.
   *
   * @param discretisation path KL of the discretisation, exact
   * @param theoremSum sum_k h_k times the integral of I over step k, the theorem's term for it
   * @param initial KL of the random start from the law at the horizon, exact
   * @param initialBound d e^-T ln S, the theorem's term for it
   */
  public record PathCost(
      double discretisation, double theoremSum, double initial, double initialBound) {}

  /**
   * sum_k integral from P_k to P_{k+1} of (P_{k+1} - p)(-G'(p)) dp over ascending nodes, as sum_l
   * Delta_l A_l with A_l from differences of binomial tails.
   */
  private static double riemannError(InformationCurve curve, double[] nodes) {
    int d = curve.length();
    if (d < 2) {
      return 0;
    }
    double[] coefficients = new double[d - 1];
    double[] others = Binomial.tails(d - 1, nodes[0]);
    double[] all = Binomial.tails(d, nodes[0]);
    for (int k = 1; k < nodes.length; k++) {
      double[] nextOthers = Binomial.tails(d - 1, nodes[k]);
      double[] nextAll = Binomial.tails(d, nodes[k]);
      for (int l = 0; l < d - 1; l++) {
        coefficients[l] +=
            d * nodes[k] * (nextOthers[l + 1] - others[l + 1])
                - (l + 1) * (nextAll[l + 2] - all[l + 2]);
      }
      others = nextOthers;
      all = nextAll;
    }
    double cost = 0;
    for (int l = 0; l < d - 1; l++) {
      cost += curve.drop(l) * coefficients[l];
    }
    return cost;
  }

  private static int largest(InformationCurve curve, SizePlan plan) {
    checkHoles(curve, plan);
    int largest = 0;
    for (int size : plan.sizes()) {
      largest = Math.max(largest, size);
    }
    return largest;
  }

  private static void checkHoles(InformationCurve curve, SizePlan plan) {
    if (plan.holes() != curve.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a plan for %d holes does not fit a curve of %d",
              plan.holes(),
              curve.length()));
    }
  }
}
