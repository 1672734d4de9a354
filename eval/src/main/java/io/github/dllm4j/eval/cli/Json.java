package io.github.dllm4j.eval.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.dllm4j.engine.djl.ModelConfig;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** JSON as the commands read and write it, which is as the engine does. */
final class Json {
  static final JsonMapper MAPPER = ModelConfig.JSON;

  private Json() {}

  /** A document as text. */
  static String text(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * A value out of a file.
   *
   * @throws JsonProcessingException if it is no JSON or not such a value
   * @throws IOException in one line, if it cannot be read or is not UTF-8
   */
  static <T> T read(Path file, Class<T> type) throws IOException {
    String json;
    try {
      json = Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new IOException(file + " is not UTF-8 text", e);
    }
    T value = MAPPER.readValue(json, type);
    if (value == null) {
      throw MismatchedInputException.from(null, type, "a JSON object is wanted, got null");
    }
    return value;
  }
}
