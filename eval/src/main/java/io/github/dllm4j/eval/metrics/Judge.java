package io.github.dllm4j.eval.metrics;

import java.util.List;

/**
 * Says how likely texts are: the judge of generative perplexity. It must not be the model that is
 * judged. Judges count in tokens of their own, so that two are comparable per character only.
 */
public interface Judge extends AutoCloseable {

  /** What reports call it. */
  String name();

  /** What one of its tokens is, in a word. */
  String unit();

  /**
   * Judges texts, each on its own: nothing stands before it.
   *
   * @return one judgement per text, in order
   */
  List<Judgement> judge(List<String> texts);

  /**
   * Entropy of its token frequencies in the text it stands for, nats per token: what it would say
   * of tokens drawn by their frequencies alone.
   */
  double unigramEntropy();

  /** Releases what it holds; nothing by default. */
  @Override
  default void close() {}

  /**
   * What a judge says of one text.
   *
   * @param nats -ln of its probability
   * @param tokens of the judge in it, 0 for the empty text
   */
  record Judgement(double nats, int tokens) {}
}
