package io.github.dllm4j.engine;

import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.sample.BlockPlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.RevealPlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * From a request to the plan of a model that writes block after block: any sampler, in each block
 * by itself. Given steps are those of the whole text; every block with holes gets one, and the rest
 * is shared out in proportion to the holes that are left.
 *
 * <p>The curve of whole texts in random order says nothing of such a model, so nothing is planned
 * on one: without steps one token is written at a time.
 */
final class BlockPlanning {
  private BlockPlanning() {}

  /** What a request that names no sampler gets. */
  static PlanChoice usual(GenerationRequest request) {
    return request.steps().isPresent()
        ? PlanChoice.OPTIMAL.withPlan("balanced")
        : PlanChoice.ofSampler("first-hitting");
  }

  /**
   * The plan.
   *
   * @throws IllegalArgumentException if the choice is not for such a model, or does not fit
   */
  static Planning.Planned plan(
      GenerationRequest request, PlanChoice choice, Blocks blocks, Canvas canvas) {
    check(request, choice, blocks);
    int[] holes = BlockPlan.holes(blocks, canvas);
    BlockPlan plan = BlockPlan.of(blocks, canvas, plans(request, choice.withBlocks(0), holes));
    boolean own = request.temperature() == 1 && request.topP() == 1;
    return new Planning.Planned(
        plan,
        own && plan.oneByOne() ? Optional.of(new Estimate(0, 0, 0)) : Optional.empty(),
        note(plan, own),
        0);
  }

  private static String note(BlockPlan plan, boolean own) {
    if (plan.oneByOne()) {
      return own
          ? "one token per step: none is drawn together with another"
          : "temperature or top-p change the model's law";
    }
    return (plan.heuristic() ? "heuristic: " : "")
        + "the model writes block after block, which no curve of whole texts prices";
  }

  private static void check(GenerationRequest request, PlanChoice choice, Blocks blocks) {
    if (choice.blockLength() != 0 && choice.blockLength() != blocks.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the model writes blocks of %d tokens by itself: block-length must be that or not"
                  + " given, got %d",
              blocks.length(),
              choice.blockLength()));
    }
    if (choice.needsCurve()) {
      throw new IllegalArgumentException(
          "plan optimal is by the curve of whole texts in random order, which says nothing of a model"
              + " that writes block after block: give balanced, cosine, geometric, front or back");
    }
    if (choice.sampler().startsWith("dependence-bound")) {
      throw new IllegalArgumentException(
          "dependence-bound is measured on whole texts, which says nothing of a model that writes"
              + " block after block");
    }
    if (choice.hasSteps() && request.steps().isEmpty()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "steps are planned by the curve of whole texts in random order, which says nothing of"
                  + " a model that writes block after block: give the steps of %s, or first-hitting",
              choice.sampler()));
    }
  }

  private static List<RevealPlan> plans(GenerationRequest request, PlanChoice choice, int[] holes) {
    List<RevealPlan> plans = new ArrayList<>();
    int[] shares = choice.hasSteps() ? shares(holes, request, choice) : new int[holes.length];
    int next = 0;
    for (int b = 0; b < holes.length; b++) {
      PlanChoice own = choice;
      if (!choice.sizes().isEmpty()) {
        int from = next;
        next = filled(choice.sizes(), from, holes[b]);
        own = choice.withSizes(choice.sizes().subList(from, next));
      }
      plans.add(
          own.of(
              holes[b],
              Math.max(1, shares[b]),
              n -> {
                throw new IllegalStateException("only plan optimal asks");
              },
              () -> {
                throw new IllegalStateException("only dependence-bound asks");
              }));
    }
    if (next < choice.sizes().size()) {
      throw unfit(choice.sizes());
    }
    return plans;
  }

  /** The index behind the sizes that fill a block whole. */
  private static int filled(List<Integer> sizes, int from, int holes) {
    int left = holes;
    int next = from;
    while (left > 0 && next < sizes.size()) {
      left -= sizes.get(next++);
    }
    if (left != 0) {
      throw unfit(sizes);
    }
    return next;
  }

  private static IllegalArgumentException unfit(List<Integer> sizes) {
    return new IllegalArgumentException("sizes must fill each block whole, got " + sizes);
  }

  private static int[] shares(int[] holes, GenerationRequest request, PlanChoice choice) {
    int all = Arrays.stream(holes).sum();
    int steps = request.steps().orElseThrow();
    if (steps < holes.length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%d holes in %d blocks take at least %d steps, got %d",
              all,
              holes.length,
              holes.length,
              steps));
    }
    // Whole shares of what is beyond one step each, the rest of them one by one from the first.
    int left = (choice.hasSizes() ? Math.min(steps, all) : steps) - holes.length;
    int[] shares = new int[holes.length];
    long done = 0;
    long more = 0;
    for (int b = 0; b < shares.length; b++) {
      more += all == holes.length ? 1 : holes[b] - 1;
      long total = all == holes.length ? holes.length : all - holes.length;
      long due = (left * more + total - 1) / total; // rounded up: what is over goes to the first
      shares[b] = 1 + (int) (due - done);
      done = due;
    }
    return shares;
  }
}
