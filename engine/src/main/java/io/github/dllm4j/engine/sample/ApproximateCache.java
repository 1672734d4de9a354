package io.github.dllm4j.engine.sample;

import java.util.Locale;

/**
 * What a plan in blocks keeps of the network's work while it fills a block, as Fast-dLLM does (Wu
 * et al. 2025): keys and values of the tokens outside, from the block's first step.
 * <em>Approximate</em>: those tokens do not change, but what the network makes of them would, as
 * the block fills.
 *
 * @param kind what is kept
 * @param refresh steps after which it is computed anew, at least 1, which is exact; {@link
 *     #EACH_BLOCK} for the first step of each block only
 */
public record ApproximateCache(Kind kind, int refresh) {
  /** Computed anew at the first step of each block only. */
  public static final int EACH_BLOCK = Integer.MAX_VALUE;

  /** Which tokens' keys and values are kept. */
  public enum Kind {
    /** Of those before the block. */
    PREFIX,
    /** Of those before it and behind it. */
    DUAL;

    /** The name on the command line and in records: prefix or dual. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Checks the number. */
  public ApproximateCache {
    if (refresh < 1) {
      throw new IllegalArgumentException("cache-refresh must be at least 1 step, got " + refresh);
    }
  }

  @Override
  public String toString() {
    return kind.label()
        + " cache (approximate), refreshed at each block"
        + (refresh == EACH_BLOCK ? "" : " and every " + refresh + " steps");
  }
}
