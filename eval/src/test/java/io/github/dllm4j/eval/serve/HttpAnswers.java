package io.github.dllm4j.eval.serve;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.constrain.ExactJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The answers in what a server sent until it closed the connection, taken apart strictly. */
final class HttpAnswers {
  private final byte[] bytes;
  private int at;

  private HttpAnswers(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * All of them.
   *
   * @return their status
   * @throws IOException with what is wrong, if they are no answers of this server
   */
  static List<Integer> of(byte[] bytes) throws IOException {
    HttpAnswers answers = new HttpAnswers(bytes);
    List<Integer> all = new ArrayList<>();
    while (answers.at < bytes.length) {
      all.add(answers.next());
    }
    return all;
  }

  private String line() throws IOException {
    for (int i = at; i + 1 < bytes.length; i++) {
      if (bytes[i] == '\r' && bytes[i + 1] == '\n') {
        String line = new String(bytes, at, i - at, StandardCharsets.ISO_8859_1);
        at = i + 2;
        return line;
      }
    }
    throw new IOException("a line without an end");
  }

  private byte[] take(int count) throws IOException {
    if (count < 0 || at + count > bytes.length) {
      throw new IOException("a body is cut off");
    }
    at += count;
    return Arrays.copyOfRange(bytes, at - count, at);
  }

  private int next() throws IOException {
    String first = line();
    if (!first.matches("HTTP/1\\.1 [1-5][0-9][0-9]( .*)?")) {
      throw new IOException("no status line: " + first);
    }
    int status = Integer.parseInt(first.substring(9, 12));
    String type = "";
    int length = -1;
    boolean chunked = false;
    for (String line = line(); !line.isEmpty(); line = line()) {
      String header = line.toLowerCase(Locale.ROOT);
      if (header.startsWith("content-type:")) {
        type = header.substring(13).strip();
      } else if (header.startsWith("content-length:")) {
        length = Integer.parseInt(header.substring(15).strip());
      } else if (header.equals("transfer-encoding: chunked")) {
        chunked = true;
      } else if (!header.matches("[a-z-]+: .*")) {
        throw new IOException("no header: " + line);
      }
    }
    String body = new String(chunked ? chunks() : rest(length), StandardCharsets.UTF_8);
    if (type.startsWith("application/json")) {
      check(status, ExactJson.MAPPER.readTree(body));
    } else if (type.startsWith("text/event-stream")) {
      for (String event : body.strip().split("\n\n", -1)) {
        if (!event.equals("data: [DONE]")) {
          ExactJson.MAPPER.readTree(event.substring(6));
        }
      }
    }
    return status;
  }

  private byte[] rest(int length) throws IOException {
    return take(length < 0 ? bytes.length - at : length);
  }

  private byte[] chunks() throws IOException {
    byte[] all = {};
    while (true) {
      int size = Integer.parseInt(line(), 16);
      byte[] chunk = take(size);
      if (!line().isEmpty()) {
        throw new IOException("a chunk of another size");
      }
      if (size == 0) {
        return all;
      }
      int before = all.length;
      all = Arrays.copyOf(all, before + size);
      System.arraycopy(chunk, 0, all, before, size);
    }
  }

  /** An answer has choices, an error one line of why. */
  private static void check(int status, JsonNode document) throws IOException {
    String message = document.at("/error/message").asText();
    boolean sound =
        status == 200
            ? document.path("choices").size() > 0 || document.path("status").asText().equals("ok")
            : !message.isEmpty() && message.lines().count() == 1;
    if (!sound) {
      throw new IOException("not as promised: " + status + " " + document);
    }
    for (JsonNode choice : document.path("choices")) {
      if (document.path("object").asText().equals("text_completion")
          && choice.path("finish_reason").asText().equals("stop")
          && choice.path("text").asText().startsWith("{")) {
        ExactJson.MAPPER.readTree(choice.path("text").asText());
      }
    }
  }
}
