package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * An exact law under noise that moves every token among the law's own symbols, as a leave-one-out
 * denoiser, by enumeration of the words:
 *
 * <pre>
 * q_sigma(x)      = sum_x0 p(x0) prod_j P_sigma(x0_j, x_j)
 * loo_i(b given x) in proportion to
 *                   sum over x0 with x0_i = b of p(x0) prod_{j != i} P_sigma(x0_j, x_j)
 * </pre>
 *
 * <p>Source: uniform-diffusion spec sections 1 to 3. Both are tables contracted with the transition
 * matrix along all axes, or all but one. Cost per noise level: O(d^2 S^(d+1)) for the laws of all
 * words, kept until another level is asked about; at most 2^24 words. Where the other tokens are
 * impossible, which needs sigma = 0, the law is uniform.
 */
public final class NoisyOracle implements Denoiser {
  private final double[] table;
  private final int length;
  private final NoiseProcess process;
  private volatile Level last;

  /** The tables of one noise level: [axis left clean][S^d]. */
  private record Level(double sigma, double[][] tables) {}

  /**
   * An oracle for a law and its noise.
   *
   * @param law at most 2^24 words
   * @param process states are the law's symbols; the uniform process for uniform noise
   */
  public NoisyOracle(ExactLaw law, NoiseProcess process) {
    if (process.stateCount() != law.symbols()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the process must have one state per symbol, %d, got %d",
              law.symbols(),
              process.stateCount()));
    }
    this.process = process;
    table = law.table();
    length = law.length();
    last = level(Double.POSITIVE_INFINITY);
  }

  /** A law under uniform noise. */
  public static NoisyOracle uniform(ExactLaw law) {
    return new NoisyOracle(law, NoiseProcess.uniform(law.symbols()));
  }

  /**
   * The law of the noisy words, q_sigma.
   *
   * @param sigma total noise, nats, at least 0
   * @return probabilities, row-major, position 0 most significant, [S^d]
   */
  public double[] noised(double sigma) {
    return noisedBut(-1, matrix(sigma));
  }

  @Override
  public int vocabulary() {
    return process.stateCount();
  }

  @Override
  public OptionalInt mask() {
    return OptionalInt.empty();
  }

  @Override
  public Representation representation() {
    return Representation.LEAVE_ONE_OUT;
  }

  @Override
  public TokenLaws predict(TokenBatch batch, Rows rows) {
    int cells = batch.size() * length;
    if (batch.length() != length || rows.size() == 0 || rows.index(rows.size() - 1) >= cells) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "needs sequences of length %d and rows in [0, %d), got length %d and %s",
              length,
              cells,
              batch.length(),
              rows));
    }
    int[] tokens = batch.toArray();
    for (int token : tokens) {
      if (token < 0 || token >= vocabulary()) {
        throw new IllegalArgumentException(
            String.format(Locale.ROOT, "ids must be in [0, %d), got %d", vocabulary(), token));
      }
    }
    Level level = last;
    double[][] laws = new double[rows.size()][];
    for (int r = 0; r < laws.length; r++) {
      int sequence = rows.index(r) / length;
      if (level.sigma != batch.sigma(sequence)) {
        level = level(batch.sigma(sequence));
        last = level;
      }
      int from = sequence * length;
      int[] word = Arrays.copyOfRange(tokens, from, from + length);
      laws[r] = leaveOneOut(level, word, rows.index(r) - from);
    }
    return HeapLaws.of(laws);
  }

  private double[] leaveOneOut(Level level, int[] word, int position) {
    int symbols = vocabulary();
    int index = 0;
    int stride = 1;
    for (int i = 0; i < length; i++) {
      index = index * symbols + (i == position ? 0 : word[i]);
      stride *= i > position ? symbols : 1;
    }
    double[] law = new double[symbols];
    for (int b = 0; b < symbols; b++) {
      law[b] = level.tables[position][index + b * stride];
    }
    return Words.finish(new double[][] {law})[0];
  }

  private Level level(double sigma) {
    double[][] matrix = matrix(sigma);
    double[][] tables = new double[length][];
    Arrays.setAll(tables, i -> noisedBut(i, matrix));
    return new Level(sigma, tables);
  }

  /** P_sigma[from][to]. */
  private double[][] matrix(double sigma) {
    double[][] matrix = new double[vocabulary()][vocabulary()];
    for (int from = 0; from < matrix.length; from++) {
      int row = from;
      Arrays.setAll(matrix[row], to -> process.transition(row, to, sigma));
    }
    return matrix;
  }

  /** The table contracted with the matrix along every axis but one, [S^d]. */
  private double[] noisedBut(int clean, double[][] matrix) {
    double[] current = table;
    int symbols = matrix.length;
    int right = 1;
    for (int axis = length - 1; axis >= 0; axis--) {
      if (axis != clean) {
        double[] next = new double[current.length];
        for (int cell = 0; cell < current.length; cell++) {
          int symbol = cell / right % symbols;
          int base = cell - symbol * right;
          for (int to = 0; to < symbols; to++) {
            next[base + to * right] += current[cell] * matrix[symbol][to];
          }
        }
        current = next;
      }
      right *= symbols;
    }
    return current == table ? table.clone() : current;
  }
}
