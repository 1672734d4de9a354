package io.github.dllm4j.engine;

import io.github.dllm4j.engine.constrain.Tool;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * One turn of a conversation.
 *
 * <p>A model that was tuned for conversations reads them in its own chat template, if that is known
 * here. To others a conversation is plain text, one paragraph per turn, and their reply is what
 * stands behind the last word, up to somebody else's turn:
 *
 * <pre>
 * System: Answer briefly.
 * User: Who built the ark?
 * Assistant:
 * </pre>
 *
 * @param role who speaks
 * @param content what is said; line breaks are kept as they are
 */
public record Message(Role role, String content) {

  /** Who speaks; the label of a paragraph. */
  public enum Role {
    /** Rules for the whole conversation. */
    SYSTEM("System:"),
    /** Who asks. */
    USER("User:"),
    /** The model. */
    ASSISTANT("Assistant:"),
    /** What a tool answered. */
    TOOL("Tool:");

    private final String label;

    Role(String label) {
      this.label = label;
    }
  }

  /** Checks that both are there: nothing must be said as "null". */
  public Message {
    Objects.requireNonNull(role, "role");
    Objects.requireNonNull(content, "content");
  }

  /** Where a reply ends that goes on with somebody else's turn. */
  static final List<String> STOP = List.of("\n" + Role.USER.label, "\n" + Role.TOOL.label);

  /** What the system says. */
  public static Message system(String content) {
    return new Message(Role.SYSTEM, content);
  }

  /** What the user says. */
  public static Message user(String content) {
    return new Message(Role.USER, content);
  }

  /** What the model said. */
  public static Message assistant(String content) {
    return new Message(Role.ASSISTANT, content);
  }

  /** What the model said, and behind it the calls that it made. */
  public static Message assistant(String content, List<Tool.Call> calls) {
    return assistant(content + calls.stream().map(Tool.Call::text).collect(Collectors.joining()));
  }

  /** What a tool answered. */
  public static Message tool(String content) {
    return new Message(Role.TOOL, content);
  }

  /**
   * The conversation as the beginning of a text that the model goes on with.
   *
   * @param messages at least one
   */
  public static String prompt(List<Message> messages) {
    if (messages.isEmpty()) {
      throw new IllegalArgumentException("a conversation needs at least one message, got none");
    }
    StringBuilder text = new StringBuilder();
    for (Message message : messages) {
      text.append(message.role.label).append(' ').append(message.content).append('\n');
    }
    return text.append(Role.ASSISTANT.label).toString();
  }
}
