package io.github.dllm4j.eval.metrics;

import java.nio.IntBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * How varied sequences of tokens are. Generative perplexity alone can be gamed: a text that repeats
 * itself is easy to predict, and these fall.
 */
public final class Diversity {
  private Diversity() {}

  /**
   * Unigram entropy: -sum f ln f over the relative frequencies f of the tokens within the sequence,
   * nats per token; at most ln of the length.
   */
  public static double unigramEntropy(int[] tokens) {
    Frequencies frequencies = new Frequencies();
    for (int token : tokens) {
      frequencies.add(token);
    }
    return frequencies.entropy();
  }

  /**
   * Different n-grams within the sequence, as a share of its n-grams.
   *
   * @param n at least 1
   * @return in (0, 1]; NaN if there are fewer than n tokens
   */
  public static double distinct(int[] tokens, int n) {
    Set<IntBuffer> different = new HashSet<>();
    grams(tokens, n).forEach(different::add);
    return (double) different.size() / (tokens.length - n + 1 > 0 ? tokens.length - n + 1 : 0);
  }

  /**
   * Repetition: the share of n-grams that stood in the sequence before, 1 - distinct.
   *
   * @return in [0, 1); NaN if there are fewer than n tokens
   */
  public static double repetition(int[] tokens, int n) {
    return 1 - distinct(tokens, n);
  }

  /**
   * Of each sequence the share of its n-grams that another sequence holds too: high where all
   * samples are alike.
   *
   * @return in [0, 1], NaN for sequences of fewer than n tokens, [sequences]
   */
  public static double[] shared(List<int[]> sequences, int n) {
    Map<IntBuffer, Integer> holders = new HashMap<>();
    for (int[] tokens : sequences) {
      Set<IntBuffer> own = new HashSet<>();
      grams(tokens, n).forEach(own::add);
      own.forEach(gram -> holders.merge(gram, 1, Integer::sum));
    }
    return sequences.stream()
        .mapToDouble(
            tokens ->
                grams(tokens, n).stream()
                    .mapToInt(gram -> holders.getOrDefault(gram, 0) > 1 ? 1 : 0)
                    .average()
                    .orElse(Double.NaN))
        .toArray();
  }

  /** The n-grams of a sequence; buffers are equal where their contents are. */
  private static List<IntBuffer> grams(int[] tokens, int n) {
    return IntStream.rangeClosed(0, tokens.length - n)
        .mapToObj(i -> IntBuffer.wrap(tokens, i, n))
        .toList();
  }
}
