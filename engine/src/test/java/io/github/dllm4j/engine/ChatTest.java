package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.Chat.ToolChoice;
import io.github.dllm4j.engine.GenerationResult.Finish;
import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.Tool;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatTest {
  private static final List<Message> ASKED = List.of(Message.user("How many?"));
  private static final List<Message> ANSWERED =
      List.of(Message.user("How many?"), Message.assistant("{}"), Message.tool("2"));
  private static final List<Tool> TOOLS = List.of(new Tool("count"));
  private static final Constraint FORM = Constraint.choices(List.of("1", "2"));

  private static Chat chat(List<Message> messages, List<Tool> tools, ToolChoice choice) {
    return Chat.of(messages, tools, choice, Optional.of(FORM));
  }

  @ParameterizedTest
  @CsvSource({
    "AUTO, false, true",
    "AUTO, true, false",
    "NONE, false, false",
    "NONE, true, false",
    "REQUIRED, false, true",
    "REQUIRED, true, true"
  })
  void aReplyIsACallOrHasTheForm(ToolChoice choice, boolean answered, boolean calls) {
    Chat chat = chat(answered ? ANSWERED : ASKED, TOOLS, choice);
    assertEquals(calls, chat.calls());
    assertEquals(
        Optional.of(calls ? Constraint.toolCall(TOOLS) : FORM), chat.request().constraint());
  }

  @Test
  void withoutToolsNothingCallsAndNothingMayHaveTo() {
    assertEquals(Optional.of(FORM), chat(ASKED, List.of(), ToolChoice.AUTO).request().constraint());
    assertThrows(IllegalArgumentException.class, () -> chat(ASKED, List.of(), ToolChoice.REQUIRED));
  }

  @Test
  void zeroIsTheLeastTemperature() {
    assertEquals(0.001, Chat.temperature(0));
    assertEquals(0.7, Chat.temperature(0.7));
  }

  private static GenerationResult.Text sample(String fill, Finish finish) {
    return new GenerationResult.Text(fill, List.of(fill), List.of(), 0, 1, 1, 0, finish);
  }

  @ParameterizedTest
  @CsvSource({
    "LENGTH, false, true",
    "END, true, true",
    "STOP, true, true",
    "CANCELLED, false, false",
    "DEADLINE, false, false"
  })
  void aReplyIsWholeByItsEnd(Finish finish, boolean free, boolean formed) {
    GenerationResult.Text sample = sample(" {\"name\":\"count\",\"arguments\":{}}", finish);
    Chat text = new Chat(GenerationRequest.messages(ASKED), false);
    assertEquals(free, text.whole(sample));
    assertEquals("{\"name\":\"count\",\"arguments\":{}}", text.text(sample));
    assertEquals(Optional.empty(), text.call(sample));
    Chat call = chat(ASKED, TOOLS, ToolChoice.AUTO);
    assertEquals(formed, call.whole(sample));
    assertEquals(
        formed ? Optional.of(new Tool.Call("count", "{}")) : Optional.empty(), call.call(sample));
  }

  /** A completion goes on where its prompt ends, and a form says all of a reply. */
  @Test
  void onlyAReplyLosesTheSpaceBeforeIt() {
    GenerationListener.Step step = new GenerationListener.Step(0, 0, 1, "", " a");
    assertEquals("a", new Chat(GenerationRequest.messages(ASKED), false).settled(step));
    assertEquals("", chat(ASKED, TOOLS, ToolChoice.AUTO).settled(step));
    Chat formed =
        new Chat(
            GenerationRequest.messages(ASKED).withConstraint(Constraint.choices(List.of(" a"))),
            false);
    assertEquals(" a", formed.settled(step));
    assertEquals(" a", formed.text(sample(" a", Finish.LENGTH)));
    Chat completion = new Chat(GenerationRequest.prompt("And"), false);
    assertEquals(" a", completion.settled(step));
    assertEquals(" a", completion.text(sample(" a", Finish.LENGTH)));
  }

  @Test
  void aCallIsReadAsItIsWritten() {
    Tool tool =
        new Tool(
            "a\"\\b",
            "{\"type\":\"object\",\"required\":[\"x\"],\"properties\":"
                + "{\"x\":{\"const\":12345678901234.12345678901}}}");
    Tool.Call call = new Tool.Call("a\"\\b", "{\"x\":12345678901234.12345678901}");
    assertTrue(Constraint.toolCall(List.of(tool)).accepts(call.text()), call.text());
    assertEquals(call, Tool.Call.read(call.text()));
    assertEquals("{}", new Tool.Call("count", " ").arguments());
    assertEquals(
        Message.assistant("So:" + call.text() + call.text()),
        Message.assistant("So:", List.of(call, call)));
  }
}
