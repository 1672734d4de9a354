package io.github.dllm4j.eval.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.Chat;
import io.github.dllm4j.engine.Generation;
import io.github.dllm4j.engine.GenerationListener;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.GenerationResult.Finish;
import io.github.dllm4j.engine.Message;
import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.ExactJson;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The server with the bundled model, asked by a real client and by bad ones. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ServeTest extends Served {
  private static final Limits STRICT =
      new Limits(20_000, 64, Duration.ofSeconds(2), Duration.ofMinutes(5));

  @Test
  void aCompletionIsWhatTheLibraryMakes() throws Exception {
    JsonNode reply =
        ask(
            "/v1/completions",
            "{\"prompt\":\"And the LORD said\",\"max_tokens\":12,\"seed\":7,\"n\":2,"
                + "\"temperature\":0.9,\"dllm\":{\"steps\":4}}");
    GenerationRequest request =
        GenerationRequest.prompt("And the LORD said")
            .withLength(12 + reply.path("usage").path("prompt_tokens").asInt())
            .withSeed(7)
            .withSamples(2)
            .withTemperature(0.9)
            .withSteps(4);
    var twin = generator.generate(request);
    for (int s = 0; s < 2; s++) {
      JsonNode choice = reply.path("choices").get(s);
      assertEquals(twin.samples().get(s).fills().get(0), choice.path("text").asText());
      assertEquals("length", choice.path("finish_reason").asText());
    }
    assertEquals(24, reply.path("usage").path("completion_tokens").asInt());
    assertEquals(4, reply.path("dllm").path("steps").asInt());
    assertEquals("bundled", reply.path("model").asText());
  }

  /** Tokens behind a stop text were made, but are no part of the answer. */
  @Test
  void usageCountsTheTokensOfTheAnswer() throws Exception {
    String request = "{\"prompt\":\"And God\",\"max_tokens\":24,\"seed\":3,\"dllm\":{\"steps\":8}";
    JsonNode whole = ask("/v1/completions", request + "}");
    assertEquals(24, whole.at("/usage/completion_tokens").asInt());
    String text = whole.at("/choices/0/text").asText();
    String stop = text.substring(8, 11);
    JsonNode cut =
        ask("/v1/completions", request + ",\"stop\":" + ExactJson.MAPPER.valueToTree(stop) + "}");
    String kept = text.substring(0, text.indexOf(stop));
    assertEquals(kept, cut.at("/choices/0/text").asText());
    int count = cut.at("/usage/completion_tokens").asInt();
    assertTrue(count > 0 && count <= kept.length() && count < 24, cut.toString());
    JsonNode template =
        ask("/v1/completions", "{\"dllm\":{\"template\":\"a{3}b{2}\",\"steps\":2}}");
    assertEquals(5, template.at("/usage/completion_tokens").asInt());
  }

  @Test
  void aChatIsAnswered() throws Exception {
    String chat =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"Who?\"}],\"max_tokens\":10,"
            + "\"seed\":1,\"dllm\":{\"steps\":3}}";
    JsonNode message = ask("/v1/chat/completions", chat).at("/choices/0/message");
    assertEquals("assistant", message.path("role").asText());
    String prompt = Message.prompt(List.of(Message.user("Who?")));
    int length = 10 + generator.model().tokenizer().encode(prompt).length;
    String twin =
        generator
            .generate(
                GenerationRequest.messages(List.of(Message.user("Who?")))
                    .withLength(length)
                    .withSeed(1)
                    .withSteps(3))
            .completion();
    assertEquals(twin.stripLeading(), message.path("content").asText());
  }

  @Test
  void aSchemaAndAToolCallAreKept() throws Exception {
    String start =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"Age?\"}],\"max_tokens\":40,"
            + "\"dllm\":{\"steps\":4},";
    JsonNode reply =
        ask(
            "/v1/chat/completions",
            start
                + "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\","
                + "\"schema\":{\"type\":\"object\",\"properties\":{\"age\":{\"type\":\"integer\","
                + "\"minimum\":0,\"maximum\":150}},\"required\":[\"age\"]}}}}");
    JsonNode made = ExactJson.MAPPER.readTree(reply.at("/choices/0/message/content").asText());
    assertTrue(made.path("age").isIntegralNumber(), made.toString());
    assertEquals("stop", reply.at("/choices/0/finish_reason").asText());
    reply = ask("/v1/chat/completions", start + TOOLS + "}");
    JsonNode function = reply.at("/choices/0/message/tool_calls/0/function");
    assertEquals("add", function.path("name").asText(), reply.toString());
    assertTrue(
        ExactJson.MAPPER
            .readTree(function.path("arguments").asText())
            .path("a")
            .isIntegralNumber());
    assertEquals("tool_calls", reply.at("/choices/0/finish_reason").asText());
    reply =
        ask(
            "/v1/chat/completions",
            start.replace(
                    "}],",
                    "},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_0\","
                        + "\"type\":\"function\",\"function\":{\"name\":\"add\",\"arguments\":"
                        + "\"{\\\"a\\\":1}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"call_0\","
                        + "\"content\":\"3\"}],")
                + TOOLS
                + "}");
    assertTrue(reply.at("/choices/0/message/tool_calls").isMissingNode(), reply.toString());
    assertTrue(reply.at("/choices/0/message/content").isTextual());
  }

  /** Temperature 0 is the most probable of what a form allows, unlikely as all of it may be. */
  @Test
  void aColdReplyOfAFormIsTheMostProbableOne() throws Exception {
    String schema = "{\"enum\":[\"Moses\",\"Noah\",\"David\",\"Abram\"]}";
    JsonNode reply =
        ask(
            "/v1/completions",
            "{\"prompt\":\"And God said unto\",\"max_tokens\":12,\"n\":8,\"temperature\":0,"
                + "\"dllm\":{\"steps\":1},\"response_format\":{\"type\":\"json_schema\","
                + "\"json_schema\":{\"name\":\"a\",\"schema\":"
                + schema
                + "}}}");
    GenerationRequest greedy =
        GenerationRequest.prompt("And God said unto")
            .withLength(12 + reply.path("usage").path("prompt_tokens").asInt())
            .withTemperature(Chat.temperature(0))
            .withSteps(1)
            .withConstraint(Constraint.jsonSchema(schema).greedy());
    String best = generator.generate(greedy).samples().get(0).fills().get(0);
    for (JsonNode choice : reply.path("choices")) {
      assertEquals(best, choice.path("text").asText());
    }
  }

  /** As a schema writes them: not cut, not rounded, not infinite. */
  @Test
  void numbersOfSchemasStayAsTheyAre() throws Exception {
    for (String number : List.of("1.10", "1E+400", "0.12345678901234567890", "100.0")) {
      JsonNode reply =
          ask(
              "/v1/completions",
              "{\"prompt\":\"And\",\"max_tokens\":24,\"temperature\":0.9,\"dllm\":{\"steps\":1},"
                  + "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\","
                  + "\"schema\":{\"const\":"
                  + number
                  + "}}}}");
      assertEquals(number, reply.path("choices").get(0).path("text").asText());
    }
    refused(
        400,
        "exponent is beyond what can be read",
        post("/v1/completions", "{\"prompt\":\"And\",\"temperature\":1e99999999999}"));
    refused(
        400,
        "temperature",
        post("/v1/completions", "{\"prompt\":\"And\",\"temperature\":1e999999999}"));
  }

  @Test
  void aStreamSaysStepByStepWhatTheWholeSays() throws Exception {
    String body = "{\"prompt\":\"And God\",\"max_tokens\":24,\"seed\":3,\"dllm\":{\"steps\":8}";
    String whole = ask("/v1/completions", body + "}").at("/choices/0/text").asText();
    HttpResponse<Stream<String>> response =
        client()
            .send(
                post(
                    "/v1/completions",
                    body + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}"),
                HttpResponse.BodyHandlers.ofLines());
    assertEquals(
        "text/event-stream;charset=utf-8", response.headers().firstValue("Content-Type").get());
    List<String> events =
        response.body().filter(line -> !line.isEmpty()).map(line -> line.substring(6)).toList();
    assertEquals("[DONE]", events.get(events.size() - 1));
    StringBuilder text = new StringBuilder();
    String canvas = "";
    for (String event : events.subList(0, events.size() - 1)) {
      JsonNode part = ExactJson.MAPPER.readTree(event);
      text.append(part.at("/choices/0/text").asText());
      canvas = part.at("/dllm/canvas").asText(canvas);
    }
    assertEquals(whole, text.toString());
    assertEquals("And God" + whole, canvas);
    assertEquals(11, events.size()); // 8 steps, the end, the usage, [DONE]
  }

  @Test
  void whatIsWrongIsRefusedInOneLine() throws Exception {
    String path = "/v1/completions";
    for (Map.Entry<String, String> wrong :
        Map.ofEntries(
                Map.entry("{\"prompt\":", "no JSON"),
                Map.entry("[]", "must be a JSON object"),
                Map.entry("", "must be a JSON object"),
                Map.entry("{\"prompt\":\"a\",\"prompt\":\"b\"}", "no JSON"),
                Map.entry("{\"prompt\":\"a\"} x", "no JSON"),
                Map.entry("{\"prompt\":\"a\",\"promt\":\"b\"}", "unknown field promt"),
                Map.entry("{\"prompt\":\"a\",\"dllm\":{\"step\":1}}", "unknown field dllm.step"),
                Map.entry("{}", "prompt is missing"),
                Map.entry("{\"prompt\":5}", "prompt must be a string"),
                Map.entry("{\"prompt\":\"a\",\"max_tokens\":0}", "max_tokens must be 1 to"),
                Map.entry("{\"prompt\":\"a\",\"max_tokens\":1.5}", "max_tokens must be 1 to"),
                Map.entry("{\"prompt\":\"a\",\"max_tokens\":999}", "at most 128 tokens"),
                Map.entry("{\"prompt\":\"a\",\"n\":99}", "n must be 1 to 8"),
                Map.entry("{\"prompt\":\"a\",\"temperature\":-1}", "temperature must be above 0"),
                Map.entry("{\"prompt\":\"a\",\"top_p\":2}", "top-p must be above 0"),
                Map.entry("{\"prompt\":\"a\",\"stream\":\"yes\"}", "stream must be true or false"),
                Map.entry("{\"prompt\":\"a\",\"presence_penalty\":1}", "not supported"),
                Map.entry("{\"prompt\":\"a\",\"stop\":[1]}", "stop must be a string"),
                Map.entry("{\"prompt\":\"a\",\"stop\":[null]}", "stop must be a string"),
                Map.entry("null", "the request must be a JSON object"),
                Map.entry("{\"prompt\":\"a\",\"dllm\":{\"sampler\":\"x\"}}", "sampler must be"),
                Map.entry(
                    "{\"prompt\":\"a\",\"dllm\":{\"sampler\":\"first-hitting\",\"steps\":2}}",
                    "decides its steps itself"),
                Map.entry(
                    "{\"prompt\":\"a\",\"dllm\":{\"sampler\":\"threshold:0.9\",\"epsilon\":2}}",
                    "decides its steps itself"),
                Map.entry("{\"prompt\":\"\\ud800\"}", ""))
            .entrySet()) {
      refused(400, wrong.getValue(), post(path, wrong.getKey()));
    }
    refused(400, "nesting depth", post(path, "[".repeat(5000)));
    refused(404, "the model here is bundled", post(path, "{\"prompt\":\"a\",\"model\":\"gpt\"}"));
    refused(404, "nothing at /v1/x", post("/v1/x", "{}"));
    refused(405, "is for POST", at(path).GET().build());
    refused(405, "is for GET", post("/health", "{}"));
    refused(
        415,
        "content type",
        at(path).POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a\"}")).build());
    refused(413, "at most 20000 bytes", post(path, " ".repeat(20_001)));
    refused(
        413,
        "at most 20000 bytes",
        at(path)
            .header("Content-Type", "application/json")
            .POST(
                HttpRequest.BodyPublishers.ofInputStream(
                    () -> new ByteArrayInputStream(new byte[50_000])))
            .build());
    String chat = "/v1/chat/completions";
    refused(400, "messages is missing", post(chat, "{}"));
    refused(400, "role must be", post(chat, "{\"messages\":[{\"role\":\"x\",\"content\":\"\"}]}"));
    refused(
        400,
        "tool_choice must name one tool, got sub for 0 of them",
        post(
            chat,
            "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}],"
                + TOOLS
                + ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"sub\"}}}"));
    String twin = "{\"type\":\"function\",\"function\":{\"name\":\"sub\"}}";
    refused(
        400,
        "got sub for 2 of them",
        post(
            chat,
            "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}],\"tools\":["
                + twin
                + ","
                + twin
                + "],\"tool_choice\":"
                + twin
                + "}"));
  }

  @Test
  void healthModelsAndMetrics() throws Exception {
    assertEquals("{\"status\":\"ok\"}", send(at("/health").build()).body());
    assertEquals(
        "bundled",
        ExactJson.MAPPER.readTree(send(at("/v1/models").build()).body()).at("/data/0/id").asText());
    ask("/v1/completions", "{\"prompt\":\"a\",\"max_tokens\":2,\"dllm\":{\"steps\":1}}");
    String metrics = send(at("/metrics").build()).body();
    assertTrue(metrics.contains("dllm_responses_total{status=\"200\"} "), metrics);
    assertTrue(metrics.matches("(?s).*dllm_generated_tokens_total [1-9].*"), metrics);
    assertTrue(metrics.contains("dllm_requests_waiting 0"), metrics);
  }

  /** While the loop is held, what fits in the queue waits and the rest is told to come again. */
  @Test
  void aFullServerRefusesAndRecovers() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Generation held = generator.submit(hold(), waiting(begun, go));
    assertTrue(begun.await(5, TimeUnit.MINUTES));
    HttpRequest request =
        post("/v1/completions", "{\"prompt\":\"a\",\"max_tokens\":2,\"dllm\":{\"steps\":1}}");
    List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
    HttpClient client = client();
    for (int i = 0; i < 12; i++) {
      all.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
    }
    long full = 0;
    while (full < 9) {
      full = all.stream().filter(CompletableFuture::isDone).count();
      Thread.sleep(20);
    }
    go.countDown();
    int refused = 0;
    for (CompletableFuture<HttpResponse<String>> one : all) {
      HttpResponse<String> response = one.get();
      if (response.statusCode() == 503) {
        refused++;
        assertEquals("1", response.headers().firstValue("Retry-After").get());
        assertTrue(response.body().contains("the queue is full: 3 requests wait"));
      } else {
        assertEquals(200, response.statusCode());
      }
    }
    assertEquals(9, refused);
    assertEquals(Finish.LENGTH, held.result().samples().get(0).finish());
    assertEquals(200, send(request).statusCode());
  }

  private static GenerationRequest hold() {
    return GenerationRequest.unconditional().withLength(8).withSteps(2).withSamples(4);
  }

  private static GenerationListener waiting(CountDownLatch begun, CountDownLatch go) {
    return step -> {
      begun.countDown();
      try {
        return go.await(5, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        return false;
      }
    };
  }

  @Test
  void aStreamWhoseClientIsGoneIsCancelled() throws Exception {
    String body =
        "{\"prompt\":\"a\",\"stream\":true,\"n\":4,\"max_tokens\":120,\"dllm\":{\"steps\":120}}";
    String before = send(at("/metrics").build()).body();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      write(socket, "POST /v1/completions HTTP/1.1", body);
      InputStream in = socket.getInputStream();
      assertEquals("HTTP/1.1 200 OK", new String(in.readNBytes(15), StandardCharsets.US_ASCII));
      socket.setSoLinger(true, 0); // a reset, as of a client that dies
    }
    long begin = System.nanoTime();
    while (!gone(before, send(at("/metrics").build()).body())) {
      assertTrue(System.nanoTime() - begin < TimeUnit.MINUTES.toNanos(5), "never cancelled");
      Thread.sleep(50);
    }
  }

  private static boolean gone(String before, String now) {
    return count(now, "dllm_clients_gone_total") == count(before, "dllm_clients_gone_total") + 1
        && count(now, "dllm_requests_under_way") == 0;
  }

  private static long count(String metrics, String name) {
    return metrics
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToLong(line -> Long.parseLong(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  private static void write(Socket socket, String first, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    OutputStream out = socket.getOutputStream();
    out.write(
        (first
                + "\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + bytes.length
                + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    out.write(bytes);
    out.flush();
  }

  /** Half a header, half a body, nothing at all, and noise: closed in time, nobody else suffers. */
  @Test
  void badClientsAreClosedAndHarmNobody() throws Exception {
    GenerationServer strict = GenerationServer.start(generator, "127.0.0.1", 0, STRICT, 0);
    List<Socket> bad = new ArrayList<>();
    for (String start :
        List.of(
            "",
            "POST /v1/comp",
            "POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                + "Content-Length: 100\r\n\r\n{\"prompt\"",
            "\0\1\2 noise\r\n\r\n",
            "GET /" + "a".repeat(20_000) + " HTTP/1.1\r\nHost: a\r\n\r\n")) {
      for (int i = 0; i < 3; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), strict.port());
        socket.setSoTimeout(60_000);
        socket.getOutputStream().write(start.getBytes(StandardCharsets.US_ASCII));
        bad.add(socket);
      }
    }
    ask("/v1/completions", "{\"prompt\":\"a\",\"max_tokens\":2,\"dllm\":{\"steps\":1}}");
    for (Socket socket : bad) {
      String said = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertFalse(said.startsWith("HTTP/1.1 200"), said);
      socket.close();
    }
    strict.close();
  }

  /** A byte now and then keeps a connection busy, but not for long. */
  @Test
  void aBodyThatTricklesIsRefused() throws Exception {
    assertEquals("HTTP/1.1 408", trickled(BODY_AWAITED, ' '));
  }

  /** The same for a head; it is closed without an answer. */
  @Test
  void aHeadThatTricklesIsClosed() throws Exception {
    assertEquals("", trickled("POST /v1/completions HTTP/1.1\r\nHost: a\r\nX: ", 'x'));
  }

  /** A head that trickles behind an answered request. */
  @Test
  void aSecondHeadThatTricklesIsClosed() throws Exception {
    String first = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
    assertEquals("HTTP/1.1 200", trickled(first + "GET /hea", 'x').substring(0, 12));
  }

  private static final String BODY_AWAITED =
      String.join(
          "\r\n",
          "POST /v1/completions HTTP/1.1",
          "Host: a",
          "Content-Type: application/json",
          "Content-Length: 10000",
          "",
          "");

  /** Sends a beginning, then a character again and again; how the answer begins when it ends. */
  private static String trickled(String beginning, char more) throws Exception {
    try (GenerationServer strict = GenerationServer.start(generator, "127.0.0.1", 0, STRICT, 0);
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), strict.port())) {
      socket.setSoTimeout(60_000);
      OutputStream out = socket.getOutputStream();
      out.write(beginning.getBytes(StandardCharsets.US_ASCII));
      CompletableFuture<String> said =
          CompletableFuture.supplyAsync(
              () -> {
                byte[] start = new byte[12];
                try {
                  InputStream in = socket.getInputStream();
                  int count = in.readNBytes(start, 0, 12);
                  if (more == 'x') {
                    in.readAllBytes(); // until it is closed
                  }
                  return new String(start, 0, count, StandardCharsets.UTF_8);
                } catch (IOException e) {
                  return new String(start, StandardCharsets.UTF_8).strip();
                }
              });
      long begin = System.nanoTime();
      for (int i = 0; i < 600 && !said.isDone(); i++) {
        try {
          out.write(more);
          out.flush();
        } catch (IOException e) {
          break; // closed at the other end
        }
        Thread.sleep(100);
      }
      assertTrue(System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(30), "not closed in time");
      return said.get(1, TimeUnit.MINUTES);
    }
  }

  /** Who has said all may still listen; who stops in the middle is told, or closed. */
  @Test
  void aHalfClosedConnectionIsAnswered() throws Exception {
    String body = "{\"prompt\":\"a\",\"max_tokens\":2,\"dllm\":{\"steps\":1}}";
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      write(socket, "POST /v1/completions HTTP/1.1", body);
      socket.shutdownOutput();
      assertEquals(List.of(200), HttpAnswers.of(socket.getInputStream().readAllBytes()));
    }
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout(30_000);
      socket.getOutputStream().write((BODY_AWAITED + "{").getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      List<Integer> answers = HttpAnswers.of(socket.getInputStream().readAllBytes());
      assertTrue(answers.isEmpty() || answers.equals(List.of(400)), answers.toString());
    }
  }

  @Test
  void anAddressThatIsTakenIsSaid() {
    IOException e =
        assertThrows(
            IOException.class,
            () -> GenerationServer.start(generator, "127.0.0.1", server.port(), LIMITS, 0));
    assertTrue(String.valueOf(e.getMessage()).contains("cannot listen at"), e.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> new Limits(1, 1, Duration.ofSeconds(1), Duration.ofSeconds(1)));
  }
}
