package io.github.dllm4j.engine.langchain4j;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.GenerationResult.Finish;
import io.github.dllm4j.engine.Message;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.Tool;
import io.github.dllm4j.engine.djl.Model;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A chat request in terms of the engine, and its answer back.
 *
 * @param calls whether the reply is a call of a tool
 * @param promptTokens of the rendered conversation
 */
record Conversation(GenerationRequest request, boolean calls, int promptTokens) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The least temperature: 0, by which callers mean the most probable, stands for it. */
  private static final double COLDEST = 1e-3;

  /**
   * Reads a request.
   *
   * @throws IllegalArgumentException if it is not understood, or not for this model
   */
  static Conversation of(
      ChatRequest chat, TextGenerator generator, UnaryOperator<GenerationRequest> options) {
    ChatRequestParameters parameters = chat.parameters();
    check(parameters, generator.model());
    List<Message> messages = chat.messages().stream().map(Conversation::message).toList();
    Optional<Constraint> call = call(parameters, messages);
    Optional<Constraint> form = form(parameters.responseFormat());
    Optional<Constraint> constraint = call.or(() -> form); // the form is the last answer's
    GenerationRequest start = GenerationRequest.messages(messages);
    GenerationRequest request = constraint.map(start::withConstraint).orElse(start);
    int known = generator.given(request);
    Integer most = parameters.maxOutputTokens();
    if (most != null) {
      request = request.withLength(Math.addExact(known, most));
    }
    Double temperature = parameters.temperature();
    if (temperature != null) {
      request = request.withTemperature(temperature == 0 ? COLDEST : temperature);
    }
    Double topP = parameters.topP();
    if (topP != null) {
      request = request.withTopP(topP);
    }
    List<String> stops = parameters.stopSequences();
    if (stops != null && !stops.isEmpty()) {
      request = request.withStop(stops);
    }
    return new Conversation(options.apply(request), call.isPresent(), known);
  }

  /**
   * Refuses what has no equivalent.
   *
   * @throws UnsupportedFeatureException if there is any
   */
  static void check(ChatRequestParameters parameters, Model model) {
    String name = parameters.modelName();
    if (name != null && !name.equals(model.name())) {
      throw new UnsupportedFeatureException(
          "modelName is not supported but for " + model.name() + ", got " + name);
    }
    refuse("topK", parameters.topK());
    refuse("frequencyPenalty", parameters.frequencyPenalty());
    refuse("presencePenalty", parameters.presencePenalty());
  }

  private static void refuse(String name, @Nullable Object value) {
    if (value != null) {
      throw new UnsupportedFeatureException(name + " is not supported, got " + value);
    }
  }

  private static Message message(ChatMessage message) {
    if (message instanceof SystemMessage system) {
      return Message.system(system.text());
    } else if (message instanceof UserMessage user && user.hasSingleText()) {
      return Message.user(user.singleText());
    } else if (message instanceof ToolExecutionResultMessage answer) {
      return Message.tool(answer.text());
    } else if (message instanceof AiMessage said) {
      StringBuilder text = new StringBuilder(said.text() == null ? "" : said.text());
      for (ToolExecutionRequest call : said.toolExecutionRequests()) {
        text.append("{\"name\":")
            .append(JSON.valueToTree(call.name()).toString())
            .append(",\"arguments\":")
            .append(call.arguments())
            .append('}');
      }
      return Message.assistant(text.toString());
    }
    throw new UnsupportedFeatureException(
        "images and what else is not one text are not supported, got " + message);
  }

  private static Optional<Constraint> call(
      ChatRequestParameters parameters, List<Message> messages) {
    List<ToolSpecification> tools = parameters.toolSpecifications();
    boolean answered = messages.get(messages.size() - 1).role() == Message.Role.TOOL;
    boolean none = parameters.toolChoice() == ToolChoice.NONE;
    boolean required = parameters.toolChoice() == ToolChoice.REQUIRED;
    if (tools == null || tools.isEmpty() || none || (answered && !required)) {
      return Optional.empty();
    }
    return Optional.of(
        Constraint.toolCall(
            tools.stream()
                .map(tool -> new Tool(tool.name(), arguments(tool.parameters())))
                .toList()));
  }

  private static Optional<Constraint> form(@Nullable ResponseFormat format) {
    if (format == null || format.type() == ResponseFormatType.TEXT) {
      return Optional.empty();
    }
    if (format.jsonSchema() == null) {
      throw new UnsupportedFeatureException(
          "a JSON response format without its schema is not supported");
    }
    JsonSchemaElement root = format.jsonSchema().rootElement();
    if (root instanceof JsonRawSchema raw) {
      return Optional.of(Constraint.jsonSchema(raw.schema()));
    } else if (root instanceof JsonObjectSchema object) {
      return Optional.of(Constraint.jsonSchema(arguments(object)));
    }
    throw new IllegalArgumentException("a schema must be of an object or raw, got " + root);
  }

  /** A schema as JSON, by way of what LangChain4j writes of a tool. */
  private static String arguments(@Nullable JsonObjectSchema schema) {
    if (schema == null) {
      return "{\"type\":\"object\",\"properties\":{}}";
    }
    String tool = ToolSpecification.builder().name("x").parameters(schema).build().toJson();
    return tree(tool).path("parameters").toString();
  }

  private static JsonNode tree(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("no JSON: " + json, e);
    }
  }

  /**
   * The answer.
   *
   * @param id of it
   */
  ChatResponse response(GenerationResult result, String model, String id) {
    GenerationResult.Text text = result.samples().get(0);
    boolean whole = text.finish() != Finish.CANCELLED && text.finish() != Finish.DEADLINE;
    String said = result.completion().stripLeading();
    AiMessage message = calls && whole ? called(said, id) : AiMessage.from(said);
    return ChatResponse.builder()
        .id(id)
        .aiMessage(message)
        .modelName(model)
        .tokenUsage(new TokenUsage(promptTokens, text.generated()))
        .finishReason(reason(text.finish()))
        .build();
  }

  private static AiMessage called(String said, String id) {
    JsonNode call = tree(said);
    return AiMessage.from(
        ToolExecutionRequest.builder()
            .id(id + "-call")
            .name(call.path("name").asText())
            .arguments(call.path("arguments").toString())
            .build());
  }

  private FinishReason reason(Finish finish) {
    return switch (finish) {
      case CANCELLED, DEADLINE -> FinishReason.OTHER;
      case END, STOP -> calls ? FinishReason.TOOL_EXECUTION : FinishReason.STOP;
      case LENGTH ->
          calls
              ? FinishReason.TOOL_EXECUTION
              : request.constraint().isPresent() ? FinishReason.STOP : FinishReason.LENGTH;
    };
  }
}
