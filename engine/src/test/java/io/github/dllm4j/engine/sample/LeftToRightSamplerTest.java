package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.oracle.ChiSquare;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.sample.LeftToRightSampler.Task;
import io.github.dllm4j.engine.train.Refusal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Samples of an exact law read from left to right have that law. */
class LeftToRightSamplerTest {
  private static final int SAMPLES = 20_000;
  private static final double FALSE_ALARM = 1e-4;
  private static final int HOLE = 9;
  private static final ExactLaw LAW =
      ExactLaw.markov(
          4,
          new double[] {0.5, 0.3, 0.2},
          new double[][] {{0.7, 0.2, 0.1}, {0.1, 0.6, 0.3}, {0.3, 0.0, 0.7}});

  private static Task task(Canvas canvas, int samples, double temperature, double topP) {
    return new Task(canvas, samples, 5, temperature, topP);
  }

  private static List<Sample> run(Task task, int batch) {
    return new LeftToRightSampler(new ChainReader(LAW), batch).run(task, StepListener.NONE);
  }

  private static long[] counts(List<Sample> samples) {
    long[] counts = new long[81];
    for (Sample sample : samples) {
      int word = 0;
      for (int token : sample.tokens()) {
        word = 3 * word + token;
      }
      counts[word]++;
    }
    return counts;
  }

  /** The wrong twin draws at another temperature. */
  @Test
  void samplesHaveTheLaw() {
    Canvas blank = Canvas.blank(4, HOLE);
    double right = ChiSquare.pValue(LAW.table(), counts(run(task(blank, SAMPLES, 1, 1), 512)));
    assertTrue(right > FALSE_ALARM, "p " + right);
    double wrong = ChiSquare.pValue(LAW.table(), counts(run(task(blank, SAMPLES, 1.1, 1), 512)));
    assertTrue(wrong < FALSE_ALARM, "p of the wrong temperature " + wrong);
  }

  /**
   * The law of the words for powers of the transitions, cut to the tokens named and normalised.
   *
   * @param kept of the start and then of each token before, [1 + 3]
   */
  private static double[] chain(double power, int[][] kept) {
    double[][] rows = {{0.5, 0.3, 0.2}, {0.7, 0.2, 0.1}, {0.1, 0.6, 0.3}, {0.3, 0, 0.7}};
    for (int r = 0; r < 4; r++) {
      double[] row = new double[3];
      for (int token : kept[r]) {
        row[token] = Math.pow(rows[r][token], power);
      }
      double sum = Arrays.stream(row).sum();
      rows[r] = Arrays.stream(row).map(p -> p / sum).toArray();
    }
    double[] law = new double[81];
    for (int w = 0; w < 81; w++) {
      law[w] = rows[0][w / 27] * rows[1 + w / 27][w / 9 % 3];
      law[w] *= rows[1 + w / 9 % 3][w / 3 % 3] * rows[1 + w / 3 % 3][w % 3];
    }
    return law;
  }

  /**
   * Seed 5, rate 1e-4. At temperature 1.5 the two likeliest of (0.5, 0.3, 0.2)^(2/3), normalised
   * (0.444, 0.316, 0.241), have mass 0.759, the likeliest of the other rows at most 0.638: a
   * nucleus of 0.7 holds two tokens everywhere. Wrong twins: without the temperature, without the
   * nucleus, and cut before the temperature, where one token has the mass 0.7 already after 0 and
   * 2.
   */
  @Test
  void temperatureAndNucleusShapeEveryToken() {
    int[][] two = {{0, 1}, {0, 1}, {1, 2}, {0, 2}};
    int[][] all = {{0, 1, 2}, {0, 1, 2}, {0, 1, 2}, {0, 2}};
    int[][] early = {{0, 1}, {0}, {1, 2}, {2}};
    long[] counts = counts(run(task(Canvas.blank(4, HOLE), SAMPLES, 1.5, 0.7), 512));
    double right = ChiSquare.pValue(chain(2 / 3.0, two), counts);
    assertTrue(right > FALSE_ALARM, "p " + right);
    assertTrue(ChiSquare.pValue(chain(1, two), counts) < FALSE_ALARM);
    assertTrue(ChiSquare.pValue(chain(2 / 3.0, all), counts) < FALSE_ALARM);
    assertTrue(ChiSquare.pValue(chain(2 / 3.0, early), counts) < FALSE_ALARM);
  }

