package io.github.dllm4j.engine.langchain4j;

import static dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils.onCompleteResponse;
import static dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils.onCompleteToolCall;
import static dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils.onPartialResponse;
import static dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils.withLoggingExceptions;

import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import io.github.dllm4j.engine.Generation;
import io.github.dllm4j.engine.GenerationListener;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.TextGenerator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A generator as a {@link ChatModel} and a {@link StreamingChatModel} of LangChain4j. Requests of
 * all threads are submitted and so made together; results are those of the same requests alone.
 *
 * <pre>{@code
 * ChatModel model = new DiffusionChatModel(generator);
 * String reply = model.chat("Who built the ark?");
 * }</pre>
 *
 * <p>A JSON schema or a tool's arguments become a constraint, so a call is always valid. As the
 * engine's models were not taught when to call, tool choice AUTO calls one unless the last message
 * is a tool's answer; a response format then holds for the last answer. What has no equivalent
 * (top-k, penalties, another model's name, JSON without a schema, images) is refused with {@link
 * UnsupportedFeatureException}, what does not fit with {@link InvalidRequestException}; a full
 * queue is a {@link RateLimitException}. Streams say what is settled; their handlers run on the
 * generator's thread, and what they throw is told to their {@code onError}. Without a length given
 * the reply has the engine's own (see {@link GenerationRequest}).
 */
public final class DiffusionChatModel implements ChatModel, StreamingChatModel {
  private final TextGenerator generator;
  private final UnaryOperator<GenerationRequest> options;
  private final ChatRequestParameters defaults;
  private final List<ChatModelListener> listeners;
  private final AtomicLong number = new AtomicLong();

  /** Over a generator, which stays open. */
  public DiffusionChatModel(TextGenerator generator) {
    this(generator, UnaryOperator.identity());
  }

  /**
   * The same.
   *
   * @param options changes every request, such as its steps, seed or deadline
   */
  public DiffusionChatModel(TextGenerator generator, UnaryOperator<GenerationRequest> options) {
    this(generator, options, DefaultChatRequestParameters.EMPTY, List.of());
  }

  private DiffusionChatModel(
      TextGenerator generator,
      UnaryOperator<GenerationRequest> options,
      ChatRequestParameters defaults,
      List<ChatModelListener> listeners) {
    Conversation.check(defaults, generator.model());
    this.generator = generator;
    this.options = options;
    this.defaults = defaults;
    this.listeners = List.copyOf(listeners);
  }

  /**
   * The same with parameters for requests that do not say otherwise.
   *
   * @throws UnsupportedFeatureException if there is one that has no equivalent
   */
  public DiffusionChatModel withDefaults(ChatRequestParameters value) {
    return new DiffusionChatModel(generator, options, value, listeners);
  }

  /** The same with listeners. */
  public DiffusionChatModel withListeners(List<ChatModelListener> value) {
    return new DiffusionChatModel(generator, options, defaults, value);
  }

  @Override
  public ChatRequestParameters defaultRequestParameters() {
    return defaults;
  }

  @Override
  public List<ChatModelListener> listeners() {
    return listeners;
  }

  private ChatResponse response(Conversation conversation, GenerationResult result) {
    String id = "dllm-" + number.incrementAndGet();
    return conversation.response(result, generator.model().name(), id);
  }

  @Override
  public ModelProvider provider() {
    return ModelProvider.OTHER;
  }

  @Override
  public Set<Capability> supportedCapabilities() {
    return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
  }

  @Override
  public ChatResponse doChat(ChatRequest request) {
    try {
      Conversation conversation = Conversation.of(request, generator, options);
      Generation generation = generator.submit(conversation.chat().request());
      try {
        return response(conversation, generation.result());
      } catch (InterruptedException e) {
        generation.cancel();
        Thread.currentThread().interrupt();
        throw new InternalServerException("interrupted", e);
      }
    } catch (RuntimeException e) {
      throw explained(e);
    }
  }

  @Override
  public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
    try {
      Conversation conversation = Conversation.of(request, generator, options);
      Handle handle = new Handle();
      StringBuilder sent = new StringBuilder();
      GenerationListener listener =
          step -> {
            if (step.sample() == 0) { // the one that is the answer
              send(conversation.chat().settled(step), sent, handler, handle);
            }
            return !handle.cancelled;
          };
      Generation generation = generator.submit(conversation.chat().request(), listener);
      handle.of(generation);
      generation
          .stage()
          .whenComplete(
              (result, failure) -> {
                if (handle.cancelled) {
                  return;
                }
                if (result == null) {
                  withLoggingExceptions(() -> handler.onError(explained(failure)));
                } else {
                  complete(conversation, result, sent, handler, handle);
                }
              });
    } catch (UnsupportedFeatureException e) {
      throw e;
    } catch (RuntimeException e) {
      handler.onError(explained(e));
    }
  }

  private void complete(
      Conversation conversation,
      GenerationResult result,
      StringBuilder sent,
      StreamingChatResponseHandler handler,
      Handle handle) {
    ChatResponse response;
    try {
      response = response(conversation, result);
    } catch (RuntimeException e) {
      withLoggingExceptions(() -> handler.onError(explained(e)));
      return;
    }
    if (response.aiMessage().hasToolExecutionRequests()) {
      var call = response.aiMessage().toolExecutionRequests().get(0);
      onCompleteToolCall(handler, new CompleteToolCall(0, call));
    } else {
      send(response.aiMessage().text(), sent, handler, handle);
    }
    if (!handle.cancelled) {
      onCompleteResponse(handler, response);
    }
  }

  private static void send(
      String text, StringBuilder sent, StreamingChatResponseHandler handler, Handle handle) {
    if (text.length() > sent.length()) {
      String more = text.substring(sent.length());
      sent.append(more);
      onPartialResponse(handler, more, handle);
    }
  }

  /** In terms of LangChain4j, whose callers retry some failures. */
  private static RuntimeException explained(Throwable failure) {
    Throwable reason =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (reason instanceof RejectedExecutionException) {
      return new RateLimitException(reason.getMessage(), reason);
    } else if (reason instanceof IllegalArgumentException) {
      return new InvalidRequestException(reason.getMessage(), reason);
    }
    return reason instanceof RuntimeException other
        ? other
        : new InternalServerException(String.valueOf(reason.getMessage()), reason);
  }

  /** Ends a stream: no further step is begun and nothing more is said. */
  private static final class Handle implements StreamingHandle {
    private volatile boolean cancelled;
    private volatile @Nullable Generation generation;

    /** What it ends, once that is known. */
    void of(Generation submitted) {
      generation = submitted;
      if (cancelled) {
        submitted.cancel();
      }
    }

    @Override
    public void cancel() {
      cancelled = true;
      Generation known = generation;
      if (known != null) {
        known.cancel();
      }
    }

    @Override
    public boolean isCancelled() {
      return cancelled;
    }
  }
}
