package io.github.dllm4j.eval.serve;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.dllm4j.engine.Chat;
import io.github.dllm4j.engine.GenerationListener;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.constrain.ExactJson;
import io.github.dllm4j.engine.constrain.Tool;
import io.github.dllm4j.engine.info.Estimate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Replies in the form of OpenAI's API, with what only this engine knows under {@code dllm}. */
final class ApiReply {
  private final ApiRequest request;
  private final Chat asked;
  private final String model;
  private final String id;
  private final long created = Instant.now().getEpochSecond();
  private final String[] sent; // by sample, what a stream has said
  private final boolean[] begun; // by sample, whether a stream has said whose words these are

  /**
   * Replies to a request.
   *
   * @param number tells replies apart
   */
  ApiReply(ApiRequest request, String model, long number) {
    this.request = request;
    asked = request.asked();
    this.model = model;
    id = (request.chat() ? "chatcmpl-" : "cmpl-") + number;
    sent = new String[asked.request().samples()];
    Arrays.fill(sent, "");
    begun = new boolean[sent.length];
  }

  /** A JSON document as text. */
  static String text(JsonNode node) {
    try {
      return ExactJson.MAPPER.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An error. */
  static ObjectNode error(int status, String kind, String reason) {
    ObjectNode document = ExactJson.MAPPER.createObjectNode();
    document
        .putObject("error")
        .put("message", reason)
        .put("type", status < 500 ? "invalid_request_error" : "server_error")
        .putNull("param")
        .put("code", kind);
    return document;
  }

  private ObjectNode document(String object) {
    return ExactJson.MAPPER
        .createObjectNode()
        .put("id", id)
        .put("object", object)
        .put("created", created)
        .put("model", model);
  }

  /** The whole reply. */
  ObjectNode whole(GenerationResult result) {
    ObjectNode document = document(request.chat() ? "chat.completion" : "text_completion");
    var choices = document.putArray("choices");
    for (int s = 0; s < result.samples().size(); s++) {
      GenerationResult.Text sample = result.samples().get(s);
      ObjectNode choice = choices.addObject().put("index", s);
      if (!request.chat()) {
        choice.put("text", said(sample));
      } else {
        ObjectNode message = choice.putObject("message").put("role", "assistant");
        Optional<Tool.Call> call = asked.call(sample);
        message.put("content", call.isPresent() ? null : said(sample));
        if (call.isPresent()) {
          message.putArray("tool_calls").add(call(call.get(), s));
        }
      }
      choice.putNull("logprobs").put("finish_reason", reason(sample));
    }
    document.set("usage", usage(result));
    document.set("dllm", record(result));
    return document;
  }

  /** A part of a stream: what a step has settled, and the canvas after it. */
  ObjectNode step(GenerationListener.Step step) {
    ObjectNode document = part();
    ObjectNode choice = document.withArray("choices").addObject().put("index", step.sample());
    append(choice, step.sample(), template() ? "" : asked.settled(step));
    choice.putNull("finish_reason");
    document
        .putObject("dllm")
        .put("canvas", step.canvas())
        .put("step", step.step() + 1)
        .put("steps", step.steps());
    return document;
  }

  /** The last part of a sample: the rest of its text, and why it ended. */
  ObjectNode last(GenerationResult result, int sample) {
    GenerationResult.Text text = result.samples().get(sample);
    ObjectNode document = part();
    ObjectNode choice = document.withArray("choices").addObject().put("index", sample);
    Optional<Tool.Call> call = asked.call(text);
    if (call.isPresent()) {
      ObjectNode whole = call(call.get(), sample).put("index", 0);
      delta(choice, sample).putArray("tool_calls").add(whole);
    } else {
      append(choice, sample, said(text));
    }
    choice.put("finish_reason", reason(text));
    document.set("dllm", record(result));
    return document;
  }

  /** The part with the token counts, which clients ask for. */
  ObjectNode usagePart(GenerationResult result) {
    ObjectNode document = part();
    document.withArray("choices");
    document.set("usage", usage(result));
    return document;
  }

  private ObjectNode part() {
    return document(request.chat() ? "chat.completion.chunk" : "text_completion");
  }

  /** Adds what of a text has not been sent. */
  private void append(ObjectNode choice, int sample, String text) {
    String more = text.startsWith(sent[sample]) ? text.substring(sent[sample].length()) : "";
    if (!request.chat()) {
      choice.put("text", more);
    } else {
      ObjectNode delta = delta(choice, sample);
      if (!asked.calls() || !more.isEmpty()) {
        delta.put("content", more);
      }
    }
    sent[sample] += more;
  }

  /** What a part adds to a chat. Clients join what parts say, so only the first has the role. */
  private ObjectNode delta(ObjectNode choice, int sample) {
    ObjectNode delta = choice.putObject("delta");
    if (!begun[sample]) {
      begun[sample] = true;
      delta.put("role", "assistant");
      if (asked.calls()) {
        delta.putNull("content");
      }
    }
    return delta;
  }

  private boolean template() {
    return asked.request().template().isPresent();
  }

  /** The text of a sample as its client wants it; of a template all. */
  private String said(GenerationResult.Text sample) {
    return template() ? sample.text() : asked.text(sample);
  }

  private ObjectNode call(Tool.Call call, int sample) {
    ObjectNode node =
        ExactJson.MAPPER
            .createObjectNode()
            .put("id", "call_" + id + "_" + sample)
            .put("type", "function");
    node.putObject("function").put("name", call.name()).put("arguments", call.arguments());
    return node;
  }

  private String reason(GenerationResult.Text sample) {
    return !asked.whole(sample) ? "length" : asked.calls() ? "tool_calls" : "stop";
  }

  /** Tokens of the answers. */
  static long made(GenerationResult result) {
    return result.samples().stream().mapToLong(GenerationResult.Text::generated).sum();
  }

  private ObjectNode usage(GenerationResult result) {
    long made = made(result);
    return ExactJson.MAPPER
        .createObjectNode()
        .put("prompt_tokens", request.promptTokens())
        .put("completion_tokens", made)
        .put("total_tokens", request.promptTokens() + made);
  }

  private static ObjectNode record(GenerationResult result) {
    ObjectNode record = ExactJson.MAPPER.createObjectNode();
    GenerationResult.Text first = result.samples().get(0);
    record
        .put("finish", first.finish().name().toLowerCase(Locale.ROOT))
        .put("sampler", result.plan().sampler())
        .put("plan", result.plan().schedule())
        .put("steps", first.steps())
        .put("evaluations", first.evaluations())
        .put("predicted_kl_nats", result.plan().predictedKlNats().map(Estimate::mean).orElse(null))
        .put("note", result.plan().note())
        .put("seed", result.seed())
        .put("versions", result.versions());
    return record;
  }
}
