package io.github.dllm4j.eval.plot;

import java.util.List;
import java.util.Locale;

/**
 * One diagram of a report.
 *
 * @param title above it
 * @param x name of the horizontal axis, with its unit
 * @param y name of the vertical axis, with its unit
 * @param logX whether the horizontal axis is logarithmic, labelled by powers of two
 * @param logY whether the vertical axis is logarithmic, and says so, if its values span a decade;
 *     points that it cannot show are left out
 * @param curves what is drawn
 */
public record Panel(
    String title, String x, String y, boolean logX, boolean logY, List<Curve> curves) {

  /** Copies the curves. */
  public Panel {
    curves = List.copyOf(curves);
  }

  /**
   * Points of one kind.
   *
   * @param name in the legend
   * @param x [n]
   * @param y [n]
   * @param halfWidth how far the interval reaches on either side of y, [n]; empty for none
   * @param reference whether it is something to compare with: grey, dashed, without markers
   */
  public record Curve(String name, double[] x, double[] y, double[] halfWidth, boolean reference) {

    /** Checks the lengths. */
    public Curve {
      if (x.length != y.length || (halfWidth.length > 0 && halfWidth.length != y.length)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "x, y and halfWidth must be as long, got %d, %d, %d",
                x.length,
                y.length,
                halfWidth.length));
      }
    }

    /** Something to compare with. */
    public static Curve reference(String name, double[] x, double[] y) {
      return new Curve(name, x, y, new double[0], true);
    }

    /** Points without intervals. */
    public static Curve of(String name, double[] x, double[] y) {
      return new Curve(name, x, y, new double[0], false);
    }
  }
}
