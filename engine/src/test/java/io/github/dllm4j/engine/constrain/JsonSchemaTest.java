package io.github.dllm4j.engine.constrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.train.Refusal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Schemas accept compact JSON that an independent check finds valid, and nothing else. */
class JsonSchemaTest {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  static List<String> schemas() {
    return List.of(
        "{'type':'string'}",
        "{'type':'string','minLength':2,'maxLength':3}",
        "{'type':'string','pattern':'^[a-c\\\\\\\\\\'\\\\n]+$'}",
        "{'type':'string','pattern':'ab?c','maxLength':6}",
        "{'type':'integer','minimum':-12,'maximum':345}",
        "{'type':'integer','exclusiveMinimum':-3,'exclusiveMaximum':3}",
        "{'type':'number','minimum':-0.25,'exclusiveMaximum':12.5}",
        "{'type':'number'}",
        "{'type':['boolean','null','integer']}",
        "{'enum':['a',1,1.5,null,true,[1,2],{'b':'\\u00e9\\\\n'}]}",
        "{'enum':['a',1,2.0,2.5],'type':'integer'}",
        "{'const':{'x':[]}}",
        "{'type':'array','items':{'type':'boolean'},'minItems':1,'maxItems':3}",
        "{'type':'array','items':{'type':'array','items':{'const':1}}}",
        "{'type':'object','properties':{'a':{'type':'integer'},'b':{'type':'string'},"
            + "'c':{'type':'boolean'}},'required':['b'],'additionalProperties':false}",
        "{'type':'object','properties':{'a':{'type':'null'},'b':{'type':'null'}}}",
        "{'type':'object'}",
        "{'anyOf':[{'type':'integer'},{'type':'object','properties':{'n':{'$ref':'#/$defs/s'}},"
            + "'required':['n']}],'$defs':{'s':{'type':'string','maxLength':4}}}");
  }

  private static String schema(String quoted) {
    return quoted.replace("\\'", "\u0001").replace('\'', '"').replace("\u0001", "\\\"");
  }

