package io.github.dllm4j.engine.denoise;

import io.github.dllm4j.engine.ctmc.Line;
import java.util.Arrays;
import java.util.List;

/**
 * Categorical laws over token ids, one per requested row, wherever they live. Only arrays of the
 * size of the rows cross to the host; {@link #toArray} is for tests and small state spaces.
 */
public interface TokenLaws extends AutoCloseable {

  /** Number of laws. */
  int rows();

  /** Number of ids of every law. */
  int vocabulary();

  /**
   * The same laws at another temperature and cut to their nucleus: p^(1/temperature), normalised,
   * then only the most probable tokens whose mass before them is below {@code topP} (the crossing
   * token is kept), normalised again.
   *
   * @param temperature above 0; 1 changes nothing
   * @param topP in (0, 1]; 1 changes nothing
   * @return new laws, closed with these or before
   */
  TokenLaws shaped(double temperature, double topP);

  /**
   * The probability of one token per row.
   *
   * @param tokens ids, [rows]
   * @return probabilities, [rows]
   */
  double[] probabilityOf(int[] tokens);

  /**
   * The log-probability of one token per row, nats; -infinity where it is impossible.
   *
   * @param tokens ids, [rows]
   * @return log-probabilities, [rows]
   */
  double[] logProbabilityOf(int[] tokens);

  /**
   * One token per row by inverse CDF in double: the first id whose cumulative probability exceeds
   * the uniform. An id of probability 0 is never drawn.
   *
   * @param uniforms in [0, 1), [rows]
   * @return ids, [rows]
   */
  int[] draw(double[] uniforms);

  /** The most probable id of each row, the lowest among equals, [rows]. */
  int[] argmax();

  /** The largest probability of each row, [rows]. */
  double[] maxProbability();

  /** The largest probability of each row minus its second largest, or 0, [rows]. */
  double[] margin();

  /** The entropy of each row in nats, [rows]. */
  double[] entropyNats();

  /**
   * The sum over ids of ln(1 + factor * probability) of each row, which the score entropy of
   * uniform noise needs.
   *
   * @param factors at least 0, [rows]
   * @return nats, [rows]
   */
  double[] sumLogOnePlus(double[] factors);

  /** All probabilities on the heap, [rows][vocabulary]. */
  double[][] toArray();

  /**
   * Those of some rows.
   *
   * @param from first row
   * @param to row after the last
   */
  default double[][] toArray(int from, int to) {
    return Arrays.copyOfRange(toArray(), from, to);
  }

  /**
   * One token per row by inverse CDF from weights that are a line of the law, which stays where it
   * is: a step of uniform noise.
   *
   * @param tokens whose weight is the line's own, [rows]
   * @param lines one for each row
   * @param uniforms in [0, 1), [rows]
   * @return ids, [rows]
   */
  default int[] draw(int[] tokens, List<Line> lines, double[] uniforms) {
    int[] drawn = new int[rows()];
    for (int r = 0; r < drawn.length; r++) {
      Line line = lines.get(r);
      double[] weights = toArray(r, r + 1)[0];
      for (int b = 0; b < weights.length; b++) {
        weights[b] = b == tokens[r] ? line.own() : line.scale() * weights[b] + line.shift();
      }
      drawn[r] = HeapLaws.draw(weights, uniforms[r]);
    }
    return drawn;
  }

  /** Releases the laws; nothing by default. */
  @Override
  default void close() {}
}
