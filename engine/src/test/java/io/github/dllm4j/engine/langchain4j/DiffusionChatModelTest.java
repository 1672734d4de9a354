package io.github.dllm4j.engine.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.Message;
import io.github.dllm4j.engine.TextGenerator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DiffusionChatModelTest {
  private static final UserMessage QUESTION = UserMessage.from("Who?");
  private static final ToolSpecification TOOL =
      ToolSpecification.builder()
          .name("age")
          .parameters(
              JsonObjectSchema.builder()
                  .addEnumProperty("name", List.of("Noah", "Ham"))
                  .required("name")
                  .build())
          .build();

  private static TextGenerator generator;
  private static DiffusionChatModel model;

  @BeforeAll
  static void open() throws IOException {
    generator = TextGenerator.bundled();
    model = new DiffusionChatModel(generator, request -> request.withSteps(4).withSeed(5));
  }

  @AfterAll
  static void close() {
    generator.close();
  }

  private static ChatRequest.Builder request() {
    return ChatRequest.builder().messages(QUESTION).maxOutputTokens(24);
  }

  @Test
  void aReplyIsWhatTheGeneratorMakes() {
    ChatResponse response = model.chat(request().temperature(0.8).build());
    List<Message> messages = List.of(Message.user("Who?"));
    int prompt = generator.model().tokenizer().encode(Message.prompt(messages)).length;
    String twin =
        generator
            .generate(
                GenerationRequest.messages(messages)
                    .withLength(prompt + 24)
                    .withTemperature(0.8)
                    .withSteps(4)
                    .withSeed(5))
            .completion();
    assertEquals(twin.stripLeading(), response.aiMessage().text());
    assertEquals(prompt, response.tokenUsage().inputTokenCount());
    assertEquals(24, response.tokenUsage().outputTokenCount());
    assertEquals("bundled", response.metadata().modelName());
  }

  @Test
  void aStreamSaysTheSame() throws Exception {
    saysTheSameInParts(model);
    saysTheSameInParts(
        new DiffusionChatModel(
            generator, request -> request.withSteps(8).withSeed(3).withSamples(3)));
  }

  private static void saysTheSameInParts(DiffusionChatModel chat) throws Exception {
    String whole = chat.chat(request().build()).aiMessage().text();
    StringBuilder parts = new StringBuilder();
    CompletableFuture<ChatResponse> done = new CompletableFuture<>();
    chat.chat(
        request().build(),
        new StreamingChatResponseHandler() {
          @Override
          public void onPartialResponse(String part) {
            parts.append(part);
          }

          @Override
          public void onCompleteResponse(ChatResponse response) {
            done.complete(response);
          }

          @Override
          public void onError(Throwable error) {
            done.completeExceptionally(error);
          }
        });
    assertEquals(whole, done.get(5, TimeUnit.MINUTES).aiMessage().text());
    assertEquals(whole, parts.toString());
  }

  @Test
  void aCancelledStreamSaysNoMore() throws Exception {
    List<String> parts = new ArrayList<>();
    DiffusionChatModel slow =
        new DiffusionChatModel(generator, request -> request.withSteps(24).withSeed(5));
    CompletableFuture<Void> first = new CompletableFuture<>();
    slow.chat(
        request().build(),
        new StreamingChatResponseHandler() {
          @Override
          public void onPartialResponse(PartialResponse part, PartialResponseContext context) {
            parts.add(part.text());
            context.streamingHandle().cancel();
            first.complete(null);
          }

          @Override
          public void onCompleteResponse(ChatResponse response) {
            parts.add("complete");
          }

          @Override
          public void onError(Throwable error) {
            parts.add("error");
          }
        });
    first.get(5, TimeUnit.MINUTES);
    generator.submit(GenerationRequest.prompt("a").withLength(8).withSteps(2)).result();
    assertEquals(1, parts.size(), parts.toString());
  }

  @Test
  void schemasAndToolsAreKept() throws Exception {
    ChatResponse formed =
        model.chat(
            request()
                .responseFormat(
                    ResponseFormat.builder()
                        .type(ResponseFormatType.JSON)
                        .jsonSchema(
                            JsonSchema.builder()
                                .name("x")
                                .rootElement(
                                    JsonObjectSchema.builder()
                                        .addBooleanProperty("good")
                                        .required("good")
                                        .build())
                                .build())
                        .build())
                .build());
    assertTrue(new ObjectMapper().readTree(formed.aiMessage().text()).path("good").isBoolean());
    assertEquals(FinishReason.STOP, formed.finishReason());
    ChatResponse called =
        model.chat(request().maxOutputTokens(40).toolSpecifications(TOOL).build());
    ToolExecutionRequest call = called.aiMessage().toolExecutionRequests().get(0);
    assertEquals("age", call.name());
    assertTrue(call.arguments().matches("\\{\"name\":\"(Noah|Ham)\"}"), call.arguments());
    assertEquals(FinishReason.TOOL_EXECUTION, called.finishReason());
    ChatResponse answered =
        model.chat(
            ChatRequest.builder()
                .messages(
                    QUESTION, AiMessage.from(call), ToolExecutionResultMessage.from(call, "950"))
                .maxOutputTokens(12)
                .toolSpecifications(TOOL)
                .build());
    assertTrue(!answered.aiMessage().hasToolExecutionRequests());
  }

  @Test
  void aMessageMayHaveItsTextInParts() {
    UserMessage parts = UserMessage.from(TextContent.from("Who?"), TextContent.from("Why?"));
    ToolExecutionRequest call = ToolExecutionRequest.builder().name("age").build();
    ChatRequest chat =
        ChatRequest.builder()
            .messages(parts, AiMessage.from(call), ToolExecutionResultMessage.from(call, "950"))
            .build();
    Conversation read = Conversation.of(chat, generator, UnaryOperator.identity());
    assertEquals(
        List.of(
            Message.user("Who?\nWhy?"),
            Message.assistant("{\"name\":\"age\",\"arguments\":{}}"),
            Message.tool("950")),
        read.chat().request().messages());
  }

  @Test
  void whatHasNoEquivalentIsRefused() {
    assertThrows(UnsupportedFeatureException.class, () -> model.chat(request().topK(3).build()));
    assertThrows(
        UnsupportedFeatureException.class,
        () -> model.chat(request().responseFormat(ResponseFormat.JSON).build()));
    assertThrows(
        InvalidRequestException.class, () -> model.chat(request().maxOutputTokens(999).build()));
    assertThrows(
        UnsupportedFeatureException.class, () -> model.chat(request().modelName("other").build()));
    assertEquals("bundled", model.chat(request().modelName("bundled").build()).modelName());
    for (int tokens : new int[] {0, -1, Integer.MAX_VALUE}) {
      assertThrows(
          InvalidRequestException.class,
          () -> model.chat(request().maxOutputTokens(tokens).build()));
    }
    assertThrows(
        InvalidRequestException.class,
        () -> model.chat(request().toolChoice(ToolChoice.REQUIRED).build()));
    ToolExecutionResultMessage image =
        ToolExecutionResultMessage.builder()
            .id("1")
            .toolName("age")
            .contents(List.of(ImageContent.from("http://localhost/x.png")))
            .build();
    assertThrows(
        UnsupportedFeatureException.class,
        () -> model.chat(ChatRequest.builder().messages(QUESTION, image).build()));
  }
}