  /** Seed 5, rate 1e-4; the wrong twin keeps the prompt and does not look at it. */
  @Test
  void aPromptIsKeptAndConditionedOn() {
    double[] table = LAW.table();
    double[] conditioned = new double[81];
    double[] blind = new double[81];
    for (int w = 0; w < 81; w++) {
      conditioned[2 * 27 + 2 * 9 + w % 9] += w / 9 == 2 * 3 + 2 ? table[w] / (0.2 * 0.7) : 0;
      blind[2 * 27 + 2 * 9 + w % 9] += table[w];
    }
    Canvas prompt = Canvas.of(new int[] {2, 2, HOLE, HOLE}, HOLE);
    List<Sample> samples = run(task(prompt, SAMPLES, 1, 1), 512);
    assertTrue(ChiSquare.pValue(conditioned, counts(samples)) > FALSE_ALARM);
    assertTrue(ChiSquare.pValue(blind, counts(samples)) < FALSE_ALARM);
    assertEquals(2, samples.get(0).steps());
    assertEquals(2, samples.get(0).evaluations());
    assertTrue(samples.get(0).complete());
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "0.5, 1", "1, 0.6"})
  void theBatchChangesNothing(double temperature, double topP) {
    Task task = task(Canvas.blank(4, HOLE), 23, temperature, topP);
    List<Sample> together = run(task, 23);
    for (int batch : new int[] {1, 7}) {
      List<Sample> other = run(task, batch);
      for (int s = 0; s < 23; s++) {
        assertArrayEquals(together.get(s).tokens(), other.get(s).tokens());
      }
    }
  }

  /** Nothing outside the nucleus is drawn: from 0 only 0 has mass before it below 0.6. */
  @Test
  void theNucleusCuts() {
    Canvas prompt = Canvas.of(new int[] {0, HOLE, HOLE, HOLE}, HOLE);
    for (Sample sample : run(task(prompt, 50, 1, 0.6), 50)) {
      assertArrayEquals(new int[4], sample.tokens());
    }
  }

  @Test
  void theListenerSeesEveryTokenAndMayStop() {
    List<Integer> filled = new ArrayList<>();
    Task task = task(Canvas.blank(4, HOLE), 5, 1, 1);
    List<Sample> samples =
        new LeftToRightSampler(new ChainReader(LAW), 2)
            .run(
                task,
                event -> {
                  filled.add(10 * event.task() + event.filled()[0]);
                  return event.task() < 2 || event.step() < 1;
                });
    assertEquals(List.of(0, 10, 1, 11, 2, 12, 3, 13, 20, 30, 21, 31), filled);
    assertTrue(samples.get(1).complete());
    assertFalse(samples.get(2).complete());
    assertEquals(2, samples.get(2).evaluations());
    assertEquals(HOLE, samples.get(2).tokens()[2]);
    assertEquals(0, samples.get(4).evaluations());
  }

  @Test
  void refusesWhatItCannotFill() {
    Canvas middle = Canvas.of(new int[] {1, HOLE, 1, HOLE}, HOLE);
    assertEquals(
        "left to right, holes must be the last 2 of 4 tokens, got one at 1",
        Refusal.message(IllegalArgumentException.class, () -> task(middle, 1, 1, 1)));
    Task longer = task(Canvas.blank(5, HOLE), 1, 1, 1);
    assertEquals(
        "the sequence has 5 tokens, the model takes at most 4",
        Refusal.message(IllegalArgumentException.class, () -> run(longer, 1)));
    Refusal.message(IllegalArgumentException.class, () -> task(middle, 0, 1, 1));
    Refusal.message(
        IllegalArgumentException.class, () -> new LeftToRightSampler(new ChainReader(LAW), 0));
  }
}
