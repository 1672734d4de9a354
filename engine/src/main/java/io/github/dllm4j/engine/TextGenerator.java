package io.github.dllm4j.engine;

import io.github.dllm4j.engine.GenerationResult.Finish;
import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.TokenAutomaton;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.djl.Family;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import io.github.dllm4j.engine.djl.PyTorch;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.JointDraw;
import io.github.dllm4j.engine.sample.LeftToRightSampler;
import io.github.dllm4j.engine.sample.ReverseSampler;
import io.github.dllm4j.engine.sample.ReverseTask;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingTask;
import io.github.dllm4j.engine.sample.StepEvent;
import io.github.dllm4j.engine.sample.StepListener;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Text from a discrete-diffusion language model, or an autoregressive one: the way to use the
 * engine from a program.
 *
 * <pre>{@code
 * try (TextGenerator generator = TextGenerator.bundled()) {
 *   System.out.println(generator.generate(GenerationRequest.prompt("In the beginning")).text());
 * }
 * }</pre>
 *
 * <p>Safe for several threads. Results depend on the request alone, not on what else runs.
 */
public final class TextGenerator implements AutoCloseable {
  private static final int BATCH = 16;

  /** What a model that could take thousands of tokens adds to a prompt, as LLaDA's own code. */
  private static final int NEW_TOKENS = 128;

  /** Most probabilities of a batch that cross to the host, 64 MB. */
  private static final int HOST_PROBABILITIES = 1 << 23;

  /** Most probabilities of a batch on the device, 1 GB, if one sequence has not more. */
  private static final int DEVICE_PROBABILITIES = 1 << 27;

  private final Model model;
  private final MeasuredCurves curves = new MeasuredCurves();
  private final MeasuredDependence dependence = new MeasuredDependence();
  private final Recent<Constraint, TokenAutomaton> automata = new Recent<>(16);

  private TextGenerator(Model model) {
    this.model = model;
  }

  /** The model that comes with the engine, on the best device here. */
  public static TextGenerator bundled() throws IOException {
    return new TextGenerator(Model.bundled(ModelOptions.DEFAULT));
  }

  /**
   * A model directory.
   *
   * @throws IOException in one line, if a file is missing or unsound
   */
  public static TextGenerator open(Path directory) throws IOException {
    return new TextGenerator(Model.open(directory, ModelOptions.DEFAULT));
  }

  /** A generator over an open model, which it takes over. */
  public static TextGenerator of(Model model) {
    return new TextGenerator(model);
  }

  /** The model. */
  public Model model() {
    return model;
  }

  /** As {@link #generate(GenerationRequest, GenerationListener)}, unwatched. */
  public GenerationResult generate(GenerationRequest request) {
    return generate(request, GenerationListener.NONE);
  }

  /**
   * Generates text: request to canvas, canvas to plan, plan to samples, samples to text.
   *
   * @throws IllegalArgumentException if the request does not fit the model
   */
  public GenerationResult generate(GenerationRequest request, GenerationListener listener) {
    long begin = System.nanoTime();
    Canvas canvas = canvas(request);
    Prepared prepared =
        model.config().autoregressive()
            ? read(request, canvas)
            : model.config().mask() < 0 ? reverse(request, canvas) : fill(request, canvas);
    List<Sample> samples = prepared.loop().apply(event -> listener.onStep(step(event)));
    double seconds = (System.nanoTime() - begin) * 1e-9;
    return new GenerationResult(
        samples.stream().map(sample -> text(sample, canvas, seconds, request)).toList(),
        model.name(),
        prepared.sampler(),
        prepared.schedule(),
        prepared.predictedKlNats(),
        prepared.predictedPathKlNats(),
        prepared.planningEvaluations(),
        prepared.note(),
        request.seed(),
        PyTorch.versions());
  }

  /** A request made ready for one of the three sampler loops. */
  private record Prepared(
      String sampler,
      String schedule,
      Optional<Estimate> predictedKlNats,
      Optional<Estimate> predictedPathKlNats,
      int planningEvaluations,
      String note,
      Function<StepListener, List<Sample>> loop) {}

