package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.GenerationResult.Finish;
import io.github.dllm4j.engine.constrain.Constraint;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages, stop texts and the generated parts of a text. */
class RequestTest {
  @TempDir static Path folder;
  private static TextGenerator generator;

  @BeforeAll
  static void train() throws IOException {
    TinyModel.masking(folder);
    generator = TextGenerator.open(folder);
  }

  @AfterAll
  static void close() {
    generator.close();
  }

  @Test
  void messagesAreParagraphs() {
    GenerationRequest request =
        GenerationRequest.messages(
            List.of(
                Message.system("Be brief."),
                Message.user("Hi"),
                Message.assistant("Yes?"),
                Message.tool("7"),
                Message.user("Who?")));
    Opening opening = Opening.of(request.withStop(List.of(".")), generator.model());
    String plain = "System: Be brief.\nUser: Hi\nAssistant: Yes?\nTool: 7\nUser: Who?\nAssistant:";
    assertEquals(plain, Message.prompt(request.messages()));
    assertArrayEquals(generator.model().tokenizer().encode(plain), opening.given());
    assertEquals(List.of("\nUser:", "\nTool:", "."), opening.stop());
    Constraint any = Constraint.regex("[a-z]*");
    assertEquals(List.of(), Opening.of(request.withConstraint(any), generator.model()).stop());
    assertEquals(3, generator.given(GenerationRequest.template("ab{2}c")));
    assertThrows(IllegalArgumentException.class, () -> request.withPrompt("a"));
    assertThrows(IllegalArgumentException.class, () -> GenerationRequest.messages(List.of()));
  }

  /** At once and by name, not as the word "null" in a prompt or from the depths of a tokenizer. */
  @ParameterizedTest
  @MethodSource("absences")
  void whatIsNotThereIsRefusedByName(String name, Executable action) {
    assertEquals(name, assertThrows(NullPointerException.class, action).getMessage());
  }

  @SuppressWarnings("NullAway") // what callers without a null checker do
  static Stream<Arguments> absences() {
    GenerationRequest request = GenerationRequest.unconditional();
    return Stream.of(
        absence("prompt", () -> GenerationRequest.prompt(null)),
        absence("template", () -> GenerationRequest.template(null)),
        absence("before", () -> GenerationRequest.infill(null, 1, "")),
        absence("after", () -> GenerationRequest.infill("", 1, null)),
        absence("messages", () -> GenerationRequest.messages(null)),
        absence("content", () -> Message.user(null)),
        absence("role", () -> new Message(null, "")),
        absence("sampler", () -> request.withSampler(null)),
        absence("constraint", () -> request.withConstraint(null)),
        absence("stop", () -> request.withStop(null)),
        absence("deadline", () -> request.withDeadline(null)),
        absence("request", () -> generator.generate(null)),
        absence("request", () -> generator.submit(null)),
        absence("listener", () -> generator.generate(request, null)),
        absence("listener", () -> generator.submit(request, null)),
        absence("generator", () -> new TextEditor(null)));
  }

