package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How a model that was tuned for conversations reads a user's message, by {@code chat_template} of
 * {@code tokenizer_config.json}. Templates are programs (Jinja); none is run here. Those known by
 * their whole text are written out below, and others are refused:
 *
 * <pre>
 * LLaDA    &lt;begin&gt; &lt;|start_header_id|&gt; user &lt;|end_header_id|&gt; \n\nMESSAGE &lt;|eot_id|&gt;
 *          &lt;|start_header_id|&gt; assistant &lt;|end_header_id|&gt; \n\n
 * Qwen2.5  &lt;|im_start|&gt; system\nSYSTEM &lt;|im_end|&gt; \n &lt;|im_start|&gt; user\nMESSAGE &lt;|im_end|&gt; \n
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
      String why = e.getOriginalMessage().lines().findFirst().orElse("unreadable");
      throw new IOException(file + " is not JSON: " + why, e);
    }
  }

  /**
   * The tokens of one message, up to where the answer begins.
   *
   * @throws IllegalArgumentException if the model has no chat template, or one not known here, or
   *     its tokenizer lacks a mark
   */
  int[] tokens(String message, Tokenizer tokenizer) {
    IntStream.Builder ids = IntStream.builder();
    Known own = known();
    if (own == Known.LLADA) {
      int start = mark("<|start_header_id|>", tokenizer);
      int end = mark("<|end_header_id|>", tokenizer);
      ids.add(mark(begin, tokenizer)).add(start);
      text("user", tokenizer, ids);
      ids.add(end);
      text("\n\n" + message.strip(), tokenizer, ids);
      ids.add(turnEnd(tokenizer)).add(start);
      text("assistant", tokenizer, ids);
      ids.add(end);
      text("\n\n", tokenizer, ids);
    } else {
      int start = mark("<|im_start|>", tokenizer);
      for (String turn : new String[] {"system\n" + own.system, "user\n" + message}) {
        ids.add(start);
        text(turn, tokenizer, ids);
        ids.add(turnEnd(tokenizer));
        text("\n", tokenizer, ids);
      }
      ids.add(start);
      text("assistant\n", tokenizer, ids);
    }
    return ids.build().toArray();
  }

  private Known known() {
    if (!said) {
      throw new IllegalArgumentException(
          file + " has no chat_template: the model is not for messages, give a prompt");
    }
    return known.orElseThrow(
        () ->
            new IllegalArgumentException(
                file
                    + ": its chat_template is none that is known here (LLaDA's, Qwen2.5's): write"
                    + " the conversation as a prompt"));
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
