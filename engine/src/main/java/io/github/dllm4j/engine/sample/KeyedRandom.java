package io.github.dllm4j.engine.sample;

import java.util.Locale;

/**
 * Random numbers as a pure function of what they are for: a block cipher in counter mode, keyed by
 * the seed, counting (sample, step, position, purpose). So batch size, threads, skipped steps and
 * the order of calls never change a result, and there is no generator to pass around.
 *
 * <p>Philox 4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, Parallel random numbers:
 * as easy as 1, 2, 3, SC 2011. Ten rounds of two 32x32 bit products each; passes BigCrush (there).
 * The first two words give the 53 bits of a uniform double; the other two are not used.
 */
public final class KeyedRandom {
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final int ROUNDS = 10;
  private static final long WORD = 0xFFFFFFFFL;

  private KeyedRandom() {}

  /** What a uniform is used for; each purpose is a stream of its own. */
  public enum Purpose {
    /** The random order in which a plan of sizes reveals the holes. */
    REVEAL_ORDER(1),
    /** The step at which a plan of chances reveals a hole. */
    REVEAL_STEP(2),
    /** The token at a position. */
    DRAW(3),
    /** How many tokens of a training block are masked. */
    MASK_COUNT(4),
    /** Which tokens of a training block are masked. */
    MASK_SET(5),
    /** The time at which a training block is noised. */
    NOISE_TIME(6),
    /** Words of an exact law. */
    DATA(7),
    /** Anything a caller of the library wants for itself. */
    OTHER(8),
    /** Where in the text a training block begins. */
    TRAINING_BLOCK(9),
    /** The weights a network starts from. */
    WEIGHTS(10),
    /** The token at a position before the first step of a reverse process. */
    PRIOR(11),
    /** Which sites a corrector redraws. */
    CORRECTOR_SITE(12),
    /** Whether a proposed change is accepted. */
    ACCEPTANCE(13),
    /** When the next event of a reverse process simulated exactly comes. */
    EVENT_TIME(14),
    /** What that event changes. */
    EVENT(15),
    /** The noise on a token of a training block. */
    NOISE_TOKEN(20),
    /** The noise that a U-turn puts on a sequence. */
    RENOISE(30),
    /** Which particles survive. */
    RESAMPLE(32),
    /** A seed for the U-turns of a chain. */
    TURNS(33),
    /** A seed for the paths a twist is learned from. */
    LEARNING(34),
    /** The clean sequences that a twist looks ahead to. */
    TWIST(35),
    /** Multipliers of a bootstrap. */
    BOOTSTRAP(40),
    /** A seed for the samples a curve is measured on. */
    CURVE(41),
    /** A seed for the plan of one block of a text. */
    BLOCK(50);

    private final int code;

    Purpose(int code) {
      this.code = code;
    }
  }

  /**
   * A uniform number, the same for the same arguments.
   *
   * @param seed the request's or the run's seed
   * @param sample index of the sample (or training example)
   * @param step index of the step
   * @param position index of the token
   * @param purpose what it is for
   * @return uniform in [0, 1), a multiple of 2^-53
   */
  public static double uniform(long seed, int sample, int step, int position, Purpose purpose) {
    int[] block = philox(position, purpose.code, step, sample, (int) seed, (int) (seed >>> 32));
    long bits = ((block[0] & WORD) << 21) | ((block[1] & WORD) >>> 11);
    return bits * 0x1p-53;
  }

  /**
   * A seed for a stage of its own, so that its draws have nothing to do with those of other stages
   * of the same request.
   *
   * @param seed the request's seed
   * @param purpose the stage
   */
  public static long seed(long seed, Purpose purpose) {
    return seed(seed, purpose, 0);
  }

  /**
   * The same for one of many stages of a kind.
   *
   * @param index of the stage
   */
  public static long seed(long seed, Purpose purpose, int index) {
    int[] block = philox(index, purpose.code, 0, 0, (int) seed, (int) (seed >>> 32));
    return ((long) block[0] << 32) | (block[1] & WORD);
  }

  /**
   * A standard normal number by Box and Muller, the same for the same arguments.
   *
   * @param seed as in {@link #uniform}
   * @param sample as in {@link #uniform}
   * @param step as in {@link #uniform}
   * @param position as in {@link #uniform}
   * @param purpose as in {@link #uniform}
   */
  public static double gaussian(long seed, int sample, int step, int position, Purpose purpose) {
    int[] block = philox(position, purpose.code, step, sample, (int) seed, (int) (seed >>> 32));
    double first = (((block[0] & WORD) << 21) | ((block[1] & WORD) >>> 11)) * 0x1p-53;
    double second = (((block[2] & WORD) << 21) | ((block[3] & WORD) >>> 11)) * 0x1p-53;
    return Math.sqrt(-2 * Math.log1p(-first)) * Math.cos(2 * Math.PI * second);
  }

  /**
   * A uniformly random permutation by Fisher and Yates, with one keyed uniform per entry.
   *
   * @param size how many entries, at least 0
   * @param seed as in {@link #uniform}
   * @param sample as in {@link #uniform}
   * @param step as in {@link #uniform}
   * @param purpose as in {@link #uniform}
   * @return a permutation of 0..size-1
   */
  public static int[] permutation(int size, long seed, int sample, int step, Purpose purpose) {
    return shuffled(size, size, seed, sample, step, purpose);
  }

  /**
   * A uniformly random set: the first entries of {@link #permutation}, in the order drawn.
   *
   * @param size how many there are to choose from
   * @param count how many to choose, in [0, size]
   * @param seed as in {@link #uniform}
   * @param sample as in {@link #uniform}
   * @param step as in {@link #uniform}
   * @param purpose as in {@link #uniform}
   * @return different numbers below size, [count]
   */
  public static int[] choose(
      int size, int count, long seed, int sample, int step, Purpose purpose) {
    if (count < 0 || count > size) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "count must be in [0, %d], got %d", size, count));
    }
    return java.util.Arrays.copyOf(shuffled(size, count, seed, sample, step, purpose), count);
  }

  private static int[] shuffled(
      int size, int count, long seed, int sample, int step, Purpose purpose) {
    int[] entries = new int[size];
    for (int i = 0; i < size; i++) {
      entries[i] = i;
    }
    for (int i = 0; i < Math.min(count, size - 1); i++) {
      int j = i + (int) (uniform(seed, sample, step, i, purpose) * (size - i));
      int entry = entries[i];
      entries[i] = entries[j];
      entries[j] = entry;
    }
    return entries;
  }

  /** The four words of Philox 4x32-10 for a counter and a key, [4]. */
  static int[] philox(int c0, int c1, int c2, int c3, int key0, int key1) {
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = MULTIPLIER_0 * (c0 & WORD);
      long product1 = MULTIPLIER_1 * (c2 & WORD);
      c0 = (int) (product1 >>> 32) ^ c1 ^ key0;
      c1 = (int) product1;
      c2 = (int) (product0 >>> 32) ^ c3 ^ key1;
      c3 = (int) product0;
      key0 += WEYL_0;
      key1 += WEYL_1;
    }
    return new int[] {c0, c1, c2, c3};
  }
}
