package io.github.dllm4j.engine;

import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.Tool;
import java.util.List;
import java.util.Optional;

/**
 * What a client of a chat API asks for and how a sample answers it: the rules that are the same
 * whichever API it is. A prompt without a conversation goes by them, too.
 *
 * @param request what to generate
 * @param calls whether the reply is a call of a tool
 */
public record Chat(GenerationRequest request, boolean calls) {
  private static final double COLDEST = 1e-3;

  /** Whether the model calls a tool. */
  public enum ToolChoice {
    /** Unless a tool has just answered: the models here were not taught when to call. */
    AUTO,
    /** Never. */
    NONE,
    /** In any case. */
    REQUIRED
  }

  /**
   * Of a conversation.
   *
   * @param messages at least one
   * @param tools at least one if a call is required
   * @param form of a reply that is no call
   * @throws IllegalArgumentException if a call is required and there is no tool, or no message
   */
  public static Chat of(
      List<Message> messages, List<Tool> tools, ToolChoice choice, Optional<Constraint> form) {
    GenerationRequest request = GenerationRequest.messages(messages);
    boolean answered = messages.get(messages.size() - 1).role() == Message.Role.TOOL;
    boolean calls =
        choice == ToolChoice.REQUIRED
            || (choice == ToolChoice.AUTO && !tools.isEmpty() && !answered);
    Optional<Constraint> constraint = calls ? Optional.of(Constraint.toolCall(tools)) : form;
    return new Chat(constraint.map(request::withConstraint).orElse(request), calls);
  }

  /** The engine's temperature: 0, by which clients mean the most probable, is 0.001 there. */
  public static double temperature(double asked) {
    return asked == 0 ? COLDEST : asked;
  }

  /** What a sample says; white space before a reply is none of it, unless it has a form. */
  public String text(GenerationResult.Text sample) {
    return shown(sample.fills().isEmpty() ? "" : sample.fills().get(0));
  }

  /** What a step has settled of it. A call comes whole at the end. */
  public String settled(GenerationListener.Step step) {
    return calls ? "" : shown(step.settled());
  }

  private String shown(String completion) {
    boolean free = !request.messages().isEmpty() && request.constraint().isEmpty();
    return free ? completion.stripLeading() : completion;
  }

  /**
   * The call that a sample is, if it is a whole one.
   *
   * @throws IllegalArgumentException if it is none, as the constraint was replaced
   */
  public Optional<Tool.Call> call(GenerationResult.Text sample) {
    return calls && whole(sample) ? Optional.of(Tool.Call.read(text(sample))) : Optional.empty();
  }

  /** Whether a sample ends where its text does: what has a form does so in its last hole. */
  public boolean whole(GenerationResult.Text sample) {
    return switch (sample.finish()) {
      case END, STOP -> true;
      case LENGTH -> request.constraint().isPresent();
      case CANCELLED, DEADLINE -> false;
    };
  }
}
