package io.github.dllm4j.eval.metrics;

import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.loss.LikelihoodBound;
import io.github.dllm4j.eval.metrics.Judge.Judgement;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Generative perplexity in both definitions that are in use, and per character:
 *
 * <pre>
 * token-weighted        exp( sum_i nats_i / sum_i tokens_i )
 * mean of sequences     mean_i exp( nats_i / tokens_i )
 * bits per character    sum_i nats_i / sum_i characters_i / ln 2
 * </pre>
 *
 * <p>The second is never below the first for sequences of one length, and far above it if a few
 * sequences are bad. Ratios have the linearised standard error of {@link LikelihoodBound}.
 *
 * @param natsPerToken logarithm of the token-weighted one
 * @param meanOfSequences the other one
 * @param natsPerCharacter bits per character times ln 2
 * @param judged texts with at least one token of the judge; the others have no perplexity and are
 *     not in any of these
 * @param tokens of the judge in all texts
 * @param characters code points in all texts
 */
public record GenerativePerplexity(
    Estimate natsPerToken,
    Estimate meanOfSequences,
    Estimate natsPerCharacter,
    int judged,
    long tokens,
    long characters) {

  /**
   * Judges texts.
   *
   * @throws IllegalArgumentException if none has a token of the judge
   */
  public static GenerativePerplexity of(Judge judge, List<String> texts) {
    return of(
        judge.judge(texts),
        texts.stream().mapToInt(text -> text.codePointCount(0, text.length())).toArray());
  }

  /**
   * From judgements.
   *
   * @param lengths characters of each text
   */
  static GenerativePerplexity of(List<Judgement> judgements, int[] lengths) {
    int[] kept =
        IntStream.range(0, lengths.length).filter(i -> judgements.get(i).tokens() > 0).toArray();
    if (kept.length == 0) {
      throw new IllegalArgumentException("no text has a token to judge");
    }
    double[] nats = Arrays.stream(kept).mapToDouble(i -> judgements.get(i).nats()).toArray();
    int[] tokens = Arrays.stream(kept).map(i -> judgements.get(i).tokens()).toArray();
    int[] characters = Arrays.stream(kept).map(i -> lengths[i]).toArray();
    double[] each =
        IntStream.range(0, kept.length).mapToDouble(i -> Math.exp(nats[i] / tokens[i])).toArray();
    return new GenerativePerplexity(
        ratio(nats, tokens),
        Estimate.of(each),
        ratio(nats, characters),
        kept.length,
        Arrays.stream(tokens).asLongStream().sum(),
        Arrays.stream(characters).asLongStream().sum());
  }

  private static Estimate ratio(double[] nats, int[] counts) {
    LikelihoodBound ratio = LikelihoodBound.of(nats, counts);
    return new Estimate(ratio.natsPerToken(), ratio.standardError(), nats.length);
  }
}
