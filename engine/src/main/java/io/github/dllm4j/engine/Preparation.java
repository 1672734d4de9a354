package io.github.dllm4j.engine;

import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.TokenAutomaton;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.djl.Family;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.JointDraw;
import io.github.dllm4j.engine.sample.LeftToRightSampler;
import io.github.dllm4j.engine.sample.ReverseSampler;
import io.github.dllm4j.engine.sample.ReverseTask;
import io.github.dllm4j.engine.sample.Rounds;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingRun;
import io.github.dllm4j.engine.sample.SamplingTask;
import io.github.dllm4j.engine.sample.StepListener;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * From requests to runs of the sampler that the model's noise needs: request to canvas, canvas to
 * plan, plan to run. Remembers what it has measured, which changes no result. Safe for several
 * threads.
 */
final class Preparation {
  /** What a model that could take thousands of tokens adds to a prompt, as LLaDA's own code. */
  private static final int NEW_TOKENS = 128;

  private final Model model;
  private final Rounds rounds;
  private final MeasuredCurves curves = new MeasuredCurves();
  private final MeasuredDependence dependence = new MeasuredDependence();
  private final Recent<Constraint, TokenAutomaton> automata = new Recent<>(16);

  /**
   * For a model.
   *
   * @param maxBatch most sequences in one network call
   */
  Preparation(Model model, int maxBatch) {
    this.model = model;
    rounds =
        model.config().autoregressive()
            ? new LeftToRightSampler(model.causal(), maxBatch)
            : model.config().mask() >= 0
                ? new Sampler(model.denoiser(), maxBatch)
                : new ReverseSampler(
                    model.denoiser(),
                    NoiseProcess.uniform(model.denoiser().vocabulary()),
                    maxBatch);
  }

  /**
   * A request made ready: how it will be made, what that costs, and the start of its run.
   *
   * @param keeps whether a token that is there stays to the end
   */
  record Prepared(
      String sampler,
      String schedule,
      Optional<Estimate> predictedKlNats,
      Optional<Estimate> predictedPathKlNats,
      int planningEvaluations,
      String note,
      boolean keeps,
      Function<StepListener, SamplingRun> start) {}

  /** What moves the runs. */
  Rounds rounds() {
    return rounds;
  }

  /** What stands for a token that is not there; uniform noise has no MASK, so no token does. */
  static int hole(Model model) {
    return model.config().mask() < 0
        ? model.config().network().vocabulary()
        : model.config().mask();
  }

  /**
   * Plans a request, measuring what its plan needs.
   *
   * @param watched wraps the denoiser that measures
   * @throws IllegalArgumentException if the request does not fit the model
   */
  Prepared prepare(GenerationRequest request, Canvas canvas, UnaryOperator<Denoiser> watched) {
    if (model.config().autoregressive()) {
      return read(request, canvas);
    }
    return model.config().mask() < 0
        ? reverse(request, canvas)
        : fill(request, canvas, watched.apply(model.denoiser()));
  }

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
        true,
        listener -> ((LeftToRightSampler) rounds).start(task, listener));
  }

  /** A masked model fills the holes by a plan. */
  private Prepared fill(GenerationRequest request, Canvas canvas, Denoiser denoiser) {
    if (!(request.sampler().orElse(PlanChoice.OPTIMAL) instanceof PlanChoice choice)) {
      throw new IllegalArgumentException(
          "the model's noise masks: it needs a PlanChoice, got " + request.sampler().get());
    }
    if (choice.cache().isPresent() && !large()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a cache of keys and values is for LLaDA and Dream, the model is of family %s",
              model.family().label()));
    }
    Optional<JointDraw> together = together(request, choice, canvas);
    Planning.Planned planned =
        Planning.plan(
            request,
            choice,
            canvas,
            model.information(),
            () -> curves.of(denoiser, canvas),
            () -> dependence.of(denoiser, blank()));
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
        planned.plan().keeps(),
        listener -> ((Sampler) rounds).start(tasks, listener));
  }

  private Canvas blank() {
    return Canvas.blank(model.config().network().length(), model.config().mask());
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
    if (choice.cache().isPresent()) {
      throw new IllegalArgumentException(
          "a constraint asks about the holes of all blocks: it cannot go with a cache");
    }
    Constraint constraint = request.constraint().get();
    TokenAutomaton automaton =
        automata.get(
            constraint,
            () -> new TokenAutomaton(constraint, model.tokenizer(), model.denoiser().vocabulary()));
    return Optional.of(automaton.on(canvas));
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
    return new Prepared(
        choice.sampler(),
        choice.schedule(),
        Optional.empty(),
        planned.predictedPathKlNats(),
        0,
        planned.note(),
        false,
        listener -> ((ReverseSampler) rounds).start(tasks, listener));
  }

  /**
   * The canvas of a request.
   *
   * @throws IllegalArgumentException if it does not fit the model
   */
  Canvas canvas(GenerationRequest request) {
    Tokenizer tokenizer = model.tokenizer();
    int mask = hole(model);
    int longest = model.config().network().length();
    if (request.template().isPresent()) {
      return Template.parse(request.template().get()).canvas(tokenizer, mask, longest);
    }
    int[] given =
        request.chat() ? model.message(request.prompt()) : tokenizer.encode(request.prompt());
    int length = request.length().orElse(usual(given.length));
    if (length > longest) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the sequence has %d tokens, the model takes at most %d",
              length,
              longest));
    }
    return Template.prompt(given, length, mask);
  }

  /** Tokens of a sequence whose length is not said. */
  private int usual(int given) {
    int longest = model.config().network().length();
    return large() ? Math.min(longest, given + NEW_TOKENS) : longest;
  }

  /** Whether it has the network of LLaDA and Dream. */
  private boolean large() {
    return model.family() == Family.LLADA || model.family() == Family.DREAM;
  }
}
