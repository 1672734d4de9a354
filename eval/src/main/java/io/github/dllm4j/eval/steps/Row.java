package io.github.dllm4j.eval.steps;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * A row of a report by the keys of its columns. Its values are those of JSON: text, whole and real
 * numbers; a number that is not finite is its name, a value that is not defined is absent.
 */
public final class Row {
  private final Map<String, Object> values = new LinkedHashMap<>();

  Row() {}

  /** A row that was read from a file. */
  static Row of(Map<String, Object> values) {
    Row row = new Row();
    values.forEach(
        (key, value) -> {
          if (value != null) {
            row.values.put(
                key,
                value instanceof Long || value instanceof Integer
                    ? (Object) ((Number) value).longValue()
                    : value);
          }
        });
    return row;
  }

  Row with(String key, String value) {
    values.put(key, value);
    return this;
  }

  Row with(String key, long value) {
    values.put(key, value);
    return this;
  }

  /** Adds a number; NaN is not defined. */
  Row with(String key, double value) {
    if (!Double.isNaN(value)) {
      values.put(key, Double.isInfinite(value) ? (value > 0 ? "Infinity" : "-Infinity") : value);
    }
    return this;
  }

  Row with(String key, OptionalDouble value) {
    return value.isPresent() ? with(key, value.getAsDouble()) : this;
  }

  /** Removes a measure and its interval. */
  void remove(String key) {
    values.keySet().removeAll(List.of(key, key + "_low", key + "_high"));
  }

  /** The value, if there is one. */
  public Optional<Object> get(String key) {
    return Optional.ofNullable(values.get(key));
  }

  /** The text of a value, empty if there is none. */
  public String text(String key) {
    return get(key).map(Object::toString).orElse("");
  }

  /** The number, NaN if there is none. */
  public double number(String key) {
    @Nullable Object value = values.get(key);
    return value == null
        ? Double.NaN
        : value instanceof Number n ? n.doubleValue() : Double.parseDouble(value.toString());
  }

  Map<String, Object> values() {
    return Collections.unmodifiableMap(values);
  }

  /** A column of numbers; NaN where a row has none. */
  static double[] column(List<Row> rows, String key) {
    return rows.stream().mapToDouble(row -> row.number(key)).toArray();
  }
}
