package io.github.dllm4j.corpora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.dllm4j.tokenizer.JsonErrors;
import java.io.IOException;

/**
 * Makes a document of one field of each line of a JSONL text. Blank lines are left out. A line is
 * held in memory whole, so its length is limited.
 */
final class JsonLines implements TextSink {

  /** Longest line, in chars. */
  static final int MAX_LINE = 1 << 24;

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final String name;
  private final String field;
  private final TextSink documents;
  private final StringBuilder line = new StringBuilder();
  private long number = 1;

  /** Reads this field of the lines of the source called {@code name}. */
  JsonLines(String name, String field, TextSink documents) {
    this.name = name;
    this.field = field;
    this.documents = documents;
  }

  @Override
  public void text(String piece) throws IOException {
    int from = 0;
    for (int end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      append(piece, from, end);
      endLine();
      from = end + 1;
    }
    append(piece, from, piece.length());
  }

  @Override
  public void endDocument() throws IOException {
    endLine();
  }

  private void append(String piece, int from, int to) throws IOException {
    if (line.length() + to - from > MAX_LINE) {
      throw bad("is too long; allowed: " + MAX_LINE + " characters");
    }
    line.append(piece, from, to);
  }

  private void endLine() throws IOException {
    String json = line.toString();
    line.setLength(0);
    if (!json.isBlank()) {
      String text = textOf(json);
      if (!text.isEmpty()) {
        documents.text(text);
      }
      documents.endDocument();
    }
    number++;
  }

  private String textOf(String json) throws IOException {
    JsonNode object;
    try {
      object = MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw bad("is not valid JSON: " + JsonErrors.reason(e));
    }
    if (!object.isObject()) {
      throw bad("is not a JSON object");
    }
    JsonNode value = object.get(field);
    if (value == null) {
      throw bad("has no field '" + field + "'");
    }
    if (!value.isTextual()) {
      throw bad("has a field '" + field + "' that is not text");
    }
    String text = value.textValue();
    if (text.indexOf('\0') >= 0) {
      throw bad("holds a NUL character");
    }
    if (text.codePoints().anyMatch(c -> c >= 0xD800 && c <= 0xDFFF)) {
      throw bad("holds a lone surrogate");
    }
    return text;
  }

  private IOException bad(String why) {
    return new IOException(name + ": line " + number + " " + why);
  }
}
