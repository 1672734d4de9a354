package io.github.dllm4j.eval.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.TextGenerator;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever is sent, the answer is well formed, in time, 200 or a refusal, never 500; the server is
 * well afterwards and holds nothing.
 */
@Timeout(value = 120, unit = TimeUnit.MINUTES)
class ServeFuzzTest {
  private static final Limits LIMITS =
      new Limits(20_000, 64, Duration.ofSeconds(2), Duration.ofSeconds(5));
  private static final int MOST_SECONDS = 30;
  private static final byte[] HEALTH =
      "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
          .getBytes(StandardCharsets.US_ASCII);

  /** Sends bytes and half closes; what comes back until the server closes. */
  private static byte[] send(int port, byte[] bytes) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(MOST_SECONDS * 1000);
      try {
        socket.getOutputStream().write(bytes);
        socket.shutdownOutput();
      } catch (SocketException e) {
        // Refused before it was all sent: what was said may still be read.
      }
      try {
        return socket.getInputStream().readAllBytes();
      } catch (SocketException e) {
        return new byte[0]; // reset, as what was sent was not all read
      }
    }
  }

  private static long heapMib() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20;
  }

  private static void fuzz(int count) throws Exception {
    Map<Integer, Integer> statuses = new TreeMap<>();
    HostileRequests requests = new HostileRequests(0);
    int silent = 0;
    long slowest = 0;
    long early = 0;
    try (TextGenerator generator = TextGenerator.bundled();
        GenerationServer server = GenerationServer.start(generator, "127.0.0.1", 0, LIMITS, 0)) {
      for (int i = 0; i < count; i++) {
        HostileRequests.Sent sent = requests.next();
        long begin = System.nanoTime();
        byte[] said = send(server.port(), sent.bytes());
        slowest = Math.max(slowest, System.nanoTime() - begin);
        String what = i + ": " + new String(sent.bytes(), StandardCharsets.ISO_8859_1);
        try {
          List<Integer> answers = HttpAnswers.of(said);
          silent += sent.answered() && answers.isEmpty() ? 1 : 0;
          for (int status : answers) {
            statuses.merge(status, 1, Integer::sum);
            assertTrue(status == 200 || status / 100 == 4 || status == 501 || status == 505, what);
          }
        } catch (IOException | RuntimeException e) {
          throw new AssertionError(what + "\n" + new String(said, StandardCharsets.UTF_8), e);
        }
        if (i % 25 == 0) {
          assertEquals(List.of(200), HttpAnswers.of(send(server.port(), HEALTH)));
        }
        early = i == count / 4 ? heapMib() : early;
      }
      assertEquals(List.of(200), HttpAnswers.of(send(server.port(), HEALTH)));
      assertEquals(0, generator.waiting());
      assertTrue(heapMib() < early + 32, early + " MiB, then " + heapMib());
    }
    assertTrue(slowest < TimeUnit.SECONDS.toNanos(MOST_SECONDS));
    assertTrue(statuses.getOrDefault(200, 0) > count / 20, "" + statuses);
    assertTrue(statuses.getOrDefault(400, 0) > count / 10, "" + statuses);
    assertTrue(silent < count / 50, silent + " were not answered");
    System.out.printf(
        Locale.ROOT,
        "%d hostile requests: %s, %d without an answer, slowest %d ms%n",
        count,
        statuses,
        silent,
        TimeUnit.NANOSECONDS.toMillis(slowest));
  }

  @Test
  void someHostileRequests() throws Exception {
    fuzz(300);
  }

  @Test
  @Tag("slow")
  void manyHostileRequests() throws Exception {
    fuzz(10_000);
  }

  /** The strict reader of answers refuses what is none. */
  @Test
  void whatIsNoAnswerIsSeen() throws IOException {
    String head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n";
    String body = "{\"status\":\"ok\"}";
    assertEquals(List.of(200), HttpAnswers.of((head + body).getBytes(StandardCharsets.UTF_8)));
    for (String bad :
        List.of(
            "HTP",
            head,
            head + body.replace("ok", "no"),
            head + "{\"status\":\"ok\"]",
            (head + body).replace("200 OK", "400 Bad"),
            head + body + "x")) {
      assertThrows(
          IOException.class, () -> HttpAnswers.of(bad.getBytes(StandardCharsets.UTF_8)), bad);
    }
  }
}
