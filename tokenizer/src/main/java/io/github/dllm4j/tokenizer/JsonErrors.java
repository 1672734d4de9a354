package io.github.dllm4j.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;

/** What the JSON library says of a document, for people. */
public final class JsonErrors {

  private JsonErrors() {}

  /** Why a document could not be read, in one line without the parser's own names. */
  public static String reason(JsonProcessingException e) {
    String first = e.getOriginalMessage().lines().findFirst().orElse("no JSON");
    return first.replaceAll(
        "; `DeserializationFeature.*"
            + "| \\((index|set|but|although|token|class|through) [^)]*\\)?\\)"
            + "|, not marked as ignorable"
            + "| \\(start marker at .*"
            + "| (of|into) (instance of |type )?`(io|java)[^`]*`",
        "");
  }
}
