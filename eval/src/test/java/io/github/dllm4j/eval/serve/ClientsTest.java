package io.github.dllm4j.eval.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.Message;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.constrain.ExactJson;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
    JsonNode document = ExactJson.MAPPER.readTree(body);
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
        JsonNode choice = ExactJson.MAPPER.readTree(event.substring(6)).at("/choices/0");
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
      GenerationResult result = generator.generate(request.asked().request());
      ObjectNode part = new ApiReply(request, "bundled", 1).last(result, 0);
      JsonNode delta = part.at("/choices/0/delta");
      assertEquals("assistant", delta.path("role").asText());
      assertEquals(request.asked().calls(), delta.has("tool_calls"));
      assertEquals(request.asked().calls(), delta.path("content").isNull());
    }
  }

  /** LLaDA could fill thousands of tokens: without a maximum a reply has as many as elsewhere. */
  @Test
  void aReplyWithoutAMaximumHasTheLengthOfTheEngine() throws Exception {
    try (TextGenerator llada = TextGenerator.open(field("llada-grouped"))) {
      String start = "{\"prompt\":\"the\",\"dllm\":{\"steps\":1}";
      ApiRequest free = read(start + "}", llada);
      int length = llada.generate(free.asked().request()).samples().get(0).tokens().size();
      assertEquals(free.promptTokens() + 128, length);
      assertNotEquals(llada.model().config().network().length(), length);
      ApiRequest most = read(start + ",\"max_tokens\":5}", llada);
      length = llada.generate(most.asked().request()).samples().get(0).tokens().size();
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
        ExactJson.MAPPER.readTree(send(post("/v1/completions", body)).body()).path("error");
    assertEquals("context_length_exceeded", error.path("code").asText());
    assertEquals(1, error.path("message").asText().lines().count());
  }

  private static String part(String text) {
    return "{\"type\":\"text\",\"text\":\"" + text + "\"}";
  }

  @Test
  void aMessageMayHaveItsTextInParts() throws Exception {
    String one = ask(CHAT, WHO + "}").at("/choices/0/message/content").asText();
    String parts = chat("[" + part("Who?") + "]") + "}";
    assertEquals(one, ask(CHAT, parts).at("/choices/0/message/content").asText());
    ApiRequest two = read(chat("[" + part("Who?") + "," + part("Why?") + "]") + "}", generator);
    assertEquals("Who?\nWhy?", two.asked().request().messages().get(0).content());
    for (Map.Entry<String, String> wrong :
        Map.of(
                "[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:,\"}}]",
                "messages[0].content[0].type must be text, got image_url",
                "[" + part("a") + ",{\"type\":\"text\"}]",
                "messages[0].content[1].text is missing",
                "[{\"type\":\"text\",\"text\":\"a\",\"x\":1}]",
                "unknown field messages[0].content[0].x",
                "[\"a\"]",
                "messages[0].content[0] must be a JSON object",
                "[]",
                "messages[0].content must be a string or a list of at least one text part",
                "5",
                "messages[0].content must be a string or a list of at least one text part",
                "null",
                "messages[0].content is missing")
            .entrySet()) {
      refused(400, wrong.getValue(), post(CHAT, chat(wrong.getKey()) + "}"));
    }
  }

  @Test
  void partsBesideACallAreKept() throws Exception {
    String body =
        WHO.replace(
            "}],",
            "},{\"role\":\"assistant\",\"content\":["
                + part("So:")
                + "],\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":"
                + "{\"name\":\"add\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\","
                + "\"tool_call_id\":\"c\",\"content\":["
                + part("3")
                + "]}],");
    var messages = read(body + "}", generator).asked().request().messages();
    assertEquals("So:{\"name\":\"add\",\"arguments\":{}}", messages.get(1).content());
    assertEquals("3", messages.get(2).content());
  }

  /** As OpenAI's client sends back a message that it has read. */
  @Test
  void fieldsThatSayNothingAreTaken() throws IOException {
    String body =
        WHO.replace(
            "}],",
            "},{\"role\":\"assistant\",\"content\":\"I.\",\"refusal\":null,\"annotations\":[],"
                + "\"audio\":null,\"function_call\":null,\"tool_calls\":null},"
                + "{\"role\":\"user\",\"content\":\"Why?\"}],");
    var messages = read(body + "}", generator).asked().request().messages();
    assertEquals(List.of("Who?", "I.", "Why?"), messages.stream().map(Message::content).toList());
  }

  @Test
  void onlyAnAssistantHasCallsAndTheyAreWhole() throws Exception {
    for (Map.Entry<String, String> wrong :
        Map.of(
                "\"user\",\"content\":\"a\",\"tool_calls\":[{}]",
                "unknown field messages[0].tool_calls",
                "\"assistant\",\"tool_calls\":[]",
                "messages[0].content is missing",
                "\"assistant\",\"tool_calls\":{}",
                "messages[0].tool_calls must be a list",
                "\"assistant\",\"tool_calls\":[{}]",
                "messages[0].tool_calls[0].function is missing",
                "\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"add\"}}]",
                "messages[0].tool_calls[0].function.arguments is missing")
            .entrySet()) {
      refused(
          400, wrong.getValue(), post(CHAT, "{\"messages\":[{\"role\":" + wrong.getKey() + "}]}"));
    }
  }

  /** As with OpenAI, a form is that of an answer and goes with tools; a call has its own. */
  @Test
  void aFormIsTheLastAnswers() throws Exception {
    String form =
        ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\","
            + "\"schema\":{\"enum\":[\"yes\"]}}}}";
    String start = WHO + "," + TOOLS;
    assertTrue(read(start + form, generator).asked().calls());
    JsonNode none = ask(CHAT, start + ",\"tool_choice\":\"none\"" + form);
    assertEquals("\"yes\"", none.at("/choices/0/message/content").asText());
    String answer = "},{\"role\":\"tool\",\"content\":\"3\"}],";
    JsonNode last = ask(CHAT, start.replace("}],\"max", answer + "\"max") + form);
    assertEquals("\"yes\"", last.at("/choices/0/message/content").asText());
    assertEquals("stop", last.at("/choices/0/finish_reason").asText());
  }

  @Test
  void aToolIsChosenOnlyIfThereIsOne() throws Exception {
    assertFalse(read(WHO + ",\"tool_choice\":\"auto\"}", generator).asked().calls());
    refused(400, "at least one tool", post(CHAT, WHO + ",\"tool_choice\":\"required\"}"));
  }

  /** One call is no more than several may be. */
  @ParameterizedTest
  @ValueSource(strings = {"true", "false", "null"})
  void callsMayBeParallel(String value) throws Exception {
    String start = WHO + "," + TOOLS;
    JsonNode calls =
        ask(CHAT, start + ",\"parallel_tool_calls\":" + value + "}")
            .at("/choices/0/message/tool_calls");
    assertEquals(1, calls.size());
    assertEquals("add", calls.at("/0/function/name").asText());
  }

  @Test
  void whetherCallsMayBeParallelIsTrueOrFalse() throws Exception {
    refused(
        400,
        "parallel_tool_calls must be true or false",
        post(CHAT, WHO + "," + TOOLS + ",\"parallel_tool_calls\":\"false\"}"));
  }

  @Test
  void aPromptMayBeAListOfOne() throws Exception {
    String end = ",\"max_tokens\":9,\"seed\":2,\"dllm\":{\"steps\":3}}";
    String path = "/v1/completions";
    assertEquals(
        ask(path, "{\"prompt\":\"And God\"" + end).at("/choices/0/text"),
        ask(path, "{\"prompt\":[\"And God\"]" + end).at("/choices/0/text"));
    for (String wrong : List.of("[]", "[\"a\",\"b\"]", "[1]", "[[1,2]]", "[null]", "{}")) {
      refused(
          400,
          "prompt must be a string or a list of one string",
          post(path, "{\"prompt\":" + wrong + end));
    }
  }

  private static Path field(String name) {
    return Path.of("..", "engine", "src", "test", "resources", "field", name);
  }

  @Test
  void theModelHasAPath() throws Exception {
    JsonNode all = ExactJson.MAPPER.readTree(send(at("/v1/models").build()).body());
    JsonNode one = ExactJson.MAPPER.readTree(send(at("/v1/models/bundled").build()).body());
    assertEquals(all.at("/data/0"), one);
    assertEquals("bundled", one.path("id").asText());
    assertEquals("model", one.path("object").asText());
    for (String other : List.of("gpt-4o", "bundled%2Fx", "bundled/", "%5Cbundled", "a%25%0A", "")) {
      HttpRequest request = at("/v1/models/" + other).build();
      refused(404, "the model here is bundled, got ", request);
      JsonNode error = ExactJson.MAPPER.readTree(send(request).body()).path("error");
      assertEquals("model_not_found", error.path("code").asText());
    }
    refused(404, "nothing at /v1%2Fmodels", at("/v1%2Fmodels").build());
    refused(405, "is for GET", post("/v1/models/bundled", "{}"));
  }

  /** A model is called after its folder, so that its name has slashes, dots and what not. */
  @Test
  void anIdOfAPathIsDecoded() throws Exception {
    String name = field("llada").toString();
    try (TextGenerator llada = TextGenerator.open(field("llada"));
        GenerationServer other = GenerationServer.start(llada, "127.0.0.1", 0, LIMITS, 0)) {
      URI host = URI.create("http://127.0.0.1:" + other.port());
      String id = URLEncoder.encode(name, StandardCharsets.UTF_8);
      for (String path : List.of(id, "%2E" + id.substring(1))) {
        HttpRequest request = HttpRequest.newBuilder(host.resolve("/v1/models/" + path)).build();
        HttpResponse<String> response = send(request);
        assertEquals(200, response.statusCode(), response.body());
        assertEquals(name, ExactJson.MAPPER.readTree(response.body()).path("id").asText());
      }
      HttpRequest wrong = HttpRequest.newBuilder(host.resolve("/v1/models/bundled")).build();
      assertFalse(send(wrong).body().contains("owned_by"));
    }
  }
}
