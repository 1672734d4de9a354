package io.github.dllm4j.eval.steps;

/**
 * A column of a report and what it means.
 *
 * @param key its name in files; a measure has two more, {@code key_low} and {@code key_high}
 * @param heading its name for readers
 * @param kind what stands in it
 * @param meaning its definition, in a sentence
 */
public record Column(String key, String heading, Kind kind, String meaning) {

  /** What a column holds. */
  public enum Kind {
    /** Words. */
    TEXT,
    /** A whole number, or a mean of such. */
    COUNT,
    /** A number without an interval: exact, or a bound. */
    NUMBER,
    /** A number with a 95 % interval. */
    MEASURE,
    /** A time, or a rate: the only columns in which two runs of one command differ. */
    TIME
  }

  static Column text(String key, String heading, String meaning) {
    return new Column(key, heading, Kind.TEXT, meaning);
  }

  static Column count(String key, String heading, String meaning) {
    return new Column(key, heading, Kind.COUNT, meaning);
  }

  static Column number(String key, String heading, String meaning) {
    return new Column(key, heading, Kind.NUMBER, meaning);
  }

  static Column measure(String key, String heading, String meaning) {
    return new Column(key, heading, Kind.MEASURE, meaning);
  }

  static Column time(String key, String heading, String meaning) {
    return new Column(key, heading, Kind.TIME, meaning);
  }

  String low() {
    return key + "_low";
  }

  String high() {
    return key + "_high";
  }
}
