package io.github.dllm4j.engine;

import java.util.List;

/**
 * What was generated, and how.
 *
 * @param samples in order
 * @param model it came from
 * @param plan by which it was made, with what that was predicted to cost
 * @param seed of the request
 * @param versions of dllm4j, DJL and PyTorch
 */
public record GenerationResult(
    List<Text> samples, String model, GenerationPlan plan, long seed, String versions) {

  /** Why a sample ended. */
  public enum Finish {
    /** Every hole is filled. */
    LENGTH,
    /** The model's end token stands in the text, which is cut there. */
    END,
    /** A stop text stands in it; it is cut there. */
    STOP,
    /** It was cancelled, by its listener or otherwise, before it was complete. */
    CANCELLED,
    /** Its deadline passed before it was complete. */
    DEADLINE
  }

  /**
   * One sample. A text that was interrupted is not cut; {@link GenerationListener#HOLE} stands for
   * every token that is not there (under uniform noise none is missing, but all are still noisy).
   *
   * @param text decoded, prompt or template included
   * @param fills what was generated, one text per stretch of holes, in order
   * @param tokens ids of the whole sequence
   * @param generated how many of them the fills are made of: of each those before its end token, or
   *     before a stop text; of a text that was interrupted those that are there
   * @param steps of its plan, empty ones included
   * @param evaluations network evaluations it took part in
   * @param seconds from the request to the end of all its samples
   * @param finish why it ended
   */
  public record Text(
      String text,
      List<String> fills,
      List<Integer> tokens,
      int generated,
      int steps,
      int evaluations,
      double seconds,
      Finish finish) {
    /** Copies the lists. */
    public Text {
      fills = List.copyOf(fills);
      tokens = List.copyOf(tokens);
    }
  }

  /** Copies the samples. */
  public GenerationResult {
    samples = List.copyOf(samples);
  }

  /** The text of the first sample. */
  public String text() {
    return samples.get(0).text();
  }

  /** What the first sample has behind its prompt, or in its first hole; empty for no hole. */
  public String completion() {
    List<String> fills = samples.get(0).fills();
    return fills.isEmpty() ? "" : fills.get(0);
  }
}
