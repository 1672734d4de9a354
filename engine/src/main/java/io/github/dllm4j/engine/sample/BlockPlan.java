package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.denoise.Blocks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Block after block, each by a plan of its own: how a {@link
 * io.github.dllm4j.engine.denoise.BlockDenoiser} is sampled. The next block begins when the one
 * before has no holes left, so every law is asked behind clean blocks, as the network was trained.
 *
 * <p>Steps are those of all blocks together. A block's plan draws from a seed of its own, so that
 * the orders of two blocks have nothing to do with each other.
 */
public final class BlockPlan implements RevealPlan {
  private final List<Part> parts;

  /**
   * A block with holes.
   *
   * @param index of the block
   * @param from its first position
   * @param to the position after its last one
   * @param holes how many of them are holes
   * @param plan of these holes
   */
  record Part(int index, int from, int to, int holes, RevealPlan plan) {}

  private BlockPlan(List<Part> parts) {
    this.parts = parts;
  }

  /**
   * How many holes each block of a canvas has; blocks without holes are left out.
   *
   * @throws IllegalArgumentException if a token is given in a block behind one with holes, which no
   *     law could take into account
   */
  public static int[] holes(Blocks blocks, Canvas canvas) {
    int[] counts = new int[blocks.of(canvas.length() - 1) + 1];
    int[] holes = canvas.holes();
    for (int hole : holes) {
      counts[blocks.of(hole)]++;
    }
    int open = holes.length == 0 ? counts.length : blocks.of(holes[0]);
    for (int block = open + 1; block < counts.length; block++) {
      int size = blocks.to(block, canvas.length()) - blocks.from(block);
      if (counts[block] < size) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "the model writes blocks of %d tokens and sees nothing behind them: given text must"
                    + " not stand in a block behind one with holes, got a hole at position %d and"
                    + " text from %d to %d",
                blocks.length(),
                holes[0],
                blocks.from(block),
                blocks.to(block, canvas.length()) - 1));
      }
    }
    return Arrays.stream(counts).filter(count -> count > 0).toArray();
  }

  /**
   * A plan for a canvas.
   *
   * @param plans of the blocks with holes, in order, for as many holes as {@link #holes} says
   */
  public static BlockPlan of(Blocks blocks, Canvas canvas, List<RevealPlan> plans) {
    int[] counts = holes(blocks, canvas);
    if (plans.size() != counts.length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "%d blocks have holes, got %d plans", counts.length, plans.size()));
    }
    for (RevealPlan plan : plans) {
      if (plan instanceof AdaptivePlan own && own.cache().isPresent()) {
        throw new IllegalArgumentException(
            "a block's plan must be without a cache, which is for models that see the whole text,"
                + " got "
                + own);
      }
    }
    List<Part> parts = new ArrayList<>();
    for (int hole : canvas.holes()) {
      int block = blocks.of(hole);
      if (parts.isEmpty() || parts.get(parts.size() - 1).index < block) {
        int i = parts.size();
        int to = blocks.to(block, canvas.length());
        plans.get(i).steps(counts[i]); // refuses a plan for another number
        parts.add(new Part(block, blocks.from(block), to, counts[i], plans.get(i)));
      }
    }
    return new BlockPlan(parts);
  }

  List<Part> parts() {
    return parts;
  }

  @Override
  public int steps(int holes) {
    int all = parts.stream().mapToInt(Part::holes).sum();
    if (holes != all) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "a plan for %d holes cannot fill a canvas of %d", all, holes));
    }
    return parts.stream().mapToInt(part -> part.plan.steps(part.holes)).sum();
  }

  /** Whether every step fills one hole, at random: then nothing is drawn together. */
  public boolean oneByOne() {
    return parts.stream()
        .allMatch(part -> part.plan instanceof SizePlan sizes && sizes.steps() == part.holes);
  }

  @Override
  public boolean heuristic() {
    return parts.stream().anyMatch(part -> part.plan.heuristic());
  }

  @Override
  public boolean keeps() {
    return parts.stream().allMatch(part -> part.plan.keeps());
  }

  @Override
  public String toString() {
    return parts.stream()
        .map(part -> part.index + ": " + part.plan)
        .collect(Collectors.joining(", ", "BlockPlan[", "]"));
  }
}
