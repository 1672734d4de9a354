package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A task that goes through the moves of a plan. What the network has said about the sequence as it
 * stands is remembered: a move that finds all it needs there is made without asking.
 */
final class PlanRun implements ReverseRun {
  private static final double[] UNKNOWN = {};

  private final SamplingRun run;
  private final int index;
  private final ReverseTask task;
  private final ReversePlan plan;
  private final int[] holes;
  private final List<ReverseMove> moves;
  private int[] tokens;
  private int done;
  private int evaluations;
  private final double[][] known; // laws of the tokens as they are, by hole
  private double knownAt = Double.NaN; // their level, if there is one for every hole
  private @Nullable Proposal proposal;

  /** A new sequence that waits for the network's answer. */
  private record Proposal(ReverseMove move, int index, int choice, double weight, int[] tokens) {}

  PlanRun(SamplingRun run, int index, ReverseTask task, ReversePlan plan, NoiseProcess process) {
    this.run = run;
    this.index = index;
    this.task = task;
    this.plan = plan;
    holes = task.canvas().holes();
    moves = holes.length == 0 ? List.of() : plan.moves();
    known = new double[holes.length][];
    tokens = prior(task, process);
  }

  /** The canvas with independent prior tokens in its holes. */
  static int[] prior(ReverseTask task, NoiseProcess process) {
    int[] tokens = task.canvas().tokens();
    double[] prior = new double[process.stateCount()];
    Arrays.setAll(prior, process::prior);
    for (int hole : task.canvas().holes()) {
      double uniform = KeyedRandom.uniform(task.seed(), task.sample(), 0, hole, Purpose.PRIOR);
      tokens[hole] = HeapLaws.draw(prior, uniform);
    }
    return tokens;
  }

  @Override
  public SamplingRun run() {
    return run;
  }

  @Override
  public ReverseTask task() {
    return task;
  }

  @Override
  public boolean finished() {
    return done == moves.size() && proposal == null;
  }

  @Override
  public double sigma() {
    return (proposal == null ? moves.get(done) : proposal.move).level().sigma();
  }

  @Override
  public int[] asked() {
    return proposal == null ? tokens : proposal.tokens;
  }

  @Override
  public int[] positions() {
    return proposal == null ? positions(wanted(moves.get(done))) : holes;
  }

  private int[] wanted(ReverseMove move) {
    return move.informed()
        ? IntStream.range(0, holes.length).toArray()
        : move.drawSites(holes.length, task.seed(), task.sample(), done);
  }

  private int[] positions(int[] sites) {
    return Arrays.stream(sites).map(site -> holes[site]).toArray();
  }

  @Override
  public StepEvent advance(NoiseProcess process, double[][] laws) {
    double level = sigma();
    evaluations++;
    int[] sites;
    if (proposal != null) {
      sites = settle(process, proposal, laws);
      knownAt = level;
    } else {
      int[] wanted = wanted(moves.get(done));
      for (int k = 0; k < wanted.length; k++) {
        known[wanted[k]] = laws[k];
      }
      knownAt = wanted.length == holes.length ? level : Double.NaN;
      sites = move(process);
    }
    return event(process, positions(sites));
  }

  @Override
  public Optional<KernelMove> step() {
    return proposal == null && moves.get(done) instanceof KernelMove step
        ? Optional.of(step)
        : Optional.empty();
  }

  @Override
  public double[] uniforms() {
    return Arrays.stream(positions()).mapToDouble(p -> uniform(done, p, Purpose.DRAW)).toArray();
  }

  @Override
  public StepEvent advance(NoiseProcess process, int[] drawn) {
    int[] positions = positions();
    int[] next = tokens.clone();
    for (int k = 0; k < drawn.length; k++) {
      next[positions[k]] = drawn[k];
    }
    tokens = next;
    knownAt = Double.NaN;
    evaluations++;
    done++;
    return event(process, positions);
  }

  /** Makes the moves that need no answer; what has been settled since the last event. */
  private StepEvent event(NoiseProcess process, int[] first) {
    IntStream settled = Arrays.stream(first);
    while (done < moves.size() && !mustAsk()) {
      settled = IntStream.concat(settled, Arrays.stream(positions(move(process))));
    }
    int[] filled = settled.distinct().sorted().toArray();
    return new StepEvent(index, done - 1, moves.size(), tokens.clone(), filled);
  }

  private boolean mustAsk() {
    ReverseMove next = moves.get(done);
    return proposal != null || (next.asks() && next.level().sigma() != knownAt);
  }

  /** Makes the next move, whose laws are known; returns its sites, none of what is proposed. */
  private int[] move(NoiseProcess process) {
    ReverseMove move = moves.get(done);
    int choice = 0;
    double weight = 1;
    int[] sites;
    if (move.informed()) {
      double[] weights = move.choiceLaw(process, known, filling(tokens));
      choice = HeapLaws.draw(weights, uniform(done, 0, Purpose.CORRECTOR_SITE));
      weight = weights[choice];
      sites = move.sites(holes.length, choice);
    } else {
      sites = wanted(move);
    }
    int[] next = tokens.clone();
    for (int site : sites) {
      double[] law = move.asks() ? known[site] : UNKNOWN;
      double[] row = move.row(process, law, tokens[holes[site]]);
      next[holes[site]] = HeapLaws.draw(row, uniform(done, holes[site], Purpose.DRAW));
    }
    if (!Arrays.equals(next, tokens)) {
      if (move.metropolis()) {
        proposal = new Proposal(move, done, choice, weight, next);
        sites = new int[0];
      } else {
        tokens = next;
        knownAt = Double.NaN;
      }
    }
    done++;
    return sites;
  }

  /**
   * Accepts or rejects what was proposed, with the laws of the proposed sequence; returns the sites
   * that were accepted.
   */
  private int[] settle(NoiseProcess process, Proposal proposed, double[][] laws) {
    double[] weights = proposed.move.choiceLaw(process, laws, filling(proposed.tokens));
    double ratio = weights[proposed.choice] / proposed.weight;
    proposal = null;
    if (!(uniform(proposed.index, 0, Purpose.ACCEPTANCE) < ratio)) {
      return new int[0];
    }
    tokens = proposed.tokens;
    System.arraycopy(laws, 0, known, 0, known.length);
    return proposed.move.sites(holes.length, proposed.choice);
  }

  private int[] filling(int[] sequence) {
    return Arrays.stream(holes).map(hole -> sequence[hole]).toArray();
  }

  private double uniform(int move, int position, Purpose purpose) {
    return KeyedRandom.uniform(task.seed(), task.sample(), move, position, purpose);
  }

  @Override
  public List<Sample> samples() {
    return List.of(new Sample(tokens.clone(), plan.steps(), evaluations, finished()));
  }
}