  private static Arguments absence(String name, Executable action) {
    return Arguments.of(name, action);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a { b", "a } b", "a {0} b", "a {-1} b", "none"})
  void aTemplateIsReadWithItsRequest(String template) {
    assertThrows(IllegalArgumentException.class, () -> GenerationRequest.template(template));
  }

  @Test
  void theTextIsCutAtTheFirstStop() {
    GenerationRequest request = GenerationRequest.prompt("abcd ").withSteps(8).withSeed(5);
    GenerationResult whole = generator.generate(request);
    String made = whole.completion();
    assertEquals(whole.text(), "abcd " + made);
    String early = made.substring(3, 5);
    String late = made.substring(6, 9);
    GenerationResult cut = generator.generate(request.withStop(List.of(late, early)));
    int at = made.indexOf(early);
    assertEquals(made.substring(0, at), cut.completion());
    assertEquals("abcd " + made.substring(0, at), cut.text());
    assertEquals(Finish.STOP, cut.samples().get(0).finish());
    assertEquals(whole.samples().get(0).tokens(), cut.samples().get(0).tokens());
    // What the prompt says stops nothing, and neither does what nobody says.
    assertEquals(whole.text(), generator.generate(request.withStop(List.of("\0"))).text());
    GenerationResult beside = generator.generate(request.withStop(List.of("abcd " + made)));
    assertEquals(Finish.LENGTH, beside.samples().get(0).finish());
  }

  /** Decoded alone, a reply loses the space before its first word; a stop text may be there. */
  @Test
  void aReplyIsCutAtItsVeryBegin(@TempDir Path words) throws IOException {
    TinyModel.words(words);
    try (TextGenerator own = TextGenerator.open(words)) {
      GenerationRequest request =
          GenerationRequest.messages(List.of(Message.user("who"))).withSteps(4).withSeed(5);
      GenerationResult whole = own.generate(request);
      String reply = whole.completion();
      assertTrue(reply.startsWith(" ") && reply.lastIndexOf(' ') > 4, reply);
      assertEquals(reply, whole.text());
      for (String stop : List.of(" ", reply.substring(0, 3), reply.substring(4, 7))) {
        GenerationResult cut = own.generate(request.withStop(List.of(stop)));
        assertEquals(reply.substring(0, reply.indexOf(stop)), cut.completion());
        assertEquals(cut.completion(), cut.text());
        assertEquals(Finish.STOP, cut.samples().get(0).finish());
      }
    }
  }

  @Test
  void whatIsSettledOnlyGrowsAndIsHowTheCompletionBegins() {
    GenerationRequest request = GenerationRequest.prompt("abcd ").withSteps(8);
    for (long seed = 0; seed < 6; seed++) {
      for (GenerationRequest one :
          List.of(
              request,
              request.withStop(List.of("e", "gh ")),
              request.withSampler(PlanChoice.ofSampler("confidence")),
              request.withConstraint(Constraint.regex("[a-z]{2,9}")))) {
        String[] last = {""};
        GenerationResult result =
            generator.generate(
                one.withSeed(seed),
                step -> {
                  assertTrue(step.settled().startsWith(last[0]), step.settled());
                  last[0] = step.settled();
                  return true;
                });
        assertTrue(result.completion().startsWith(last[0]), last[0]);
        if (one.stop().isEmpty()) {
          assertEquals(result.completion().replaceFirst("\uFFFD+$", ""), last[0]);
        }
      }
      GenerationResult changing =
          generator.generate(
              request.withSeed(seed).withSampler(PlanChoice.ofSampler("remask-cap")),
              step -> step.settled().isEmpty());
      assertEquals(Finish.LENGTH, changing.samples().get(0).finish());
    }
  }

  @Test
  void fillsAreTheGeneratedParts() {
    GenerationResult.Text text =
        generator.generate(GenerationRequest.template("ab{3}cd{4}e")).samples().get(0);
    assertEquals(2, text.fills().size());
    assertEquals("ab" + text.fills().get(0) + "cd" + text.fills().get(1) + "e", text.text());
    Constraint digits = Constraint.regex("\\d");
    GenerationResult short1 =
        generator.generate(GenerationRequest.template("ab{3}e").withConstraint(digits));
    assertTrue(digits.accepts(short1.completion()), short1.completion());
    assertEquals("ab" + short1.completion() + "e", short1.text());
  }

  @Test
  void badValuesAreRefused() {
    GenerationRequest any = GenerationRequest.unconditional();
    assertThrows(IllegalArgumentException.class, () -> any.withStop(List.of("")));
    assertThrows(
        IllegalArgumentException.class, () -> any.withStop(java.util.Collections.nCopies(17, "a")));
    assertThrows(IllegalArgumentException.class, () -> any.withDeadline(Duration.ZERO));
    assertThrows(IllegalArgumentException.class, () -> any.withDeadline(Duration.ofSeconds(-1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> GenerationRequest.template("{2}").withStop(List.of("a")));
    assertThrows(
        IllegalArgumentException.class,
        () -> any.withStop(List.of("a")).withConstraint(Constraint.regex("a")));
    assertEquals(
        Duration.ofDays(400_000), any.withDeadline(Duration.ofDays(400_000)).deadline().get());
    assertFalse(
        generator
            .generate(any.withSteps(1).withDeadline(Duration.ofDays(400_000)))
            .text()
            .isEmpty());
  }
}
