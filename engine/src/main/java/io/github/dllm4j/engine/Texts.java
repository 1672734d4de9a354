package io.github.dllm4j.engine;

import io.github.dllm4j.engine.GenerationResult.Finish;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.StepEvent;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** From tokens to what is shown: canvases, texts, and where they are cut. */
final class Texts {
  private final Tokenizer tokenizer;
  private final int hole;

  Texts(Model model) {
    tokenizer = model.tokenizer();
    hole = Preparation.hole(model);
  }

  /**
   * A step as a listener sees it.
   *
   * @param keeps whether a token that is there stays to the end
   */
  GenerationListener.Step step(StepEvent event, Canvas canvas, Opening opening, boolean keeps) {
    int[] tokens = event.tokens();
    return new GenerationListener.Step(
        event.task(),
        event.step(),
        event.steps(),
        shown(tokens),
        keeps ? settled(tokens, canvas.holes(), opening) : "");
  }

  /** What cannot change any more of the text of the first stretch of holes. */
  private String settled(int[] tokens, int[] holes, Opening opening) {
    List<String> stops = opening.stop();
    int count = 0;
    while (count < holes.length
        && holes[count] == holes[0] + count
        && tokens[holes[count]] != hole) {
      count++;
    }
    if (count == 0) {
      return "";
    }
    int[] known = Arrays.copyOf(holes, count);
    int end = end(tokens, known, opening);
    boolean ended = end < tokens.length;
    String text = between(tokens, holes[0], Math.min(end, holes[count - 1] + 1));
    int stop = firstStop(text, stops);
    if (stop < text.length()) {
      return text.substring(0, stop);
    }
    int safe = text.length();
    if (!ended) {
      // A character may be half there, and a stop text may have begun.
      while (safe > 0 && text.charAt(safe - 1) == '\uFFFD') {
        safe--;
      }
      int longest = stops.stream().mapToInt(String::length).max().orElse(1);
      safe = Math.max(0, Math.min(safe, text.length() - longest + 1));
      safe -= safe > 0 && Character.isHighSurrogate(text.charAt(safe - 1)) ? 1 : 0;
    }
    return text.substring(0, safe);
  }

  /** Tokens decoded, a hole shown as such. */
  String shown(int[] tokens) {
    StringBuilder text = new StringBuilder();
    int from = 0;
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i] == hole) {
        append(text, tokens, from, i);
        text.append(GenerationListener.HOLE);
        from = i + 1;
      }
    }
    append(text, tokens, from, tokens.length);
    return text.toString();
  }

  private void append(StringBuilder text, int[] tokens, int from, int to) {
    if (from < to) {
      text.append(tokenizer.decode(Arrays.copyOfRange(tokens, from, to)));
    }
  }

  /**
   * The text of a sample.
   *
   * @param interrupted why it ended, if it is not complete
   */
  GenerationResult.Text text(
      Sample sample,
      Canvas canvas,
      GenerationRequest request,
      Opening opening,
      double seconds,
      Finish interrupted) {
    int[] tokens = sample.tokens();
    Finish finish = sample.complete() ? Finish.LENGTH : interrupted;
    int[] holes = canvas.holes();
    int end = sample.complete() ? end(tokens, holes, opening) : tokens.length;
    List<int[]> stretches = stretches(tokens, holes, opening);
    List<String> fills = stretches.stream().map(s -> between(tokens, s[0], s[1])).toList();
    int generated = stretches.stream().mapToInt(s -> s[1] - s[0]).sum();
    int from = request.messages().isEmpty() || holes.length == 0 ? 0 : holes[0]; // the reply alone
    // What a constraint keeps behind an end token is part of the text.
    int to = request.constraint().isEmpty() ? end : tokens.length;
    String text = between(tokens, from, to);
    if (end < tokens.length) {
      finish = Finish.END;
    }
    if (sample.complete() && !fills.isEmpty()) {
      String fill = fills.get(0);
      int stop = firstStop(fill, opening.stop());
      if (stop < fill.length()) {
        finish = Finish.STOP;
        text = text.substring(0, Math.max(0, text.length() - (fill.length() - stop)));
        fills = List.of(fill.substring(0, stop));
        generated = spelling(tokens, stretches.get(0), stop);
      }
    }
    if (!sample.complete()) {
      generated = (int) Arrays.stream(holes).filter(at -> tokens[at] != hole).count();
    }
    return new GenerationResult.Text(
        text,
        fills,
        Arrays.stream(tokens).boxed().toList(),
        generated,
        sample.steps(),
        sample.evaluations(),
        seconds,
        finish);
  }

  private static int firstStop(String text, List<String> stops) {
    return stops.stream().mapToInt(text::indexOf).filter(i -> i >= 0).min().orElse(text.length());
  }

  /** Where the first generated end token, in a conversation also the turn's, cuts the text. */
  private int end(int[] tokens, int[] holes, Opening opening) {
    int end = tokenizer.vocabulary().end().orElse(-1);
    return Arrays.stream(holes)
        .filter(at -> tokens[at] == end || tokens[at] == opening.turnEnd())
        .findFirst()
        .orElse(tokens.length);
  }

  /** How many tokens of a stretch spell so many characters of its text. */
  private int spelling(int[] tokens, int[] stretch, int characters) {
    int low = 0;
    int high = stretch[1] - stretch[0];
    while (low < high) {
      int middle = (low + high) / 2;
      boolean enough = between(tokens, stretch[0], stretch[0] + middle).length() >= characters;
      low = enough ? low : middle + 1;
      high = enough ? middle : high;
    }
    return low;
  }

  /** Every stretch of holes, up to its own end token: first position, position behind the last. */
  private List<int[]> stretches(int[] tokens, int[] holes, Opening opening) {
    List<int[]> stretches = new ArrayList<>();
    for (int h = 0; h < holes.length; ) {
      int last = h;
      while (last + 1 < holes.length && holes[last + 1] == holes[last] + 1) {
        last++;
      }
      int[] own = Arrays.copyOfRange(holes, h, last + 1);
      int to = Math.min(end(tokens, own, opening), holes[last] + 1);
      stretches.add(new int[] {holes[h], to});
      h = last + 1;
    }
    return stretches;
  }

  /** The text of some tokens as it stands behind those before them. */
  private String between(int[] tokens, int from, int to) {
    String before = shown(Arrays.copyOf(tokens, from));
    String whole = shown(Arrays.copyOf(tokens, to));
    return whole.startsWith(before)
        ? whole.substring(before.length())
        : shown(Arrays.copyOfRange(tokens, from, to));
  }
}
