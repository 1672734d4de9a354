package io.github.dllm4j.engine.constrain;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.Map;
import java.util.regex.Pattern;

/** Whether a document satisfies a schema: the words of the standard, on the parsed tree. */
public final class SchemaCheck {
  private SchemaCheck() {}

  /** Checks a value against a schema whose references are to the root. */
  public static boolean valid(JsonNode root, JsonNode schema, JsonNode value) {
    if (schema.has("$ref")) {
      return valid(root, root.at(schema.get("$ref").asText().substring(1)), value);
    }
    boolean ok = !schema.has("anyOf");
    for (JsonNode option : schema.path("anyOf")) {
      ok |= valid(root, option, value);
    }
    ok &= !schema.has("enum") || contains(schema.get("enum"), value);
    ok &= !schema.has("const") || same(schema.get("const"), value);
    ok &= !schema.has("type") || typed(schema.get("type"), value);
    if (value.isTextual()) {
      ok &= text(schema, value.textValue());
    } else if (value.isNumber()) {
      ok &= number(schema, value);
    } else if (value.isArray()) {
      ok &= value.size() >= schema.path("minItems").asInt(0);
      ok &= value.size() <= schema.path("maxItems").asInt(Integer.MAX_VALUE);
      for (JsonNode item : value) {
        ok &= !schema.has("items") || valid(root, schema.get("items"), item);
      }
    } else if (value.isObject()) {
      ok &= object(root, schema, value);
    }
    return ok;
  }

  private static boolean contains(JsonNode values, JsonNode value) {
    for (JsonNode allowed : values) {
      if (same(allowed, value)) {
        return true;
      }
    }
    return false;
  }

  private static boolean same(JsonNode a, JsonNode b) {
    return (a.isNumber() && b.isNumber())
        ? a.decimalValue().compareTo(b.decimalValue()) == 0
        : a.equals(b);
  }

  private static boolean typed(JsonNode types, JsonNode value) {
    if (types.isTextual()) {
      return switch (types.textValue()) {
        case "string" -> value.isTextual();
        case "boolean" -> value.isBoolean();
        case "null" -> value.isNull();
        case "object" -> value.isObject();
        case "array" -> value.isArray();
        case "number" -> value.isNumber();
        case "integer" ->
            value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
        default -> false;
      };
    }
    for (JsonNode type : types) {
      if (typed(type, value)) {
        return true;
      }
    }
    return false;
  }

  private static boolean text(JsonNode schema, String text) {
    int length = text.codePointCount(0, text.length());
    return length >= schema.path("minLength").asInt(0)
        && length <= schema.path("maxLength").asInt(Integer.MAX_VALUE)
        && (!schema.has("pattern")
            || Pattern.compile(schema.get("pattern").textValue()).matcher(text).find());
  }

  private static boolean number(JsonNode schema, JsonNode value) {
    return compare(schema, "minimum", value, 1) >= 0
        && compare(schema, "maximum", value, -1) <= 0
        && compare(schema, "exclusiveMinimum", value, 1) > 0
        && compare(schema, "exclusiveMaximum", value, -1) < 0;
  }

  private static int compare(JsonNode schema, String bound, JsonNode value, int otherwise) {
    return schema.has(bound)
        ? value.decimalValue().compareTo(schema.get(bound).decimalValue())
        : otherwise;
  }

  private static boolean object(JsonNode root, JsonNode schema, JsonNode value) {
    for (JsonNode name : schema.path("required")) {
      if (!value.has(name.asText())) {
        return false;
      }
    }
    Iterator<Map.Entry<String, JsonNode>> members = value.properties().iterator();
    while (members.hasNext()) {
      Map.Entry<String, JsonNode> member = members.next();
      JsonNode property = schema.path("properties").path(member.getKey());
      // Additional ones are allowed by the standard unless the schema says no.
      if (property.isMissingNode()
          ? !schema.path("additionalProperties").asBoolean(true)
          : !valid(root, property, member.getValue())) {
        return false;
      }
    }
    return true;
  }
}
