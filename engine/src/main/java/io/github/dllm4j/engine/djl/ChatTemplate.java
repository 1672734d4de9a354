package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
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
 * LLaDA   &lt;begin&gt;
 *         &lt;|start_header_id|&gt; ROLE &lt;|end_header_id|&gt; \n\nMESSAGE &lt;|eot_id|&gt;     each turn
 *         &lt;|start_header_id|&gt; assistant &lt;|end_header_id|&gt; \n\n
 * </pre>
 *
 * <p>The marks are special tokens, and a message never becomes one: its text is tokenised by
 * itself.
 */
final class ChatTemplate {
  private static final String FILE = "tokenizer_config.json";
  private static final int LARGEST_FILE = 64 << 20;

  /** Of LLaDA-8B-Instruct and LLaDA 1.5. */
  static final String LLADA =
      "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content ="
          + " '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+"
          + " message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content ="
          + " bos_token + content %}{% endif %}{{ content }}{% endfor %}{{"
          + " '<|start_header_id|>assistant<|end_header_id|>\n\n' }}";

  private final Path file;
  private final Optional<String> template;
  private final String begin;

  private ChatTemplate(Path file, Optional<String> template, String begin) {
    this.file = file;
    this.template = template;
    this.begin = begin;
  }

  /**
   * Reads what a folder says; a folder may say nothing.
   *
   * @throws IOException in one line, if its file is no JSON object
   */
  static ChatTemplate read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      return new ChatTemplate(file, Optional.empty(), "");
    }
    try {
      JsonNode root = ModelConfig.JSON.readTree(FolderFile.read(folder, FILE, LARGEST_FILE));
      if (root == null || !root.isObject()) {
        throw new IOException(file + ": a JSON object is wanted");
      }
      JsonNode begin = root.path("bos_token");
      return new ChatTemplate(
          file,
          Optional.ofNullable(root.path("chat_template").textValue()),
          begin.isObject() ? begin.path("content").asText("") : begin.asText(""));
    } catch (JsonProcessingException e) {
      String why = e.getOriginalMessage().lines().findFirst().orElse("unreadable");
      throw new IOException(file + " is not JSON: " + why, e);
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
    if (template.isEmpty()) {
      return Optional.empty();
    }
    if (!template.get().equals(LLADA)) {
      throw new IllegalArgumentException(
          file
              + ": its chat_template is none that is known here (LLaDA's): write the conversation"
              + " as a prompt");
    }
    int start = mark("<|start_header_id|>", tokenizer);
    int end = mark("<|end_header_id|>", tokenizer);
    IntStream.Builder ids = IntStream.builder();
    ids.add(mark(begin, tokenizer));
    for (Model.Turn turn : turns) {
      ids.add(start);
      text(turn.role(), tokenizer, ids);
      ids.add(end);
      text("\n\n" + turn.content().strip(), tokenizer, ids);
      ids.add(turnEnd(tokenizer));
    }
    ids.add(start);
    text("assistant", tokenizer, ids);
    ids.add(end);
    text("\n\n", tokenizer, ids);
    return Optional.of(ids.build().toArray());
  }

  /** The token that ends an answer, beside the end of the text. */
  int turnEnd(Tokenizer tokenizer) {
    return mark("<|eot_id|>", tokenizer);
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
