package io.github.dllm4j.engine;

import io.github.dllm4j.engine.djl.Model;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How the text of a request begins for a model, and what ends it.
 *
 * @param given tokens of the prompt or the conversation; none of a template
 * @param stop texts at the first of which the text is cut
 * @param turnEnd token that ends a reply besides the end of the text; -1 for none
 */
record Opening(int[] given, List<String> stop, int turnEnd) {

  /**
   * Of a request.
   *
   * @throws IllegalArgumentException if the model's chat template is not known here
   */
  static Opening of(GenerationRequest request, Model model) {
    if (request.template().isPresent()) {
      return new Opening(new int[0], List.of(), -1);
    }
    if (request.messages().isEmpty()) {
      return new Opening(model.tokenizer().encode(request.prompt()), request.stop(), -1);
    }
    List<Model.Turn> turns =
        request.messages().stream()
            .map(m -> new Model.Turn(m.role().name().toLowerCase(Locale.ROOT), m.content()))
            .toList();
    Optional<int[]> chat = model.conversation(turns);
    if (chat.isPresent()) {
      return new Opening(chat.get(), request.stop(), model.turnEnd());
    }
    List<String> stop =
        request.constraint().isPresent()
            ? List.of()
            : Stream.concat(Message.STOP.stream(), request.stop().stream()).toList();
    int[] plain = model.tokenizer().encode(Message.prompt(request.messages()));
    return new Opening(plain, stop, -1);
  }
}
