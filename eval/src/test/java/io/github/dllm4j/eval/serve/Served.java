package io.github.dllm4j.eval.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.constrain.ExactJson;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The bundled model behind a server, and a client of it. */
abstract class Served {
  static final Limits LIMITS =
      new Limits(20_000, 64, Duration.ofSeconds(60), Duration.ofMinutes(5));
  static final String TOOLS =
      "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"add\",\"parameters\":{"
          + "\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":0,"
          + "\"maximum\":9}},\"required\":[\"a\"]}}}]";

  static TextGenerator generator;
  static GenerationServer server;

  @BeforeAll
  static void start() throws IOException {
    generator = TextGenerator.of(Model.bundled(ModelOptions.DEFAULT), 4, 3);
    server = GenerationServer.start(generator, "127.0.0.1", 0, LIMITS, 0);
  }

  @AfterAll
  static void stop() {
    server.close();
    generator.close();
  }

  static HttpRequest.Builder at(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
  }

  static HttpRequest post(String path, String body) {
    return at(path)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  /** A client of its own, so that no connection is one that the server has just closed as idle. */
  static HttpClient client() {
    return HttpClient.newHttpClient();
  }

  static HttpResponse<String> send(HttpRequest request) throws Exception {
    return client().send(request, HttpResponse.BodyHandlers.ofString());
  }

  static JsonNode ask(String path, String body) throws Exception {
    HttpResponse<String> response = send(post(path, body));
    assertEquals(200, response.statusCode(), response.body());
    return ExactJson.MAPPER.readTree(response.body());
  }

  static void refused(int status, String says, HttpRequest request) throws Exception {
    HttpResponse<String> response = send(request);
    assertEquals(status, response.statusCode(), response.body());
    JsonNode error = ExactJson.MAPPER.readTree(response.body()).path("error");
    assertTrue(error.path("message").asText().contains(says), response.body());
  }
}
