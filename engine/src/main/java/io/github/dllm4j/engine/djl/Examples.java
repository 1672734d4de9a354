package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.train.MaskCounts;
import io.github.dllm4j.engine.train.NoiseTimes;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.TokenData;
import io.github.dllm4j.engine.train.TrainingConfig;
import java.util.Arrays;

/** What each step of a run trains on: a pure function of the run, the step and the part. */
record Examples(TrainingRun run) {

  /**
   * The examples of a part of a step: blocks at uniformly random offsets, with noise.
   *
   * @param data clean text
   * @param step from 0
   * @param part of the step's accumulation
   */
  NoisyBatch of(TokenData data, int step, int part) {
    TrainingConfig config = run.config();
    int length = run.shape().length();
    int first = part * config.batch();
    int[][] blocks = new int[config.batch()][length];
    for (int b = 0; b < blocks.length; b++) {
      double u = KeyedRandom.uniform(config.seed(), first + b, step, 0, Purpose.TRAINING_BLOCK);
      data.read((long) (u * (data.size() - length + 1)), blocks[b]);
    }
    if (run.autoregressive()) {
      return NoisyBatch.shifted(blocks, run.mask());
    }
    return run.uniform()
        ? noised(blocks, step, part)
        : NoisyBatch.masked(blocks, maskCounts(step, part), run.mask(), config.seed(), step, first);
  }

  /** The mask counts of a part of a step: every so many-th of those of the whole step. */
  private int[] maskCounts(int step, int part) {
    TrainingConfig config = run.config();
    int length = run.shape().length();
    int all = config.batch() * config.accumulation();
    int[] counts =
        config.objective() == Objective.MASK_PREDICTOR
            ? MaskCounts.ofPlan(
                SizePlan.balanced(length, config.planSteps()).sizes(), all, config.seed(), step)
            : MaskCounts.systematic(length, all, config.seed(), step);
    int[] own = new int[config.batch()];
    Arrays.setAll(own, b -> counts[b * config.accumulation() + part]);
    return own;
  }

  /** Blocks with uniform noise at the systematic times of a part of a step. */
  private NoisyBatch noised(int[][] blocks, int step, int part) {
    TrainingConfig config = run.config();
    int parts = config.accumulation();
    double u = KeyedRandom.uniform(config.seed(), 0, step, 0, Purpose.NOISE_TIME);
    NoiseLevel[] levels = new NoiseLevel[blocks.length];
    double[] weights = new double[blocks.length];
    for (int b = 0; b < blocks.length; b++) {
      double share = (b * parts + part + u) / ((double) blocks.length * parts);
      levels[b] = NoiseTimes.SCHEDULE.at(NoiseTimes.at(share));
      weights[b] = config.objective() == Objective.CROSS_ENTROPY ? 1 : NoiseTimes.weight(levels[b]);
    }
    int symbols = run.shape().vocabulary();
    int first = part * config.batch();
    return NoisyBatch.uniform(blocks, levels, weights, symbols, config.seed(), step, first);
  }
}
