package io.github.dllm4j.engine.langchain4j;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.Message;
import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.constrain.Constraint;
import java.util.List;
import java.util.Map;

/**
 * The bundled model knows the King James Bible and no capital of Germany. What LangChain4j's
 * contract tests want to be known it is told by a constraint, which must keep what the request
 * itself asks for; all else is the model's, and so is everything they say about requests, streams,
 * tools, usage and failures.
 */
final class ToldModel {
  /** What is answered to the end of a conversation; with a form asked for, the second. */
  private static final Map<String, List<String>> ANSWERS =
      Map.of(
          "What is the capital of Germany?", List.of("It is Berlin.", "{\"city\":\"Berlin\"}"),
          "Translate: 'I love you'", List.of("Ich liebe dich."),
          "What is my favorite color?", List.of("It is green."),
          "What is the weather in Munich?",
              List.of("", call("getWeather", "{\"city\":\"Munich\"}")),
          "I live in Munich", List.of("", call("getWeather", "{\"city\":\"Munich\"}")),
          "sunny", List.of("It is sunny.", "{\"weather\":\"sunny\"}"),
          "What is the time now? Use the get_current_time tool.",
              List.of("", call("get_current_time", "{}")),
          "10:14", List.of("It is 10:14."));

  private ToldModel() {}

  private static String call(String name, String arguments) {
    return "{\"name\":\"" + name + "\",\"arguments\":" + arguments + "}";
  }

  /** Block by block, so that a stream has many parts; told what it cannot know. */
  static DiffusionChatModel of(TextGenerator generator) {
    return new DiffusionChatModel(generator, ToldModel::told);
  }

  private static GenerationRequest told(GenerationRequest request) {
    PlanChoice blocks = PlanChoice.ofSampler("confidence").withPlan("balanced").withBlocks(4);
    GenerationRequest all = request.withSampler(blocks).withSteps(32);
    List<Message> messages = request.messages();
    String last = messages.get(messages.size() - 1).content();
    for (Map.Entry<String, List<String>> known : ANSWERS.entrySet()) {
      if (last.equals(known.getKey())) {
        boolean formed = request.constraint().isPresent();
        String answer = known.getValue().get(formed ? 1 : 0);
        assertTrue(request.constraint().map(held -> held.accepts(answer)).orElse(true), answer);
        return all.withStop(List.of()).withConstraint(Constraint.choices(List.of(answer)));
      }
    }
    return all;
  }
}
