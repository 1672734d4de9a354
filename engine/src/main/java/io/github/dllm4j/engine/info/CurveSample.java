package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.info.InformationCurve.Source;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The curves of single examples. Everything of interest is linear in the curve, so its standard
 * error comes from computing it per example (spec 8); errors of single values cannot be combined,
 * because the values of one example are correlated. Holds examples times nodes doubles.
 */
public final class CurveSample {
  private static final int BOOTSTRAP = 1000;

  private final Source source;
  private final CurveNodes nodes;
  private final double[][] values; // [examples][nodes]
  private final boolean once;

  private CurveSample(Source source, CurveNodes nodes, double[][] values, boolean once) {
    this.source = source;
    this.nodes = nodes;
    this.values = values;
    this.once = once;
  }

  /**
   * A sample of curves; at each node, as {@link ModelCurve} does, so many disjoint sets of tokens
   * were hidden that some thirty tokens were seen, or as many as a sequence has.
   *
   * @param source what the values are
   * @param nodes where they were measured
   * @param examples mean loss or entropy per hidden token at each node, nats, finite, [n][nodes], n
   *     at least 2; copied, what rounding left below 0 as 0
   */
  public static CurveSample of(Source source, CurveNodes nodes, List<double[]> examples) {
    return of(source, nodes, examples, source == Source.MODEL_SAMPLES);
  }

