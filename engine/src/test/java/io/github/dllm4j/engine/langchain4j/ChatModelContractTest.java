package io.github.dllm4j.engine.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelIT;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import io.github.dllm4j.engine.TextGenerator;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** LangChain4j's own tests of every chat model. */
class ChatModelContractTest extends AbstractChatModelIT {
  private TextGenerator generator;

  @BeforeAll
  void open() throws IOException {
    generator = TextGenerator.bundled();
  }

  @AfterAll
  void close() {
    generator.close();
  }

  @Override
  protected List<ChatModel> models() {
    return List.of(new Whole(ToldModel.of(generator)));
  }

  @Override
  protected ChatModel createModelWith(ChatRequestParameters parameters) {
    return new Whole(ToldModel.of(generator).withDefaults(parameters));
  }

  /** One that does not stream as well, so that their tests look for no stream. */
  private record Whole(DiffusionChatModel model) implements ChatModel {
    @Override
    public ChatResponse doChat(ChatRequest request) {
      return model.doChat(request);
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
      return model.defaultRequestParameters();
    }
  }

  @Override
  protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
    return ChatRequestParameters.builder().maxOutputTokens(maxOutputTokens).build();
  }

  /** There is one model; its own name is taken, see {@link DiffusionChatModelTest}. */
  @Override
  protected boolean supportsModelNameParameter() {
    return false;
  }

  /** JSON needs its schema. */
  @Override
  protected boolean supportsJsonResponseFormat() {
    return false;
  }

  @Override
  protected boolean supportsSingleImageInputAsBase64EncodedString() {
    return false;
  }

  @Override
  protected boolean supportsSingleImageInputAsPublicURL() {
    return false;
  }

  @Override
  @Test
  @Disabled("a reply is one call: the models were not taught when to make several")
  protected void should_execute_multiple_tools_in_parallel_then_answer(ChatModel m) {}

  /**
   * The model cannot be told to say "Hello World" and to stop: it is cut in what it says itself.
   */
  @Override
  @ParameterizedTest
  @MethodSource("models")
  protected void should_respect_stopSequences_in_chat_request(ChatModel m) {
    String whole = said(m, List.of());
    String stop = whole.substring(6, 9);
    assertEquals(whole.substring(0, whole.indexOf(stop)), said(m, List.of(stop)));
  }

  /** As above. */
  @Override
  @Test
  protected void should_respect_stopSequences_in_default_model_parameters() {
    String whole = said(models().get(0), List.of());
    String stop = whole.substring(6, 9);
    ChatRequestParameters defaults =
        ChatRequestParameters.builder().stopSequences(List.of(stop)).build();
    assertEquals(
        whole.substring(0, whole.indexOf(stop)), said(createModelWith(defaults), List.of()));
  }

  private String said(ChatModel m, List<String> stops) {
    ChatRequest.Builder request =
        ChatRequest.builder().messages(UserMessage.from("Who?")).maxOutputTokens(20);
    ChatRequest asked = stops.isEmpty() ? request.build() : request.stopSequences(stops).build();
    return chat(m, asked).chatResponse().aiMessage().text();
  }
}
