package io.github.dllm4j.eval.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.TextGenerator;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What OpenAI's clients send without being asked to, and what they make of the replies. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ClientsTest extends Served {
  private static final String CHAT = "/v1/chat/completions";
  private static final String WHO = chat("\"Who?\"");

  /** A chat of one message, without the last brace. */
  private static String chat(String content) {
    return "{\"messages\":[{\"role\":\"user\",\"content\":"
        + content
        + "}],\"max_tokens\":30,\"seed\":4,\"dllm\":{\"steps\":6}";
  }

  private static ApiRequest read(String body, TextGenerator from) throws IOException {
    JsonNode document = ApiReply.JSON.readTree(body);
    return ApiRequest.read(
        document, document.has("messages"), from, Duration.ofMinutes(5), /* seed= */ 0);
  }

  /** The deltas of a stream, by sample. */
  private static List<List<JsonNode>> deltas(String body, int samples) throws Exception {
    HttpResponse<String> response = send(post(CHAT, body + ",\"stream\":true}"));
    assertEquals(200, response.statusCode(), response.body());
    List<List<JsonNode>> deltas = new ArrayList<>();
    for (int s = 0; s < samples; s++) {
      deltas.add(new ArrayList<>());
    }
    for (String event : response.body().strip().split("\n\n", -1)) {
      if (!event.equals("data: [DONE]")) {
        JsonNode choice = ApiReply.JSON.readTree(event.substring(6)).at("/choices/0");
        deltas.get(choice.path("index").asInt()).add(choice.path("delta"));
      }
    }
    return deltas;
  }

  /** Clients join the strings of all parts; the text of most steps is empty here. */
  @Test
  void aStreamSaysTheRoleOfASampleOnce() throws Exception {
    JsonNode whole = ask(CHAT, WHO + ",\"n\":2}");
    List<List<JsonNode>> samples = deltas(WHO + ",\"n\":2", 2);
    for (int s = 0; s < 2; s++) {
      List<JsonNode> deltas = samples.get(s);
      assertEquals(7, deltas.size()); // 6 steps, the end
      assertEquals("", deltas.get(0).path("content").asText(), "the next must be a second without");
      StringBuilder role = new StringBuilder();
      StringBuilder text = new StringBuilder();
      for (JsonNode delta : deltas) {
        role.append(delta.path("role").asText());
        text.append(delta.path("content").asText());
      }
      assertEquals("assistant", role.toString());
      assertTrue(deltas.get(0).has("role"));
      assertEquals(whole.path("choices").get(s).at("/message/content").asText(), text.toString());
    }
  }

  @Test
  void aStreamedCallHasNoText() throws Exception {
    List<JsonNode> deltas = deltas(WHO + "," + TOOLS, 1).get(0);
    assertEquals("{\"role\":\"assistant\",\"content\":null}", deltas.get(0).toString());
    int last = deltas.size() - 1;
    assertTrue(last > 1);
    for (JsonNode delta : deltas.subList(1, last)) {
      assertEquals("{}", delta.toString());
    }
    assertEquals(1, deltas.get(last).size(), deltas.get(last).toString());
    assertEquals("add", deltas.get(last).at("/tool_calls/0/function/name").asText());
  }

  /** A request may end before its first step. */
  @Test
  void aPartThatIsFirstAndLastHasTheRole() throws IOException {
    for (String body : List.of(WHO + "}", WHO + "," + TOOLS + "}")) {
      ApiRequest request = read(body, generator);
      GenerationResult result = generator.generate(request.request());
      ObjectNode part = new ApiReply(request, "bundled", 1).last(result, 0);
      JsonNode delta = part.at("/choices/0/delta");
      assertEquals("assistant", delta.path("role").asText());
      assertEquals(request.calls(), delta.has("tool_calls"));
      assertEquals(request.calls(), delta.path("content").isNull());
    }
  }

  /** LLaDA could fill thousands of tokens: without a maximum a reply has as many as elsewhere. */
  @Test
  void aReplyWithoutAMaximumHasTheLengthOfTheEngine() throws Exception {
    try (TextGenerator llada = TextGenerator.open(field("llada-grouped"))) {
      String start = "{\"prompt\":\"the\",\"dllm\":{\"steps\":1}";
      ApiRequest free = read(start + "}", llada);
      int length = llada.generate(free.request()).samples().get(0).tokens().size();
      assertEquals(free.promptTokens() + 128, length);
      assertNotEquals(llada.model().config().network().length(), length);
      ApiRequest most = read(start + ",\"max_tokens\":5}", llada);
      length = llada.generate(most.request()).samples().get(0).tokens().size();
      assertEquals(most.promptTokens() + 5, length);
    }
    assertEquals(
        generator.model().config().network().length(),
        ask("/v1/completions", "{\"prompt\":\"And\",\"dllm\":{\"steps\":1}}")
            .at("/usage/total_tokens")
            .asInt());
  }

  @Test
  void aPromptThatLeavesNoRoomIsRefused() throws Exception {
    String prompt = "And God said ".repeat(100);
    int tokens = generator.model().tokenizer().encode(prompt).length;
    String body = "{\"prompt\":\"" + prompt + "\"}";
    refused(
        400,
        "prompt and reply must have at most 128 tokens, got " + tokens + " and 1",
        post("/v1/completions", body));
    JsonNode error =
        ApiReply.JSON.readTree(send(post("/v1/completions", body)).body()).path("error");
    assertEquals("context_length_exceeded", error.path("code").asText());
    assertEquals(1, error.path("message").asText().lines().count());
  }

  private static Path field(String name) {
    return Path.of("..", "engine", "src", "test", "resources", "field", name);
  }
}
