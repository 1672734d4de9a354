package io.github.dllm4j.engine.constrain;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.dllm4j.engine.constrain.Expression.Choice;
import io.github.dllm4j.engine.constrain.Expression.Member;
import io.github.dllm4j.engine.constrain.Expression.Members;
import io.github.dllm4j.engine.constrain.Expression.Repeat;
import io.github.dllm4j.tokenizer.JsonErrors;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The documents that a schema allows, as a regular expression: compact JSON without white space,
 * properties in the order of the schema, no others. Regular because nesting is bounded: by the
 * schema itself, and by a limit where it refers to its own parts. The keywords are listed in
 * docs/constraints.md; any other is refused.
 */
final class JsonSchema {
  private static final int DEEPEST = 24;
  private static final int DECIMALS = 6;
  private static final BigDecimal LARGEST = BigDecimal.TEN.pow(15).subtract(BigDecimal.ONE);

  private static final Set<String> ANNOTATIONS =
      Set.of(
          "$schema",
          "$id",
          "$comment",
          "$defs",
          "definitions",
          "title",
          "description",
          "default",
          "examples",
          "deprecated");

  private static final List<String> TYPES =
      List.of("string", "number", "integer", "boolean", "null", "object", "array");

  private final JsonNode root;
  private final Budget budget;
  private final IdentityHashMap<JsonNode, Part> referred = new IdentityHashMap<>();
  private int deepest; // nesting within the reference that is followed, or the root

  /**
   * What is referred to.
   *
   * @param height how deep it is nested
   * @param parts that it has, references written out
   */
  private record Part(Expression expression, int height, int parts) {}

  private JsonSchema(JsonNode root, Budget budget) {
    this.root = root;
    this.budget = budget;
  }

  /**
   * Reads a schema.
   *
   * @param what it is called in messages
   * @throws IllegalArgumentException in one line, with the place, if it is no supported schema
   */
  static Expression parse(String what, String schema, Budget budget) {
    JsonNode root = tree(what, schema);
    return new JsonSchema(root, budget).value(root, what, 0);
  }

  /** A document, its numbers with all their digits. */
  static JsonNode tree(String what, String json) {
    try {
      return ExactJson.MAPPER.readTree(json.startsWith("\uFEFF") ? json.substring(1) : json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(what + " is not JSON: " + JsonErrors.reason(e), e);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          what + " has a number whose exponent is beyond what can be read, 2147483647", e);
    }
  }

  /** A value as compact JSON. */
  static String compact(JsonNode value) {
    try {
      return ExactJson.MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("no JSON value: " + value, e);
    }
  }

  /** A text as a JSON string. */
  static String quoted(String text) {
    return compact(ExactJson.MAPPER.getNodeFactory().textNode(text));
  }

  private Expression value(JsonNode schema, String at, int depth) {
    if (!schema.isObject()) {
      throw bad(at, "must be an object with a type, enum, const, anyOf or $ref");
    }
    checkDepth(depth, at);
    budget.parts(1, at);
    if (depth > 0 && schema.has("$id")) {
      throw bad(at, "has $id, which may only stand at the root");
    }
    if (schema.has("$ref")) {
      only(schema, at, Set.of("$ref"));
      return reference(schema.get("$ref"), at, depth);
    }
    if (schema.has("anyOf")) {
      only(schema, at, Set.of("anyOf"));
      return anyOf(schema.get("anyOf"), at + ".anyOf", depth);
    }
    if (schema.has("enum") || schema.has("const")) {
      only(schema, at, Set.of("enum", "const", "type"));
      return listed(schema, at);
    }
    List<String> types = schema.has("type") ? types(schema, at) : TYPES;
    Set<String> allowed = new HashSet<>(Set.of("type"));
    types.forEach(type -> allowed.addAll(keywords(type, at)));
    only(schema, at, allowed);
    if (!schema.has("type")) {
      throw bad(at, "needs a type, enum, const, anyOf or $ref");
    }
    return new Choice(types.stream().map(type -> typed(type, schema, at, depth)).toList());
  }

