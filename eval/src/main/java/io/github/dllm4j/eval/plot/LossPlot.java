package io.github.dllm4j.eval.plot;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.knowm.xchart.XYChart;

/** The loss of a training run against its steps, {@code loss.png}. */
public final class LossPlot {
  private LossPlot() {}

  /**
   * Draws the plot.
   *
   * @param rows step, training loss (NaN if none), validation bound (NaN if none); nats per token,
   *     [rows][3]
   * @throws IOException if it cannot be written
   */
  public static void write(Path directory, List<double[]> rows) throws IOException {
    XYChart chart =
        Charts.chart("Training loss and held-out bound", "optimiser step", "nats per token");
    if (rows.isEmpty()) {
      return;
    }
    add(chart, "training loss", rows, 1, Charts.BLUE, 1f);
    add(chart, "held-out bound", rows, 2, Charts.VERMILION, 2.5f);
    Charts.write(directory.resolve("loss.png"), List.of(chart));
  }

  private static void add(
      XYChart chart, String name, List<double[]> rows, int column, Color colour, float width) {
    double[][] points =
        rows.stream().filter(row -> Double.isFinite(row[column])).toArray(double[][]::new);
    if (points.length == 0) {
      return;
    }
    double[] x = new double[points.length];
    double[] y = new double[points.length];
    for (int i = 0; i < points.length; i++) {
      x[i] = points[i][0];
      y[i] = points[i][column];
    }
    Charts.line(chart, name, x, y, colour, width);
  }
}
