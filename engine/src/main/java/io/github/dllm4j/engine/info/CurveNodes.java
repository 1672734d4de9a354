package io.github.dllm4j.engine.info;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The numbers of revealed tokens j at which a curve is measured; between them it is a straight
 * line. One network evaluation per node and example, so nodes are what a curve costs.
 *
 * <p>A curve that does not increase and falls by D between neighbouring nodes w apart differs there
 * from the line by at most D (w - 1)/w, and its sum by at most D (w - 1)/2.
 *
 * @param length number of tokens d, at least 1
 * @param at ascending, from 0 to d - 1; copied
 */
public record CurveNodes(int length, int[] at) {

  /** Checks that the nodes ascend from the first to the last value. */
  public CurveNodes {
    at = at.clone();
    boolean sound = length >= 1 && at.length >= 1 && at[0] == 0 && at[at.length - 1] == length - 1;
    for (int n = 1; sound && n < at.length; n++) {
      sound = at[n] > at[n - 1];
    }
    if (!sound) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "nodes must ascend from 0 to %d, got %s",
              length - 1,
              Arrays.toString(at)));
    }
  }

  /** Every j. */
  public static CurveNodes all(int length) {
    return new CurveNodes(length, IntStream.range(0, length).toArray());
  }

  /**
   * Nodes that are denser towards both ends, where curves bend: j = (d-1)(1 - cos(pi n/(N-1)))/2.
   *
   * @param most how many at most, at least 2
   */
  public static CurveNodes spread(int length, int most) {
    if (most < 2) {
      throw new IllegalArgumentException("nodes must be at least 2, got " + most);
    }
    if (most >= length) {
      return all(length);
    }
    int[] at =
        IntStream.range(0, most)
            .map(n -> (int) Math.round((length - 1) * (1 - Math.cos(Math.PI * n / (most - 1))) / 2))
            .distinct()
            .toArray();
    return new CurveNodes(length, at);
  }

  /**
   * Nodes at equal distances, for curves of which little is seen at the end.
   *
   * @param most how many at most, at least 2
   */
  public static CurveNodes even(int length, int most) {
    if (most < 2) {
      throw new IllegalArgumentException("nodes must be at least 2, got " + most);
    }
    if (most >= length) {
      return all(length);
    }
    return new CurveNodes(
        length,
        IntStream.range(0, most)
            .map(n -> (int) Math.round((length - 1) * (n / (most - 1.0))))
            .toArray());
  }

  /** A copy of the nodes. */
  @Override
  public int[] at() {
    return at.clone();
  }

  /** Number of nodes. */
  public int count() {
    return at.length;
  }

  /** The whole curve through values at the nodes, [length]. */
  public double[] interpolate(double[] values) {
    if (values.length != at.length) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "a curve needs %d values, got %d", at.length, values.length));
    }
    double[] curve = new double[length];
    curve[length - 1] = values[at.length - 1];
    for (int n = 0; n < at.length - 1; n++) {
      int width = at[n + 1] - at[n];
      for (int k = 0; k < width; k++) {
        curve[at[n] + k] = values[n] + (values[n + 1] - values[n]) * k / width;
      }
    }
    return curve;
  }

  /** Most that the sum of the curve can differ from that of the lines, in the curve's unit. */
  public double sumError(double[] values) {
    double error = 0;
    for (int n = 0; n < at.length - 1; n++) {
      error += sumError(values, n);
    }
    return error;
  }

  private double sumError(double[] values, int n) {
    return Math.max(0, values[n] - values[n + 1]) * (at[n + 1] - at[n] - 1) / 2.0;
  }

  /** Most that one value can differ from the line, in the curve's unit. */
  public double valueError(double[] values) {
    double error = 0;
    for (int n = 0; n < at.length - 1; n++) {
      double width = at[n + 1] - at[n];
      error = Math.max(error, Math.max(0, values[n] - values[n + 1]) * (width - 1) / width);
    }
    return error;
  }

  /**
   * More nodes, put where the sum is least certain: the gap of the largest error is halved until
   * the sum is certain enough.
   *
   * @param values at these nodes
   * @param error wanted of the sum, in the curve's unit, above 0
   * @param most nodes at most
   */
  public CurveNodes refined(double[] values, double error, int most) {
    CurveNodes nodes = this;
    double[] known = values;
    while (nodes.count() < most && nodes.sumError(known) > error) {
      int worst = 0;
      for (int n = 1; n < nodes.count() - 1; n++) {
        worst = nodes.sumError(known, n) > nodes.sumError(known, worst) ? n : worst;
      }
      int middle = (nodes.at[worst] + nodes.at[worst + 1]) >>> 1;
      double[] curve = nodes.interpolate(known);
      nodes =
          new CurveNodes(
              length,
              IntStream.concat(Arrays.stream(nodes.at), IntStream.of(middle)).sorted().toArray());
      known = Arrays.stream(nodes.at).mapToDouble(j -> curve[j]).toArray();
    }
    return nodes;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CurveNodes nodes
        && nodes.length == length
        && Arrays.equals(nodes.at, at);
  }

  @Override
  public int hashCode() {
    return 31 * length + Arrays.hashCode(at);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "CurveNodes[%d of %d]", at.length, length);
  }
}
