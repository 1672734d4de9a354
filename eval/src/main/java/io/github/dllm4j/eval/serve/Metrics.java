package io.github.dllm4j.eval.serve;

import java.util.Locale;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/** What a server has done so far, in the text format of Prometheus. */
final class Metrics {
  private final ConcurrentSkipListMap<Integer, LongAdder> responses = new ConcurrentSkipListMap<>();
  private final LongAdder tokens = new LongAdder();
  private final LongAdder evaluations = new LongAdder();
  private final LongAdder cancelled = new LongAdder();
  private final DoubleAdder seconds = new DoubleAdder();
  private final LongAdder generations = new LongAdder();
  private final AtomicInteger underWay = new AtomicInteger();

  void answered(int status) {
    responses.computeIfAbsent(status, s -> new LongAdder()).increment();
  }

  void begun() {
    underWay.incrementAndGet();
  }

  void ended() {
    underWay.decrementAndGet();
  }

  /** A generation gave a result. */
  void made(long newTokens, long newEvaluations, double duration) {
    generations.increment();
    tokens.add(newTokens);
    evaluations.add(newEvaluations);
    seconds.add(duration);
  }

  /** A client was gone before its answer. */
  void gone() {
    cancelled.increment();
  }

  /** All numbers, and how many requests wait. */
  String text(int waiting) {
    StringBuilder text = new StringBuilder("# TYPE dllm_responses_total counter\n");
    responses.forEach(
        (status, count) ->
            text.append(
                String.format(
                    Locale.ROOT, "dllm_responses_total{status=\"%d\"} %d\n", status, count.sum())));
    add(text, "dllm_generations_total", "counter", generations.sum());
    add(text, "dllm_generation_seconds_total", "counter", seconds.sum());
    add(text, "dllm_generated_tokens_total", "counter", tokens.sum());
    add(text, "dllm_network_evaluations_total", "counter", evaluations.sum());
    add(text, "dllm_clients_gone_total", "counter", cancelled.sum());
    add(text, "dllm_requests_under_way", "gauge", underWay.get());
    add(text, "dllm_requests_waiting", "gauge", waiting);
    return text.toString();
  }

  private static void add(StringBuilder text, String name, String type, Number value) {
    text.append(String.format(Locale.ROOT, "# TYPE %s %s\n%s %s\n", name, type, name, value));
  }
}