  /** An autoregressive model draws one token after the other: there is nothing to plan. */
  private Prepared read(GenerationRequest request, Canvas canvas) {
    if (request.template().isPresent()) {
      throw new IllegalArgumentException(
          "an autoregressive model reads what is before a hole only: give a prompt, no template");
    }
    if (request.constraint().isPresent()) {
      throw new IllegalArgumentException(
          "constraints are for masking models: this one settles a token before it knows the next");
    }
    if (request.sampler().isPresent() || request.steps().isPresent()) {
      throw new IllegalArgumentException(
          "an autoregressive model draws token after token: give no sampler and no steps");
    }
    boolean own = request.temperature() == 1 && request.topP() == 1;
    LeftToRightSampler.Task task =
        new LeftToRightSampler.Task(
            canvas, request.samples(), request.seed(), request.temperature(), request.topP());
    return new Prepared(
        "left-to-right",
        "one by one",
        own ? Optional.of(new Estimate(0, 0, 0)) : Optional.empty(),
        Optional.empty(),
        0,
        own ? "exact: one token per step" : "temperature or top-p change the model's law",
        listener -> new LeftToRightSampler(model.causal(), BATCH).run(task, listener));
  }

  /** A masked model fills the holes by a plan. */
  private Prepared fill(GenerationRequest request, Canvas canvas) {
    if (!(request.sampler().orElse(PlanChoice.OPTIMAL) instanceof PlanChoice choice)) {
      throw new IllegalArgumentException(
          "the model's noise masks: it needs a PlanChoice, got " + request.sampler().get());
    }
    Optional<JointDraw> together = together(request, choice, canvas);
    Planning.Planned planned =
        Planning.plan(
            request,
            choice,
            canvas,
            model.information(),
            () -> curves.of(model.denoiser(), canvas),
            () -> dependence.of(model));
    List<SamplingTask> tasks =
        IntStream.range(0, request.samples())
            .mapToObj(
                sample ->
                    new SamplingTask(
                        canvas,
                        planned.plan(),
                        request.seed(),
                        sample,
                        request.temperature(),
                        request.topP(),
                        together))
            .toList();
    return new Prepared(
        choice.sampler(),
        choice.schedule(),
        planned.predictedKlNats(),
        Optional.empty(),
        planned.evaluations(),
        planned.note(),
        listener -> new Sampler(model.denoiser(), batch(canvas, together)).run(tasks, listener));
  }

  /** What draws the holes of a constrained request; refuses what cannot be, before any call. */
  private Optional<JointDraw> together(
      GenerationRequest request, PlanChoice choice, Canvas canvas) {
    if (request.constraint().isEmpty()) {
      return Optional.empty();
    }
    if (choice.sampler().startsWith("theta-trapezoidal")) {
      throw new IllegalArgumentException(
          "a constraint draws holes together: it cannot go with " + choice.sampler());
    }
    Constraint constraint = request.constraint().get();
    TokenAutomaton automaton =
        automata.get(
            constraint,
            () -> new TokenAutomaton(constraint, model.tokenizer(), model.denoiser().vocabulary()));
    return Optional.of(automaton.on(canvas));
  }

  private int batch(Canvas canvas, Optional<JointDraw> together) {
    long one = (long) Math.max(1, canvas.holeCount()) * model.denoiser().vocabulary();
    long most = together.isPresent() ? HOST_PROBABILITIES : DEVICE_PROBABILITIES;
    return (int) Math.max(1, Math.min(BATCH, most / one));
  }

