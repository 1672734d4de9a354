package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.InformationCurve.Source;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/**
 * A model's curves on data: what they are and what they cost in network evaluations.
 *
 * @param crossEntropy of each example
 * @param entropy of the model's own laws in the same places
 * @param evaluations network evaluations, sequences of full length
 */
public record CurveStudy(CurveSample crossEntropy, CurveSample entropy, long evaluations) {
  /** Checks that both are of the same examples and nodes. */
  public CurveStudy {
    if (crossEntropy.examples() != entropy.examples()
        || !crossEntropy.nodes().equals(entropy.nodes())) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "cross-entropies and entropies must be of the same examples and nodes, got %d examples"
                  + " at %d and %d at %d",
              crossEntropy.examples(),
              crossEntropy.nodes().count(),
              entropy.examples(),
              entropy.nodes().count()));
    }
  }

  /** Examples and nodes of the pilot that decides where to measure. */
  private static final int PILOT_EXAMPLES = 8;

  private static final int PILOT_NODES = 17;

  /** Most nodes that are measured unless more are asked for. */
  public static final int DEFAULT_NODES = 33;

  /**
   * The curves to choose plans on: the entropies, tilted by the line through the differences from
   * the cross-entropies. Entropies vary 6 to 11 times less (spec 8) and say where a curve bends;
   * the line, two numbers of all places together, takes away most of what a model is too sure of.
   */
  CurveSample choosing() {
    double[] places = Arrays.stream(entropy.nodes().at()).asDoubleStream().toArray();
    List<double[]> crosses = crossEntropy.values();
    List<double[]> curves = entropy.values();
    for (int e = 0; e < curves.size(); e++) {
      double[] curve = curves.get(e);
      double[] gaps = new double[curve.length];
      for (int n = 0; n < gaps.length; n++) {
        gaps[n] = crosses.get(e)[n] - curve[n];
      }
      double[] line = SmoothCurve.fit(places, gaps, entropy.weights(), Double.POSITIVE_INFINITY);
      for (int n = 0; n < gaps.length; n++) {
        curve[n] = Math.max(0, curve[n] + line[n]);
      }
    }
    return entropy.with(curves);
  }

  /** Cross-entropy minus entropy, summed over the curve, nats per sequence; 0 if calibrated. */
  public Estimate calibrationGap() {
    List<double[]> crosses = crossEntropy.values();
    List<double[]> entropies = entropy.values();
    double[] gaps = new double[crosses.size()];
    for (int e = 0; e < gaps.length; e++) {
      gaps[e] =
          Arrays.stream(crossEntropy.nodes().interpolate(crosses.get(e))).sum()
              - Arrays.stream(entropy.nodes().interpolate(entropies.get(e))).sum();
    }
    return Estimate.of(gaps);
  }

  /**
   * Measures every block at given nodes; {@link ModelCurve#evaluations} per block.
   *
   * @param blocks clean sequences of the nodes' length, at least two
   * @param batch sequences per network call
   * @param seed of the random orders
   */
  public static CurveStudy of(
      Denoiser denoiser, Iterator<int[]> blocks, CurveNodes nodes, int batch, long seed) {
    Collector collector = new Collector(denoiser, nodes, batch, seed);
    while (blocks.hasNext()) {
      collector.add(blocks.next());
    }
    return collector.study(0);
  }

  /**
   * Measures until the entropy has a wanted standard error, with the fewest evaluations: a pilot
   * says how steep the curve is where; nodes are put there until the lines between them cost at
   * most the wanted error; then so many blocks are read as the pilot's variance asks for, and more
   * if that was too few. Blocks that run out end it early.
   *
   * @param blocks clean sequences of equal length, at least eight
   * @param length of the sequences
   * @param target standard error of the entropy, nats per sequence, above 0
   * @param batch sequences per network call
   * @param seed of the random orders
   */
  public static CurveStudy toStandardError(
      Denoiser denoiser, Iterator<int[]> blocks, int length, double target, int batch, long seed) {
    if (!(target > 0)) {
      throw new IllegalArgumentException("target must be above 0 nats, got " + target);
    }
    List<int[]> first = new ArrayList<>();
    Collector pilot = new Collector(denoiser, CurveNodes.spread(length, PILOT_NODES), batch, seed);
    while (blocks.hasNext() && first.size() < PILOT_EXAMPLES) {
      first.add(blocks.next());
      pilot.add(first.get(first.size() - 1));
    }
    CurveStudy rough = pilot.study(0);
    CurveNodes nodes = rough.crossEntropy().refined(target, length);
    if (nodes.equals(rough.crossEntropy().nodes())) {
      return more(pilot, blocks, target, 0);
    }
    Collector collector = new Collector(denoiser, nodes, batch, seed);
    first.forEach(collector::add);
    return more(collector, blocks, target, rough.evaluations());
  }

  private static CurveStudy more(
      Collector collector, Iterator<int[]> blocks, double target, long before) {
    while (true) {
      CurveStudy study = collector.study(before);
      Estimate entropy = study.crossEntropy().estimate(Functional.ENTROPY);
      double factor = entropy.standardError() / target;
      int wanted = (int) Math.min(1e9, Math.ceil(entropy.count() * factor * factor));
      if (factor <= 1 || !blocks.hasNext()) {
        return study;
      }
      while (blocks.hasNext() && collector.crosses.size() < wanted) {
        collector.add(blocks.next());
      }
    }
  }

  /** Curves of one example after another. */
  private static final class Collector {
    private final Denoiser denoiser;
    private final CurveNodes nodes;
    private final int batch;
    private final long seed;
    private final List<double[]> crosses = new ArrayList<>();
    private final List<double[]> entropies = new ArrayList<>();

    Collector(Denoiser denoiser, CurveNodes nodes, int batch, long seed) {
      this.denoiser = denoiser;
      this.nodes = nodes;
      this.batch = batch;
      this.seed = seed;
    }

    void add(int[] block) {
      ModelCurve curve = ModelCurve.of(denoiser, block, nodes, crosses.size(), batch, seed);
      crosses.add(curve.crossEntropy());
      entropies.add(curve.entropy());
    }

    CurveStudy study(long before) {
      return new CurveStudy(
          CurveSample.of(Source.MODEL_CROSS_ENTROPY, nodes, crosses),
          CurveSample.of(Source.MODEL_ENTROPY, nodes, entropies),
          before + (long) ModelCurve.evaluations(nodes) * crosses.size());
    }
  }
}
