package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.sample.ScheduledPlan;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A scheduled plan as a mixture of plans of sizes. A course is the set of numbers of holes left
 * before each step that fills something, and 0: with 5 holes, (2, 3) is {5, 3, 0}. As bits, the
 * highest is the number of holes left now, and without it the course is what follows. Its
 * probability is a sum over the steps of the plan of products of
 *
 * <pre>
 * C(m, s) chance(step, s, m)        that the step fills s of the m holes
 * </pre>
 *
 * <p>Only courses that can happen are kept. Cost O(steps holes 2^holes).
 */
final class SizeMixture {
  private final double[] probabilities; // by course
  private final int[][] courses; // [holes left][slots], ascending
  private final Moves[][] moves; // [holes left][size]

  /**
   * Courses whose next step fills so many holes.
   *
   * @param from their first slot; they are neighbours
   * @param to the slots of what follows, one for each, ascending
   */
  record Moves(int from, int[] to) {}

  /**
   * @param plan what is executed
   * @param possible whether a run may start with that many holes left, [holes + 1]
   */
  SizeMixture(ScheduledPlan plan, boolean[] possible) {
    int holes = possible.length - 1;
    probabilities = new double[2 << holes];
    for (int m = 0; m <= holes; m++) {
      probabilities[1 << m] = possible[m] ? 1 : 0;
    }
    int steps = possible[holes] ? plan.steps(holes) : plan.steps();
    for (int step = 0; step < steps; step++) {
      step(plan, step, holes);
    }
    boolean[] needed = new boolean[probabilities.length];
    for (int course = 1; course < probabilities.length; course += 2) {
      if (probabilities[course] > 0) {
        for (int rest = course; rest > 0; rest -= Integer.highestOneBit(rest)) {
          needed[rest] = true;
        }
      }
    }
    courses = new int[holes + 1][];
    moves = new Moves[holes + 1][];
    for (int m = 0; m <= holes; m++) {
      int left = m;
      courses[m] = IntStream.range(1 << m, 2 << m).filter(c -> needed[c]).toArray();
      moves[m] = new Moves[m + 1];
      Arrays.setAll(moves[m], size -> find(left, size));
    }
  }

  /** Courses only grow, so going down nothing is moved twice in a step. */
  private void step(ScheduledPlan plan, int step, int holes) {
    double[][] chances = new double[holes + 1][];
    for (int course = probabilities.length - 1; course > 0; course--) {
      double p = probabilities[course];
      int left = Integer.numberOfTrailingZeros(course);
      if (p > 0 && left > 0) {
        if (chances[left] == null) {
          chances[left] = chances(plan, step, left);
        }
        probabilities[course] = p * chances[left][0];
        for (int size = 1; size <= left; size++) {
          probabilities[course | (1 << (left - size))] += p * chances[left][size];
        }
      }
    }
  }

  private static double[] chances(ScheduledPlan plan, int step, int left) {
    double[] chances = new double[left + 1];
    Arrays.setAll(chances, size -> sets(left, size) * plan.chance(step, size, left));
    return chances;
  }

  /** C(n, k). */
  static double sets(int n, int k) {
    double sets = 1;
    for (int j = 1; j <= k; j++) {
      sets = sets * (n - k + j) / j;
    }
    return sets;
  }

  /** How many courses there can be with m holes left. */
  int slots(int m) {
    return courses[m].length;
  }

  /** The probabilities of the courses that start with m holes left, [slots]. */
  double[] start(int m) {
    return Arrays.stream(courses[m]).mapToDouble(c -> probabilities[c]).toArray();
  }

  /** The mean number of steps that fill something, from m holes. */
  double evaluations(int m) {
    return Arrays.stream(courses[m])
        .mapToDouble(c -> probabilities[c] * (Integer.bitCount(c) - 1))
        .sum();
  }

  /** The courses with m holes left whose next step fills that many, at least one. */
  Moves moves(int m, int size) {
    return moves[m][size];
  }

  private Moves find(int m, int size) {
    int after = m - size;
    if (size == 0) {
      return new Moves(0, new int[0]);
    }
    int[] from =
        IntStream.range(0, slots(m))
            .filter(slot -> Integer.highestOneBit(courses[m][slot] - (1 << m)) == (1 << after))
            .toArray();
    int[] to =
        Arrays.stream(from)
            .map(slot -> Arrays.binarySearch(courses[after], courses[m][slot] - (1 << m)))
            .toArray();
    return new Moves(from.length == 0 ? 0 : from[0], to);
  }
}
