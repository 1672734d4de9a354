package io.github.dllm4j.engine.sample;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A plan that looks at the network's laws of all holes before it chooses which to fill (spec 5.8,
 * 11). Costs the vocabulary head for every hole at every step.
 *
 * <pre>
 * most confident   the s_k surest rows            MaskGIT, LLaDA, top-k margin
 * threshold        the surest row and all at least as sure as tau     Fast-dLLM
 * entropy bound    by ascending entropy, the longest prefix with sum H - max H &lt;= gamma
 * dependence bound the holes that share least, while what they share is estimated at &lt;= gamma
 * </pre>
 *
 * <p>{@link #inBlocks In blocks} a step looks at the holes of the first unfinished block only, as
 * LLaDA's and Fast-dLLM's semi-autoregressive decoding does; {@link #cached there} the laws can be
 * approximate ones, which cost less.
 *
 * <p>Only the entropy bound has a bound for batches: the total correlation of a prefix is at most
 * gamma, so KL(data || output) is at most gamma times the mean number of steps. The dependence
 * bound ({@link DependenceBatch}) estimates the same quantity from pairs, far less pessimistically,
 * and is a bound for Markov chains only. It and the others are heuristic, and no bound for random
 * orders holds for them. Confidences are compared in units of 1e-9, so that rounding does not
 * decide; the lowest position wins among equals.
 */
public final class AdaptivePlan implements RevealPlan {
  private enum Rule {
    MOST_CONFIDENT,
    THRESHOLD,
    ENTROPY_BOUND,
    DEPENDENCE_BOUND
  }

  private static final DependenceKernel NONE = DependenceKernel.of(new double[][] {{1}});

  /** Entropies that should add up to gamma exactly may miss it by this, nats. */
  private static final double ROUNDING = 1e-12;

  /** So many are sorted by insertion. */
  private static final int FEW_ROWS = 32;

  private final Rule rule;
  private final Confidence confidence;
  private final SizePlan sizes; // of MOST_CONFIDENT, else empty
  private final double limit; // tau or gamma
  private final DependenceKernel kernel; // of DEPENDENCE_BOUND, else NONE
  private final int block; // holes of a block, 0 for no blocks
  private final int holes; // of the whole canvas, if there are blocks
  private final Optional<ApproximateCache> cache; // if there are blocks

  private AdaptivePlan(
      Rule rule, Confidence confidence, SizePlan sizes, double limit, DependenceKernel kernel) {
    this(rule, confidence, sizes, limit, kernel, 0, 0, Optional.empty());
  }

  private AdaptivePlan(
      Rule rule,
      Confidence confidence,
      SizePlan sizes,
      double limit,
      DependenceKernel kernel,
      int block,
      int holes,
      Optional<ApproximateCache> cache) {
    this.rule = rule;
    this.confidence = confidence;
    this.sizes = sizes;
    this.limit = limit;
    this.kernel = kernel;
    this.block = block;
    this.holes = holes;
    this.cache = cache;
  }

  /**
   * Fills the surest holes, as many as a plan of sizes says.
   *
   * @param sizes how many at each step
   * @param confidence what sure means
   */
  public static AdaptivePlan mostConfident(SizePlan sizes, Confidence confidence) {
    return new AdaptivePlan(Rule.MOST_CONFIDENT, confidence, sizes, 0, NONE);
  }

  /**
   * Fills every hole that is sure enough, and always the surest.
   *
   * @param tau least confidence; a probability for the probability-like confidences
   * @param confidence what sure means
   */
  public static AdaptivePlan threshold(double tau, Confidence confidence) {
    if (Double.isNaN(tau)) {
      throw new IllegalArgumentException("tau must be a number, got NaN");
    }
    return new AdaptivePlan(Rule.THRESHOLD, confidence, SizePlan.of(), tau, NONE);
  }

  /**
   * Fills as many of the holes of least entropy as cannot depend on each other by more than a
   * bound.
   *
   * @param gamma most total correlation of a step, nats, at least 0
   */
  public static AdaptivePlan entropyBound(double gamma) {
    return bounded(Rule.ENTROPY_BOUND, gamma, NONE);
  }

  /**
   * Fills holes that, by what is known of pairs, hardly depend on each other: far apart, or parted
   * by known tokens.
   *
   * @param gamma most estimated total correlation of a step, nats, at least 0
   * @param kernel what holes say about each other
   */
  public static AdaptivePlan dependenceBound(double gamma, DependenceKernel kernel) {
    return bounded(Rule.DEPENDENCE_BOUND, gamma, kernel);
  }

  private static AdaptivePlan bounded(Rule rule, double gamma, DependenceKernel kernel) {
    if (!(gamma >= 0)) {
      throw new IllegalArgumentException("gamma must be at least 0 nats, got " + gamma);
    }
    return new AdaptivePlan(rule, Confidence.NEGATIVE_ENTROPY, SizePlan.of(), gamma, kernel);
  }

  /**
   * The same, block after block: a step fills holes of the first block that has some left. A block
   * is so many holes, in the order of their positions; the last one may be smaller.
   *
   * @param length holes of a block, at least 1
   * @param holes of the canvas
   * @throws IllegalArgumentException if a step of given size would fill holes of two blocks
   */
  public AdaptivePlan inBlocks(int length, int holes) {
    if (length < 1) {
      throw new IllegalArgumentException("a block must have at least 1 hole, got " + length);
    }
    AdaptivePlan plan =
        new AdaptivePlan(rule, confidence, sizes, limit, kernel, length, holes, cache);
    int left = plan.steps(holes) == 0 ? 0 : holes;
    for (int size : sizes.sizes()) {
      if (size > plan.open(left)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "sizes must fill each block of %d holes whole, got %s for %d holes",
                length,
                sizes,
                holes));
      }
      left -= size;
    }
    return plan;
  }

  /**
   * The same by approximate laws: what the network knows of the tokens outside a block is kept from
   * the block's first step. Heuristic, whatever the rule.
   *
   * @throws IllegalArgumentException if there are no blocks
   */
  public AdaptivePlan cached(ApproximateCache value) {
    if (block == 0) {
      throw new IllegalArgumentException("a " + value.kind().label() + " cache needs blocks");
    }
    return new AdaptivePlan(
        rule, confidence, sizes, limit, kernel, block, holes, Optional.of(value));
  }

  /** What is kept while a block is filled. */
  public Optional<ApproximateCache> cache() {
    return cache;
  }

  /** Index of the first unfinished block. */
  int block(int left) {
    return (holes - left) / block;
  }

  /** The holes of a block, ascending, of those of the whole canvas. */
  int[] holesOf(int index, int[] all) {
    return Arrays.copyOfRange(all, index * block, Math.min(all.length, (index + 1) * block));
  }

  /**
   * How many of the holes that are left, in the order of their positions, the next step may fill:
   * those of the first unfinished block, or all.
   *
   * @param left holes that are left
   */
  public int open(int left) {
    if (block == 0) {
      return left;
    }
    return Math.min(holes, (block(left) + 1) * block) - (holes - left);
  }

  /** What the plan reads off the laws. */
  public Confidence confidence() {
    return confidence;
  }

  @Override
  public int steps(int holes) {
    if (block > 0 && holes != this.holes) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "a plan for %d holes cannot fill a canvas of %d", this.holes, holes));
    }
    return rule == Rule.MOST_CONFIDENT ? sizes.steps(holes) : holes;
  }

  @Override
  public boolean heuristic() {
    return rule != Rule.ENTROPY_BOUND || cache.isPresent();
  }

  /**
   * The rows that a step fills.
   *
   * @param step index of the step
   * @param positions of the {@link #open} holes, ascending, at least one, [rows]
   * @param confidences of those holes, [rows]
   * @return indices of rows, ascending, at least one
   */
  public int[] keep(int step, int[] positions, double[] confidences) {
    if (rule == Rule.DEPENDENCE_BOUND) {
      double[] entropies = Arrays.stream(confidences).map(c -> Math.max(0, -c)).toArray();
      return new DependenceBatch(kernel, positions, entropies).within(limit);
    }
    int[] surest = descending(confidences);
    int count =
        switch (rule) {
          case MOST_CONFIDENT -> sizes.sizes()[step];
          case THRESHOLD -> countAbove(confidences, surest);
          default -> countWithin(confidences, surest);
        };
    return Arrays.stream(surest).limit(count).sorted().toArray();
  }

  /** Rows from the surest on, the lowest first among equals. */
  private static int[] descending(double[] confidences) {
    int rows = confidences.length;
    if (rows > FEW_ROWS) {
      return IntStream.range(0, rows)
          .boxed()
          .sorted((a, b) -> Long.compare(billionths(confidences[b]), billionths(confidences[a])))
          .mapToInt(r -> r)
          .toArray();
    }
    // Exact laws ask for few rows millions of times.
    long[] keys = new long[rows];
    int[] sorted = new int[rows];
    for (int r = 0; r < rows; r++) {
      long key = billionths(confidences[r]);
      int at = r;
      for (; at > 0 && keys[at - 1] < key; at--) {
        keys[at] = keys[at - 1];
        sorted[at] = sorted[at - 1];
      }
      keys[at] = key;
      sorted[at] = r;
    }
    return sorted;
  }

  private int countAbove(double[] confidences, int[] surest) {
    int count = 1;
    while (count < surest.length && billionths(confidences[surest[count]]) >= billionths(limit)) {
      count++;
    }
    return count;
  }

  /** Entropies ascend, so the sum without the largest is the sum of all before the last. */
  private int countWithin(double[] confidences, int[] surest) {
    int count = 1;
    double before = -confidences[surest[0]];
    while (count < surest.length && before <= limit + ROUNDING) {
      before -= confidences[surest[count++]];
    }
    return count;
  }

  private static long billionths(double confidence) {
    return (long) Math.floor(confidence / 1e-9 + 0.5);
  }

  @Override
  public String toString() {
    String what =
        switch (rule) {
          case MOST_CONFIDENT -> String.format(Locale.ROOT, "%s, %s", confidence, sizes);
          case THRESHOLD -> String.format(Locale.ROOT, "%s at least %s", confidence, limit);
          case ENTROPY_BOUND -> String.format(Locale.ROOT, "entropy bound %s nats", limit);
          case DEPENDENCE_BOUND ->
              String.format(Locale.ROOT, "dependence bound %s nats, %s", limit, kernel);
        };
    return "AdaptivePlan["
        + what
        + (block == 0 ? "" : ", in blocks of " + block)
        + cache.map(kept -> ", " + kept).orElse("")
        + "]";
  }
}
