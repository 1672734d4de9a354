package io.github.dllm4j.eval.steps;

import io.github.dllm4j.engine.GenerationPlan;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.djl.AutoregressiveModel;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.LeftToRightSampler;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.StepListener;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The sequences of a row, as they were made.
 *
 * @param tokens of each, up to its end token
 * @param texts of these tokens
 * @param evaluations each took part in
 * @param steps of the plan
 * @param cut how many an end token has made shorter
 * @param predictedKl by the planner
 * @param note on that
 * @param seconds to make them
 */
record Samples(
    List<int[]> tokens,
    List<String> texts,
    double[] evaluations,
    int steps,
    long cut,
    Optional<Estimate> predictedKl,
    String note,
    double seconds) {
  private static final int BATCH = 16;

  /** Makes what is asked for. */
  static Samples of(TextGenerator generator, GenerationRequest request) {
    long begin = System.nanoTime();
    GenerationResult result = generator.generate(request);
    double seconds = (System.nanoTime() - begin) * 1e-9;
    List<GenerationResult.Text> made = result.samples();
    Tokenizer tokenizer = generator.model().tokenizer();
    return new Samples(
        made.stream()
            .map(s -> kept(s.tokens().stream().mapToInt(Integer::intValue).toArray(), tokenizer))
            .toList(),
        made.stream().map(GenerationResult.Text::text).toList(),
        made.stream().mapToDouble(GenerationResult.Text::evaluations).toArray(),
        made.get(0).steps(),
        made.stream().filter(s -> s.finish() != GenerationResult.Finish.LENGTH).count(),
        result.plan().predictedKlNats(),
        note(result.plan()),
        seconds);
  }

  /** What is promised of a uniform model has no column: it is the KL of paths, not of samples. */
  private static String note(GenerationPlan plan) {
    return plan.predictedPathKlNats().map(kl -> kl.text(3) + " nats of ").orElse("") + plan.note();
  }

  /**
   * Token after token from an autoregressive model.
   *
   * @param length tokens of each, by the model's own tokenizer
   */
  static Samples leftToRight(
      AutoregressiveModel model, int length, int count, double temperature, long seed) {
    Canvas canvas = Canvas.blank(length, model.causal().vocabulary());
    long begin = System.nanoTime();
    List<Sample> made =
        new LeftToRightSampler(model.causal(), BATCH)
            .run(
                new LeftToRightSampler.Task(canvas, count, seed, temperature, 1),
                StepListener.NONE);
    double seconds = (System.nanoTime() - begin) * 1e-9;
    List<int[]> tokens =
        made.stream().map(sample -> kept(sample.tokens(), model.tokenizer())).toList();
    return new Samples(
        tokens,
        tokens.stream().map(model.tokenizer()::decode).toList(),
        made.stream().mapToDouble(Sample::evaluations).toArray(),
        length,
        tokens.stream().filter(t -> t.length < length).count(),
        Optional.empty(),
        "",
        seconds);
  }

  /** How many tokens were made, what follows an end token not counted. */
  int count() {
    return tokens.stream().mapToInt(t -> t.length).sum();
  }

  /** The tokens before the end token. */
  private static int[] kept(int[] tokens, Tokenizer tokenizer) {
    OptionalInt end = tokenizer.vocabulary().end();
    int length =
        IntStream.range(0, tokens.length)
            .filter(i -> end.isPresent() && tokens[i] == end.getAsInt())
            .findFirst()
            .orElse(tokens.length);
    return Arrays.copyOf(tokens, length);
  }
}