  /** A uniform model redraws the holes down a grid of noise levels; it always ends by denoising. */
  private Prepared reverse(GenerationRequest request, Canvas canvas) {
    ReverseChoice unsaid =
        request.steps().isPresent()
            ? ReverseChoice.TWEEDIE
            : ReverseChoice.TWEEDIE.withGrid(ReverseChoice.OPTIMAL);
    if (!(request.sampler().orElse(unsaid) instanceof ReverseChoice choice)) {
      throw new IllegalArgumentException(
          "the model's noise is uniform: it needs a ReverseChoice, got " + request.sampler().get());
    }
    if (request.constraint().isPresent()) {
      throw new IllegalArgumentException(
          "constraints are for masking models: under uniform noise no token is ever settled");
    }
    ReversePlanning.Planned planned =
        ReversePlanning.plan(
            request, choice, canvas, model.config().network().length(), model.decay());
    List<ReverseTask> tasks =
        IntStream.range(0, request.samples())
            .mapToObj(
                sample ->
                    new ReverseTask(
                        canvas,
                        planned.course(),
                        request.seed(),
                        sample,
                        request.temperature(),
                        request.topP()))
            .toList();
    NoiseProcess process = NoiseProcess.uniform(model.denoiser().vocabulary());
    return new Prepared(
        choice.sampler(),
        choice.schedule(),
        Optional.empty(),
        planned.predictedPathKlNats(),
        0,
        planned.note(),
        listener -> new ReverseSampler(model.denoiser(), process, BATCH).run(tasks, listener));
  }

  private Canvas canvas(GenerationRequest request) {
    Tokenizer tokenizer = model.tokenizer();
    // Uniform noise has no MASK: what stands in its holes is no token.
    int mask =
        model.config().mask() < 0 ? model.config().network().vocabulary() : model.config().mask();
    int longest = model.config().network().length();
    Canvas canvas;
    if (request.template().isPresent()) {
      canvas = Template.parse(request.template().get()).canvas(tokenizer, mask);
    } else {
      int[] given =
          request.chat() ? model.message(request.prompt()) : tokenizer.encode(request.prompt());
      canvas = Template.prompt(given, request.length().orElse(usual(given.length)), mask);
    }
    if (canvas.length() > longest) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the sequence has %d tokens, the model takes at most %d",
              canvas.length(),
              longest));
    }
    return canvas;
  }

  /** Tokens of a sequence whose length is not said. */
  private int usual(int given) {
    int longest = model.config().network().length();
    boolean large = model.family() == Family.LLADA || model.family() == Family.DREAM;
    return large ? Math.min(longest, given + NEW_TOKENS) : longest;
  }

  private GenerationListener.Step step(StepEvent event) {
    StringBuilder text = new StringBuilder();
    List<Integer> known = new ArrayList<>();
    for (int token : event.tokens()) {
      if (token == model.config().mask()) {
        text.append(decode(known)).append(GenerationListener.HOLE);
        known.clear();
      } else {
        known.add(token);
      }
    }
    return new GenerationListener.Step(
        event.task(), event.step(), event.steps(), text.append(decode(known)).toString());
  }

  private String decode(List<Integer> tokens) {
    return model.tokenizer().decode(tokens.stream().mapToInt(Integer::intValue).toArray());
  }

  /**
   * The text of a sample, up to an end token unless a constraint wants what is behind it; of a
   * conversation the answer alone.
   */
  private GenerationResult.Text text(
      Sample sample, Canvas canvas, double seconds, GenerationRequest request) {
    int[] tokens = sample.tokens();
    int end = endOf(tokens, canvas, request.chat());
    Finish finish =
        !sample.complete() ? Finish.CANCELLED : end < tokens.length ? Finish.END : Finish.LENGTH;
    int from = request.chat() ? canvas.holes()[0] : 0;
    int to = request.constraint().isEmpty() ? end : tokens.length;
    return new GenerationResult.Text(
        model.tokenizer().decode(Arrays.copyOfRange(tokens, from, to)),
        Arrays.stream(tokens).boxed().toList(),
        sample.steps(),
        sample.evaluations(),
        seconds,
        finish);
  }

  /** Where a generated end token, in a conversation also the turn's, cuts the text. */
  private int endOf(int[] tokens, Canvas canvas, boolean chat) {
    int end = model.tokenizer().vocabulary().end().orElse(-1);
    int turn = chat ? model.turnEnd() : -1;
    return Arrays.stream(canvas.holes())
        .filter(hole -> tokens[hole] == end || tokens[hole] == turn)
        .findFirst()
        .orElse(tokens.length);
  }

  @Override
  public void close() {
    model.close();
  }
}