  /** A random accepted text: a walk that prefers to end. */
  private static String walk(Dfa dfa, int sample) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int state = 0;
    for (int step = 0; step < 400; step++) {
      double uniform = KeyedRandom.uniform(1, sample, step, 0, Purpose.OTHER);
      List<Integer> possible = new ArrayList<>();
      for (int b = 0; b < 256; b++) {
        if (dfa.next(state, b) >= 0) {
          possible.add(b);
        }
      }
      if (dfa.accepts(state) && (possible.isEmpty() || uniform < 0.3)) {
        break;
      }
      // Bytes that lead elsewhere, or loops would take up the whole walk.
      int from = state;
      List<Integer> away = possible.stream().filter(b -> dfa.next(from, b) != from).toList();
      List<Integer> among = step % 3 > 0 && !away.isEmpty() ? away : possible;
      double which = KeyedRandom.uniform(1, sample, step, 1, Purpose.OTHER);
      int chosen = among.get((int) (which * among.size()));
      bytes.write(chosen);
      state = dfa.next(state, chosen);
    }
    return dfa.accepts(state) ? bytes.toString(StandardCharsets.UTF_8) : "";
  }

  @ParameterizedTest
  @MethodSource("schemas")
  void everyAcceptedTextIsAValidDocument(String quoted) throws IOException {
    String schema = schema(quoted);
    Constraint constraint = Constraint.jsonSchema(schema);
    JsonNode checked = JSON.readTree(schema);
    int walks = 0;
    int mutants = 0;
    for (int sample = 0; sample < 120; sample++) {
      String text = walk(constraint.dfa(), sample);
      if (text.isEmpty()) {
        continue;
      }
      walks++;
      assertTrue(SchemaCheck.valid(checked, checked, JSON.readTree(text)), text);
      assertTrue(constraint.accepts(text));
      for (int place = 0; place < Math.min(text.length(), 25); place++) {
        for (String instead : List.of("", "0", "9", "\"", ",", "a", "-", "\\")) {
          String mutant = text.substring(0, place) + instead + text.substring(place + 1);
          mutants += constraint.accepts(mutant) ? 1 : 0;
          assertTrue(!constraint.accepts(mutant) || valid(checked, mutant), mutant);
        }
      }
    }
    assertTrue(walks > 20, "only " + walks + " walks ended, " + mutants);
  }

  private static boolean valid(JsonNode schema, String text) {
    try {
      return SchemaCheck.valid(schema, schema, JSON.readTree(text));
    } catch (IOException e) {
      return false;
    }
  }

  /** Every number of few digits, against the bounds themselves. */
  @Test
  void numbersAreExactlyThoseWithinTheirBounds() {
    for (int sample = 0; sample < 60; sample++) {
      int decimals = sample % 3;
      int low = (int) (400 * KeyedRandom.uniform(2, sample, 0, 0, Purpose.OTHER)) - 200;
      int high = low + (int) (300 * KeyedRandom.uniform(2, sample, 0, 1, Purpose.OTHER));
      Dfa dfa =
          Dfa.of(
              DecimalRange.of(BigInteger.valueOf(low), BigInteger.valueOf(high), decimals),
              new Budget());
      for (int units = -1500; units <= 1500; units++) {
        BigDecimal number = BigDecimal.valueOf(units, decimals);
        for (int scale = 0; scale <= decimals + 1; scale++) {
          if (number.stripTrailingZeros().scale() > scale) {
            continue;
          }
          String text = number.setScale(scale).toPlainString();
          boolean inside = units >= low && units <= high && scale <= decimals;
          assertEquals(
              inside,
              dfa.accepts(text.getBytes(StandardCharsets.UTF_8)),
              text + " in " + low + ".." + high);
        }
      }
      for (String bad : List.of("-0", "-0.0", "00", "01", "1.", ".5", "+1", "", "-", "1e1")) {
        assertEquals(false, dfa.accepts(bad.getBytes(StandardCharsets.UTF_8)), bad);
      }
    }
  }

  /** Every choice of four members, and every text that is one byte away from one. */
  @Test
  void membersAreThoseThatMayAndMustBeThere() {
    for (int needed = 0; needed < 16; needed++) {
      StringBuilder schema = new StringBuilder("{'type':'object','properties':{");
      List<String> required = new ArrayList<>();
      for (int m = 0; m < 4; m++) {
        schema.append(m > 0 ? "," : "").append("'p" + m + "':{'type':'null'}");
        if ((needed >> m & 1) == 1) {
          required.add("'p" + m + "'");
        }
      }
      Constraint constraint =
          Constraint.jsonSchema(
              schema(schema + "},'required':[" + String.join(",", required) + "]}"));
      List<String> right = new ArrayList<>();
      for (int there = 0; there < 16; there++) {
        List<String> parts = new ArrayList<>();
        for (int m = 0; m < 4; m++) {
          if ((there >> m & 1) == 1) {
            parts.add("\"p" + m + "\":null");
          }
        }
        String text = "{" + String.join(",", parts) + "}";
        assertEquals((there & needed) == needed, constraint.accepts(text), text);
        if ((there & needed) == needed) {
          right.add(text);
        }
      }
      for (String text : right) {
        for (int i = 0; i <= text.length(); i++) {
          assertTrue(!constraint.accepts(text.substring(0, i) + "," + text.substring(i)));
          if (i < text.length()) {
            assertTrue(!constraint.accepts(text.substring(0, i) + text.substring(i + 1)));
          }
        }
      }
    }
  }

  /** Ordinary schemas: an automaton of a number has 52 states, and each member one copy of it. */
  @ParameterizedTest
  @CsvSource({"5, false", "40, false", "10, true", "100, true"})
  void manyNumbersAreNotTooLarge(int count, boolean required) {
    StringBuilder schema = new StringBuilder("{'type':'object','properties':{");
    List<String> names = new ArrayList<>();
    List<String> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      schema.append(i > 0 ? "," : "").append("'p" + i + "':{'type':'number'}");
      names.add("'p" + i + "'");
      values.add("\"p" + i + "\":" + (i - 7) + ".25");
    }
    String all = required ? ",'required':[" + String.join(",", names) + "]" : "";
    Constraint constraint = Constraint.jsonSchema(schema(schema + "}" + all + "}"));
    assertTrue(constraint.accepts("{" + String.join(",", values) + "}"));
    assertEquals(!required, constraint.accepts("{}"));
    assertEquals(!required, constraint.accepts("{\"p3\":0.5}"));
    assertTrue(!constraint.accepts("{\"p3\":0.5,\"p2\":1}"));
  }

  @Test
  void arraysOfNumbersAreNotTooLarge() {
    Constraint constraint =
        Constraint.jsonSchema(
            schema("{'type':'array','items':{'type':'number'},'minItems':2,'maxItems':200}"));
    assertTrue(constraint.accepts("[1,-2.5]") && !constraint.accepts("[1]"));
    assertTrue(constraint.accepts("[" + "0.125,".repeat(199) + "7]"));
    assertTrue(!constraint.accepts("[" + "0.125,".repeat(200) + "7]"));
  }

  @Test
  void extremeBoundsAreKept() {
    Constraint above =
        Constraint.jsonSchema(schema("{'type':'integer','minimum':999999999999998}"));
    assertTrue(above.accepts("999999999999999") && above.accepts("999999999999998"));
    assertTrue(!above.accepts("999999999999997") && !above.accepts("1000000000000000"));
    Constraint tiny =
        Constraint.jsonSchema(schema("{'type':'number','exclusiveMinimum':0,'maximum':0.0000015}"));
    assertTrue(tiny.accepts("0.000001") && !tiny.accepts("0") && !tiny.accepts("0.000002"));
    Constraint wide =
        Constraint.jsonSchema(schema("{'type':'integer','maximum':1e30,'minimum':0}"));
    assertTrue(wide.accepts("999999999999999") && wide.accepts("0") && !wide.accepts("-1"));
    for (String far : List.of("1e30", "1000000000000000")) {
      Constraint open =
          Constraint.jsonSchema(
              schema(
                  String.format(
                      Locale.ROOT,
                      "{'type':'integer','exclusiveMinimum':-%s,'exclusiveMaximum':%s}",
                      far,
                      far)));
      assertTrue(open.accepts("-999999999999999") && open.accepts("999999999999999"), far);
    }
    Constraint inner =
        Constraint.jsonSchema(schema("{'type':'integer','exclusiveMinimum':999999999999998}"));
    assertTrue(inner.accepts("999999999999999") && !inner.accepts("999999999999998"));
  }

  /** Without what the parser says of itself. */
  @Test
  void whatIsNoJsonIsSaidInPlainWords() {
    assertEquals(
        "schema is not JSON: Unexpected end-of-input: expected close marker for Object",
        Refusal.message(IllegalArgumentException.class, () -> Constraint.jsonSchema("{")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "3 | must be an object",
        "{ | is not JSON",
        "{} | needs a type",
        "{'type':'text'} | got 'text'",
        "{'type':[]} | empty list of types",
        "{'type':'string','format':'date'} | format",
        "{'type':'string','minimum':1} | minimum",
        "{'type':'string','minLength':-1} | minLength",
        "{'type':'string','minLength':3,'maxLength':2} | minLength 3 above maxLength 2",
        "{'type':'string','pattern':'(?=a)'} | schema.pattern",
        "{'type':'string','pattern':'^abc$','maxLength':2} | no text of its length",
        "{'type':'string','pattern':7} | must be a text",
        "{'type':'integer','minimum':0.2,'maximum':0.8} | no number",
        "{'type':'integer','minimum':1e16} | no number",
        "{'type':'integer','minimum':'1'} | must be a number",
        "{'type':'array'} | needs items",
        "{'type':'array','items':{'type':'null'},'minItems':3,'maxItems':2} | minItems 3",
        "{'type':'object','properties':3} | must be an object",
        "{'type':'object','required':['x']} | requires 'x'",
        "{'type':'object','required':'x'} | must be a list of names",
        "{'type':'object','properties':{'1':{'type':'null'}},'required':[1]} | must hold names",
        "{'type':'integer','exclusiveMinimum':999999999999999} | no number",
        "{'type':'integer','exclusiveMaximum':-1e30} | no number",
        "{'type':'object','additionalProperties':{}} | must be true or false",
        "{'type':'object','properties':{'p':{'type':'object','properties':{'q':{}}}}} | schema.p.q",
        "{'enum':[]} | lists no value",
        "{'enum':['a'],'type':'integer'} | lists no value",
        "{'enum':1} | list of values",
        "{'anyOf':[]} | list of schemas",
        "{'oneOf':[{'type':'null'}]} | has oneOf, which is not supported",
        "{'allOf':[{'type':'null'}]} | has allOf, which is not supported",
        "{'not':{}} | has not, which is not supported",
        "{'type':null} | must have names as its types, got null",
        "{'type':['string',null]} | must have names as its types, got null",
        "{'type':3} | must have names as its types, got 3",
        "{'enum':['null'],'type':null} | must have names as its types, got null",
        "{'type':'object','properties':{'a':{'$id':'http://x','type':'null'}}} | schema.a has $id",
        "{'anyOf':[{'$id':'#a','const':1}]} | schema.anyOf[0] has $id",
        "{'type':'integer','maximum':1e99999999999} | exponent is beyond",
        "{'type':'array','items':{'type':'null'},'minItems':2.5} | minItems",
        "{'type':'array','items':{'type':'null'},'minItems':1e99} | minItems",
        "{'type':'array','items':{'type':'null'},'minItems':2147483648} | minItems",
        "{'$ref':'#/$defs/a%zz'} | refers to",
        "{'$ref':'http://x'} | refers to",
        "{'type':'array','items':{'$ref':'#/items'}} | nested deeper"
      })
  void whatIsNotSupportedIsRefusedInOneLine(String quoted, String says) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Constraint.jsonSchema(schema(quoted)));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith("schema") && message.contains(says), message);
    assertEquals(1, message.lines().count());
  }

  @Test
  void whatIsWrittenOtherwiseIsTheSame() {
    Constraint spaced =
        Constraint.jsonSchema(
            schema(
                "{'$ref':'#/$defs/a%20b','$defs':{'a b':{'type':'array','items':{'$ref':"
                    + "'#/$defs/1+%25'},'minItems':2.0,'maxItems':2e0},'1+%':{'const':1.10}}}"));
    assertTrue(spaced.accepts("[1.10,1.10]") && !spaced.accepts("[1.10]"));
    Constraint percent =
        Constraint.jsonSchema(schema("{'$ref':'#/$defs/a%20b','$defs':{'a%20b':{'const':1}}}"));
    assertTrue(percent.accepts("1"));
    Constraint marked = Constraint.jsonSchema(schema("\uFEFF{'$id':'http://x','const':1}"));
    assertTrue(marked.accepts("1"));
    Constraint named =
        Constraint.jsonSchema(
            schema("{'type':'object','properties':{'$id':{'const':1}},'required':['$id']}"));
    assertTrue(named.accepts("{\"$id\":1}"));
  }

  /** What UTF-8 cannot write is refused, not left out. */
  @ParameterizedTest
  @ValueSource(strings = {"{'enum':['a','~uD800']}", "{'const':'~uDC00~uD800'}"})
  void halfCharactersAreRefused(String quoted) {
    String schema = schema(quoted.replace('~', '\\'));
    String why =
        Refusal.message(IllegalArgumentException.class, () -> Constraint.jsonSchema(schema));
    assertTrue(why.startsWith("half a character (surrogate) cannot be written"), why);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'type':'string'}",
        "{'type':['object','null']}",
        "{'anyOf':[{'type':'object'},{'const':3}]}",
        "{'enum':[{},[]]}"
      })
  void theArgumentsOfAToolAreAnObject(String quoted) {
    Tool good = new Tool("f");
    Tool bad = new Tool("g", schema(quoted));
    assertEquals(
        "arguments of g must be an object, got " + schema(quoted),
        Refusal.message(
            IllegalArgumentException.class, () -> Constraint.toolCall(List.of(good, bad))));
    Tool listed = new Tool("g", schema("{'anyOf':[{'type':'object'},{'const':{'a':1}}]}"));
    assertTrue(
        Constraint.toolCall(List.of(good, listed))
            .accepts("{\"name\":\"g\",\"arguments\":{\"a\":1}}"));
  }

  @Test
  void toolsHaveDifferentNames() {
    assertEquals(
        "tools must have different names, got two f",
        Refusal.message(
            IllegalArgumentException.class,
            () -> Constraint.toolCall(List.of(new Tool("f"), new Tool("g"), new Tool("f")))));
  }

  @Test
  void toolCallsNameTheirTool() {
    Constraint call =
        Constraint.toolCall(
            List.of(
                new Tool(
                    "add",
                    schema(
                        "{'type':'object','properties':{'x':{'type':'integer'}},'required':['x']}")),
                new Tool("st\"op", schema("{'type':'object'}"))));
    assertTrue(call.accepts("{\"name\":\"add\",\"arguments\":{\"x\":3}}"));
    assertTrue(call.accepts("{\"name\":\"st\\\"op\",\"arguments\":{}}"));
    assertTrue(!call.accepts("{\"name\":\"add\",\"arguments\":{}}"));
    assertThrows(IllegalArgumentException.class, () -> Constraint.toolCall(List.of()));
    assertThrows(IllegalArgumentException.class, () -> new Tool("", "{}"));
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> Constraint.toolCall(List.of(new Tool("f", "{}"))));
    assertTrue(String.valueOf(e.getMessage()).startsWith("arguments of f needs a type"));
  }
}
