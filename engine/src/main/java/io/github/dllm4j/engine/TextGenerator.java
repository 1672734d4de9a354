package io.github.dllm4j.engine;

import io.github.dllm4j.engine.GenerationResult.Finish;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import io.github.dllm4j.engine.djl.PyTorch;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.sample.Canvas;
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
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Text from a discrete-diffusion language model: the way to use the engine from a program.
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

  private final Model model;
  private final MeasuredCurves curves = new MeasuredCurves();
  private final MeasuredDependence dependence = new MeasuredDependence();

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
        model.config().mask() < 0 ? reverse(request, canvas) : fill(request, canvas);
    List<Sample> samples = prepared.sampler().apply(event -> listener.onStep(step(event)));
    double seconds = (System.nanoTime() - begin) * 1e-9;
    return new GenerationResult(
        samples.stream().map(sample -> text(sample, canvas, seconds)).toList(),
        model.name(),
        prepared.choice().sampler(),
        prepared.choice().schedule(),
        prepared.predictedKlNats(),
        prepared.predictedPathKlNats(),
        prepared.planningEvaluations(),
        prepared.note(),
        request.seed(),
        PyTorch.versions());
  }

  /** A request made ready for one of the two sampler loops. */
  private record Prepared(
      SamplerChoice choice,
      Optional<Estimate> predictedKlNats,
      Optional<Estimate> predictedPathKlNats,
      int planningEvaluations,
      String note,
      Function<StepListener, List<Sample>> sampler) {}

  /** A masked model fills the holes by a plan. */
  private Prepared fill(GenerationRequest request, Canvas canvas) {
    if (!(request.sampler().orElse(PlanChoice.OPTIMAL) instanceof PlanChoice choice)) {
      throw new IllegalArgumentException(
          "the model's noise masks: it needs a PlanChoice, got " + request.sampler().get());
    }
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
                        request.topP()))
            .toList();
    return new Prepared(
        choice,
        planned.predictedKlNats(),
        Optional.empty(),
        planned.evaluations(),
        planned.note(),
        listener -> new Sampler(model.denoiser(), BATCH).run(tasks, listener));
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
        choice,
        Optional.empty(),
        planned.predictedPathKlNats(),
        0,
        planned.note(),
        listener -> new ReverseSampler(model.denoiser(), process, BATCH).run(tasks, listener));
  }

  private Canvas canvas(GenerationRequest request) {
    Tokenizer tokenizer = model.tokenizer();
    // Uniform noise has no MASK: what stands in its holes is no token.
    int mask = model.denoiser().mask().orElse(model.denoiser().vocabulary());
    int longest = model.config().network().length();
    Canvas canvas =
        request.template().isPresent()
            ? Template.parse(request.template().get()).canvas(tokenizer, mask)
            : Template.prompt(request.prompt(), request.length().orElse(longest), tokenizer, mask);
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

  private GenerationResult.Text text(Sample sample, Canvas canvas, double seconds) {
    int[] tokens = sample.tokens();
    int end = endOf(tokens, canvas);
    Finish finish =
        !sample.complete() ? Finish.CANCELLED : end < tokens.length ? Finish.END : Finish.LENGTH;
    return new GenerationResult.Text(
        model.tokenizer().decode(Arrays.copyOf(tokens, end)),
        Arrays.stream(tokens).boxed().toList(),
        sample.steps(),
        sample.evaluations(),
        seconds,
        finish);
  }

  /** Where a generated end token cuts the text. */
  private int endOf(int[] tokens, Canvas canvas) {
    OptionalInt end = model.tokenizer().vocabulary().end();
    return Arrays.stream(canvas.holes())
        .filter(hole -> end.isPresent() && tokens[hole] == end.getAsInt())
        .findFirst()
        .orElse(tokens.length);
  }

  @Override
  public void close() {
    model.close();
  }
}
