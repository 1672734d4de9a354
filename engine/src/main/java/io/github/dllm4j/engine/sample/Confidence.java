package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.Arrays;

/**
 * How sure a network is of a row. Read off the laws as the network gives them, before temperature
 * and nucleus, as LLaDA and Fast-dLLM do; else a low temperature would make every row certain.
 */
public enum Confidence {
  /** The largest probability. */
  MAX_PROBABILITY(false),
  /** The largest probability minus the second largest. */
  MARGIN(false),
  /** Minus the entropy, nats. */
  NEGATIVE_ENTROPY(false),
  /**
   * The probability of the token that was drawn (MaskGIT, LLaDA's low_confidence). Choosing by what
   * was drawn biases even independent tokens, more so the more steps there are (spec 11, O3).
   */
  CANDIDATE(true);

  private final boolean looksAtDraws;

  Confidence(boolean looksAtDraws) {
    this.looksAtDraws = looksAtDraws;
  }

  /** Whether it depends on what was drawn, which biases the sampler. */
  public boolean looksAtDraws() {
    return looksAtDraws;
  }

  /**
   * The confidence of every row.
   *
   * @param laws the network's answer
   * @param drawn the token drawn for each row, [rows]
   * @return larger is surer, [rows]
   */
  public double[] of(TokenLaws laws, int[] drawn) {
    return switch (this) {
      case MAX_PROBABILITY -> laws.maxProbability();
      case MARGIN -> laws.margin();
      case NEGATIVE_ENTROPY -> Arrays.stream(laws.entropyNats()).map(h -> -h).toArray();
      case CANDIDATE -> laws.probabilityOf(drawn);
    };
  }
}
