package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The information curve of a model on one example (spec 8): with all tokens revealed but the last m
 * = d - j of a random order of the holes,
 *
 * <pre>
 * b(j) = mean over the hidden tokens of -ln p(x_i | revealed)       cross-entropy
 * e(j) = mean over the hidden tokens of the entropy of p(. | revealed)
 * </pre>
 *
 * <p>The mean of b over examples is the model's cross-entropy curve, which is at least the entropy
 * curve of the data; e is what the model believes, and E b - E e is 0 if the model is calibrated.
 * Departure from the spec: where few tokens are hidden a value is noisy, so there several disjoint
 * sets of m are hidden, one after the other, until {@value #TOKENS} tokens have been seen. Cost:
 * one evaluation per node and set ({@link #evaluations}).
 *
 * @param crossEntropy b at the nodes, nats
 * @param entropy e at the nodes, nats
 */
public record ModelCurve(double[] crossEntropy, double[] entropy) {
  private static final int TOKENS = 32;

  /** How many disjoint sets of so many of d tokens are hidden. */
  static int sets(int d, int hidden) {
    return Math.max(1, Math.min(d / hidden, (TOKENS + hidden - 1) / hidden));
  }

  /** Network evaluations of one example. */
  public static int evaluations(CurveNodes nodes) {
    return Arrays.stream(nodes.at()).map(j -> sets(nodes.length(), nodes.length() - j)).sum();
  }

  /** The curve of a whole sequence, nothing given. */
  public static ModelCurve of(
      Denoiser denoiser, int[] block, CurveNodes nodes, int example, int batch, long seed) {
    int[] holes = new int[block.length];
    Arrays.setAll(holes, i -> i);
    return of(denoiser, block, holes, nodes, example, batch, seed);
  }

  /**
   * The curve of a sequence some of whose tokens are given.
   *
   * @param denoiser a masking denoiser
   * @param block clean ids, [length]
   * @param holes the positions that are not given, ascending, [d]
   * @param nodes where to measure, of d tokens
   * @param example keys the random order together with the seed
   * @param batch sequences per network call, at least 1
   * @return values at the nodes
   */
  public static ModelCurve of(
      Denoiser denoiser,
      int[] block,
      int[] holes,
      CurveNodes nodes,
      int example,
      int batch,
      long seed) {
    int mask =
        denoiser.mask().orElseThrow(() -> new IllegalArgumentException("the model has no MASK"));
    int[] order = KeyedRandom.permutation(holes.length, seed, example, 0, Purpose.REVEAL_ORDER);
    int d = holes.length;
    List<Question> questions = new ArrayList<>();
    int[] at = nodes.at();
    for (int n = 0; n < at.length; n++) {
      int hidden = d - at[n];
      for (int set = 0; set < sets(d, hidden); set++) {
        int[] places = Arrays.copyOfRange(order, d - (set + 1) * hidden, d - set * hidden);
        int[] positions = Arrays.stream(places).map(k -> holes[k]).sorted().toArray();
        questions.add(new Question(n, positions, 1.0 / (hidden * sets(d, hidden))));
      }
    }
    ModelCurve curve = new ModelCurve(new double[at.length], new double[at.length]);
    for (int from = 0; from < questions.size(); from += batch) {
      int to = Math.min(questions.size(), from + batch);
      curve.ask(denoiser, mask, block, questions.subList(from, to));
    }
    return curve;
  }

  /** What is hidden at once, for which node, and what each of its tokens counts. */
  private record Question(int node, int[] hidden, double weight) {}

  private void ask(Denoiser denoiser, int mask, int[] block, List<Question> questions) {
    int length = block.length;
    int[] tokens = new int[questions.size() * length];
    double[] sigmas = new double[questions.size()];
    int[] rows = new int[questions.stream().mapToInt(q -> q.hidden().length).sum()];
    int[] targets = new int[rows.length];
    int r = 0;
    for (int q = 0; q < sigmas.length; q++) {
      System.arraycopy(block, 0, tokens, q * length, length);
      int[] hidden = questions.get(q).hidden();
      for (int position : hidden) {
        tokens[q * length + position] = mask;
        rows[r] = q * length + position;
        targets[r++] = block[position];
      }
      sigmas[q] = -Math.log1p(-hidden.length / (double) length);
    }
    try (TokenLaws laws = denoiser.predict(TokenBatch.of(length, tokens, sigmas), Rows.of(rows))) {
      double[] logs = laws.logProbabilityOf(targets);
      double[] entropies = laws.entropyNats();
      for (int k = 0; k < rows.length; k++) {
        Question question = questions.get(rows[k] / length);
        crossEntropy[question.node()] -= question.weight() * logs[k];
        entropy[question.node()] += question.weight() * entropies[k];
      }
    }
  }
}
