package io.github.dllm4j.eval.plot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.knowm.xchart.XYChart;

/** The information curve with its band, and what plans cost against their number of steps. */
public final class PlanPlot {
  /** Costs below this cannot be shown on a logarithmic axis, nats. */
  private static final double FLOOR = 1e-4;

  private PlanPlot() {}

  /**
   * What plans of some numbers of steps cost, nats per sequence.
   *
   * @param steps ascending, [n]
   * @param optimal of the best sizes, [n]
   * @param balanced of equal sizes, [n]
   * @param cosine of the cosine schedule, [n]
   */
  public record Costs(double[] steps, double[] optimal, double[] balanced, double[] cosine) {}

  /**
   * Draws the plot.
   *
   * @param file a PNG
   * @param curve h(j), nats per hidden token, [d]
   * @param halfWidth of the band around it, nats, [d]; zeros for none
   * @param bandName what the band is
   * @throws IOException if it cannot be written
   */
  public static void write(
      Path file, double[] curve, double[] halfWidth, String bandName, Costs costs)
      throws IOException {
    XYChart left =
        Charts.chart("Information curve", "revealed tokens j", "h(j), nats per hidden token");
    double[] revealed = IntStream.range(0, curve.length).asDoubleStream().toArray();
    if (IntStream.range(0, curve.length).anyMatch(j -> halfWidth[j] > 0)) {
      double[] high = new double[curve.length];
      double[] low = new double[curve.length];
      for (int j = 0; j < curve.length; j++) {
        high[j] = curve[j] + halfWidth[j];
        low[j] = Math.max(0, curve[j] - halfWidth[j]);
      }
      Charts.line(left, bandName, revealed, high, Charts.PALE_BLUE, 1f);
      Charts.line(left, "its lower edge", revealed, low, Charts.PALE_BLUE, 1f);
    }
    Charts.line(left, "h(j)", revealed, curve, Charts.BLUE, 2.5f);
    XYChart right =
        Charts.chart("Cost of a plan", "steps", "conditional KL, nats per sequence (log)");
    right.getStyler().setXAxisLogarithmic(true);
    right.getStyler().setYAxisLogarithmic(true);
    add(right, "optimal sizes", costs.steps(), costs.optimal(), Charts.BLUE, 2.5f);
    add(right, "balanced", costs.steps(), costs.balanced(), Charts.VERMILION, 1.5f);
    add(right, "cosine", costs.steps(), costs.cosine(), Charts.GREEN, 1.5f);
    Charts.write(file, List.of(left, right));
  }

  private static void add(
      XYChart chart, String name, double[] x, double[] y, java.awt.Color colour, float width) {
    int[] shown = IntStream.range(0, x.length).filter(i -> y[i] >= FLOOR).toArray();
    if (shown.length > 0) {
      Charts.line(
          chart,
          name,
          IntStream.of(shown).mapToDouble(i -> x[i]).toArray(),
          IntStream.of(shown).mapToDouble(i -> y[i]).toArray(),
          colour,
          width);
    }
  }
}
