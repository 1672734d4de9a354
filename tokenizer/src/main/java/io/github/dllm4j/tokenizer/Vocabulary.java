package io.github.dllm4j.tokenizer;

import java.util.OptionalInt;

/**
 * How many ids a tokenizer has and which of them are special.
 *
 * @param size number of ids, special ones included; ids are 0..size-1
 * @param mask the hidden token of masked diffusion
 * @param pad fills sequences up
 * @param begin stands before a document
 * @param end stands after a document
 */
public record Vocabulary(
    int size, OptionalInt mask, OptionalInt pad, OptionalInt begin, OptionalInt end) {

  /**
   * Checks the ids.
   *
   * @throws IllegalArgumentException if the size is not positive or an id is outside 0..size-1
   */
  public Vocabulary {
    if (size < 1) {
      throw new IllegalArgumentException("vocabulary size is " + size + "; allowed: 1 or more");
    }
    check("mask", mask, size);
    check("pad", pad, size);
    check("begin", begin, size);
    check("end", end, size);
  }

  /** Whether this id is mask, pad, begin or end. */
  public boolean isSpecial(int id) {
    return is(mask, id) || is(pad, id) || is(begin, id) || is(end, id);
  }

  private static boolean is(OptionalInt special, int id) {
    return special.isPresent() && special.getAsInt() == id;
  }

  private static void check(String name, OptionalInt id, int size) {
    if (id.isPresent() && (id.getAsInt() < 0 || id.getAsInt() >= size)) {
      throw new IllegalArgumentException(
          name + " id is " + id.getAsInt() + "; allowed: 0.." + (size - 1));
    }
  }
}
