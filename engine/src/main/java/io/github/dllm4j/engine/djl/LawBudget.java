package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDManager;
import java.util.Locale;

/**
 * How many rows of laws are worked on at a time, so that all tensors [rows, vocabulary] that are
 * alive together stay within a budget. Every row's law is computed by itself: what is asked of it
 * does not depend on the budget, but for the last bits of the head's matrix product.
 *
 * <p>Logits take at most 4 + 4 bytes an entry (float32, and bfloat16 or a copy), laws at most
 * {@value #LAW_BYTES} (float64 logits, laws as they are, shaped, and two copies of each while they
 * are sorted). Half of the budget goes to logits, the other half to laws; on a CPU laws take less,
 * as what fits into the cache is faster.
 *
 * @param bytes of all such tensors together
 * @param lawBytes of those that are laws
 */
record LawBudget(long bytes, long lawBytes) {
  private static final int LOGIT_BYTES = 8;
  private static final int LAW_BYTES = 64;
  private static final long MIB = 1 << 20;

  /** 256 MiB. */
  static final LawBudget GPU = new LawBudget(256 * MIB, 128 * MIB);

  /** 160 MiB, 32 of them for laws. */
  static final LawBudget CPU = new LawBudget(160 * MIB, 32 * MIB);

  /** Checks the parts. */
  LawBudget {
    if (lawBytes < 1 || bytes <= lawBytes) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "laws must get at least 1 byte and less than all, got %d of %d",
              lawBytes,
              bytes));
    }
  }

  /** The usual one of a manager's device. */
  static LawBudget of(NDManager manager) {
    return manager.getDevice().isGpu() ? GPU : CPU;
  }

  /** Rows of the head at a time, at least 1. */
  int headRows(int vocabulary) {
    return rows((bytes - lawBytes) / LOGIT_BYTES, vocabulary);
  }

  /** Rows of laws at a time, at least 1. */
  int lawRows(int vocabulary) {
    return Math.min(headRows(vocabulary), rows(lawBytes / LAW_BYTES, vocabulary));
  }

  private static int rows(long entries, int vocabulary) {
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, entries / vocabulary));
  }
}
