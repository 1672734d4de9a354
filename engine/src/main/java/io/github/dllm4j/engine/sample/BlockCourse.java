package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The courses of blocks, one after the other, each of the block's own positions. */
final class BlockCourse implements Course {
  private final SamplingTask task;
  private final List<BlockPlan.Part> parts;
  private int part;
  private int steps; // of the blocks before
  private Course own;
  private int[] remasked = {};

  BlockCourse(BlockPlan plan, SamplingTask task) {
    plan.steps(task.canvas().holeCount()); // refuses a plan for another number
    this.task = task;
    parts = plan.parts();
    own = parts.isEmpty() ? new ScheduledCourse(SizePlan.of(), task) : course();
  }

  /** The course of the block that is next, in positions from its first one. */
  private Course course() {
    BlockPlan.Part now = parts.get(part);
    int[] tokens = task.canvas().tokens();
    int mask = tokens[task.canvas().holes()[0]];
    Canvas block = Canvas.of(Arrays.copyOfRange(tokens, now.from(), now.to()), mask);
    long seed = KeyedRandom.seed(task.seed(), Purpose.BLOCK, now.index());
    return Course.of(SamplingTask.of(block, now.plan(), seed, task.sample()));
  }

  private int[] placed(int[] positions) {
    int from = parts.isEmpty() ? 0 : parts.get(part).from();
    return Arrays.stream(positions).map(p -> from + p).toArray();
  }

  @Override
  public boolean finished() {
    return own.finished();
  }

  @Override
  public int step() {
    return steps + own.step();
  }

  /** Positions of two blocks differ, so only a block's own calls need keys that do. */
  @Override
  public int key() {
    return own.key();
  }

  /** From the share of the block that is masked. */
  @Override
  public double sigma() {
    return own.sigma();
  }

  @Override
  public int[] asked() {
    return placed(own.asked());
  }

  @Override
  public Optional<Confidence> confidence() {
    return own.confidence();
  }

  @Override
  public boolean changesLaws() {
    return own.changesLaws();
  }

  @Override
  public double[][] changed(double[][] laws) {
    return own.changed(laws);
  }

  @Override
  public int[] advance(double[] confidences) {
    int[] filled = own.advance(confidences);
    remasked = placed(own.remasked());
    if (own.finished() && part + 1 < parts.size()) {
      BlockPlan.Part done = parts.get(part);
      steps += done.plan().steps(done.holes());
      part++;
      own = course();
    }
    return filled;
  }

  @Override
  public int[] remasked() {
    return remasked;
  }
}
