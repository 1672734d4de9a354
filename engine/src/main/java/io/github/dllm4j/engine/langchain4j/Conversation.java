package io.github.dllm4j.engine.langchain4j;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
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
import io.github.dllm4j.engine.Chat;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.GenerationResult.Finish;
import io.github.dllm4j.engine.Message;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.ExactJson;
import io.github.dllm4j.engine.constrain.Tool;
import io.github.dllm4j.engine.djl.Model;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A chat request in terms of the engine, and its answer back.
 *
 * @param promptTokens of the rendered conversation
 */
record Conversation(Chat chat, int promptTokens) {
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
    List<Tool> tools = parameters.toolSpecifications().stream().map(Conversation::tool).toList();
    Chat asked =
        Chat.of(
            messages, tools, choice(parameters.toolChoice()), form(parameters.responseFormat()));
    GenerationRequest request = asked.request();
    int known = generator.given(request);
    Integer most = parameters.maxOutputTokens();
    if (most != null) {
      request = request.withNewTokens(known, most);
    }
    Double temperature = parameters.temperature();
    if (temperature != null) {
      request = request.withTemperature(Chat.temperature(temperature));
    }
    Double topP = parameters.topP();
    if (topP != null) {
      request = request.withTopP(topP);
    }
    request = request.withStop(parameters.stopSequences());
    return new Conversation(new Chat(options.apply(request), asked.calls()), known);
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
    } else if (message instanceof UserMessage user) {
      return Message.user(text(user.contents()));
    } else if (message instanceof ToolExecutionResultMessage answer) {
      return Message.tool(text(answer.contents()));
    } else if (message instanceof AiMessage said) {
      return Message.assistant(
          Objects.requireNonNullElse(said.text(), ""),
          said.toolExecutionRequests().stream().map(Conversation::call).toList());
    }
    throw new UnsupportedFeatureException("other messages are not supported, got " + message);
  }

  private static String text(List<Content> contents) {
    return contents.stream().map(Conversation::text).collect(Collectors.joining("\n"));
  }

  private static String text(Content content) {
    if (content instanceof TextContent part) {
      return part.text();
    }
    throw new UnsupportedFeatureException(
        "images and what else is no text are not supported, got " + content);
  }

  private static Tool.Call call(ToolExecutionRequest call) {
    return new Tool.Call(call.name(), Objects.requireNonNullElse(call.arguments(), ""));
  }

  private static Tool tool(ToolSpecification tool) {
    JsonObjectSchema parameters = tool.parameters();
    return parameters == null ? new Tool(tool.name()) : new Tool(tool.name(), json(parameters));
  }

  private static Chat.ToolChoice choice(@Nullable ToolChoice choice) {
    return choice == null ? Chat.ToolChoice.AUTO : Chat.ToolChoice.valueOf(choice.name());
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
      return Optional.of(Constraint.jsonSchema(json(object)));
    }
    throw new IllegalArgumentException("a schema must be of an object or raw, got " + root);
  }

  /** A schema as JSON, by way of what LangChain4j writes of a tool. */
  private static String json(JsonObjectSchema schema) {
    String tool = ToolSpecification.builder().name("x").parameters(schema).build().toJson();
    try {
      return ExactJson.MAPPER.readTree(tool).path("parameters").toString();
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("no JSON: " + tool, e);
    }
  }

  /**
   * The answer.
   *
   * @param id of it
   */
  ChatResponse response(GenerationResult result, String model, String id) {
    GenerationResult.Text sample = result.samples().get(0);
    return ChatResponse.builder()
        .id(id)
        .aiMessage(message(sample, id))
        .modelName(model)
        .tokenUsage(new TokenUsage(promptTokens, sample.generated()))
        .finishReason(reason(sample))
        .build();
  }

  private FinishReason reason(GenerationResult.Text sample) {
    if (chat.whole(sample)) {
      return chat.calls() ? FinishReason.TOOL_EXECUTION : FinishReason.STOP;
    }
    return sample.finish() == Finish.LENGTH ? FinishReason.LENGTH : FinishReason.OTHER;
  }

  private AiMessage message(GenerationResult.Text sample, String id) {
    ToolExecutionRequest.Builder builder = ToolExecutionRequest.builder().id(id + "-call");
    return chat.call(sample)
        .map(call -> builder.name(call.name()).arguments(call.arguments()).build())
        .map(AiMessage::from)
        .orElseGet(() -> AiMessage.from(chat.text(sample)));
  }
}
