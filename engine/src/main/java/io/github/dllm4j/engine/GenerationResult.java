package io.github.dllm4j.engine;

import io.github.dllm4j.engine.info.Estimate;
import java.util.List;
import java.util.Optional;

/**
 * What was generated, and how.
 *
 * @param samples in order
 * @param model it came from
 * @param sampler that made it
 * @param plan the sampler's plan or grid
 * @param predictedKlNats what the steps cost against one token per step, nats per sequence: the
 *     model's expected extra log-loss, with its standard error; empty where nothing can be promised
 * @param predictedPathKlNats of uniform noise: the path KL of the grid with exact scores, nats per
 *     sequence; it bounds the KL of the samples but for the model's own error, and is another thing
 *     than the conditional KL above; empty where nothing can be promised
 * @param planningEvaluations network evaluations, of all planning samples together, that measuring
 *     the request's own curve takes; 0 where none was needed. A generator remembers such curves, so
 *     it may have spent them earlier
 * @param note what the prediction rests on, unless it is held-out text, or why there is none
 * @param seed of the request
 * @param versions of dllm4j, DJL and PyTorch
 */
public record GenerationResult(
    List<Text> samples,
    String model,
    String sampler,
    String plan,
    Optional<Estimate> predictedKlNats,
    Optional<Estimate> predictedPathKlNats,
    int planningEvaluations,
    String note,
    long seed,
    String versions) {

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
