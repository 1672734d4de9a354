package io.github.dllm4j.eval.serve;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Requests at random: sound ones, ones that are spoilt, and bytes that are no requests. */
final class HostileRequests {
  private static final List<String> VALUES =
      List.of(
          "0",
          "1",
          "-1",
          "1.5",
          "9",
          "4096",
          "2147483648",
          "1e308",
          "1e400",
          "-1e-400",
          "1e999999999",
          "123456789012345678901234567890",
          "null",
          "true",
          "\"a\"",
          "\"\"",
          "[]",
          "{}",
          "[[1]]",
          "\"\\ud800\"",
          "\"\\u0000\"",
          "{\"type\":\"json_object\"}",
          "NaN",
          "0x1",
          "'a'");

  private static final List<String> FIELDS =
      List.of(
          "prompt",
          "messages",
          "max_tokens",
          "max_completion_tokens",
          "temperature",
          "top_p",
          "n",
          "seed",
          "stop",
          "stream",
          "stream_options",
          "response_format",
          "tools",
          "tool_choice",
          "dllm",
          "model",
          "user",
          "logprobs",
          "echo",
          "best_of",
          "suffix",
          "constructor",
          "",
          "parallel_tool_calls",
          "presence_penalty");

  private static final List<String> SAMPLERS =
      List.of(
          "confidence",
          "tau-leaping",
          "threshold:0.5",
          "threshold:2",
          "dependence-bound:0.1",
          "remask-cap",
          "theta-trapezoidal",
          "x",
          "entropy-bound:1",
          "threshold:1e9");

  private static final List<String> TYPES =
      List.of("string", "number", "integer", "boolean", "null", "object", "array", "date");

  private final Random random;

  HostileRequests(long seed) {
    random = new Random(seed);
  }

  /**
   * What a client sends.
   *
   * @param bytes all of it
   * @param answered whether there must be an answer: not if the request is never complete
   */
  record Sent(byte[] bytes, boolean answered) {}

  private String one(List<String> all) {
    return all.get(random.nextInt(all.size()));
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  /** The next one. */
  Sent next() {
    return switch (random.nextInt(10)) {
      case 0, 1, 2 -> framed(body());
      case 3, 4 -> framed(spoilt(body().getBytes(StandardCharsets.UTF_8)));
      case 5, 6 -> framed(withSchema());
      case 7 -> misframed(body());
      case 8 -> badHead();
      default -> noise();
    };
  }

  private String body() {
    StringBuilder body =
        new StringBuilder(
            chance(60)
                ? "{\"prompt\":\"And God\",\"max_tokens\":8,\"dllm\":{\"steps\":1}"
                : "{\"messages\":[{\"role\":\"user\",\"content\":\"Who?\"}],\"max_tokens\":8,"
                    + "\"dllm\":{\"steps\":1,\"sampler\":\""
                    + one(SAMPLERS)
                    + "\"}");
    for (int more = random.nextInt(4); more > 0; more--) {
      body.append(",\"").append(one(FIELDS)).append("\":").append(one(VALUES));
    }
    return body.append("}").toString();
  }

  private String withSchema() {
    return "{\"prompt\":\"And God\",\"max_tokens\":40,\"dllm\":{\"steps\":"
        + (1 + random.nextInt(2))
        + "},\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"schema\":"
        + schema(0)
        + "}}}";
  }

  private String schema(int depth) {
    String type = one(TYPES);
    StringBuilder schema = new StringBuilder("{\"type\":\"" + type + "\"");
    switch (type) {
      case "string" ->
          schema.append(
              one(
                  List.of(
                      ",\"maxLength\":" + one(VALUES),
                      ",\"maxLength\":9",
                      ",\"minLength\":900000",
                      ",\"pattern\":\"(a|b)*a(a|b){30}\"",
                      ",\"pattern\":\"^[a-z]{1,9}$\"",
                      ",\"pattern\":\"((a{0,99}){0,99}){0,99}\"",
                      ",\"pattern\":\"(\"")));
      case "number", "integer" ->
          schema.append(",\"minimum\":" + one(VALUES) + ",\"exclusiveMaximum\":" + one(VALUES));
      case "array" ->
          schema.append(",\"maxItems\":" + one(VALUES) + ",\"items\":" + inner(depth + 1));
      case "object" ->
          schema.append(
              ",\"properties\":{\"a\":" + inner(depth + 1) + ",\"b\":" + inner(depth + 1) + "}");
      default -> schema.append(chance(10) ? ",\"minimum\":1" : "");
    }
    return schema
        .append(depth == 0 && chance(50) ? ",\"$defs\":{\"s\":" + schema(2) + "}}" : "}")
        .toString();
  }

  private String inner(int depth) {
    return depth > 3
        ? "{\"type\":\"null\"}"
        : one(
            List.of(
                schema(depth), schema(depth), "{\"$ref\":\"#/$defs/s\"}", "{\"$ref\":\"#/x\"}"));
  }

  /** Bytes changed, cut out, doubled, or nested deeply. */
  private byte[] spoilt(byte[] body) {
    byte[] bytes = body.clone();
    switch (random.nextInt(5)) {
      case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      case 1 -> {
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
      }
      case 2 -> {
        int at = random.nextInt(bytes.length);
        bytes = joined(Arrays.copyOf(bytes, at), Arrays.copyOfRange(bytes, at / 2, bytes.length));
      }
      case 3 -> {
        String open = one(List.of("[", "{\"a\":", "{\"messages\":[{\"content\":"));
        bytes = open.repeat(1 + random.nextInt(1500)).getBytes(StandardCharsets.UTF_8);
      }
      default -> {
        byte[] bad = {(byte) 0xC3, (byte) 0x28, (byte) 0xED, (byte) 0xA0, (byte) 0x80};
        bytes = joined(joined("{\"prompt\":\"".getBytes(StandardCharsets.UTF_8), bad), bytes);
      }
    }
    return bytes;
  }

  private static byte[] joined(byte[] a, byte[] b) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(a);
    all.writeBytes(b);
    return all.toByteArray();
  }

