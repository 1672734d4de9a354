package io.github.dllm4j.eval.serve;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.Chat;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.Message;
import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.ReverseChoice;
import io.github.dllm4j.engine.SamplerChoice;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.Tool;
import io.github.dllm4j.engine.djl.Model;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A request as OpenAI's clients write it, for {@code /v1/completions} and {@code
 * /v1/chat/completions}, in terms of the engine. What is not understood is refused.
 *
 * @param asked what to generate
 * @param stream whether the reply comes in parts
 * @param usage whether a stream ends with the token counts
 * @param promptTokens of the prompt
 */
record ApiRequest(Chat asked, boolean stream, boolean usage, int promptTokens) {
  private static final int MOST_SAMPLES = 8;
  private static final int MOST_STEPS = 4096;
  private static final int MOST_TOKENS = 1_000_000;

  /**
   * Reads a request.
   *
   * @param deadline of every request
   * @param seed of those that give none
   * @throws Refusal if it is not understood, or not for this model
   */
  static ApiRequest read(
      JsonNode body, boolean chat, TextGenerator generator, Duration deadline, long seed) {
    Model model = generator.model();
    Fields fields = new Fields(body, "");
    fields
        .text("model")
        .filter(name -> !name.equals(model.name()))
        .ifPresent(
            name -> {
              throw Refusal.noModel(model.name(), name);
            });
    try {
      Chat start = chat ? chat(fields) : completion(fields);
      boolean stream = fields.flag("stream");
      Optional<Fields> streaming = fields.object("stream_options");
      boolean usage = streaming.map(options -> options.flag("include_usage")).orElse(false);
      streaming.ifPresent(Fields::end);
      int prompt = generator.given(start.request());
      GenerationRequest given = start.request().withSeed(seed).withDeadline(deadline);
      GenerationRequest request = options(given, fields, prompt, model);
      fields.end();
      return new ApiRequest(new Chat(request, start.calls()), stream, usage, prompt);
    } catch (IllegalArgumentException e) {
      throw Refusal.invalid("%s", String.valueOf(e.getMessage()));
    }
  }

  /** Whether it is a conversation. */
  boolean chat() {
    return !asked.request().messages().isEmpty();
  }

  private static Chat completion(Fields fields) {
    Optional<String> template =
        fields.object("dllm").flatMap(own -> own.text("template")); // read again by options
    if (template.isPresent()) {
      if (fields.any("prompt").isPresent()) {
        throw Refusal.invalid("a template says everything: give no prompt with it");
      }
      return new Chat(GenerationRequest.template(template.get()), false);
    }
    GenerationRequest request = GenerationRequest.prompt(prompt(fields));
    Optional<Constraint> form = form(fields);
    neutralForCompletions(fields);
    return new Chat(form.map(request::withConstraint).orElse(request), false);
  }

  /** A text, or a list of one. */
  private static String prompt(Fields fields) {
    JsonNode prompt = fields.any("prompt").orElseThrow(() -> fields.missing("prompt"));
    JsonNode only = prompt.isArray() && prompt.size() == 1 ? prompt.get(0) : prompt;
    if (!only.isTextual()) {
      throw Refusal.invalid(
          "prompt must be a string or a list of one string: more are requests of their own");
    }
    return only.textValue();
  }

  private static void neutralForCompletions(Fields fields) {
    fields.neutral("echo", "false");
    fields.neutral("best_of", "1");
    fields
        .any("suffix")
        .ifPresent(
            s -> {
              throw Refusal.invalid("suffix is not supported: give dllm.template with a hole");
            });
  }

  private static Chat chat(Fields fields) {
    List<Fields> messages = fields.list("messages");
    if (messages.isEmpty()) {
      throw Refusal.invalid("messages is missing or empty");
    }
    ToolFields tools = ToolFields.read(fields);
    return Chat.of(
        messages.stream().map(ApiRequest::message).toList(),
        tools.tools(),
        tools.choice(),
        form(fields));
  }

  private static Message message(Fields fields) {
    String role = fields.requiredText("role");
    List<Tool.Call> calls = role.equals("assistant") ? ToolFields.made(fields) : List.of();
    Optional<String> said =
        content(fields).or(() -> calls.isEmpty() ? Optional.empty() : Optional.of(""));
    String content = said.orElseThrow(() -> fields.missing("content"));
    fields.text("name");
    if (role.equals("tool")) {
      fields.text("tool_call_id");
    }
    fields.end();
    return switch (role) {
      case "system", "developer" -> Message.system(content);
      case "user" -> Message.user(content);
      case "assistant" -> Message.assistant(content, calls);
      case "tool" -> Message.tool(content);
      default ->
          throw Refusal.invalid(
              "%s must be system, developer, user, assistant or tool, got %s",
              fields.name("role"), role);
    };
  }

  /** What a message says: a text, or parts that are texts, each on lines of its own. */
  private static Optional<String> content(Fields fields) {
    Optional<JsonNode> content = fields.any("content");
    if (content.isEmpty() || content.get().isTextual()) {
      return content.map(JsonNode::textValue);
    }
    if (!content.get().isArray() || content.get().isEmpty()) {
      throw Refusal.invalid(
          "%s must be a string or a list of at least one text part", fields.name("content"));
    }
    return Optional.of(
        fields.list("content").stream().map(ApiRequest::part).collect(Collectors.joining("\n")));
  }