  private static void only(JsonNode schema, String at, Set<String> allowed) {
    schema
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!allowed.contains(name) && !ANNOTATIONS.contains(name)) {
                throw bad(at, "has " + name + ", which is not supported here");
              }
            });
  }

  private void checkDepth(int depth, String at) {
    if (depth > DEEPEST) {
      throw bad(at, "is nested deeper than " + DEEPEST + ": a schema must not contain itself");
    }
    deepest = Math.max(deepest, depth);
  }

  private Expression reference(JsonNode reference, String at, int depth) {
    String pointer = reference.asText();
    JsonNode target = target(pointer);
    if (target.isMissingNode()) {
      throw bad(at, "refers to " + pointer + ", which is no part of it such as #/$defs/name");
    }
    Part known = referred.get(target);
    if (known != null) {
      checkDepth(depth + 1 + known.height, at);
      budget.parts(known.parts, at);
      return known.expression;
    }
    int outside = deepest;
    int before = budget.parts();
    deepest = depth + 1;
    Expression expression = value(target, at, depth + 1);
    referred.put(target, new Part(expression, deepest - depth - 1, budget.parts() - before));
    deepest = Math.max(outside, deepest);
    return expression;
  }

  /** What a pointer points to, written as it is or with its characters as percents. */
  private JsonNode target(String pointer) {
    if (!pointer.startsWith("#/")) {
      return MissingNode.getInstance();
    }
    JsonNode target = root.at(pointer.substring(1));
    if (!target.isMissingNode() || !pointer.contains("%")) {
      return target;
    }
    try {
      String plus = pointer.substring(1).replace("+", "%2B"); // which stands for no space here
      return root.at(URLDecoder.decode(plus, StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      return target;
    }
  }

  private Expression anyOf(JsonNode schemas, String at, int depth) {
    if (!schemas.isArray() || schemas.isEmpty()) {
      throw bad(at, "must be a list of schemas");
    }
    List<Expression> options = new ArrayList<>();
    for (JsonNode schema : schemas) {
      options.add(value(schema, at + "[" + options.size() + "]", depth + 1));
    }
    return new Choice(options);
  }

  /** Values given one by one; of those, the ones of the type. */
  private Expression listed(JsonNode schema, String at) {
    if (schema.has("enum") && (schema.has("const") || !schema.get("enum").isArray())) {
      throw bad(at, "must have a list of values as enum, or a const, not both");
    }
    List<Expression> options = new ArrayList<>();
    List<String> types = schema.has("type") ? types(schema, at) : List.of();
    for (JsonNode value : schema.has("enum") ? schema.get("enum") : List.of(schema.get("const"))) {
      if (types.isEmpty() || types.stream().anyMatch(type -> is(value, type))) {
        options.add(Expression.text(budget.text(compact(value))));
      }
    }
    if (options.isEmpty()) {
      throw bad(at, "lists no value of its type");
    }
    return new Choice(options);
  }

  private static boolean is(JsonNode value, String type) {
    return switch (type) {
      case "string" -> value.isTextual();
      case "number" -> value.isNumber();
      case "integer" -> value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
      case "boolean" -> value.isBoolean();
      case "null" -> value.isNull();
      case "object" -> value.isObject();
      default -> value.isArray();
    };
  }

  private static List<String> types(JsonNode schema, String at) {
    JsonNode type = schema.path("type");
    List<String> types = new ArrayList<>();
    for (JsonNode name : type.isArray() ? type : List.of(type)) {
      if (!name.isTextual()) {
        throw bad(at, "must have names as its types, got " + name);
      }
      keywords(name.textValue(), at);
      types.add(name.textValue());
    }
    if (types.isEmpty()) {
      throw bad(at, "has an empty list of types");
    }
    return types;
  }

  /** What may stand beside a type. */
  private static Set<String> keywords(String type, String at) {
    return switch (type) {
      case "string" -> Set.of("pattern", "minLength", "maxLength");
      case "number", "integer" ->
          Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum");
      case "object" -> Set.of("properties", "required", "additionalProperties");
      case "array" -> Set.of("items", "minItems", "maxItems");
      case "boolean", "null" -> Set.of();
      default ->
          throw bad(
              at,
              "needs a type string, number, integer, boolean, null, object or array, got '"
                  + type
                  + "'");
    };
  }

  private Expression typed(String type, JsonNode schema, String at, int depth) {
    return switch (type) {
      case "string" -> string(schema, at);
      case "number" -> number(schema, at, DECIMALS);
      case "integer" -> number(schema, at, 0);
      case "boolean" -> Expression.choice(Expression.text("true"), Expression.text("false"));
      case "null" -> Expression.text("null");
      case "object" -> object(schema, at, depth);
      default -> array(schema, at, depth);
    };
  }

  private Expression string(JsonNode schema, String at) {
    int least = count(schema, "minLength", at, 0);
    int most = count(schema, "maxLength", at, Repeat.UNBOUNDED);
    checkBounds(at, "minLength", least, "maxLength", most);
    Expression any = JsonText.string(JsonText.anything(least, most));
    if (!schema.has("pattern")) {
      return any;
    }
    if (!schema.get("pattern").isTextual()) {
      throw bad(at + ".pattern", "must be a text");
    }
    Expression matching = JsonText.string(searched(schema.get("pattern").textValue(), at));
    if (least == 0 && most == Repeat.UNBOUNDED) {
      return matching;
    }
    List<?> key = List.of(schema.get("pattern").textValue(), least, most);
    return budget.automaton(
        key,
        () -> {
          Dfa both = Dfa.of(matching, budget).and(Dfa.of(any, budget), budget);
          if (both.states() == 0) {
            throw bad(at, "has a pattern that no text of its length matches");
          }
          return both;
        });
  }

  /** A pattern matches anywhere in a string unless it is anchored. */
  private Expression searched(String pattern, String at) {
    RegexParser.Parsed parsed;
    try {
      parsed = RegexParser.parse(budget.text(pattern));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(JsonText.line(at + ".pattern: " + e.getMessage()), e);
    }
    Expression any = JsonText.anything(0, Repeat.UNBOUNDED);
    return Expression.sequence(
        parsed.atStart() ? Expression.EMPTY : any,
        parsed.expression(),
        parsed.atEnd() ? Expression.EMPTY : any);
  }

  private Expression number(JsonNode schema, String at, int decimals) {
    BigInteger low =
        bound(schema, "minimum", at, decimals, RoundingMode.CEILING, 0)
            .max(bound(schema, "exclusiveMinimum", at, decimals, RoundingMode.FLOOR, 1));
    BigInteger high =
        bound(schema, "maximum", at, decimals, RoundingMode.FLOOR, 0)
            .min(bound(schema, "exclusiveMaximum", at, decimals, RoundingMode.CEILING, -1));
    if (low.compareTo(high) > 0) {
      throw bad(
          at,
          "allows no number of at most 15 digits and " + decimals + " decimals within its bounds");
    }
    return budget.automaton(
        List.of(low, high, decimals), () -> Dfa.of(DecimalRange.of(low, high, decimals), budget));
  }

  /**
   * A bound in units of the last decimal, within 15 digits; the end of those if there is none.
   *
   * @param inside added to the rounded bound: what an exclusive bound leaves out
   */
  private static BigInteger bound(
      JsonNode schema, String name, String at, int decimals, RoundingMode mode, long inside) {
    BigInteger most = LARGEST.movePointRight(decimals).toBigIntegerExact();
    boolean lower = name.toLowerCase(Locale.ROOT).endsWith("minimum");
    if (!schema.has(name)) {
      return lower ? most.negate() : most;
    }
    if (!schema.get(name).isNumber()) {
      throw bad(at + "." + name, "must be a number, got " + schema.get(name));
    }
    BigDecimal bound = schema.get(name).decimalValue().min(LARGEST.add(BigDecimal.ONE));
    bound = bound.max(LARGEST.add(BigDecimal.ONE).negate());
    BigDecimal below = BigDecimal.ONE.movePointLeft(decimals + 1); // rounds like all below it
    if (bound.abs().compareTo(below) < 0) {
      bound = below.multiply(BigDecimal.valueOf(bound.signum()));
    }
    BigInteger units =
        bound
            .movePointRight(decimals)
            .setScale(0, mode)
            .toBigIntegerExact()
            .add(BigInteger.valueOf(inside));
    boolean outside = lower ? units.compareTo(most) > 0 : units.compareTo(most.negate()) < 0;
    return outside ? units : units.min(most).max(most.negate());
  }

  private static int count(JsonNode schema, String name, String at, int otherwise) {
    JsonNode value = schema.get(name);
    if (value == null) {
      return otherwise;
    }
    if (!is(value, "integer") || !isCount(value.decimalValue())) {
      throw bad(at + "." + name, "must be a whole number of at least 0, got " + value);
    }
    return value.decimalValue().intValueExact();
  }

  private static boolean isCount(BigDecimal number) {
    return number.signum() >= 0 && number.compareTo(BigDecimal.valueOf(Integer.MAX_VALUE)) <= 0;
  }

  private static void checkBounds(String at, String least, int from, String most, int to) {
    if (to >= 0 && from > to) {
      throw bad(at, String.format(Locale.ROOT, "has %s %d above %s %d", least, from, most, to));
    }
  }

  private Expression array(JsonNode schema, String at, int depth) {
    int least = count(schema, "minItems", at, 0);
    int most = count(schema, "maxItems", at, Repeat.UNBOUNDED);
    checkBounds(at, "minItems", least, "maxItems", most);
    if (!schema.has("items")) {
      throw bad(at, "needs items: what an array is made of");
    }
    Expression empty = Expression.text("[]");
    if (most == 0) {
      return empty;
    }
    Expression item = value(schema.get("items"), at + ".items", depth + 1);
    Expression more = Expression.sequence(Expression.text(","), item);
    int mostMore = most == Repeat.UNBOUNDED ? most : most - 1;
    Expression filled =
        Expression.sequence(
            Expression.text("["),
            item,
            new Repeat(more, Math.max(0, least - 1), mostMore),
            Expression.text("]"));
    return least == 0 ? Expression.choice(empty, filled) : filled;
  }

  private Expression object(JsonNode schema, String at, int depth) {
    JsonNode properties = schema.path("properties");
    if (!properties.isObject() && !properties.isMissingNode()) {
      throw bad(at + ".properties", "must be an object");
    }
    if (schema.has("additionalProperties") && !schema.get("additionalProperties").isBoolean()) {
      throw bad(at + ".additionalProperties", "must be true or false; none are ever written");
    }
    Set<String> required = new HashSet<>();
    if (schema.has("required") && !schema.get("required").isArray()) {
      throw bad(at + ".required", "must be a list of names, got " + schema.get("required"));
    }
    for (JsonNode name : schema.path("required")) {
      if (!name.isTextual()) {
        throw bad(at + ".required", "must hold names, got " + name);
      }
      if (!properties.has(name.asText())) {
        throw bad(at, "requires '" + name.asText() + "', which is none of its properties");
      }
      required.add(name.asText());
    }
    List<Member> members = new ArrayList<>();
    properties
        .properties()
        .forEach(
            property -> {
              String name = property.getKey();
              Expression member =
                  Expression.sequence(
                      Expression.text(budget.text(quoted(name)) + ":"),
                      value(property.getValue(), at + "." + name, depth + 1));
              members.add(new Member(member, required.contains(name)));
            });
    return Expression.sequence(Expression.text("{"), new Members(members), Expression.text("}"));
  }

  private static IllegalArgumentException bad(String at, String why) {
    return new IllegalArgumentException(JsonText.line(at + " " + why));
  }
}