  private String head(String length) {
    return "POST "
        + one(List.of("/v1/completions", "/v1/completions", "/v1/chat/completions"))
        + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
        + length
        + "\r\n\r\n";
  }

  private Sent framed(String body) {
    return framed(body.getBytes(StandardCharsets.UTF_8));
  }

  private Sent framed(byte[] body) {
    return new Sent(joined(bytes(head("Content-Length: " + body.length)), body), true);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** A length that is not the body's, several lengths, or chunks that are none. */
  private Sent misframed(String body) {
    int length = body.length();
    String chunk = Integer.toHexString(length) + "\r\n" + body + "\r\n0\r\n\r\n";
    return switch (random.nextInt(8)) {
      case 0 -> new Sent(bytes(head("Content-Length: " + (length + 50)) + body), false);
      case 1 -> new Sent(bytes(head("Content-Length: " + random.nextInt(length)) + body), true);
      case 2 -> new Sent(bytes(head("Content-Length: -5") + body), true);
      case 3 -> new Sent(bytes(head("Content-Length: 99999999999999999999") + body), true);
      case 4 -> new Sent(bytes(head("Content-Length: 3\r\nContent-Length: 7") + body), true);
      case 5 -> new Sent(bytes(head("Transfer-Encoding: chunked") + chunk), true);
      case 6 -> new Sent(bytes(head("Transfer-Encoding: chunked") + "zz\r\n" + body), true);
      default -> new Sent(bytes(head("Transfer-Encoding: gzip, chunked") + chunk), true);
    };
  }

  /** Methods, paths, versions and headers that nobody expects. */
  private Sent badHead() {
    String body = body();
    String good = head("Content-Length: " + body.length()) + body;
    return switch (random.nextInt(8)) {
      case 0 ->
          new Sent(bytes(good.replaceFirst("POST", one(List.of("GET", "BREW", "PUT")))), true);
      case 1 -> new Sent(bytes(good.replaceFirst("/v1", "/v1/../%2e%2e/%00")), true);
      case 2 -> new Sent(bytes(good.replaceFirst("HTTP/1.1", "HTTP/9.9")), true);
      case 3 -> new Sent(bytes(good.replaceFirst("Host: localhost", "X: y")), true);
      case 4 ->
          new Sent(
              bytes(good.replaceFirst("Host:", "X: " + "a".repeat(20_000) + "\r\nHost:")), true);
      case 5 -> new Sent(bytes(good.replaceFirst("application/json", one(VALUES))), true);
      case 6 -> new Sent(bytes(good.replaceFirst("/v1/", "/" + "v".repeat(20_000))), true);
      default -> new Sent(bytes("GET /health HTTP/1.1\r\nHost: a\r\n\r\n" + good), true);
    };
  }

  private Sent noise() {
    byte[] noise = new byte[1 + random.nextInt(3000)];
    random.nextBytes(noise);
    byte[] good = framed(body()).bytes;
    return chance(50)
        ? new Sent(noise, false)
        : new Sent(
            joined(bytes("GET /health HTTP/1.1\r\nHost: a\r\n\r\n"), joined(noise, good)), true);
  }
}
