package io.github.dllm4j.engine.djl.serving;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.tokenizer.JsonErrors;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A request in the form that text generation has in DJL Serving: a prompt as plain text, or JSON
 *
 * <pre>
 * {"inputs": "And God said", "parameters": {"max_new_tokens": 32, "steps": 8, "epsilon": 2,
 *   "temperature": 1, "top_p": 1, "seed": 0, "stop": ["."]}}
 * </pre>
 *
 * in which all parameters may be left out and others are refused. The answer is
 *
 * <pre>
 * {"generated_text": " ...", "finish_reason": "length", "generated_tokens": 32, "seed": 0}
 * </pre>
 *
 * @param inputs the prompt
 * @param parameters what differs from the defaults
 */
record ServedRequest(@Nullable String inputs, @Nullable Parameters parameters) {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .withCoercionConfig(
              LogicalType.Textual,
              text ->
                  text.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
          .build();

  /** The parameters; those that are null are not given. */
  record Parameters(
      @Nullable Integer maxNewTokens,
      @Nullable Integer steps,
      @Nullable Double epsilon,
      @Nullable Double temperature,
      @Nullable Double topP,
      @Nullable Long seed,
      @Nullable List<String> stop) {}

  /**
   * Reads a request.
   *
   * @throws IllegalArgumentException in one line, if it is not understood
   */
  static ServedRequest read(String json) {
    try {
      ServedRequest request = JSON.readValue(json, ServedRequest.class);
      if (request == null) {
        throw new IllegalArgumentException("the request must be a JSON object, got null");
      }
      return request;
    } catch (JsonProcessingException e) {
      String why = JsonErrors.reason(e);
      throw new IllegalArgumentException("the request is not understood: " + why, e);
    }
  }

  /**
   * In terms of the engine.
   *
   * @param generator which counts the tokens of the prompt
   */
  GenerationRequest request(TextGenerator generator) {
    if (inputs == null) {
      throw new IllegalArgumentException("inputs is missing");
    }
    GenerationRequest request = GenerationRequest.prompt(inputs);
    if (parameters == null) {
      return request;
    }
    if (parameters.steps != null && parameters.epsilon != null) {
      throw new IllegalArgumentException("epsilon chooses the steps: give no steps with it");
    }
    if (parameters.maxNewTokens != null) {
      request = request.withNewTokens(generator.given(request), parameters.maxNewTokens);
    }
    if (parameters.epsilon != null) {
      request = request.withEpsilon(parameters.epsilon);
    }
    if (parameters.steps != null) {
      request = request.withSteps(parameters.steps);
    }
    if (parameters.temperature != null) {
      request = request.withTemperature(parameters.temperature);
    }
    if (parameters.topP != null) {
      request = request.withTopP(parameters.topP);
    }
    if (parameters.seed != null) {
      request = request.withSeed(parameters.seed);
    }
    if (parameters.stop == null) {
      return request;
    }
    if (parameters.stop.stream().anyMatch(Objects::isNull)) {
      throw new IllegalArgumentException("stop must be a list of strings, got " + parameters.stop);
    }
    return request.withStop(parameters.stop);
  }
}
