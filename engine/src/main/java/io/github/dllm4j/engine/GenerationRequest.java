package io.github.dllm4j.engine;

import io.github.dllm4j.engine.constrain.Constraint;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What to generate. Begin with {@link #unconditional}, {@link #prompt} or {@link #template} and
 * change what differs from the defaults with {@code withX}.
 *
 * @param prompt text the sequence begins with; empty string for none
 * @param template text with holes {@code {n}} that is kept outside them; instead of prompt and
 *     length
 * @param length tokens of the whole sequence, prompt included; if absent, the model's own length,
 *     or of LLaDA and Dream, which could take thousands, 128 more than the prompt
 * @param samples how many to make
 * @param steps how many steps; the planner's choice if absent
 * @param epsilon error budget of that choice, nats per sequence
 * @param sampler which sampler; the best for the model if absent
 * @param temperature above 0; 1 is the model's law
 * @param topP nucleus in (0, 1]; 1 is the model's law
 * @param seed of everything random
 * @param constraint what the generated part must be: from the first hole to the last one, a
 *     template's text between them included; a text shorter than its holes ends with the end token.
 *     Masking models only
 * @param chat whether the prompt is a user's message, which the model's chat template wraps, and
 *     the text of a sample is the answer alone
 */
public record GenerationRequest(
    String prompt,
    Optional<String> template,
    OptionalInt length,
    int samples,
    OptionalInt steps,
    double epsilon,
    Optional<SamplerChoice> sampler,
    double temperature,
    double topP,
    long seed,
    Optional<Constraint> constraint,
    boolean chat) {

  /** Error budget unless something else is asked for, nats per sequence. */
  public static final double DEFAULT_EPSILON = 2;

  private static final int MOST = 1_000_000;

  /** Checks every value that needs no model. */
  public GenerationRequest {
    if (template.isPresent() && (!prompt.isEmpty() || length.isPresent())) {
      throw new IllegalArgumentException(
          "a template says everything: give no prompt and no length with it");
    }
    if (chat && (template.isPresent() || prompt.isBlank())) {
      throw new IllegalArgumentException("a message must have a text, and no template with it");
    }
    require("length", length.orElse(1));
    require("samples", samples);
    require("steps", steps.orElse(1));
    if (!(epsilon >= 0 && epsilon < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("epsilon must be at least 0 nats, got " + epsilon);
    }
    if (!(temperature > 0 && temperature <= 1000)) {
      throw new IllegalArgumentException(
          "temperature must be above 0, at most 1000, got " + temperature);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("top-p must be above 0, at most 1, got " + topP);
    }
  }

  private static void require(String name, int value) {
    if (value < 1 || value > MOST) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be 1 to %,d, got %d", name, MOST, value));
    }
  }

  /** One sample from nothing, of the model's length. */
  public static GenerationRequest unconditional() {
    return new GenerationRequest(
        "",
        Optional.empty(),
        OptionalInt.empty(),
        1,
        OptionalInt.empty(),
        DEFAULT_EPSILON,
        Optional.empty(),
        1,
        1,
        0,
        Optional.empty(),
        false);
  }

  /** One sample that begins with a text. */
  public static GenerationRequest prompt(String prompt) {
    return unconditional().withPrompt(prompt);
  }

  /**
   * One answer to a user's message, for models that were tuned for conversations and whose chat
   * template is known here.
   */
  public static GenerationRequest message(String message) {
    GenerationRequest r = unconditional();
    return new GenerationRequest(
        message,
        r.template,
        r.length,
        1,
        r.steps,
        r.epsilon,
        r.sampler,
        1,
        1,
        0,
        r.constraint,
        true);
  }

  /** One sample that keeps a template's text. */
  public static GenerationRequest template(String template) {
    GenerationRequest r = unconditional();
    return new GenerationRequest(
        "",
        Optional.of(template),
        r.length,
        1,
        r.steps,
        r.epsilon,
        r.sampler,
        1,
        1,
        0,
        r.constraint,
        r.chat);
  }

  /** The same with another beginning. */
  public GenerationRequest withPrompt(String value) {
    return new GenerationRequest(
        value,
        template,
        length,
        samples,
        steps,
        epsilon,
        sampler,
        temperature,
        topP,
        seed,
        constraint,
        chat);
  }

  /** The same with another length, tokens. */
  public GenerationRequest withLength(int value) {
    return new GenerationRequest(
        prompt,
        template,
        OptionalInt.of(value),
        samples,
        steps,
        epsilon,
        sampler,
        temperature,
        topP,
        seed,
        constraint,
        chat);
  }

  /** The same with another number of samples. */
  public GenerationRequest withSamples(int value) {
    return new GenerationRequest(
        prompt,
        template,
        length,
        value,
        steps,
        epsilon,
        sampler,
        temperature,
        topP,
        seed,
        constraint,
        chat);
  }

  /** The same with a given number of steps. */
  public GenerationRequest withSteps(int value) {
    return new GenerationRequest(
        prompt,
        template,
        length,
        samples,
        OptionalInt.of(value),
        epsilon,
        sampler,
        temperature,
        topP,
        seed,
        constraint,
        chat);
  }

  /** The same with steps chosen for another error budget, nats per sequence. */
  public GenerationRequest withEpsilon(double value) {
    return new GenerationRequest(
        prompt,
        template,
        length,
        samples,
        OptionalInt.empty(),
        value,
        sampler,
        temperature,
        topP,
        seed,
        constraint,
        chat);
  }

  /** The same with another sampler. */
  public GenerationRequest withSampler(SamplerChoice value) {
    return new GenerationRequest(
        prompt,
        template,
        length,
        samples,
        steps,
        epsilon,
        Optional.of(value),
        temperature,
        topP,
        seed,
        constraint,
        chat);
  }

  /** The same at another temperature. */
  public GenerationRequest withTemperature(double value) {
    return new GenerationRequest(
        prompt,
        template,
        length,
        samples,
        steps,
        epsilon,
        sampler,
        value,
        topP,
        seed,
        constraint,
        chat);
  }

  /** The same from another nucleus. */
  public GenerationRequest withTopP(double value) {
    return new GenerationRequest(
        prompt,
        template,
        length,
        samples,
        steps,
        epsilon,
        sampler,
        temperature,
        value,
        seed,
        constraint,
        chat);
  }

  /** The same with another seed. */
  public GenerationRequest withSeed(long value) {
    return new GenerationRequest(
        prompt,
        template,
        length,
        samples,
        steps,
        epsilon,
        sampler,
        temperature,
        topP,
        value,
        constraint,
        chat);
  }

  /** The same with a constraint on the generated part. */
  public GenerationRequest withConstraint(Constraint value) {
    return new GenerationRequest(
        prompt,
        template,
        length,
        samples,
        steps,
        epsilon,
        sampler,
        temperature,
        topP,
        seed,
        Optional.of(value),
        chat);
  }
}
