package io.github.dllm4j.eval.serve;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.dllm4j.engine.Generation;
import io.github.dllm4j.engine.GenerationListener;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.constrain.ExactJson;
import io.github.dllm4j.tokenizer.JsonErrors;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** The paths of the server, and what is done at each. Nothing here waits. */
final class Api extends Handler.Abstract {
  private static final String JSON = "application/json";
  private static final String MODEL = "/v1/models/"; // and its id
  private static final Map<String, String> METHODS =
      Map.of(
          "/health", "GET",
          "/metrics", "GET",
          "/v1/models", "GET",
          "/v1/completions", "POST",
          "/v1/chat/completions", "POST");

  private final TextGenerator generator;
  private final Limits limits;
  private final long seed;
  private final Metrics metrics = new Metrics();
  private final AtomicLong number = new AtomicLong();

  /**
   * The API of a generator.
   *
   * @param seed of requests that give none
   */
  Api(TextGenerator generator, Limits limits, long seed) {
    this.generator = generator;
    this.limits = limits;
    this.seed = seed;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Client client = new Client();
    Exchange exchange = new Exchange(response, callback, metrics, client::leave);
    request.addFailureListener(failure -> client.leave());
    // A client that waits for us is not idle; one that does not take what we send is.
    request.addIdleTimeoutListener(late -> !client.waits() || exchange.stuck());
    try {
      route(request, exchange, client);
    } catch (Refusal refusal) {
      exchange.refuse(refusal);
    }
    return true;
  }

  /** Who waits for a generation, and may leave before it has begun or is done. */
  private final class Client {
    private @Nullable Generation generation;
    private boolean gone;

    synchronized void waitFor(Generation made) {
      generation = made;
      if (gone) {
        leave();
      }
    }

    synchronized boolean waits() {
      return generation != null;
    }

    synchronized void leave() {
      gone = true;
      if (generation != null && !generation.done()) {
        metrics.gone();
        generation.cancel();
      }
      generation = null;
    }
  }

  private void route(Request request, Exchange exchange, Client client) {
    String path = Request.getPathInContext(request);
    String method = path.startsWith(MODEL) ? "GET" : METHODS.get(path);
    if (method == null) {
      throw new Refusal(404, "not_found", "there is nothing at " + path);
    }
    if (!request.getMethod().equals(method)) {
      exchange.header(HttpHeader.ALLOW, method);
      throw new Refusal(405, "method_not_allowed", path + " is for " + method);
    }
    if (path.startsWith(MODEL)) {
      exchange.answer(200, JSON, model(request.getHttpURI().getDecodedPath()));
      return;
    }
    switch (path) {
      case "/health" -> exchange.answer(200, JSON, "{\"status\":\"ok\"}");
      case "/metrics" ->
          exchange.answer(
              200, "text/plain;version=0.0.4;charset=utf-8", metrics.text(generator.waiting()));
      case "/v1/models" -> exchange.answer(200, JSON, models());
      default -> {
        String type = String.valueOf(request.getHeaders().get(HttpHeader.CONTENT_TYPE));
        if (!type.toLowerCase(Locale.ROOT).replaceFirst(";.*", "").strip().equals(JSON)) {
          throw new Refusal(415, "media_type", "the content type must be " + JSON);
        }
        boolean chat = path.endsWith("/chat/completions");
        new Body(
                request,
                limits.bodyBytes(),
                limits.idle(),
                bytes -> generate(bytes, chat, exchange, client),
                exchange::refuse)
            .read();
      }
    }
  }

  private String models() {
    ObjectNode document = ExactJson.MAPPER.createObjectNode().put("object", "list");
    document.putArray("data").add(model());
    return ApiReply.text(document);
  }

  /** The model, if the path is that of its id. */
  private String model(String path) {
    String id = path.substring(MODEL.length());
    if (!id.equals(generator.model().name())) {
      throw Refusal.noModel(generator.model().name(), id);
    }
    return ApiReply.text(model());
  }

  private ObjectNode model() {
    return ExactJson.MAPPER
        .createObjectNode()
        .put("id", generator.model().name())
        .put("object", "model")
        .put("created", 0)
        .put("owned_by", "dllm4j");
  }

  private static JsonNode body(byte[] bytes) throws IOException {
    try {
      return ExactJson.MAPPER.readTree(bytes);
    } catch (NumberFormatException e) {
      throw Refusal.invalid("a number's exponent is beyond what can be read, 2147483647");
    }
  }

  private void generate(byte[] bytes, boolean chat, Exchange exchange, Client client) {
    try {
      JsonNode body = body(bytes);
      ApiRequest request = ApiRequest.read(body, chat, generator, limits.deadline(), seed);
      ApiReply reply = new ApiReply(request, generator.model().name(), number.incrementAndGet());
      GenerationListener listener =
          request.stream()
              ? step -> {
                exchange.event(ApiReply.text(reply.step(step)));
                return true;
              }
              : GenerationListener.NONE;
      Generation generation = generator.submit(request.asked().request(), listener);
      metrics.begun();
      client.waitFor(generation);
      generation
          .stage()
          .whenComplete(
              (result, failure) -> {
                metrics.ended();
                try {
                  if (result == null) {
                    exchange.refuse(refusal(failure));
                  } else {
                    answer(result, request, reply, exchange);
                  }
                } catch (RuntimeException | Error e) {
                  exchange.refuse(refusal(e)); // nobody else would hear of it
                }
              });
    } catch (JsonProcessingException e) {
      exchange.refuse(Refusal.invalid("the body is no JSON: %s", JsonErrors.reason(e)));
    } catch (IOException e) {
      exchange.refuse(Refusal.invalid("the body is no text in UTF-8"));
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
      exchange.refuse(refusal(e));
    }
  }

  private void answer(
      GenerationResult result, ApiRequest request, ApiReply reply, Exchange exchange) {
    long evaluations =
        result.samples().stream().mapToLong(GenerationResult.Text::evaluations).sum();
    metrics.made(ApiReply.made(result), evaluations, result.samples().get(0).seconds());
    if (!request.stream()) {
      exchange.answer(200, JSON, ApiReply.text(reply.whole(result)));
      return;
    }
    for (int sample = 0; sample < result.samples().size(); sample++) {
      exchange.event(ApiReply.text(reply.last(result, sample)));
    }
    if (request.usage()) {
      exchange.event(ApiReply.text(reply.usagePart(result)));
    }
    exchange.event("[DONE]");
    exchange.end();
  }

  private static Refusal refusal(Throwable failure) {
    Throwable reason =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (reason instanceof Refusal refusal) {
      return refusal;
    } else if (reason instanceof RejectedExecutionException) {
      return new Refusal(503, "overloaded", String.valueOf(reason.getMessage()));
    } else if (reason instanceof IllegalArgumentException) {
      return Refusal.invalid("%s", String.valueOf(reason.getMessage()));
    }
    return new Refusal(500, "failed", "the generation failed: " + reason.getMessage());
  }
}
