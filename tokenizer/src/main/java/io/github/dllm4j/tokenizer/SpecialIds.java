package io.github.dllm4j.tokenizer;

import java.util.OptionalInt;

/**
 * Special ids that a model's configuration decides. An id that is present wins over what the
 * tokenizer file says and may lie beyond its last id: MDLM and SEDD, for example, use GPT-2's
 * 50,257 tokens and 50257 as mask. An id that is absent is looked up in the file by its usual
 * names.
 */
public record SpecialIds(OptionalInt mask, OptionalInt pad, OptionalInt begin, OptionalInt end) {

  /** Ids stay below this, 2^24. */
  static final int LIMIT = 1 << 24;

  /** Everything as the file says. */
  public static final SpecialIds FROM_FILE =
      new SpecialIds(
          OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty());

  /**
   * Checks the ids.
   *
   * @throws IllegalArgumentException if an id is outside 0..16777215
   */
  public SpecialIds {
    check("mask", mask);
    check("pad", pad);
    check("begin", begin);
    check("end", end);
  }

  /** The same with this mask id. */
  public SpecialIds withMask(int id) {
    return new SpecialIds(OptionalInt.of(id), pad, begin, end);
  }

  /** The same with this pad id. */
  public SpecialIds withPad(int id) {
    return new SpecialIds(mask, OptionalInt.of(id), begin, end);
  }

  /** The same with this begin id. */
  public SpecialIds withBegin(int id) {
    return new SpecialIds(mask, pad, OptionalInt.of(id), end);
  }

  /** The same with this end id. */
  public SpecialIds withEnd(int id) {
    return new SpecialIds(mask, pad, begin, OptionalInt.of(id));
  }

  private static void check(String name, OptionalInt id) {
    if (id.isPresent() && (id.getAsInt() < 0 || id.getAsInt() >= LIMIT)) {
      throw new IllegalArgumentException(
          name + " id is " + id.getAsInt() + "; allowed: 0.." + (LIMIT - 1));
    }
  }
}
