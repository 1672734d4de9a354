package io.github.dllm4j.eval.bench;

import io.github.dllm4j.engine.djl.NetworkShape;
import io.github.dllm4j.engine.djl.Precision;
import io.github.dllm4j.eval.plot.Panel;
import io.github.dllm4j.eval.plot.Panels;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How time and memory grow, one size at a time, the others as they are given: those of sampling
 * with its length, vocabulary, batch and steps, those of the planner with its positions, and those
 * of an exact step of uniform noise with its states. Each point is a process of its own. The
 * exponent of a size is the slope of the least-squares line through the logarithms: time ~
 * size^exponent over the range that was measured, no law beyond it.
 *
 * @param precision of the matrix products
 * @param sweeps one for each size
 */
public record Growth(String precision, List<Sweep> sweeps) {
  private static final List<Integer> POSITIONS = List.of(512, 1024, 2048, 4096);
  private static final List<Integer> STATES = List.of(64, 256, 1024, 4096);

  /**
   * One size.
   *
   * @param size its name
   * @param points ascending
   * @param timeExponent of seconds
   * @param memoryExponent of what a run needs beyond the process with its weights
   */
  public record Sweep(
      String size, List<Point> points, double timeExponent, double memoryExponent) {}

  /**
   * One run.
   *
   * @param value of the size
   * @param seconds of the run
   * @param runMib needed beyond the process with its weights; without a network, allocated on the
   *     heap
   * @param processMib needed in all
   */
  public record Point(int value, double seconds, double runMib, double processMib) {}

  /** Measures lengths, vocabularies, batches and steps around the settings, and what needs none. */
  public static Growth measure(
      BenchSettings at,
      List<Integer> lengths,
      Precision precision,
      Probe.Runner runner,
      Consumer<String> progress)
      throws IOException {
    NetworkShape shape = at.shape();
    int longest = lengths.stream().mapToInt(n -> n).max().orElse(shape.length());
    NetworkShape room = sized(shape, shape.vocabulary(), Math.max(longest, shape.length()));
    List<Sweep> sweeps = new ArrayList<>();
    Meter meter = new Meter(at, precision, runner, progress);
    sweeps.add(
        meter.sweep(
            "length",
            lengths,
            n ->
                meter.sampling(
                    at.with(
                        sized(room, room.vocabulary(), n), at.batch(), Math.min(n, at.steps())))));
    int round = Integer.highestOneBit(shape.vocabulary());
    sweeps.add(
        meter.sweep(
            "vocabulary",
            IntStream.of(round / 64, round / 16, round / 4, shape.vocabulary())
                .map(v -> Math.max(2, v))
                .distinct()
                .boxed()
                .toList(),
            v -> meter.sampling(at.with(sized(shape, v, shape.length()), at.batch(), at.steps()))));
    sweeps.add(
        meter.sweep(
            "batch",
            IntStream.of(1, 2, 4, 8).map(k -> k * at.batch()).boxed().toList(),
            b -> meter.sampling(at.with(shape, b, at.steps()))));
    sweeps.add(
        meter.sweep(
            "steps",
            IntStream.of(8, 4, 2, 1)
                .map(k -> Math.max(1, at.steps() / k))
                .distinct()
                .boxed()
                .toList(),
            s -> meter.sampling(at.with(shape, at.batch(), s))));
    sweeps.add(meter.sweep("positions", POSITIONS, n -> meter.alone(Probe.Kind.PLAN, n)));
    sweeps.add(
        meter.sweep(
            "states",
            STATES,
            n -> meter.alone(Probe.Kind.ENUMERATE, Integer.numberOfTrailingZeros(n))));
    return new Growth(precision.label(), sweeps);
  }

  private static NetworkShape sized(NetworkShape shape, int vocabulary, int length) {
    return new NetworkShape(
        vocabulary,
        shape.width(),
        shape.layers(),
        shape.heads(),
        length,
        shape.timeWidth(),
        shape.normBias());
  }

  /** Measures points. */
  private record Meter(
      BenchSettings at, Precision precision, Probe.Runner runner, Consumer<String> progress) {

    Probe sampling(BenchSettings settings) {
      return Probe.of(Probe.Kind.WHERE_FIRST, settings, precision);
    }

    /** A probe of something without a network, of a length. */
    Probe alone(Probe.Kind kind, int length) {
      return Probe.of(
          kind, at.with(new NetworkShape(2, 2, 1, 1, length, 0, false), 1, 1), precision);
    }

    Sweep sweep(String size, List<Integer> values, IntFunction<Probe> probe) throws IOException {
      List<Point> points = new ArrayList<>();
      for (int value : values) {
        List<Probe.Result> results = new ArrayList<>();
        for (int i = 0; i < at.repeats(); i++) {
          results.add(runner.run(probe.apply(value)));
        }
        points.add(
            new Point(
                value,
                median(results, r -> r.times().seconds()),
                median(results, Probe.Result::runMib),
                median(results, Probe.Result::peakMib)));
        progress.accept("growth: " + size + " " + value);
      }
      return new Sweep(
          size, points, exponent(points, Point::seconds), exponent(points, Point::runMib));
    }
  }

  private static double median(List<Probe.Result> results, ToDoubleFunction<Probe.Result> what) {
    return Spread.of(results.stream().mapToDouble(what).boxed().toList()).median();
  }

  /** The slope of the least-squares line through logarithms; NaN for fewer than two points. */
  static double exponent(List<Point> points, ToDoubleFunction<Point> what) {
    double n = points.size();
    double x = 0;
    double y = 0;
    double xx = 0;
    double xy = 0;
    for (Point point : points) {
      double a = Math.log(point.value);
      double b = Math.log(what.applyAsDouble(point));
      x += a;
      y += b;
      xx += a * a;
      xy += a * b;
    }
    return (n * xy - x * y) / (n * xx - x * x);
  }

  /** The table, one line a point. */
  public String csv() {
    StringBuilder csv = new StringBuilder("size,value,seconds,run_mib,process_mib\n");
    for (Sweep sweep : sweeps) {
      for (Point p : sweep.points) {
        csv.append(
            String.format(
                Locale.ROOT,
                "%s,%d,%.6f,%.1f,%.1f%n",
                sweep.size,
                p.value,
                p.seconds,
                p.runMib,
                p.processMib));
      }
    }
    return csv.toString();
  }

  /**
   * The plot: time and memory of each size.
   *
   * @param footer provenance in one line
   * @return a PNG file
   */
  public byte[] png(String footer) {
    List<Panel> panels = new ArrayList<>();
    for (Sweep sweep : sweeps) {
      double[] x = sweep.points.stream().mapToDouble(Point::value).toArray();
      panels.add(panel(sweep, "seconds", x, sweep.timeExponent, Point::seconds));
      panels.add(panel(sweep, "MiB of a run", x, sweep.memoryExponent, Point::runMib));
    }
    return Panels.png(panels, footer);
  }

  private static Panel panel(
      Sweep sweep, String y, double[] x, double exponent, ToDoubleFunction<Point> what) {
    String name = String.format(Locale.ROOT, "%s^%.2f", sweep.size, exponent);
    double[] values = sweep.points.stream().mapToDouble(what).toArray();
    return new Panel(
        y + " against " + sweep.size,
        sweep.size,
        y,
        true,
        true,
        List.of(Panel.Curve.of(name, x, values)));
  }
}