  private static String part(Fields fields) {
    String type = fields.requiredText("type");
    if (!type.equals("text")) {
      throw Refusal.invalid("%s must be text, got %s", fields.name("type"), type);
    }
    String text = fields.requiredText("text");
    fields.end();
    return text;
  }

  /** What {@code response_format} asks for. */
  private static Optional<Constraint> form(Fields fields) {
    Optional<Fields> format = fields.object("response_format");
    if (format.isEmpty()) {
      return Optional.empty();
    }
    String type = format.get().requiredText("type");
    Optional<Constraint> constraint = Optional.empty();
    if (type.equals("json_schema")) {
      Fields schema = format.get().requiredObject("json_schema");
      schema.text("name");
      schema.text("description");
      schema.flag("strict");
      JsonNode form = schema.any("schema").orElseThrow(() -> schema.missing("schema"));
      schema.end();
      constraint = Optional.of(Constraint.jsonSchema(form.toString()));
    } else if (!type.equals("text")) {
      throw Refusal.invalid(
          "response_format.type must be text or json_schema, got %s: a form needs its schema",
          type);
    }
    format.get().end();
    return constraint;
  }

  private static GenerationRequest options(
      GenerationRequest start, Fields fields, int prompt, Model model) {
    GenerationRequest request =
        start
            .withSamples(fields.count("n", MOST_SAMPLES).orElse(1))
            .withSeed(fields.whole("seed").orElse(start.seed()))
            .withTemperature(fields.number("temperature").map(Chat::temperature).orElse(1.0))
            .withTopP(fields.number("top_p").orElse(1.0));
    request = sized(request, fields, prompt, model.config().network().length());
    request = request.withStop(stop(fields));
    fields.text("user");
    fields.neutral("frequency_penalty", "0");
    fields.neutral("presence_penalty", "0");
    fields.neutral("logprobs", "false");
    return own(request, fields.object("dllm"), model);
  }

  /** With the length that the client wants; without, the engine's own is left. */
  private static GenerationRequest sized(
      GenerationRequest request, Fields fields, int prompt, int longest) {
    Optional<Integer> renamed = fields.count("max_completion_tokens", MOST_TOKENS);
    Optional<Integer> old = fields.count("max_tokens", MOST_TOKENS);
    if (renamed.isPresent() && old.isPresent()) {
      throw Refusal.invalid("max_completion_tokens is the new name of max_tokens: give one");
    }
    Optional<Integer> most = renamed.or(() -> old);
    if (request.template().isPresent()) {
      if (most.isPresent()) {
        throw Refusal.invalid("a template says the length: give no max_tokens with it");
      }
      return request;
    }
    int reply = most.orElse(1);
    if ((long) prompt + reply > longest) {
      throw new Refusal(
          400,
          "context_length_exceeded",
          String.format(
              Locale.ROOT,
              "prompt and reply must have at most %d tokens, got %d and %d",
              longest,
              prompt,
              reply));
    }
    return most.isPresent() ? request.withNewTokens(prompt, reply) : request;
  }

  private static List<String> stop(Fields fields) {
    Optional<JsonNode> stop = fields.any("stop");
    List<String> texts = new ArrayList<>();
    if (stop.isPresent()) {
      for (JsonNode one : stop.get().isArray() ? stop.get() : List.of(stop.get())) {
        if (!one.isTextual()) {
          throw Refusal.invalid("stop must be a string or a list of strings");
        }
        texts.add(one.textValue());
      }
    }
    return texts;
  }

  /** What only this engine knows. */
  private static GenerationRequest own(
      GenerationRequest request, Optional<Fields> fields, Model model) {
    if (fields.isEmpty()) {
      return request;
    }
    Fields own = fields.get();
    GenerationRequest changed = request;
    Optional<Double> epsilon = own.number("epsilon");
    Optional<Integer> steps = own.count("steps", MOST_STEPS);
    Optional<String> sampler = own.text("sampler");
    if (request.template().isPresent()) {
      own.text("template"); // read before
    }
    own.end();
    if (epsilon.isPresent() && steps.isPresent()) {
      throw Refusal.invalid("dllm.epsilon chooses the steps: give no dllm.steps with it");
    }
    if (epsilon.isPresent()) {
      changed = changed.withEpsilon(epsilon.get());
    }
    if (steps.isPresent()) {
      changed = changed.withSteps(steps.get());
    }
    if (sampler.isPresent()) {
      SamplerChoice choice =
          model.config().mask() < 0
              ? ReverseChoice.ofSampler(sampler.get())
              : PlanChoice.ofSampler(sampler.get());
      if ((steps.isPresent() || epsilon.isPresent()) && !choice.hasSteps()) {
        throw Refusal.invalid(
            "dllm.sampler %s decides its steps itself: give no dllm.steps and no dllm.epsilon",
            sampler.get());
      }
      changed = changed.withSampler(choice);
    }
    return changed;
  }
}
