package io.github.dllm4j.engine.djl.serving;

import ai.djl.modality.Input;
import ai.djl.modality.Output;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.TextGenerator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;

/** What DJL Serving hands on, and what it sends back. */
final class ServingTranslator extends GenerationTranslator<Input, Output> {
  private static final JsonMapper JSON = new JsonMapper();

  ServingTranslator(TextGenerator generator) {
    super(generator);
  }

  @Override
  GenerationRequest request(Input input, TextGenerator generator) {
    if (input.getContent().isEmpty()) {
      throw new IllegalArgumentException("the request has no content");
    }
    String type = input.getProperty("Content-Type", "");
    String content = input.getData().getAsString();
    return type.toLowerCase(Locale.ROOT).startsWith("application/json")
        ? ServedRequest.read(content).request(generator)
        : GenerationRequest.prompt(content);
  }

  @Override
  Output answer(GenerationResult result) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("generated_text", result.completion());
    answer.put("finish_reason", result.samples().get(0).finish().name().toLowerCase(Locale.ROOT));
    answer.put("generated_tokens", result.samples().get(0).generated());
    answer.put("seed", result.seed());
    return json(new Output(200, "OK"), answer);
  }

  @Override
  Output failed(RuntimeException failure) {
    int code =
        failure instanceof IllegalArgumentException
            ? 400
            : failure instanceof RejectedExecutionException ? 503 : 500;
    String why = String.valueOf(failure.getMessage());
    return json(new Output(code, why), Map.of("code", code, "message", why));
  }

  private static Output json(Output output, Map<String, Object> document) {
    try {
      output.addProperty("Content-Type", "application/json");
      output.add(JSON.writeValueAsString(document));
      return output;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
