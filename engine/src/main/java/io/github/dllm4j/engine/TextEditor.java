package io.github.dllm4j.engine;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.steer.ParticleSampler;
import io.github.dllm4j.engine.steer.ReverseChain;
import io.github.dllm4j.engine.steer.SequenceScorer;
import io.github.dllm4j.engine.steer.StepModel;
import io.github.dllm4j.engine.steer.Twist;
import io.github.dllm4j.engine.steer.UTurn;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/**
 * Edits of a text, one call each: fill a gap, rewrite a span, improve a span by a score, write
 * towards a reward.
 *
 * <pre>{@code
 * TextEditor editor = new TextEditor(generator);
 * String filled = editor.infill("In the ", 4, " of the LORD", 0).text();
 * String other = editor.rewrite("And Noah went forth.", 4, 8, 0).text();
 * TextEditor.Edit better =
 *     editor.improve(
 *         "And he went forth.", 4, 12, text -> text.contains("ark") ? 5 : 0, TextEditor.Effort.DEFAULT);
 * }</pre>
 *
 * <p>A span is text from one index to another and keeps its number of tokens. Scores are
 * log-weights in nats: a reward divided by a temperature, higher is better; a scorer must be a pure
 * function of the text. Everything runs on the calling thread; closing the generator ends it within
 * a network call. For masking and uniform models that see the whole text.
 */
public final class TextEditor {
  private static final int BATCH = 16;

  private final TextGenerator generator;

  /**
   * What an improvement may cost.
   *
   * @param chains texts that are improved side by side, of which the best is taken; for steering,
   *     the particles; at least 1
   * @param turns noising and denoising again, one after the other; at least 0; unused by steering
   * @param steps network evaluations of a turn, at least 1; steering makes as many and asks twice
   *     in each, so that it takes 2 steps evaluations per particle
   * @param strength share of the span's tokens that a turn noises on average, in (0, 1); unused by
   *     steering
   * @param seed of everything random
   */
  public record Effort(int chains, int turns, int steps, double strength, long seed) {
    /** Four chains of 16 turns of 4 steps that noise a third: 64 calls with four texts each. */
    public static final Effort DEFAULT = new Effort(4, 16, 4, 1.0 / 3, 0);

    /** Checks the ranges. */
    public Effort {
      TextGenerator.require("chains", chains, 1);
      TextGenerator.require("turns", turns, 0);
      TextGenerator.require("steps", steps, 1);
      if (!(strength > 0 && strength < 1)) {
        throw new IllegalArgumentException("strength must be in (0, 1), got " + strength);
      }
    }

    /** The same with another seed. */
    public Effort withSeed(long value) {
      return new Effort(chains, turns, steps, strength, value);
    }
  }

  /**
   * A text that was made for a score.
   *
   * @param text whole
   * @param score of it, nats
   */
  public record Edit(String text, double score) {}

  /** An editor over a generator, which stays open. */
  public TextEditor(TextGenerator generator) {
    this.generator = Objects.requireNonNull(generator, "generator");
  }

  /**
   * Fills a gap between two texts.
   *
   * @param tokens of the gap, at least 1
   */
  public GenerationResult infill(String before, int tokens, String after, long seed) {
    return generator.generate(GenerationRequest.infill(before, tokens, after).withSeed(seed));
  }

  /**
   * Writes a span of a text anew, in as many tokens.
   *
   * @param from index of its first char
   * @param to index behind its last one
   */
  public GenerationResult rewrite(String text, int from, int to, long seed) {
    check(text, from, to);
    int tokens = generator.model().tokenizer().encode(text.substring(from, to)).length;
    return infill(text.substring(0, from), tokens, text.substring(to), seed);
  }

