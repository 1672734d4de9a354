package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.tokenizer.JsonErrors;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How a model that was tuned for conversations reads one, by {@code chat_template} of {@code
 * tokenizer_config.json}. Templates are programs (Jinja); none is run here. Those known by their
 * whole text are written out below, and others are refused:
 *
 * <pre>
 * LLaDA    &lt;begin&gt;
 *          &lt;|start_header_id|&gt; ROLE &lt;|end_header_id|&gt; \n\nMESSAGE &lt;|eot_id|&gt;     each turn
 *          &lt;|start_header_id|&gt; assistant &lt;|end_header_id|&gt; \n\n
 * Qwen2.5  &lt;|im_start|&gt; ROLE\nMESSAGE &lt;|im_end|&gt; \n     each turn, the usual system's first if none is given
 *          &lt;|im_start|&gt; assistant\n
 * </pre>
 *
 * <p>LLaDA's strips the message, Qwen2.5's does not. The marks are special tokens, and a message
 * never becomes one: its text is tokenised by itself.
 */
final class ChatTemplate {
  private static final String FILE = "tokenizer_config.json";
  private static final int LARGEST_FILE = 64 << 20;

  /** The templates that are known. */
  enum Known {
    /** Of LLaDA-8B-Instruct and LLaDA 1.5. */
    LLADA("<|eot_id|>", ""),
    /** Of Qwen2.5 before its tuning, Dream's parent. */
    QWEN("<|im_end|>", "You are a helpful assistant."),
    /** Of Qwen2.5-Instruct. */
    QWEN_INSTRUCT(
        "<|im_end|>", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.");

    private final String turnEnd;
    private final String system;

    Known(String turnEnd, String system) {
      this.turnEnd = turnEnd;
      this.system = system;
    }

    /** The template of a text, if it is known. */
    static Optional<Known> of(String text) {
      if (text.equals(LLADA_TEXT)) {
        return Optional.of(LLADA);
      }
      return switch (ModelHash.ofText(text)) {
        case QWEN_SHA256 -> Optional.of(QWEN);
        case QWEN_INSTRUCT_SHA256 -> Optional.of(QWEN_INSTRUCT);
        default -> Optional.empty();
      };
    }
  }

  private static final String LLADA_TEXT =
      "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content ="
          + " '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+"
          + " message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content ="
          + " bos_token + content %}{% endif %}{{ content }}{% endfor %}{{"
          + " '<|start_header_id|>assistant<|end_header_id|>\n\n' }}";

  private static final String QWEN_SHA256 =
      "44d5f08f3f72b837eaad09f13a54c1f9f4eb58d75240334548b7fd52a5437fa5";
  private static final String QWEN_INSTRUCT_SHA256 =
      "cd8e9439f0570856fd70470bf8889ebd8b5d1107207f67a5efb46e342330527f";

  private final Path file;
  private final boolean said;
  private final Optional<Known> known;
  private final String begin;

  private ChatTemplate(Path file, boolean said, Optional<Known> known, String begin) {
    this.file = file;
    this.said = said;
    this.known = known;
    this.begin = begin;
  }

  /** A known one. */
  static ChatTemplate of(Path folder, Known known, String begin) {
    return new ChatTemplate(folder.resolve(FILE), true, Optional.of(known), begin);
  }

  /**
   * Reads what a folder says; a folder may say nothing.
   *
   * @throws IOException in one line, if its file is no JSON object
   */
  static ChatTemplate read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      return new ChatTemplate(file, false, Optional.empty(), "");
    }
    try {
      JsonNode root = ModelConfig.JSON.readTree(FolderFile.read(folder, FILE, LARGEST_FILE));
      if (root == null || !root.isObject()) {
        throw new IOException(file + ": a JSON object is wanted");
      }
      JsonNode begin = root.path("bos_token");
      Optional<String> text = Optional.ofNullable(root.path("chat_template").textValue());
      return new ChatTemplate(
          file,
          text.isPresent(),
          text.flatMap(Known::of),
          begin.isObject() ? begin.path("content").asText("") : begin.asText(""));
    } catch (JsonProcessingException e) {
      throw new IOException(file + " is not JSON: " + JsonErrors.reason(e), e);
    }
  }

  /**
   * The tokens of a conversation, up to where the answer begins; empty if the model has no chat
   * template.
   *
   * @throws IllegalArgumentException if it has one that is not known here, or its tokenizer lacks a
   *     mark
   */
  Optional<int[]> tokens(List<Model.Turn> turns, Tokenizer tokenizer) {
    if (!said) {
      return Optional.empty();
    }
    IntStream.Builder ids = IntStream.builder();
    if (known() == Known.LLADA) {
      ids.add(mark(begin, tokenizer));
      for (Model.Turn turn : turns) {
        llada(turn.role(), turn.content().strip(), tokenizer, ids);
        ids.add(turnEnd(tokenizer));
      }
      llada("assistant", "", tokenizer, ids);
    } else {
      int start = mark("<|im_start|>", tokenizer);
      if (turns.isEmpty() || !turns.get(0).role().equals("system")) {
        qwen(start, "system\n" + known().system, tokenizer, ids);
      }
      for (Model.Turn turn : turns) {
        if (!List.of("system", "user", "assistant").contains(turn.role())) {
          throw new IllegalArgumentException(
              "Qwen2.5's template has roles system, user and assistant here, got " + turn.role());
        }
        qwen(start, turn.role() + "\n" + turn.content(), tokenizer, ids);
      }
      ids.add(start);
      text("assistant\n", tokenizer, ids);
    }
    return Optional.of(ids.build().toArray());
  }

  private void llada(String role, String content, Tokenizer tokenizer, IntStream.Builder ids) {
    ids.add(mark("<|start_header_id|>", tokenizer));
    text(role, tokenizer, ids);
    ids.add(mark("<|end_header_id|>", tokenizer));
    text("\n\n" + content, tokenizer, ids);
  }

  private void qwen(int start, String turn, Tokenizer tokenizer, IntStream.Builder ids) {
    ids.add(start);
    text(turn, tokenizer, ids);
    ids.add(turnEnd(tokenizer));
    text("\n", tokenizer, ids);
  }

  private Known known() {
    return known.orElseThrow(
        () ->
            new IllegalArgumentException(
                file
                    + (said
                        ? ": its chat_template is none that is known here (LLaDA's, Qwen2.5's):"
                            + " write the conversation as a prompt"
                        : " has no chat_template: the model is not for messages, give a prompt")));
  }

  /** The token that ends an answer, beside the end of the text. */
  int turnEnd(Tokenizer tokenizer) {
    return mark(known().turnEnd, tokenizer);
  }

  private static void text(String text, Tokenizer tokenizer, IntStream.Builder ids) {
    for (int id : tokenizer.encode(text)) {
      ids.add(id);
    }
  }

  private int mark(String name, Tokenizer tokenizer) {
    return IntStream.range(0, tokenizer.vocabulary().size())
        .filter(id -> tokenizer.token(id).equals(name))
        .filter(id -> tokenizer.decode(new int[] {id}).isEmpty())
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    String.format(
                        Locale.ROOT,
                        "%s needs the special token '%s', which the tokenizer does not have",
                        file,
                        FolderFile.shown(name))));
  }
}
