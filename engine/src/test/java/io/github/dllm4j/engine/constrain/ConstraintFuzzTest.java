package io.github.dllm4j.engine.constrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.JointDraw;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingTask;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.StepListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;

/**
 * Schemas at random are refused in one line, or every output is valid by a check that knows nothing
 * of automata. What is hostile is refused soon.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class ConstraintFuzzTest {
  private static final int HOLES = 48;
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  /** Every byte, some words, then end and pad. */
  private static final SpeltTokenizer TOKENIZER = SpeltTokenizer.of(2, tokens());

  private static List<byte[]> tokens() {
    List<byte[]> tokens = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      tokens.add(new byte[] {(byte) b});
    }
    for (String word : List.of("{\"p", "\":", "true", "null", "12", "\"}", "],[", "ab", "-0.")) {
      tokens.add(word.getBytes(StandardCharsets.UTF_8));
    }
    return tokens;
  }

  private static List<String> outputs(Constraint constraint, int seed) {
    int mask = TOKENIZER.vocabulary().size() - 1;
    Canvas canvas = Canvas.blank(HOLES, mask);
    JointDraw draw = new TokenAutomaton(constraint, TOKENIZER, mask + 1).on(canvas);
    List<SamplingTask> tasks = new ArrayList<>();
    for (int steps = 1; steps <= 3; steps++) {
      SizePlan plan = SizePlan.balanced(HOLES, steps);
      tasks.add(new SamplingTask(canvas, plan, seed, steps, 1, 1).withTogether(draw));
    }
    List<String> texts = new ArrayList<>();
    for (Sample sample :
        new Sampler(new RandomLaws(mask + 1, 0.2), 4).run(tasks, StepListener.NONE)) {
      assertTrue(sample.complete());
      texts.add(TOKENIZER.decode(sample.tokens()));
    }
    return texts;
  }

  private static boolean valid(String schema, String text) {
    try {
      JsonNode root = JSON.readTree(schema);
      return SchemaCheck.valid(root, root, JSON.readTree(text));
    } catch (IOException e) {
      return false;
    }
  }

  private static void fuzz(int count, TestReporter reporter) {
    RandomSchemas schemas = new RandomSchemas(0);
    int refused = 0;
    int unfit = 0;
    int valid = 0;
    int foreign = 0; // outputs of one schema that are valid by the one before
    String before = "{\"const\":\"nothing\"}";
    long slowest = 0;
    for (int i = 0; i < count; i++) {
      String schema = schemas.next();
      long begin = System.nanoTime();
      try {
        Constraint constraint = Constraint.jsonSchema(schema);
        slowest = Math.max(slowest, System.nanoTime() - begin);
        for (String text : outputs(constraint, i)) {
          assertTrue(valid(schema, text), () -> text + " by " + schema);
          valid++;
          foreign += valid(before, text) ? 1 : 0;
        }
        before = schema;
      } catch (IllegalArgumentException e) {
        String message = String.valueOf(e.getMessage());
        assertEquals(1, message.lines().count(), message);
        if (message.startsWith("the constraint needs") || message.startsWith("no text")) {
          unfit++;
        } else {
          refused++;
        }
        slowest = Math.max(slowest, System.nanoTime() - begin);
      }
    }
    assertTrue(valid > count && refused > count / 10 && unfit < count / 2, valid + " " + refused);
    assertTrue(foreign < valid / 2, "the check takes anything: " + foreign);
    Golden.say(
        reporter,
        "schemas",
        String.format(
            Locale.ROOT,
            "%d: %d refused, %d too long for %d holes, %d outputs valid (%d by the one before too),"
                + " slowest %.1f s",
            count,
            refused,
            unfit,
            HOLES,
            valid,
            foreign,
            slowest * 1e-9));
  }

  @Test
  void someSchemas(TestReporter reporter) {
    fuzz(300, reporter);
  }

  @Test
  @Tag("slow")
  void manySchemas(TestReporter reporter) {
    fuzz(10_000, reporter);
  }

  /** Each takes seconds at most; without limits each would take hours, or all memory. */
  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void whatIsHostileIsRefusedSoon() {
    StringBuilder doubling = new StringBuilder("{\"$ref\":\"#/$defs/a0\",\"$defs\":{");
    for (int i = 0; i < 11; i++) {
      String next = "{\"$ref\":\"#/$defs/a" + (i + 1) + "\"}";
      doubling.append("\"a" + i + "\":{\"type\":\"object\",\"properties\":{");
      for (int p = 0; p < 8; p++) {
        doubling.append("\"p" + p + "\":" + next + ",");
      }
      doubling.append("\"q\":" + next + "}},");
    }
    doubling.append("\"a11\":{\"type\":\"null\"}}}");
    for (String schema :
        List.of(
            doubling.toString(),
            "{\"type\":\"string\",\"pattern\":\"(a|b)*a(a|b){30}\"}",
            "{\"type\":\"string\",\"pattern\":\"((a{0,100}){0,100}){0,100}\"}",
            "{\"type\":\"string\",\"pattern\":\".*a.{0,9999}b.{0,9999}\"}",
            "{\"type\":\"array\",\"minItems\":2147483647,\"items\":{\"type\":\"number\"}}")) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> Constraint.jsonSchema(schema));
      assertTrue(String.valueOf(e.getMessage()).contains("too large"), e.getMessage());
    }
    IllegalArgumentException parts =
        assertThrows(
            IllegalArgumentException.class, () -> Constraint.jsonSchema(doubling.toString()));
    assertTrue(String.valueOf(parts.getMessage()).contains("got 10,001"), parts.getMessage());
    Constraint tiny =
        Constraint.jsonSchema(
            "{\"type\":\"integer\",\"exclusiveMinimum\":-1e-999999999,\"maximum\":1e-999999999}");
    assertTrue(tiny.accepts("0") && !tiny.accepts("1") && !tiny.accepts("-1"));
    StringBuilder set = new StringBuilder("[");
    for (int c = 0x4000; c < 0xD000; c += 2) {
      set.append((char) c);
    }
    assertTrue(Constraint.regex(set.append("]") + "").accepts("\u4002"));
    assertTrue(!Constraint.regex(set.toString()).accepts("\u4001"));
  }

  /** Members, as many as said, of a value in a schema that defines s. */
  private static String object(int members, String value, String defined) {
    StringBuilder schema = new StringBuilder("{\"$defs\":{\"s\":" + defined + "},");
    schema.append("\"type\":\"object\",\"properties\":{");
    for (int i = 0; i < members; i++) {
      schema.append(i > 0 ? "," : "").append("\"p" + i + "\":" + value.replace("#N", "" + i));
    }
    return schema.append("}}").toString();
  }

  private static String size(String schema) {
    try {
      return Constraint.jsonSchema(schema).dfa().states() + " states";
    } catch (IllegalArgumentException e) {
      assertEquals(1, String.valueOf(e.getMessage()).lines().count());
      return String.valueOf(e.getMessage());
    }
  }

  /**
   * Small texts that ask for much: what is the same is made once, and what is not is counted over
   * the whole constraint. Each took from ten seconds to minutes, or all memory.
   */
  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void muchFromLittleIsBounded() {
    String reference = "{\"$ref\":\"#/$defs/s\"}";
    String none = "{\"type\":\"null\"}";
    String long1 = "{\"type\":\"string\",\"pattern\":\"" + "a".repeat(100_000) + "\"}";
    String counted = "{\"type\":\"string\",\"pattern\":\"^[a-z]{0,1900}$\",\"maxLength\":1890}";
    assertTrue(size(object(300, none, none)).endsWith(" states"));
    assertTrue(size(object(3_200, none, none)).contains("too large"));
    assertTrue(size(object(9_000, "{\"type\":\"number\"}", none)).contains("too large"));
    assertTrue(size(object(80, reference, long1)).contains("too large"));
    assertTrue(size(object(160, reference, counted)).contains("too large"));
    String other = counted.replace("1890", "18#N").replace("a-z", "a-z#N");
    assertTrue(size(object(99, other, none)).contains("too large"));
  }

  @Test
  void theBudgetIsThatOfAllTools() {
    List<Tool> tools = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      tools.add(new Tool("f" + i, object(200, "{\"type\":\"null\"}", "{}")));
    }
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Constraint.toolCall(tools));
    assertTrue(String.valueOf(e.getMessage()).contains("at most 10,000 parts"), e.getMessage());
  }

  /** What is referred to again is as deep and as large as the first time. */
  @Test
  void referencesCountWhereTheyStand() {
    StringBuilder chain = new StringBuilder("{\"$defs\":{\"d0\":{\"type\":\"null\"}");
    StringBuilder uses = new StringBuilder("\"p0\":{\"$ref\":\"#/$defs/d0\"}");
    for (int i = 1; i < 30; i++) {
      chain.append(",\"d" + i + "\":{\"$ref\":\"#/$defs/d" + (i - 1) + "\"}");
      uses.append(",\"p" + i + "\":{\"$ref\":\"#/$defs/d" + i + "\"}");
      String schema = chain + "},\"type\":\"object\",\"properties\":{" + uses + "}}";
      String size = size(schema);
      assertEquals(i <= 22, size.endsWith(" states"), size); // d22 is 24 below the root
    }
  }

  @Test
  void makingATokenAutomatonCanBeEnded() {
    Constraint constraint = Constraint.regex("[a-z]{0,9000}");
    int[] states = {0};
    assertThrows(
        CancellationException.class,
        () ->
            new TokenAutomaton(
                constraint,
                TOKENIZER,
                TOKENIZER.vocabulary().size(),
                () -> {
                  if (++states[0] == 10) {
                    throw new CancellationException();
                  }
                }));
    assertEquals(10, states[0]);
  }
}
