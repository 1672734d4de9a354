package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDManager;
import java.util.Locale;

/**
 * How many rows of laws are worked on at a time, so that all tensors [rows, vocabulary] that are
 * alive together stay within a budget. Every row's law is computed by itself: what is asked of it
 * does not depend on the budget, but for the last bits of the head's matrix product.
 *
 * <p>Logits take at most {@value #LOGIT_BYTES} bytes an entry, laws at most {@value #LAW_BYTES}
 * (float64 logits, laws as they are, shaped, and two copies of each while they are sorted). Logits
 * of few rows are kept; of more the head is run again for every question, on fewer rows at a time
 * on a CPU: the C library takes what is larger than 32 MiB from the system every time, and touching
 * such pages first costs more than the product (2048 rows of 32 000 ids in bfloat16 at once took
 * 108 ms, 256 at a time 8 x 7 ms); of fewer, the head's product itself is slower (128: 6 % in
 * float32).
 *
 * @param bytes of all such tensors together
 * @param lawBytes of those that are laws
 * @param headBytes of logits that are not kept
 */
record LawBudget(long bytes, long lawBytes, long headBytes) {
  private static final int LOGIT_BYTES = 4;
  private static final int LAW_BYTES = 64;
  private static final long MIB = 1 << 20;

  /** 256 MiB. */
  static final LawBudget GPU = new LawBudget(256 * MIB, 128 * MIB, 128 * MIB);

  /** 96 MiB, 32 of them for laws, a page less than 32 for logits that are not kept. */
  static final LawBudget CPU = new LawBudget(96 * MIB, 32 * MIB, 32 * MIB - 4096);

  /** Checks the parts. */
  LawBudget {
    if (lawBytes < 1 || bytes <= lawBytes || headBytes < 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "laws must get at least 1 byte and less than all, and the head 1 or more, got %d of"
                  + " %d, and %d",
              lawBytes,
              bytes,
              headBytes));
    }
  }

  /** The usual one of a manager's device. */
  static LawBudget of(NDManager manager) {
    return manager.getDevice().isGpu() ? GPU : CPU;
  }

  /** Most rows whose logits are kept, at least 1. */
  int keptRows(int vocabulary) {
    return rows((bytes - lawBytes) / LOGIT_BYTES, vocabulary);
  }

  /** Rows of the head at a time if logits are not kept, at least 1, whole tiles of 16 if more. */
  int headRows(int vocabulary) {
    int rows = Math.min(keptRows(vocabulary), rows(headBytes / LOGIT_BYTES, vocabulary));
    return rows < 16 ? rows : rows / 16 * 16;
  }

  /** Rows of laws at a time, at least 1. */
  int lawRows(int vocabulary) {
    return Math.min(keptRows(vocabulary), rows(lawBytes / LAW_BYTES, vocabulary));
  }

  private static int rows(long entries, int vocabulary) {
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, entries / vocabulary));
  }
}
