package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The Gibbs corrector: at a fixed noise level, single tokens are redrawn from
 *
 * <pre>
 * cond_i = softmax(log-score row i) = alpha loo_i + (1 - alpha)/S
 * </pre>
 *
 * <p>which leaves q_sigma invariant. Source: GADD (2605.27352, abstract); the construction is
 * uniform-diffusion spec 8.2. Every update is one fresh network evaluation at the current sequence.
 * One site at a time, random or in order, is exact. Several sites from one evaluation are biased
 * unless they are conditionally independent: a <em>heuristic</em>, as in the public
 * implementations. For noise that never redraws a token, such as masking, it moves nothing.
 */
public final class GibbsCorrector implements Corrector {
  /** A parallel corrector enumerates its site sets in the exact law; more are refused there. */
  private static final long MOST_SETS = 1L << 20;

  private final int updates;
  private final boolean sweep;
  private final int parallel;

  private GibbsCorrector(int updates, boolean sweep, int parallel) {
    Corrector.checkUpdates(updates);
    if (parallel < 1) {
      throw new IllegalArgumentException("parallel must be at least 1, got " + parallel);
    }
    this.updates = updates;
    this.sweep = sweep;
    this.parallel = parallel;
  }

  /**
   * Each update redraws one uniformly random site. Exact and reversible.
   *
   * @param updates per level, at least 1
   */
  public static GibbsCorrector random(int updates) {
    return new GibbsCorrector(updates, false, 1);
  }

  /**
   * Each update redraws the next site in order, from the first at every level. Exact.
   *
   * @param updates per level, at least 1; the number of holes is one full sweep
   */
  public static GibbsCorrector sweep(int updates) {
    return new GibbsCorrector(updates, true, 1);
  }

  /**
   * Each update redraws k random sites at once from one evaluation. Heuristic for k above 1.
   *
   * @param k sites, at least 1; all of them if there are fewer
   * @param updates per level, at least 1
   */
  public static GibbsCorrector parallel(int k, int updates) {
    return new GibbsCorrector(updates, false, k);
  }

  @Override
  public boolean exact() {
    return parallel == 1;
  }

  @Override
  public int updates() {
    return updates;
  }

  @Override
  public List<ReverseMove> moves(NoiseLevel from, NoiseLevel at) {
    List<ReverseMove> moves = new ArrayList<>();
    for (int update = 0; update < updates; update++) {
      moves.add(new GibbsMove(this, at, update));
    }
    return moves;
  }

  /** Sites per update. */
  int size(int holes) {
    return Math.min(parallel, holes);
  }

  int choices(int holes) {
    if (sweep) {
      return 1;
    }
    long sets = 1;
    int size = size(holes);
    for (int k = 1; k <= size; k++) {
      sets = sets * (holes - size + k) / k;
      if (sets > MOST_SETS) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "the sets of %d of %d sites must be at most %d",
                size,
                holes,
                MOST_SETS));
      }
    }
    return (int) sets;
  }

  /** The sites of a choice; sets are listed in lexicographic order. */
  int[] sites(int holes, int choice, int update) {
    if (sweep) {
      return new int[] {update % holes};
    }
    int[] sites = new int[size(holes)];
    int rest = choice;
    int site = 0;
    for (int k = 0; k < sites.length; k++) {
      int after = sets(holes - site - 1, sites.length - k - 1);
      while (rest >= after) {
        rest -= after;
        site++;
        after = sets(holes - site - 1, sites.length - k - 1);
      }
      sites[k] = site++;
    }
    return sites;
  }

  /** Binomial coefficient, small by {@link #choices}. */
  private static int sets(int n, int k) {
    long sets = 1;
    for (int j = 1; j <= k; j++) {
      sets = sets * (n - k + j) / j;
    }
    return (int) sets;
  }

  @Override
  public String toString() {
    String sites = sweep ? "sweep" : parallel == 1 ? "random" : "parallel:" + parallel;
    return String.format(Locale.ROOT, "GibbsCorrector[%s, updates=%d]", sites, updates);
  }
}
