package io.github.dllm4j.engine.steer;

import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * A reverse process on the holes of a canvas, as a list of moves with known transition
 * probabilities: from x, every token of a move is drawn independently from its own row, so
 *
 * <pre>
 * K(y given x) = prod over the move's positions of row_i(y_i)
 * </pre>
 *
 * <p>This is what {@link UTurn} and {@link ParticleSampler} are built on: unlike a sampler loop, it
 * can be asked for densities, started anywhere and followed by many sequences at once. Fixed tokens
 * never change. For masking the moves are ancestral sampling (masked-diffusion spec 5.2), for
 * uniform noise those of uniform-diffusion spec 6. Cost per sequence: one network evaluation per
 * move ({@link StepModel} says when two).
 */
public final class ReverseChain {
  private final StepModel model;
  private final Canvas canvas;
  private final TimeGrid grid;
  private final List<Transition> steps;
  private final List<Move> moves;

  /** Tokens at some positions change, ascending. */
  record Move(Transition transition, int[] positions) {}

  private ReverseChain(
      StepModel model, Canvas canvas, TimeGrid grid, List<Transition> steps, int sweeps) {
    this.model = model;
    this.canvas = canvas;
    this.grid = grid;
    this.steps = steps;
    moves = moves(canvas.holes(), steps, sweeps);
    int states = model.process().stateCount();
    int[] tokens = canvas.tokens();
    int[] holes = canvas.holes();
    for (int i = 0; i < tokens.length; i++) {
      boolean hole = Arrays.binarySearch(holes, i) >= 0;
      boolean good = hole ? !model.masking() || tokens[i] == model.mask() : tokens[i] < states;
      if (!good) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "%s, got %d at position %d",
                hole ? "holes must hold MASK, " + model.mask() : "ids must be below " + states,
                tokens[i],
                i));
      }
    }
  }

  private static List<Move> moves(int[] holes, List<Transition> steps, int sweeps) {
    List<Move> moves = new ArrayList<>();
    for (int k = 0; k < steps.size() && holes.length > 0; k++) {
      moves.add(new Move(steps.get(k), holes));
      for (int sweep = 0; sweep < sweeps && k < steps.size() - 1; sweep++) {
        for (int hole : holes) {
          Transition redraw = new Transition.Redraw(steps.get(k + 1).level());
          moves.add(new Move(redraw, new int[] {hole}));
        }
      }
    }
    return moves;
  }

  /**
   * Every step of the grid by the same kernel; under masking the last one by {@link
   * ReverseKernel#tweedie} if the kernel's own would leave MASK, as those that use rates do.
   *
   * @param model denoiser, noise and guidance
   * @param canvas which tokens are fixed; for masking the holes hold MASK
   * @param grid noise levels down to 0
   * @param kernel the law of each token; {@link ReverseKernel#tweedie} is recommended
   * @throws IllegalArgumentException under masking if the kernel masks tokens again, as psi does
   */
  public static ReverseChain of(
      StepModel model, Canvas canvas, TimeGrid grid, ReverseKernel kernel) {
    List<Transition> steps = new ArrayList<>();
    for (int k = 0; k < grid.steps(); k++) {
      Transition.Step step = new Transition.Step(kernel, level(grid, k), level(grid, k + 1));
      if (model.masking() && remasks(model, step)) {
        throw new IllegalArgumentException(
            "a masking chain keeps the tokens that it has: its kernel must not mask them again");
      }
      boolean unfinished = k == grid.steps() - 1 && model.masking() && leavesMask(model, step);
      steps.add(
          unfinished ? new Transition.Step(ReverseKernel.tweedie(), step.from(), step.to()) : step);
    }
    return new ReverseChain(model, canvas, grid, steps, 0);
  }

  /** Whether the kernel would mask a token that is there, beyond rounding. */
  private static boolean remasks(StepModel model, Transition.Step step) {
    int token = model.mask() == 0 ? 1 : 0;
    double[] certain = new double[model.process().stateCount()];
    certain[token] = 1;
    return step.law(model.process(), certain, token)[model.mask()] > 1e-9;
  }

  private static boolean leavesMask(StepModel model, Transition step) {
    double[] clean = new double[model.process().stateCount()];
    Arrays.fill(clean, 1.0 / (clean.length - 1));
    clean[model.mask()] = 0;
    double[] law = step.law(model.process(), clean, model.mask());
    return step.row(model.process(), law, model.mask())[model.mask()] > 0;
  }

  /**
   * Tau-leaping with the (guided) rates R_u^(1-g) R_c^g: the first jump of each token, rates frozen
   * during a step. For uniform noise; masking would leave masks.
   *
   * @param model denoiser of uniform noise, and guidance
   * @param canvas which tokens are fixed
   * @param grid noise levels down to 0, the first one finite
   */
  public static ReverseChain leaping(StepModel model, Canvas canvas, TimeGrid grid) {
    checkUniform(model, "leaping");
    if (grid.level(0) == Double.POSITIVE_INFINITY) {
      throw new IllegalArgumentException("leaping needs a finite first level, got Infinity");
    }
    List<Transition> steps = new ArrayList<>();
    for (int k = 0; k < grid.steps(); k++) {
      steps.add(new Transition.Leap(level(grid, k), level(grid, k + 1)));
    }
    return new ReverseChain(model, canvas, grid, steps, 0);
  }

  /**
   * The same steps with Gibbs sweeps between them: after every step but the last, each hole in turn
   * is redrawn from its (guided) conditional, with a fresh evaluation each. Leaves q_sigma, or with
   * guidance the law in proportion to q_u^(1-g) q_c^g, exactly invariant (spec 8.2, 11).
   *
   * @param sweeps per level, at least 0
   * @throws IllegalArgumentException for masking, whose conditionals move nothing
   */
  public ReverseChain withSweeps(int sweeps) {
    if (sweeps < 0) {
      throw new IllegalArgumentException("sweeps must be at least 0, got " + sweeps);
    }
    if (sweeps > 0) {
      checkUniform(model, "a Gibbs sweep");
    }
    return new ReverseChain(model, canvas, grid, steps, sweeps);
  }

  private static void checkUniform(StepModel model, String what) {
    if (model.masking()) {
      throw new IllegalArgumentException(what + " needs noise without MASK, got masking");
    }
  }

  private static NoiseLevel level(TimeGrid grid, int k) {
    return NoiseLevel.unitRate(grid.level(k));
  }

  /** Number of moves: steps and single Gibbs updates. */
  public int moves() {
    return moves.size();
  }

  /** The canvas. */
  public Canvas canvas() {
    return canvas;
  }

  /** The model. */
  public StepModel model() {
    return model;
  }

  /** The noise levels. */
  public TimeGrid grid() {
    return grid;
  }

  /**
   * Draws samples from the prior down to the data. A sample depends on its seed and index only.
   *
   * @param samples how many, at least 1
   * @param seed the request's seed
   * @return ids, [samples] of [length]
   */
  public List<int[]> run(int samples, long seed) {
    List<int[]> sequences =
        IntStream.range(0, samples).mapToObj(s -> drawn(prior(), 0, seed, s)).toList();
    for (int k = 0; k < moves(); k++) {
      sequences = moved(k, sequences, seed, k);
    }
    return sequences;
  }

  /** One move of many sequences, draws keyed by (seed, index in the list, step, position). */
  List<int[]> moved(int k, List<int[]> sequences, long seed, int step) {
    double[][][] rows = rows(k, sequences);
    return IntStream.range(0, rows.length)
        .mapToObj(s -> drawn(k, sequences.get(s), rows[s], seed, s, step))
        .toList();
  }

  /** The law of the start, the same for all holes, [holes][S]. */
  double[][] prior() {
    double[] prior = new double[model.process().stateCount()];
    Arrays.setAll(prior, model.process()::prior);
    double[][] rows = new double[canvas.holeCount()][];
    Arrays.fill(rows, prior);
    return rows;
  }

  /** A start from laws of the holes. */
  int[] drawn(double[][] rows, int step, long seed, int sample) {
    return drawn(canvas.holes(), canvas.tokens(), rows, seed, sample, step, Purpose.PRIOR);
  }

  /** The sequence after a move whose laws are given. */
  int[] drawn(int k, int[] sequence, double[][] rows, long seed, int sample, int step) {
    return drawn(positions(k), sequence.clone(), rows, seed, sample, step, Purpose.DRAW);
  }

  /** Overwrites positions of a sequence with tokens drawn from rows; returns the sequence. */
  static int[] drawn(
      int[] positions,
      int[] sequence,
      double[][] rows,
      long seed,
      int sample,
      int step,
      Purpose purpose) {
    for (int p = 0; p < positions.length; p++) {
      double uniform = KeyedRandom.uniform(seed, sample, step, positions[p], purpose);
      sequence[positions[p]] = HeapLaws.draw(rows[p], uniform);
    }
    return sequence;
  }

  /** Which tokens move k changes, ascending. */
  int[] positions(int k) {
    return moves.get(k).positions();
  }

  /** The laws of move k, [sequence][position of the move][S]. */
  double[][][] rows(int k, List<int[]> sequences) {
    Move move = moves.get(k);
    return model.rows(move.transition(), sequences, move.positions());
  }

  /** The factorised laws of the clean tokens of all holes, asked at the level of move k. */
  double[][][] cleanRows(int k, List<int[]> sequences) {
    NoiseLevel level = moves.get(k).transition().level();
    Transition clean = new Transition.Step(ReverseKernel.tweedie(), level, NoiseLevel.unitRate(0));
    return model.rows(clean, sequences, canvas.holes());
  }

  /** Sum of the log-probabilities of a sequence's tokens at positions under their rows, nats. */
  static double logProbability(double[][] rows, int[] positions, int[] sequence) {
    double sum = 0;
    for (int p = 0; p < positions.length; p++) {
      sum += Math.log(rows[p][sequence[positions[p]]]);
    }
    return sum;
  }
}
