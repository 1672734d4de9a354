package io.github.dllm4j.engine.langchain4j;

import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import io.github.dllm4j.engine.TextGenerator;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** LangChain4j's own tests of what listeners of streams hear. */
class StreamingListenerContractTest extends AbstractStreamingChatModelListenerIT {
  private static TextGenerator generator;

  @BeforeAll
  static void open() throws IOException {
    generator = TextGenerator.bundled();
  }

  @AfterAll
  static void close() {
    generator.close();
  }

  @Override
  protected StreamingChatModel createModel(ChatModelListener listener) {
    return new DiffusionChatModel(generator, request -> request.withSteps(4))
        .withDefaults(
            ChatRequestParameters.builder()
                .modelName(modelName())
                .temperature(temperature())
                .topP(topP())
                .maxOutputTokens(maxTokens())
                .build())
        .withListeners(List.of(listener));
  }

  @Override
  protected String modelName() {
    return generator.model().name();
  }

  /** A call of a tool is longer than their 7 tokens. */
  @Override
  protected Integer maxTokens() {
    return 80;
  }

  /** More tokens than the model takes. */
  @Override
  protected StreamingChatModel createFailingModel(ChatModelListener listener) {
    return new DiffusionChatModel(generator, request -> request.withLength(100_000))
        .withListeners(List.of(listener));
  }

  @Override
  protected Class<? extends Exception> expectedExceptionClass() {
    return InvalidRequestException.class;
  }
}
