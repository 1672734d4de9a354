package io.github.dllm4j.eval.plot;

import io.github.dllm4j.eval.plot.Panel.Curve;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Diagrams in two columns in one PNG image, with a line of provenance below. Curves differ in
 * colour (Okabe and Ito), marker and dashes, so that they can be told apart without colours too.
 */
public final class Panels {
  private static final int COLUMNS = 2;
  private static final int FOOTER = 34;
  private static final Color[] COLOURS = {
    Charts.BLUE,
    Charts.VERMILION,
    Charts.GREEN,
    new Color(0xCC79A7),
    new Color(0xE69F00),
    Charts.PALE_BLUE,
    Color.BLACK
  };
  private static final Marker[] MARKERS = {
    SeriesMarkers.CIRCLE,
    SeriesMarkers.SQUARE,
    SeriesMarkers.TRIANGLE_UP,
    SeriesMarkers.DIAMOND,
    SeriesMarkers.TRIANGLE_DOWN,
    SeriesMarkers.CROSS,
    SeriesMarkers.PLUS
  };
  private static final float[][] DASHES = {{1, 0}, {8, 4}, {2, 3}, {10, 3, 2, 3}};
  private static final float[][] REFERENCE_DASHES = {{6, 5}, {2, 4}, {12, 4}, {12, 4, 2, 4}};

  private Panels() {}

  /**
   * Draws diagrams.
   *
   * @param panels at least one; those without a point that can be shown are left out
   * @param footer provenance in one line
   * @return a PNG file
   */
  public static byte[] png(List<Panel> panels, String footer) {
    List<XYChart> charts =
        panels.stream().map(Panels::chart).filter(c -> !c.getSeriesCollection().isEmpty()).toList();
    int columns = Math.min(COLUMNS, Math.max(1, charts.size()));
    int rows = Math.max(1, (charts.size() + columns - 1) / columns);
    int width = Charts.WIDTH * columns;
    int height = Charts.HEIGHT * rows + FOOTER;
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, width, height);
    for (int i = 0; i < charts.size(); i++) {
      Graphics2D at = (Graphics2D) graphics.create();
      at.translate(i % columns * Charts.WIDTH, i / columns * Charts.HEIGHT);
      charts.get(i).paint(at, Charts.WIDTH, Charts.HEIGHT);
      at.dispose();
    }
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setColor(Charts.GREY);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    String line = footer;
    while (graphics.getFontMetrics().stringWidth(line) > width - 28) {
      line = line.substring(0, line.length() - 2) + "…";
    }
    graphics.drawString(line, 14, height - 12);
    graphics.dispose();
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    try {
      ImageIO.write(Palette.reduce(image), "png", png);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return png.toByteArray();
  }

  private static XYChart chart(Panel panel) {
    boolean logY = panel.logY() && spansDecade(panel);
    XYChart chart = Charts.chart(panel.title(), panel.x(), logY ? panel.y() + " (log)" : panel.y());
    XYStyler styler = chart.getStyler();
    styler.setLegendPosition(Styler.LegendPosition.OutsideE);
    styler.setLegendBorderColor(Color.WHITE);
    styler.setLegendSeriesLineLength(36);
    styler.setMarkerSize(9);
    styler.setErrorBarsColorSeriesColor(true);
    styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 15));
    styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    if (panel.logX()) {
      chart.setCustomXAxisTickLabelsFormatter(Panels::powerOfTwo);
    }
    if (logY) {
      chart.setCustomYAxisTickLabelsFormatter(Panels::powerOfTen);
    }
    int drawn = 0;
    int references = 0;
    for (Curve curve : panel.curves()) {
      boolean added = add(chart, panel, logY, curve, curve.reference() ? references : drawn);
      references += added && curve.reference() ? 1 : 0;
      drawn += added && !curve.reference() ? 1 : 0;
    }
    return chart;
  }

  /** Steps are powers of two mostly: their logarithmic axis is one of exponents. */
  private static String powerOfTwo(double exponent) {
    return exponent == Math.rint(exponent)
        ? String.format(Locale.ROOT, exponent < 0 ? "%.3g" : "%.0f", Math.pow(2, exponent))
        : "";
  }

  /** Two digits: between powers of ten there are 1.6, 2.5, 4 and 6.3. */
  private static String powerOfTen(double exponent) {
    double value = Math.pow(10, exponent);
    int digits = (int) Math.max(0, 1 - Math.floor(exponent + 1e-9));
    String text = String.format(Locale.ROOT, "%." + digits + "f", value);
    return value < 9e-4 || value >= 1e5
        ? String.format(Locale.ROOT, "%.0e", value)
        : text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
  }

  /** A logarithmic axis of less than a decade would have no labels. */
  private static boolean spansDecade(Panel panel) {
    double[] shown =
        panel.curves().stream()
            .flatMapToDouble(curve -> Arrays.stream(curve.y()))
            .filter(y -> shows(y, true))
            .sorted()
            .toArray();
    return shown.length > 0 && shown[shown.length - 1] >= 10 * shown[0];
  }

  private static boolean add(XYChart chart, Panel panel, boolean logY, Curve curve, int index) {
    int[] shown =
        IntStream.range(0, curve.x().length)
            .filter(i -> shows(curve.x()[i], panel.logX()) && shows(curve.y()[i], panel.logY()))
            .toArray();
    if (shown.length == 0) {
      return false;
    }
    double bit = Math.log(2);
    double[] x =
        IntStream.of(shown)
            .mapToDouble(i -> panel.logX() ? Math.log(curve.x()[i]) / bit : curve.x()[i])
            .toArray();
    double[] y =
        IntStream.of(shown)
            .mapToDouble(i -> logY ? Math.log10(curve.y()[i]) : curve.y()[i])
            .toArray();
    XYSeries series;
    if (curve.halfWidth().length == 0) {
      series = chart.addSeries(curve.name(), x, y);
    } else {
      double[] bars = IntStream.of(shown).mapToDouble(i -> bar(logY, curve, i)).toArray();
      series = chart.addSeries(curve.name(), x, y, bars);
    }
    style(series, curve.reference(), index);
    return true;
  }

  private static boolean shows(double value, boolean logarithmic) {
    return Double.isFinite(value) && (!logarithmic || value > 0);
  }

  /** On a logarithmic axis an interval reaches as far up as it should, and down by that factor. */
  private static double bar(boolean logY, Curve curve, int i) {
    double half = Double.isFinite(curve.halfWidth()[i]) ? curve.halfWidth()[i] : 0;
    return logY ? Math.log10(1 + half / curve.y()[i]) : half;
  }

  private static void style(XYSeries series, boolean reference, int index) {
    Color colour = reference ? Charts.GREY : COLOURS[index % COLOURS.length];
    float[] dash =
        reference
            ? REFERENCE_DASHES[index % REFERENCE_DASHES.length]
            : DASHES[index / COLOURS.length % DASHES.length];
    series.setLineColor(colour);
    series.setMarkerColor(colour);
    series.setMarker(reference ? SeriesMarkers.NONE : MARKERS[index % MARKERS.length]);
    series.setLineStyle(
        new BasicStroke(
            reference ? 1.6f : 2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dash, 0));
  }
}
