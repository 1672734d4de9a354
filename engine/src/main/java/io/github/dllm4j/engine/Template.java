package io.github.dllm4j.engine;

import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Text with holes: "In the {8} of the LORD" keeps everything but eight tokens; a doubled brace
 * stands for a brace. Each stretch of fixed text is tokenised by itself.
 */
final class Template {
  private static final int LARGEST_HOLE = 1_000_000;

  /** Fixed text, or a hole of so many tokens where the text is empty. */
  private record Part(String text, int hole) {}

  private final List<Part> parts;

  private Template(List<Part> parts) {
    this.parts = parts;
  }

  /** Text as a template says it. */
  static String literal(String text) {
    return text.replace("{", "{{").replace("}", "}}");
  }

  /** Nothing but tokens at the beginning and one hole up to a length in tokens. */
  static Canvas prompt(int[] fixed, int length, int mask) {
    if (fixed.length >= length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the prompt has %d tokens and leaves nothing to fill in a length of %d",
              fixed.length,
              length));
    }
    int[] tokens = Arrays.copyOf(fixed, length);
    Arrays.fill(tokens, fixed.length, length, mask);
    return Canvas.of(tokens, mask);
  }

  /**
   * Reads a template.
   *
   * @throws IllegalArgumentException if a brace has no partner, a hole is no number in
   *     1..1,000,000, or there is no hole
   */
  static Template parse(String template) {
    List<Part> parts = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < template.length(); i++) {
      char c = template.charAt(i);
      boolean doubled = i + 1 < template.length() && template.charAt(i + 1) == c;
      if ((c == '{' || c == '}') && doubled) {
        text.append(c);
        i++;
      } else if (c == '{') {
        int close = template.indexOf('}', i);
        if (close < 0) {
          throw new IllegalArgumentException(
              String.format(
                  Locale.ROOT,
                  "the template's { at character %d is never closed; {{ is a literal brace",
                  i + 1));
        }
        add(parts, text);
        parts.add(new Part("", hole(template.substring(i + 1, close))));
        i = close;
      } else if (c == '}') {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "the template's } at character %d closes nothing; }} is a literal brace",
                i + 1));
      } else {
        text.append(c);
      }
    }
    add(parts, text);
    if (parts.stream().noneMatch(part -> part.hole() > 0)) {
      throw new IllegalArgumentException("the template has no hole such as {8}");
    }
    return new Template(parts);
  }

  private static void add(List<Part> parts, StringBuilder text) {
    if (text.length() > 0) {
      parts.add(new Part(text.toString(), 0));
      text.setLength(0);
    }
  }

  private static int hole(String size) {
    int tokens = size.matches("\\d{1,7}") ? Integer.parseInt(size) : 0;
    if (tokens < 1 || tokens > LARGEST_HOLE) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "a hole is {n} with n from 1 to %d, got {%s}", LARGEST_HOLE, size));
    }
    return tokens;
  }

  /**
   * The canvas: MASK in the holes. Nothing is built of a template that is too long.
   *
   * @param longest tokens, most there may be
   */
  Canvas canvas(Tokenizer tokenizer, int mask, int longest) {
    List<int[]> pieces = new ArrayList<>();
    long length = 0;
    for (Part part : parts) {
      int[] piece = part.hole() > 0 ? new int[0] : tokenizer.encode(part.text());
      length += Math.max(part.hole(), piece.length);
      checkLength(length, longest);
      if (part.hole() > 0) {
        piece = new int[part.hole()];
        Arrays.fill(piece, mask);
      }
      pieces.add(piece);
    }
    return Canvas.of(pieces.stream().flatMapToInt(Arrays::stream).toArray(), mask);
  }

  private static void checkLength(long length, int longest) {
    if (length > longest) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the sequence has %d tokens or more, the model takes at most %d",
              length,
              longest));
    }
  }
}
