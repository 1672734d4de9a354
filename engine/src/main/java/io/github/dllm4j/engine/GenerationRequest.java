package io.github.dllm4j.engine;

import io.github.dllm4j.engine.constrain.Constraint;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * What to generate. Begin with {@link #unconditional}, {@link #prompt}, {@link #template} or {@link
 * #messages} and change what differs from the defaults with {@code withX}.
 *
 * @param prompt text the sequence begins with; empty string for none
 * @param messages a conversation instead of a prompt, to whose end the reply is made; empty for
 *     none. See {@link Message} for how models read it. The text of a sample is the reply alone
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
 * @param stop texts at the first of which, behind the prompt, the text is cut; none empty, at most
 *     {@value #MOST_STOPS}; not with a template or a constraint
 * @param deadline time from the call on after which no further step is made; what is there then is
 *     the result. Above 0
 */
public record GenerationRequest(
    String prompt,
    List<Message> messages,
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
    List<String> stop,
    Optional<Duration> deadline) {

  /** Error budget unless something else is asked for, nats per sequence. */
  public static final double DEFAULT_EPSILON = 2;

  private static final int MOST = 1_000_000;
  private static final int MOST_STOPS = 16;

  /** Checks every value that needs no model. */
  public GenerationRequest {
    Objects.requireNonNull(prompt, "prompt");
    if (template.isPresent() && (!prompt.isEmpty() || length.isPresent())) {
      throw new IllegalArgumentException(
          "a template says everything: give no prompt and no length with it");
    }
    messages = List.copyOf(Objects.requireNonNull(messages, "messages"));
    if (!messages.isEmpty() && (template.isPresent() || !prompt.isEmpty())) {
      throw new IllegalArgumentException(
          "a conversation is all that is given: give no prompt and no template with it");
    }
    template.ifPresent(Template::parse);
    require("length", length.orElse(1));
    require("samples", samples);
    require("steps", steps.orElse(1));
    if (!(epsilon >= 0 && epsilon < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "epsilon must be finite and at least 0 nats, got " + epsilon);
    }
    if (!(temperature > 0 && temperature <= 1000)) {
      throw new IllegalArgumentException(
          "temperature must be above 0, at most 1000, got " + temperature);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("top-p must be above 0, at most 1, got " + topP);
    }
    stop = List.copyOf(Objects.requireNonNull(stop, "stop"));
    checkStop(stop, template.isPresent() || constraint.isPresent());
    if (deadline.isPresent() && (deadline.get().isNegative() || deadline.get().isZero())) {
      throw new IllegalArgumentException("deadline must be above 0, got " + deadline.get());
    }
  }

  private static void checkStop(List<String> stop, boolean complete) {
    if (stop.size() > MOST_STOPS) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "stop must be at most %d texts, got %d", MOST_STOPS, stop.size()));
    }
    if (stop.stream().anyMatch(String::isEmpty)) {
      throw new IllegalArgumentException("stop must hold no empty text");
    }
    if (!stop.isEmpty() && complete) {
      throw new IllegalArgumentException(
          "a template or a constraint says where the text ends: give no stop with it");
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
        List.of(),
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
        List.of(),
        Optional.empty());
  }

  /** One sample that begins with a text. */
  public static GenerationRequest prompt(String prompt) {
    return unconditional().withPrompt(prompt);
  }

  /** One sample that keeps a template's text. */
  public static GenerationRequest template(String template) {
    return unconditional().with(draft -> draft.template = present("template", template));
  }

  /**
   * One text between two others.
   *
   * @param tokens of it, at least 1
   */
  public static GenerationRequest infill(String before, int tokens, String after) {
    Objects.requireNonNull(before, "before");
    Objects.requireNonNull(after, "after");
    return template(Template.literal(before) + "{" + tokens + "}" + Template.literal(after));
  }

  /**
   * One reply to a conversation.
   *
   * @param messages at least one
   */
  public static GenerationRequest messages(List<Message> messages) {
    if (Objects.requireNonNull(messages, "messages").isEmpty()) {
      throw new IllegalArgumentException("a conversation needs at least one message, got none");
    }
    return unconditional().with(draft -> draft.messages = messages);
  }

  /** The same with another beginning, of a request that is no conversation. */
  public GenerationRequest withPrompt(String value) {
    return with(draft -> draft.prompt = value);
  }

  /** The same with another length, tokens. */
  public GenerationRequest withLength(int value) {
    return with(draft -> draft.length = OptionalInt.of(value));
  }

  /**
   * The same with room for new tokens.
   *
   * @param given tokens before them, as {@link TextGenerator#given} counts them
   * @param tokens most new ones, at least 1
   * @throws IllegalArgumentException if there are fewer, or together more than a length can be
   */
  public GenerationRequest withNewTokens(int given, int tokens) {
    require("new tokens", tokens);
    return withLength(given + tokens);
  }

  /** The same with another number of samples. */
  public GenerationRequest withSamples(int value) {
    return with(draft -> draft.samples = value);
  }

  /**
   * The same with a given number of steps; refused when it is planned with a sampler that decides
   * its steps itself ({@link SamplerChoice#hasSteps}).
   */
  public GenerationRequest withSteps(int value) {
    return with(draft -> draft.steps = OptionalInt.of(value));
  }

  /** The same with steps chosen for another error budget, nats per sequence. */
  public GenerationRequest withEpsilon(double value) {
    return with(
        draft -> {
          draft.steps = OptionalInt.empty();
          draft.epsilon = value;
        });
  }

  /** The same with another sampler. */
  public GenerationRequest withSampler(SamplerChoice value) {
    return with(draft -> draft.sampler = present("sampler", value));
  }

  /** The same at another temperature. */
  public GenerationRequest withTemperature(double value) {
    return with(draft -> draft.temperature = value);
  }

  /** The same from another nucleus. */
  public GenerationRequest withTopP(double value) {
    return with(draft -> draft.topP = value);
  }

  /** The same with another seed. */
  public GenerationRequest withSeed(long value) {
    return with(draft -> draft.seed = value);
  }

  /** The same with a constraint on the generated part. */
  public GenerationRequest withConstraint(Constraint value) {
    return with(draft -> draft.constraint = present("constraint", value));
  }

  /** The same, cut at other texts. */
  public GenerationRequest withStop(List<String> value) {
    return with(draft -> draft.stop = value);
  }

  /** The same with another deadline, time from the call on. */
  public GenerationRequest withDeadline(Duration value) {
    return with(draft -> draft.deadline = present("deadline", value));
  }

  private static <T> Optional<T> present(String name, T value) {
    return Optional.of(Objects.requireNonNull(value, name));
  }

  private GenerationRequest with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.request();
  }

  /** The values on the way from one request to another. */
  private static final class Draft {
    private String prompt;
    private List<Message> messages;
    private Optional<String> template;
    private OptionalInt length;
    private int samples;
    private OptionalInt steps;
    private double epsilon;
    private Optional<SamplerChoice> sampler;
    private double temperature;
    private double topP;
    private long seed;
    private Optional<Constraint> constraint;
    private List<String> stop;
    private Optional<Duration> deadline;

    Draft(GenerationRequest from) {
      prompt = from.prompt;
      messages = from.messages;
      template = from.template;
      length = from.length;
      samples = from.samples;
      steps = from.steps;
      epsilon = from.epsilon;
      sampler = from.sampler;
      temperature = from.temperature;
      topP = from.topP;
      seed = from.seed;
      constraint = from.constraint;
      stop = from.stop;
      deadline = from.deadline;
    }

    GenerationRequest request() {
      return new GenerationRequest(
          prompt,
          messages,
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
          stop,
          deadline);
    }
  }
}