  /**
   * The same.
   *
   * @param once whether one set of tokens was hidden at each node, so that more were seen where
   *     more were hidden
   */
  public static CurveSample of(
      Source source, CurveNodes nodes, List<double[]> examples, boolean once) {
    if (examples.size() < 2) {
      throw new IllegalArgumentException(
          "a standard error needs at least two examples, got " + examples.size());
    }
    double[][] values = new double[examples.size()][];
    for (int e = 0; e < values.length; e++) {
      values[e] = examples.get(e).clone();
      if (values[e].length != nodes.count()) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "curves must have %d values, one for each node, got %d in example %d",
                nodes.count(),
                values[e].length,
                e));
      }
      for (double value : values[e]) {
        if (!(value >= -1e-9 && value < Double.POSITIVE_INFINITY)) {
          throw new IllegalArgumentException(
              String.format(
                  Locale.ROOT,
                  "curves must be finite and at least 0 nats, got %s in example %d",
                  value,
                  e));
        }
      }
      values[e] = Arrays.stream(values[e]).map(value -> Math.max(0, value)).toArray();
    }
    return new CurveSample(source, nodes, values, once);
  }

  /** Other values of as many examples in the same places. */
  CurveSample with(List<double[]> examples) {
    return of(source, nodes, examples, once);
  }

  /** What the values are. */
  public Source source() {
    return source;
  }

  /** Where they were measured. */
  public CurveNodes nodes() {
    return nodes;
  }

  /** Number of tokens d. */
  public int length() {
    return nodes.length();
  }

  /** Number of examples. */
  public int examples() {
    return values.length;
  }

  /** A copy of the values, nats, [examples][nodes]. */
  public List<double[]> values() {
    List<double[]> copy = new ArrayList<>();
    for (double[] example : values) {
      copy.add(example.clone());
    }
    return copy;
  }

  /** The mean curve with the standard error of each value. */
  public InformationCurve curve() {
    double[] means = new double[length()];
    double[] errors = new double[length()];
    double[][] curves = new double[values.length][];
    Arrays.setAll(curves, e -> nodes.interpolate(values[e]));
    for (int j = 0; j < means.length; j++) {
      int at = j;
      Estimate estimate = Estimate.of(Arrays.stream(curves).mapToDouble(c -> c[at]).toArray());
      means[j] = Math.max(0, estimate.mean());
      errors[j] = estimate.standardError();
    }
    return InformationCurve.estimated(means, errors, source, values.length);
  }

  /**
   * All examples but every so many-th.
   *
   * @param fold which are left out: those whose number is this modulo the folds
   * @param folds at least 2
   */
  CurveSample without(int fold, int folds) {
    double[][] some =
        IntStream.range(0, values.length)
            .filter(e -> e % folds != fold)
            .mapToObj(e -> values[e])
            .toArray(double[][]::new);
    return new CurveSample(source, nodes, some, once);
  }

  /** How many tokens were seen at each node, in proportion, 1 on the average, [nodes]. */
  public double[] weights() {
    double[] tokens =
        Arrays.stream(nodes.at())
            .map(j -> length() - j)
            .mapToDouble(
                once ? hidden -> hidden : hidden -> hidden * ModelCurve.sets(length(), hidden))
            .toArray();
    double mean = Arrays.stream(tokens).average().orElseThrow();
    return Arrays.stream(tokens).map(t -> t / mean).toArray();
  }

  /** What an example pays for a plan (K1), nats. */
  double cost(int example, SizePlan plan) {
    return SamplingCost.conditionalKl(
        InformationCurve.exact(nodes.interpolate(values[example])), plan);
  }

  /**
   * A functional of the curve with its standard error.
   *
   * @param functional linear in the curve, nats, [d]
   * @return its mean over the examples
   */
  public Estimate estimate(ToDoubleFunction<double[]> functional) {
    return Estimate.of(
        Arrays.stream(values)
            .mapToDouble(v -> functional.applyAsDouble(nodes.interpolate(v)))
            .toArray());
  }

  /** A functional with its standard error. */
  public Estimate estimate(Functional functional) {
    double[] weights = functional.weights(length());
    return estimate(
        curve -> IntStream.range(0, weights.length).mapToDouble(j -> weights[j] * curve[j]).sum());
  }

  /**
   * Most that lines between the nodes can do to the entropy if the curve does not increase, nats.
   */
  public double interpolationError() {
    return nodes.sumError(means());
  }

  /** More nodes, until that error is small enough. */
  CurveNodes refined(double error, int most) {
    return nodes.refined(means(), error, most);
  }

  /** The means at the nodes, nats, [nodes]. */
  double[] means() {
    double[] means = new double[nodes.count()];
    for (double[] example : values) {
      for (int n = 0; n < means.length; n++) {
        means[n] += example[n] / values.length;
      }
    }
    return means;
  }

  /**
   * How many standard errors wide a band must be on either side to hold the whole curve at once, by
   * the Gaussian multiplier bootstrap of the largest deviation at the nodes. The errors are
   * estimates themselves: Student's t of the examples takes the place of the Gaussian at the same
   * level of a single value, without which 64 examples leave a nominal 95 % at 94
   * (docs/planner.md).
   *
   * @param level probability that the band holds, in (0, 1)
   * @param seed of the 1000 draws
   */
  public double simultaneousBand(double level, long seed) {
    if (!(level > 0 && level < 1)) {
      throw new IllegalArgumentException("level must be in (0, 1), got " + level);
    }
    double[] means = means();
    double[] errors = new double[means.length];
    for (int n = 0; n < errors.length; n++) {
      int at = n;
      errors[n] =
          Estimate.of(Arrays.stream(values).mapToDouble(v -> v[at]).toArray()).standardError();
    }
    double scale = Math.sqrt(values.length * (values.length - 1.0)); // as the errors are of n - 1
    double[] largest = new double[BOOTSTRAP];
    for (int b = 0; b < BOOTSTRAP; b++) {
      double[] sums = new double[means.length];
      for (int e = 0; e < values.length; e++) {
        double gaussian = KeyedRandom.gaussian(seed, b, 0, e, Purpose.BOOTSTRAP);
        for (int n = 0; n < sums.length; n++) {
          sums[n] += gaussian * (values[e][n] - means[n]);
        }
      }
      for (int n = 0; n < sums.length; n++) {
        if (errors[n] > 0) {
          largest[b] = Math.max(largest[b], Math.abs(sums[n]) / scale / errors[n]);
        }
      }
    }
    Arrays.sort(largest);
    double width = largest[(int) Math.min(BOOTSTRAP - 1.0, Math.ceil(level * BOOTSTRAP) - 1)];
    return StudentT.inPlaceOfGaussian(width, values.length - 1);
  }
}
