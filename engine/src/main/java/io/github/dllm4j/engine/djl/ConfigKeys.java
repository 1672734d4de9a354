package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Predicate;

/** Typed values of a JSON object by dotted names. */
record ConfigKeys(Path file, JsonNode root) {
  String text(String name) throws IOException {
    return value(name, JsonNode::isTextual, "a text").textValue();
  }

  boolean flag(String name) throws IOException {
    return value(name, JsonNode::isBoolean, "true or false").booleanValue();
  }

  int number(String name) throws IOException {
    return number(name, Integer.MAX_VALUE);
  }

  int number(String name, int most) throws IOException {
    int value = value(name, JsonNode::canConvertToExactIntegral, "an integer").intValue();
    JsonNode node = root.at("/" + name.replace('.', '/'));
    if (!node.canConvertToInt() || value < 1 || value > most) {
      throw bad(name, String.format(Locale.ROOT, "must be 1 to %,d, got %s", most, node));
    }
    return value;
  }

  private JsonNode value(String name, Predicate<JsonNode> good, String wanted) throws IOException {
    JsonNode node = root.at("/" + name.replace('.', '/'));
    if (node.isMissingNode() || node.isNull()) {
      throw bad(name, "is missing");
    }
    if (!good.test(node)) {
      throw bad(name, "must be " + wanted);
    }
    return node;
  }

  double real(String name) throws IOException {
    return value(name, JsonNode::isNumber, "a number").doubleValue();
  }

  /**
   * Requires a value.
   *
   * @param wanted as JSON; null is also what is missing
   */
  void require(String name, String wanted) throws IOException {
    JsonNode node = root.at("/" + name.replace('.', '/'));
    String got = node.isMissingNode() ? "null" : node.toString();
    if (!got.equals(wanted)) {
      throw bad(name, "must be " + wanted + ", got " + got);
    }
  }

  /** Whether a value is there and not null. */
  boolean has(String name) {
    return root.hasNonNull(name);
  }

  IOException bad(String name, String why) {
    return new IOException(
        String.format(Locale.ROOT, "%s: %s %s", file, name, FolderFile.shown(why)));
  }
}
