package io.github.dllm4j.engine.constrain;

import java.util.List;
import java.util.Random;

/** Schemas at random: good, senseless, contradictory, recursive and huge. */
final class RandomSchemas {
  private static final List<String> TYPES =
      List.of("string", "number", "integer", "boolean", "null", "object", "array");

  private static final List<String> NUMBERS =
      List.of(
          "0",
          "1",
          "3",
          "-1",
          "12",
          "0.25",
          "-2.5",
          "1e3",
          "1e15",
          "1e30",
          "-1e30",
          "1e999999999",
          "-1e999999999",
          "1e-999999999",
          "-1e-999999999",
          "2147483647",
          "4294967296",
          "null",
          "\"7\"",
          "true",
          "[]");

  private static final List<String> PATTERNS =
      List.of(
          "^[a-z]+$",
          "a?b",
          "[0-9]{2,4}",
          "^(x|yy)*$",
          "(a|b)*a(a|b){3}",
          "a{0,10000}",
          "(a{0,100}){0,100}",
          "(a|b)*a(a|b){30}",
          "(",
          "\\\\d+",
          "(?=a)",
          "\\\\p{L}",
          "[^\\\"]",
          "a\\nb[",
          "\\u00e9{2}",
          "[\\\\u0000-\\\\uffff]{3}",
          "$",
          "",
          ".*");

  private static final List<String> VALUES =
      List.of("1", "\"a\"", "null", "true", "[1,{}]", "{\"k\":2.50}", "1e400", "\"\\u0007\"", "-0");

  private final Random random;

  RandomSchemas(long seed) {
    random = new Random(seed);
  }

  /** The next one; what it refers to is there. */
  String next() {
    String schema = schema(0);
    return schema.endsWith("}")
        ? schema.substring(0, schema.length() - 1)
            + (schema.equals("{}") ? "" : ",")
            + "\"$defs\":{\"a\":"
            + schema(2)
            + ",\"b\":"
            + schema(2)
            + "}}"
        : schema;
  }

  private String one(List<String> all) {
    return all.get(random.nextInt(all.size()));
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  private String schema(int depth) {
    int kind = random.nextInt(depth > 3 ? 60 : 100);
    if (kind < 2) {
      return one(List.of("{}", "3", "true", "[]", "{\"type\":\"date\"}", "{\"oneOf\":[]}"));
    } else if (kind < 55) {
      return typed(chance(85) ? one(TYPES.subList(0, 5)) : one(TYPES), depth);
    } else if (kind < 60) {
      return "{\"enum\":[" + one(VALUES) + "," + one(VALUES) + "," + one(VALUES) + "]}";
    } else if (kind < 65) {
      return "{\"$ref\":\"#/$defs/" + one(List.of("a", "b", "b", "c")) + "\"}";
    } else if (kind < 70) {
      return "{\"anyOf\":[" + schema(depth + 1) + "," + schema(depth + 1) + "]}";
    }
    return typed(one(List.of("object", "array", "object")), depth);
  }

  private String typed(String type, int depth) {
    StringBuilder schema = new StringBuilder("{\"type\":\"" + type + "\"");
    switch (type) {
      case "string" -> {
        add(schema, "minLength", 25, one(List.of("0", "1", "2", "5", "900000")));
        add(schema, "maxLength", 60, one(List.of("0", "3", "8", "40", one(NUMBERS))));
        add(schema, "pattern", 30, "\"" + one(PATTERNS) + "\"");
      }
      case "number", "integer" -> {
        for (String name : List.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")) {
          add(schema, name, 30, one(NUMBERS.subList(0, chance(90) ? 17 : NUMBERS.size())));
        }
      }
      case "array" -> {
        add(schema, "items", 97, schema(depth + 1));
        add(schema, "minItems", 20, one(List.of("0", "1", "2", "1000000")));
        add(schema, "maxItems", 50, one(List.of("0", "1", "3", one(NUMBERS))));
      }
      case "object" -> {
        StringBuilder properties = new StringBuilder("{");
        int count = random.nextInt(4);
        for (int i = 0; i < count; i++) {
          properties.append(i == 0 ? "" : ",").append("\"p").append(i).append("\":");
          properties.append(schema(depth + 1));
        }
        add(schema, "properties", 95, properties.append("}").toString());
        add(schema, "required", 40, one(List.of("[]", "[\"p0\"]", "[\"p1\",\"p0\"]", "[7]")));
        add(schema, "additionalProperties", 20, one(List.of("false", "true", "{}")));
      }
      default -> add(schema, "const", 2, "1");
    }
    add(schema, "title", 5, "\"t\"");
    add(schema, "format", 2, "\"date\"");
    return schema.append("}").toString();
  }

  private void add(StringBuilder schema, String name, int percent, String value) {
    if (chance(percent)) {
      schema.append(",\"").append(name).append("\":").append(value);
    }
  }
}
