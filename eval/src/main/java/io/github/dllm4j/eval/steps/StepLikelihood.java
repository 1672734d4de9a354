package io.github.dllm4j.eval.steps;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.TeacherForcing;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ScheduledPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How likely held-out text is under samplers of N steps (masked-diffusion spec 4, K4, and 7): for
 * each sequence along one random order, for all plans together. A plan of chances is its own random
 * sizes, drawn anew for every sequence.
 */
final class StepLikelihood {
  private static final int BATCH = 32;

  /**
   * What a plan costs.
   *
   * @param nats -ln likelihood per token
   * @param cost of a sequence over one token at a time in the same order, nats
   */
  record Score(Estimate nats, Estimate cost) {}

  private StepLikelihood() {}

  /**
   * Scores plans.
   *
   * @param denoiser a masking denoiser
   * @param blocks held-out sequences of one length, at least one
   * @param plans for that many holes
   * @return one score per plan
   */
  static List<Score> of(
      Denoiser denoiser, List<int[]> blocks, List<ScheduledPlan> plans, long seed) {
    int length = blocks.get(0).length;
    Canvas canvas = Canvas.blank(length, denoiser.mask().orElseThrow());
    double[][] nats = new double[plans.size() + 1][blocks.size()];
    for (int b = 0; b < blocks.size(); b++) {
      List<SizePlan> sizes = new ArrayList<>();
      for (ScheduledPlan plan : plans) {
        sizes.add(plan instanceof SizePlan own ? own : drawn(plan, canvas, seed, b));
      }
      sizes.add(SizePlan.balanced(length, length));
      int[] order = TeacherForcing.order(0, length, b, 0, seed);
      double[] each = TeacherForcing.nats(denoiser, blocks.get(b), order, sizes, BATCH);
      for (int p = 0; p < each.length; p++) {
        nats[p][b] = each[p];
      }
    }
    double[] ones = nats[plans.size()];
    return IntStream.range(0, plans.size())
        .mapToObj(
            p -> new Score(mean(nats[p], new double[ones.length], length), mean(nats[p], ones, 1)))
        .toList();
  }

  private static Estimate mean(double[] nats, double[] minus, int divisor) {
    double[] values = new double[nats.length];
    Arrays.setAll(values, b -> (nats[b] - minus[b]) / divisor);
    return Estimate.of(values);
  }

  /** The sizes that a plan of chances draws for a sequence, without its empty steps. */
  private static SizePlan drawn(ScheduledPlan plan, Canvas canvas, long seed, int sample) {
    int[] sizes = new int[plan.steps()];
    for (int step : plan.revealSteps(canvas, seed, sample)) {
      sizes[step]++;
    }
    return SizePlan.of(Arrays.stream(sizes).filter(size -> size > 0).toArray());
  }
}
