package io.github.dllm4j.eval.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * The fields of a JSON object, each asked for once; what nobody asked for is refused, not ignored,
 * unless it is null or an empty list and so says nothing.
 */
final class Fields {
  private final JsonNode object;
  private final String path;
  private final TreeSet<String> left = new TreeSet<>();

  /**
   * The fields of an object.
   *
   * @param path what messages call it; empty for the whole request
   */
  Fields(JsonNode object, String path) {
    if (!object.isObject()) {
      throw Refusal.invalid("%s must be a JSON object", path.isEmpty() ? "the request" : path);
    }
    this.object = object;
    this.path = path;
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      JsonNode value = field.getValue();
      // Clients send back what other servers say of a message: "refusal": null, "annotations": [].
      if (!value.isNull() && !(value.isArray() && value.isEmpty())) {
        left.add(field.getKey());
      }
    }
  }

  /** How messages call a field. */
  String name(String field) {
    return path.isEmpty() ? field : path + "." + field;
  }

  /** A field as it is; empty if it is not there or null. */
  Optional<JsonNode> any(String field) {
    left.remove(field);
    JsonNode value = object.get(field);
    return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
  }

  Optional<Fields> object(String field) {
    return any(field).map(value -> new Fields(value, name(field)));
  }

  Fields requiredObject(String field) {
    return object(field).orElseThrow(() -> missing(field));
  }

  /** The objects of a list; none if it is not there or null. */
  List<Fields> list(String field) {
    Optional<JsonNode> list = any(field);
    List<Fields> objects = new ArrayList<>();
    if (list.isPresent()) {
      if (!list.get().isArray()) {
        throw Refusal.invalid("%s must be a list", name(field));
      }
      for (JsonNode one : list.get()) {
        objects.add(new Fields(one, name(field) + "[" + objects.size() + "]"));
      }
    }
    return objects;
  }

  Optional<String> text(String field) {
    return any(field)
        .map(
            value -> {
              if (!value.isTextual()) {
                throw Refusal.invalid("%s must be a string", name(field));
              }
              return value.textValue();
            });
  }

  String requiredText(String field) {
    return text(field).orElseThrow(() -> missing(field));
  }

  /** The refusal of a request that lacks a field. */
  Refusal missing(String field) {
    return Refusal.invalid("%s is missing", name(field));
  }

  Optional<Double> number(String field) {
    return any(field)
        .map(
            value -> {
              if (!value.isNumber()) {
                throw Refusal.invalid("%s must be a number", name(field));
              }
              return value.doubleValue();
            });
  }

  /** A whole number from 1 to {@code most}. */
  Optional<Integer> count(String field, int most) {
    return any(field)
        .map(
            value -> {
              if (!value.canConvertToInt()
                  || !value.isIntegralNumber()
                  || value.intValue() < 1
                  || value.intValue() > most) {
                throw Refusal.invalid("%s must be 1 to %d, got %s", name(field), most, value);
              }
              return value.intValue();
            });
  }

  Optional<Long> whole(String field) {
    return any(field)
        .map(
            value -> {
              if (!value.isIntegralNumber() || !value.canConvertToLong()) {
                throw Refusal.invalid("%s must be a whole number, got %s", name(field), value);
              }
              return value.longValue();
            });
  }

  boolean flag(String field) {
    return any(field)
        .map(
            value -> {
              if (!value.isBoolean()) {
                throw Refusal.invalid("%s must be true or false", name(field));
              }
              return value.booleanValue();
            })
        .orElse(false);
  }

  /** A field that is only taken with the value that changes nothing. */
  void neutral(String field, String value) {
    Optional<JsonNode> given = any(field);
    boolean same =
        given.isEmpty()
            || given.get().asText().equals(value)
            || (given.get().isNumber() && given.get().doubleValue() == 0 && value.equals("0"));
    if (!same) {
      throw Refusal.invalid("%s is not supported: leave it out or give %s", name(field), value);
    }
  }

  /** Refuses what was not asked for. */
  void end() {
    if (!left.isEmpty()) {
      throw Refusal.invalid("unknown field %s", name(left.first()));
    }
  }
}
