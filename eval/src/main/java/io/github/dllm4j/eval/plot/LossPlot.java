package io.github.dllm4j.eval.plot;

import io.github.dllm4j.engine.train.AtomicFiles;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The loss of a training run against its steps, {@code loss.png}. */
public final class LossPlot {
  private static final Color TRAINING = new Color(0x0072B2);
  private static final Color VALIDATION = new Color(0xD55E00);

  private static final int WIDTH = 900;
  private static final int HEIGHT = 540;

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
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title("Training loss and held-out bound")
            .xAxisTitle("optimiser step")
            .yAxisTitle("nats per token")
            .build();
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNE);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setPlotBorderVisible(false);
    chart.getStyler().setPlotGridLinesColor(new Color(0xDDDDDD));
    if (rows.isEmpty()) {
      return;
    }
    add(chart, "training loss", rows, 1, TRAINING, 1f);
    add(chart, "held-out bound", rows, 2, VALIDATION, 2.5f);
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    chart.paint(graphics, WIDTH, HEIGHT);
    graphics.dispose();
    ImageIO.write(image, "png", png);
    AtomicFiles.write(directory.resolve("loss.png"), png.toByteArray());
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
    XYSeries series = chart.addSeries(name, x, y);
    series.setMarker(SeriesMarkers.NONE);
    series.setLineColor(colour);
    series.setLineStyle(new BasicStroke(width));
  }
}
