package io.github.dllm4j.engine;

import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.sample.BlockPlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.SizePlan;
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
 * <p>Plans are chosen and priced on the curve of a block ({@link
 * io.github.dllm4j.engine.info.BlockCurve}): a budget is divided evenly among the whole blocks, and
 * blocks some of whose tokens are given, the first among them, are then written one token at a
 * time, which costs nothing. The curve is that of the blocks of texts of the model's length of
 * which nothing is given; only for these is a price said. Without a curve and without steps one
 * token is written at a time.
 */
final class BlockPlanning {
  private final GenerationRequest request;
  private final PlanChoice choice;
  private final Blocks blocks;
  private final Optional<CurvePlanner> planner;

  private BlockPlanning(
      GenerationRequest request, PlanChoice choice, Blocks blocks, Optional<CurvePlanner> planner) {
    this.request = request;
    this.choice = choice;
    this.blocks = blocks;
    this.planner = planner;
  }

  /** What a request that names no sampler gets. */
  static PlanChoice usual(GenerationRequest request, boolean known) {
    return known
        ? PlanChoice.OPTIMAL
        : request.steps().isPresent()
            ? PlanChoice.OPTIMAL.withPlan("balanced")
            : PlanChoice.ofSampler("first-hitting");
  }

  /**
   * The plan.
   *
   * @param information the curve of a block
   * @param longest tokens of the model's longest text
   * @throws IllegalArgumentException if the choice is not for such a model, or does not fit
   */
  static Planning.Planned plan(
      GenerationRequest request,
      PlanChoice choice,
      Blocks blocks,
      Canvas canvas,
      Optional<CurvePlanner> information,
      int longest) {
    if (choice.blockLength() != 0 && choice.blockLength() != blocks.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the model writes blocks of %d tokens by itself: block-length must be that or not"
                  + " given, got %d",
              blocks.length(),
              choice.blockLength()));
    }
    BlockPlanning planning = new BlockPlanning(request, choice.withBlocks(0), blocks, information);
    planning.check();
    int[] holes = BlockPlan.holes(blocks, canvas);
    List<RevealPlan> plans =
        request.steps().isEmpty() && choice.hasSteps()
            ? planning.withinBudget(holes)
            : planning.ofSteps(holes);
    BlockPlan plan = BlockPlan.of(blocks, canvas, plans);
    boolean whole = canvas.holeCount() == longest;
    Optional<Estimate> price = planning.price(plan, plans, holes, whole);
    return new Planning.Planned(plan, price, planning.note(plan, price, whole), 0);
  }

  private void check() {
    Planning.requireSteps(request, choice);
    if (choice.sampler().startsWith("dependence-bound")) {
      throw new IllegalArgumentException(
          "dependence-bound is measured on whole texts, which says nothing of a model that writes"
              + " block after block");
    }
    boolean automatic = choice.hasSteps() && request.steps().isEmpty();
    if (automatic && !choice.hasSizes()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the steps of a model that writes block after block are planned for samplers with"
                  + " sizes: give the steps of %s",
              choice.sampler()));
    }
    if (planner.isEmpty() && (automatic || choice.needsCurve())) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s planned on the curve of a block, and the model has none (dllm plan --corpus F"
                  + " --save): give %s, or first-hitting",
              automatic ? "steps are" : "plan optimal is",
              automatic ? "the steps of " + choice.sampler() : "balanced"));
    }
  }

  private static RevealPlan made(PlanChoice choice, int holes, int steps, CurvePlanner planner) {
    return choice.of(
        holes,
        steps,
        planner::forSteps,
        () -> {
          throw new IllegalStateException("only dependence-bound asks");
        });
  }

  private boolean isWhole(int holes) {
    return holes == blocks.length();
  }

  /** The plan of a block's holes; the curve's sizes only for all of its tokens. */
  private RevealPlan made(PlanChoice own, int holes, int steps) {
    CurvePlanner curve =
        planner.orElseGet(
            () -> CurvePlanner.of(InformationCurve.exact(new double[blocks.length()])));
    PlanChoice fitting = own.needsCurve() && !isWhole(holes) ? own.withPlan("balanced") : own;
    return made(fitting, holes, steps, curve);
  }

  /** The fewest steps of every whole block whose prices together are within the budget. */
  private List<RevealPlan> withinBudget(int[] holes) {
    CurvePlanner curve = planner.orElseThrow();
    long whole = Arrays.stream(holes).filter(this::isWhole).count();
    double budget = request.epsilon() / Math.max(1, whole);
    PlanChoice priced = choice.priced();
    int steps =
        Planning.fewest(
            blocks.length(),
            some -> curve.cost(made(priced, blocks.length(), some)).orElseThrow() <= budget);
    return Arrays.stream(holes)
        .mapToObj(own -> made(choice, own, isWhole(own) ? steps : own))
        .toList();
  }

  private List<RevealPlan> ofSteps(int[] holes) {
    List<RevealPlan> plans = new ArrayList<>();
    int[] shares = choice.hasSteps() ? shares(holes) : new int[holes.length];
    int next = 0;
    for (int b = 0; b < holes.length; b++) {
      PlanChoice own = choice;
      if (!choice.sizes().isEmpty()) {
        int from = next;
        next = filled(choice.sizes(), from, holes[b]);
        own = choice.withSizes(choice.sizes().subList(from, next));
      }
      plans.add(made(own, holes[b], Math.max(1, shares[b])));
    }
    if (next < choice.sizes().size()) {
      throw unfit(choice.sizes());
    }
    return plans;
  }

  /**
   * The sum of the blocks' prices: whole ones by the curve, others if they are written one by one.
   * All are of one curve, so their errors add up.
   */
  private Optional<Estimate> price(
      BlockPlan plan, List<RevealPlan> plans, int[] holes, boolean whole) {
    if (request.temperature() != 1 || request.topP() != 1) {
      return Optional.empty();
    }
    if (plan.oneByOne()) {
      return Optional.of(new Estimate(0, 0, 0));
    }
    double mean = 0;
    double error = 0;
    int count = 0;
    for (int b = 0; b < holes.length; b++) {
      if (plans.get(b) instanceof SizePlan sizes && sizes.steps() == holes[b]) {
        continue;
      }
      int own = holes[b];
      RevealPlan part = plans.get(b);
      Optional<Estimate> price =
          planner.filter(curve -> whole && isWhole(own)).flatMap(curve -> curve.price(part));
      if (price.isEmpty()) {
        return price;
      }
      mean += Math.max(0, price.get().mean());
      error += price.get().standardError();
      count = price.get().count();
    }
    return Optional.of(new Estimate(mean, error, count));
  }

  private String note(BlockPlan plan, Optional<Estimate> price, boolean whole) {
    if (request.temperature() != 1 || request.topP() != 1) {
      return "temperature or top-p change the model's law";
    } else if (plan.oneByOne()) {
      return "one token per step: none is drawn together with another";
    } else if (price.isPresent()) {
      return "by the curve of a block of held-out text";
    } else if (plan.heuristic()) {
      return "heuristic: places are chosen by the model's own laws, which no curve can price";
    } else if (planner.isEmpty()) {
      return "the curve of a block was not measured";
    }
    return whole
        ? "the curve prices whole blocks at random places only"
        : "the curve is of the blocks of whole texts of which nothing is given";
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

  private int[] shares(int[] holes) {
    int all = Arrays.stream(holes).sum();
    int steps = request.steps().orElseThrow();
    return shares(holes, choice.hasSizes() ? Math.min(steps, all) : steps);
  }

  /**
   * Steps shared out among blocks in proportion to what they have to fill.
   *
   * @param holes of each block, at least 1
   * @param steps at least one for each block; up to as many as holes no block gets more than it has
   */
  static int[] shares(int[] holes, int steps) {
    int all = Arrays.stream(holes).sum();
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
    int left = steps - holes.length;
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
