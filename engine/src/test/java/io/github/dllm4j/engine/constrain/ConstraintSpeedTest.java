package io.github.dllm4j.engine.constrain;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.JointDraw;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * What a step costs with 50,000 tokens, CPU time of one thread: the bundled tokenizer's, and pairs
 * of them. Prints figures and asserts none; docs/constraints.md quotes them with the machine.
 */
@Tag("slow")
class ConstraintSpeedTest {
  private static final int TOKENS = 50_000;
  private static final int HOLES = 64;

  private static SpeltTokenizer vocabulary() throws IOException {
    List<byte[]> tokens = new ArrayList<>();
    try (Tokenizer bundled = TokenAutomatonTest.bundled()) {
      for (int id = 0; id < bundled.vocabulary().size(); id++) {
        if (bundled.bytes(id).length > 0) {
          tokens.add(bundled.bytes(id));
        }
      }
    }
    int own = tokens.size();
    for (int i = 0; tokens.size() < TOKENS; i++) {
      byte[] first = tokens.get((int) (own * KeyedRandom.uniform(3, i, 0, 0, Purpose.OTHER)));
      byte[] second = tokens.get((int) (own * KeyedRandom.uniform(3, i, 1, 0, Purpose.OTHER)));
      byte[] both = Arrays.copyOf(first, first.length + second.length);
      System.arraycopy(second, 0, both, first.length, second.length);
      tokens.add(both);
    }
    return SpeltTokenizer.of(2, tokens);
  }

  private static Map<String, Constraint> constraints() {
    Map<String, Constraint> constraints = new TreeMap<>();
    constraints.put("choices", Constraint.choices(List.of("yes", "no", "it cannot be said")));
    constraints.put("date", Constraint.regex("\\d{4}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])"));
    constraints.put("sentence", Constraint.regex("[A-Z][a-z]*( [a-z]+)*\\."));
    constraints.put(
        "string of 100", Constraint.jsonSchema("{\"type\":\"string\",\"maxLength\":100}"));
    constraints.put("tool call", Constraint.toolCall(Tools.TOOLS));
    return constraints;
  }

  @Test
  void aStepTakesMilliseconds(TestReporter reporter) throws IOException {
    SpeltTokenizer tokenizer = vocabulary();
    int width = tokenizer.vocabulary().size();
    int mask = width - 1;
    double[][] laws = new double[HOLES][];
    for (int i = 0; i < HOLES; i++) {
      double[] law = new double[width];
      for (int v = 0; v < mask; v++) {
        law[v] = Math.pow(KeyedRandom.uniform(4, i, v, 0, Purpose.OTHER), 8);
      }
      double total = Arrays.stream(law).sum();
      laws[i] = Arrays.stream(law).map(p -> p / total).toArray();
    }
    int[] tokens = Canvas.blank(HOLES, mask).tokens();
    int[] holes = IntStream.range(0, HOLES).toArray();
    for (Map.Entry<String, Constraint> entry : constraints().entrySet()) {
      long begin = cpu();
      TokenAutomaton automaton = new TokenAutomaton(entry.getValue(), tokenizer, width);
      double compiled = (cpu() - begin) * 1e-6;
      Canvas canvas = Canvas.of(tokens, mask);
      double[] drawing = times(automaton.on(canvas), tokens, holes, laws);
      double[] greedy =
          times(
              new TokenAutomaton(entry.getValue().greedy(), tokenizer, width).on(canvas),
              tokens,
              holes,
              laws);
      Golden.say(
          reporter,
          entry.getKey(),
          String.format(
              Locale.ROOT,
              "%d states, %d blocks, automaton %.0f ms; step of %d holes, %d ids: drawn %.1f ms,"
                  + " most probable %.1f ms (medians of 9)",
              automaton.states(),
              automaton.blockCount(),
              compiled,
              HOLES,
              width,
              drawing[4],
              greedy[4]));
    }
  }

  /** Nanoseconds of this thread, so that other work on the machine counts for nothing. */
  private static long cpu() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  /** Milliseconds of nine draws, ascending, after some that warm up. */
  private static double[] times(JointDraw draw, int[] tokens, int[] holes, double[][] laws) {
    double[] uniforms = new double[HOLES];
    double[] times = new double[9];
    for (int round = -3; round < times.length; round++) {
      Arrays.fill(uniforms, (round + 3.5) / 12);
      long begin = cpu();
      int[] drawn = draw.draw(tokens, holes, laws, 1, 1, uniforms);
      assertTrue(drawn.length == HOLES);
      times[Math.max(0, round)] = (cpu() - begin) * 1e-6;
    }
    Arrays.sort(times);
    return times;
  }
}
