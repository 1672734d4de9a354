package io.github.dllm4j.engine.constrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.sample.Canvas;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Layers that are computed again are those that were forgotten, and few are held at a time. */
class BackwardTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 100, 1024, 1000})
  void layersAreTheSameWhetherAllAreKeptOrFew(int places) {
    Backward.Step<List<Integer>> step = (place, after) -> List.of(place, 31 * after.get(1) + place);
    Backward<List<Integer>> all = new Backward<>(places, 1, List.of(places, 1), step);
    Backward<List<Integer>> few = new Backward<>(places, 1 << 23, List.of(places, 1), step);
    assertEquals(places + 1, all.size());
    int most = 2 * (int) Math.ceil(Math.sqrt(places)) + 1;
    for (int place = 0; place <= places; place++) {
      assertEquals(all.at(place), few.at(place));
      assertTrue(few.size() <= most, few.size() + " of " + places);
    }
  }

  /** 4,096 places and 18,000 states: 1.2 GB of numbers if all were held. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aLongTextOfManyStatesFits(boolean greedy) {
    List<byte[]> bytes = IntStream.range(0, 256).mapToObj(b -> new byte[] {(byte) b}).toList();
    SpeltTokenizer tokenizer = SpeltTokenizer.of(2, bytes);
    Constraint drawn =
        Constraint.jsonSchema(
            "{\"type\":\"object\",\"properties\":{\"summary\":"
                + "{\"type\":\"string\",\"maxLength\":2000}},\"required\":[\"summary\"]}");
    Constraint constraint = greedy ? drawn.greedy() : drawn;
    int mask = tokenizer.vocabulary().size() - 1;
    int places = 4096;
    int[] holes = IntStream.range(0, places).toArray();
    double[] law = new double[mask + 1];
    Arrays.fill(law, 0, mask, 1.0 / mask);
    double[][] laws = new double[places][];
    Arrays.fill(laws, law);
    double[] uniforms = new double[places];
    Arrays.fill(uniforms, 0.5);
    int[] tokens = new int[places];
    Arrays.fill(tokens, mask);
    TokenAutomaton automaton = new TokenAutomaton(constraint, tokenizer, mask + 1);
    int[] text = automaton.on(Canvas.blank(places, mask)).draw(tokens, holes, laws, 1, 1, uniforms);
    int end = tokenizer.vocabulary().end().orElseThrow();
    int length = IntStream.range(0, places).filter(i -> text[i] == end).findFirst().orElse(places);
    assertTrue(constraint.accepts(tokenizer.decode(Arrays.copyOf(text, length))));
  }

  /** What is drawn does not depend on how many layers are kept at once. */
  @Test
  void drawsAreThoseOfAllLayers() {
    SpeltTokenizer tokenizer = SpeltTokenizer.of(1, "a", "b", "c");
    // 900 states times 6,000 places are more than is kept, times 900 they are not.
    Constraint constraint = Constraint.regex("(a|b){100,800}c{0,90}");
    int mask = 4;
    TokenAutomaton automaton = new TokenAutomaton(constraint, tokenizer, mask + 1);
    int[] reference = drawn(automaton, 900, mask);
    int[] longer = drawn(automaton, 6000, mask);
    assertArrayEquals(reference, Arrays.copyOf(longer, 900));
  }

  private static int[] drawn(TokenAutomaton automaton, int places, int mask) {
    double[][] laws = new double[places][];
    Arrays.setAll(laws, i -> new double[] {0.3, 0.2 + i % 7 * 0.01, 0.3, 0.2 - i % 7 * 0.01, 0});
    double[] uniforms = new double[places];
    Arrays.setAll(uniforms, i -> (i * 0.618) % 1);
    int[] tokens = new int[places];
    Arrays.fill(tokens, mask);
    int[] holes = IntStream.range(0, places).toArray();
    return automaton.on(Canvas.blank(places, mask)).draw(tokens, holes, laws, 1, 1, uniforms);
  }
}
