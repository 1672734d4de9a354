package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.Tokenizers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateTest {
  private static final int MASK = 257;
  private final Tokenizer bytes = Tokenizers.bytes();

  @Test
  void holesAreMaskAndTheRestIsText() {
    Canvas canvas = Template.parse("a{2}b{1}").canvas(bytes, MASK, 5);
    assertArrayEquals(new int[] {'a', MASK, MASK, 'b', MASK}, canvas.tokens());
    assertArrayEquals(new int[] {1, 2, 4}, canvas.holes());
  }

  @Test
  void doubledBracesAreBraces() {
    Canvas canvas = Template.parse("{{x}}{1}{{{{").canvas(bytes, MASK, 6);
    assertEquals("{x}{{", bytes.decode(canvas.tokens()));
    assertEquals(1, canvas.holeCount());
  }

  @ParameterizedTest
  @CsvSource({
    "'a{', closed",
    "'a}', closes nothing",
    "'a{0}', {0}",
    "'a{-1}', {-1}",
    "'a{x}', {x}",
    "'a{}', {}",
    "'a{99999999}', {99999999}",
    "'a', no hole",
    "'', no hole"
  })
  void whatIsNoTemplateIsRefused(String template, String says) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Template.parse(template)).toString();
    assertTrue(message.contains(says), message);
  }

  @Test
  void aPromptLeavesTheRestToFill() {
    Canvas canvas = Template.prompt(bytes.encode("ab"), 4, MASK);
    assertArrayEquals(new int[] {'a', 'b', MASK, MASK}, canvas.tokens());
    assertThrows(
        IllegalArgumentException.class, () -> Template.prompt(bytes.encode("abcd"), 4, MASK));
  }

  /** A template that is too long is refused before any of it is built: this one has 10^9 tokens. */
  @Test
  void aTemplateThatIsTooLongIsRefused() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> Template.parse("{1000000}".repeat(1000)).canvas(bytes, MASK, 128));
    assertEquals(
        "the sequence has 1000000 tokens or more, the model takes at most 128", e.getMessage());
  }
}