  /**
   * Raises the score of a text by U-turn chains over a span ({@link UTurn#metropolis}): noise some
   * of it, denoise, keep what scores better. A <em>heuristic</em>: the law of the result is known
   * only for single tokens. Never worse than the text itself.
   *
   * @param from index of the span's first char
   * @param to index behind its last one
   */
  public Edit improve(
      String text, int from, int to, ToDoubleFunction<String> score, Effort effort) {
    check(text, from, to);
    return generator.using(
        denoiser -> {
          Model model = generator.model();
          Tokenizer tokenizer = model.tokenizer();
          int hole = Preparation.hole(model);
          int[] before = tokenizer.encode(text.substring(0, from));
          int[] span = tokenizer.encode(text.substring(from, to));
          int[] after = tokenizer.encode(text.substring(to));
          int[] whole = joined(before, span, after);
          int[] blank = whole.clone();
          Arrays.fill(blank, before.length, before.length + span.length, hole);
          TimeGrid grid = TimeGrid.uniform(-Math.log1p(-effort.strength), effort.steps);
          ReverseChain back = chain(model, denoiser, Canvas.of(blank, hole), grid);
          UTurn turns = UTurn.metropolis(back, scorer(tokenizer, score));
          List<int[]> starts = Collections.nCopies(effort.chains, whole);
          Edit start = new Edit(text, score.applyAsDouble(text));
          return turns.run(starts, effort.turns, effort.seed).stream()
              .max(Comparator.comparingDouble(UTurn.Outcome::score))
              .filter(best -> best.score() > start.score)
              .map(best -> new Edit(tokenizer.decode(best.tokens()), best.score()))
              .orElse(start);
        });
  }

  /**
   * Fills the holes of a template with text of high score, by particles ({@link ParticleSampler})
   * that are weighed by the score of what they would become, and resampled. A <em>heuristic</em>:
   * the more particles, the nearer to the model's law times e^score, which may be -infinity.
   *
   * @return the best of the particles; its score is -infinity if all of them are forbidden
   */
  public Edit steer(String template, ToDoubleFunction<String> score, Effort effort) {
    return generator.using(
        denoiser -> {
          Model model = generator.model();
          Tokenizer tokenizer = model.tokenizer();
          Canvas canvas =
              Template.parse(template)
                  .canvas(tokenizer, Preparation.hole(model), model.config().network().length());
          SequenceScorer scorer = scorer(tokenizer, score);
          TimeGrid grid = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, effort.steps);
          ReverseChain chain = chain(model, denoiser, canvas, grid);
          // A look ahead with few draws: what the particle is likely to become.
          Twist twist = Twist.sampled(chain, scorer, 4, effort.seed);
          ParticleSampler.Particles made =
              ParticleSampler.bootstrap(chain, scorer, twist).run(effort.chains, effort.seed, 0);
          return made.sequences().stream()
              .map(tokenizer::decode)
              .map(text -> new Edit(text, score.applyAsDouble(text)))
              .max(Comparator.comparingDouble(Edit::score))
              .orElseThrow();
        });
  }

  private static void check(String text, int from, int to) {
    if (from < 0 || to <= from || to > text.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a span must be at least one char inside %d, got %d to %d",
              text.length(),
              from,
              to));
    }
  }

  private static int[] joined(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }

  private static SequenceScorer scorer(Tokenizer tokenizer, ToDoubleFunction<String> score) {
    return sequences ->
        sequences.stream().mapToDouble(s -> score.applyAsDouble(tokenizer.decode(s))).toArray();
  }

  private static ReverseChain chain(Model model, Denoiser denoiser, Canvas canvas, TimeGrid grid) {
    if (model.blocks().isPresent()) {
      throw new IllegalArgumentException(
          "editing by a score noises any token again: it is for models that see the whole text, and"
              + " this one writes block after block");
    }
    int longest = model.config().network().length();
    if (canvas.length() > longest) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the text has %d tokens, the model takes at most %d",
              canvas.length(),
              longest));
    }
    int vocabulary = denoiser.vocabulary();
    int mask = model.config().mask();
    if (mask >= 0 && mask != vocabulary - 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "editing by a score needs MASK to be the last of %d ids, it is %d",
              vocabulary,
              mask));
    }
    NoiseProcess noise =
        mask >= 0 ? NoiseProcess.masking(vocabulary - 1) : NoiseProcess.uniform(vocabulary);
    StepModel steps = StepModel.of(denoiser, noise, BATCH);
    return ReverseChain.of(steps, canvas, grid, ReverseKernel.tweedie());
  }
}
