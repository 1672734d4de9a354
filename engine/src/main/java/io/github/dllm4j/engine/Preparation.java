package io.github.dllm4j.engine;

import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.TokenAutomaton;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.djl.Family;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.JointDraw;
import io.github.dllm4j.engine.sample.LeftToRightSampler;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.ReverseSampler;
import io.github.dllm4j.engine.sample.ReverseTask;
import io.github.dllm4j.engine.sample.Rounds;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingRun;
import io.github.dllm4j.engine.sample.SamplingTask;
import io.github.dllm4j.engine.sample.StepListener;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * From requests to runs of the sampler that the model's noise needs: request to canvas, canvas to
 * plan, plan to run. Remembers what it has measured, which changes no result. Safe for several
 * threads.
 */
final class Preparation {
  /** What a model that could take thousands of tokens adds to a prompt, as LLaDA's own code. */
  private static final int NEW_TOKENS = 128;

  /** Memory of the automata that are remembered. */
  private static final long KEPT_BYTES = 1L << 26;

  private final Model model;
  private final Kind kind;
  private final MeasuredCurves curves = new MeasuredCurves();
  private final MeasuredDependence dependence = new MeasuredDependence();
  private final Recent<Asked, Planning.Planned> plans = new Recent<>(64);
  private final Recent<Constraint, TokenAutomaton> automata =
      new Recent<>(16, TokenAutomaton::bytes, KEPT_BYTES);

  /**
   * For a model.
   *
   * @param maxBatch most sequences in one network call
   */
  Preparation(Model model, int maxBatch) {
    this.model = model;
    kind = kind(maxBatch);
  }

  private Kind kind(int maxBatch) {
    if (model.config().autoregressive()) {
      LeftToRightSampler sampler = new LeftToRightSampler(model.causal(), maxBatch);
      return new Kind(sampler, (request, canvas, ended) -> read(request, canvas, sampler));
    }
    if (model.config().mask() >= 0) {
      Sampler sampler = new Sampler(model.denoiser(), maxBatch);
      return new Kind(sampler, (request, canvas, ended) -> fill(request, canvas, ended, sampler));
    }
    NoiseProcess noise = NoiseProcess.uniform(model.denoiser().vocabulary());
    ReverseSampler sampler = new ReverseSampler(model.denoiser(), noise, maxBatch);
    return new Kind(sampler, (request, canvas, ended) -> reverse(request, canvas, sampler));
  }

  /** Makes a request ready for one kind of sampler. */
  private interface Planner {
    Prepared prepare(GenerationRequest request, Canvas canvas, BooleanSupplier ended);
  }

  /** The sampler that the model's noise needs, and what plans for it. */
  private record Kind(Rounds rounds, Planner planner) {}

  /**
   * A request made ready: how it will be made, what that costs, and the start of its run.
   *
   * @param keeps whether a token that is there stays to the end
   */
  record Prepared(GenerationPlan plan, boolean keeps, Function<StepListener, SamplingRun> start) {}

  /** What moves the runs. */
  Rounds rounds() {
    return kind.rounds;
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
   * @param ended whether the request has ended, so that nothing more is to be measured or made
   * @throws IllegalArgumentException if the request does not fit the model
   * @throws Watched.EndedException if it ended before it was planned
   */
  Prepared prepare(GenerationRequest request, Canvas canvas, BooleanSupplier ended) {
    return kind.planner.prepare(request, canvas, ended);
  }

  /** An autoregressive model draws one token after the other: there is nothing to plan. */
  private Prepared read(GenerationRequest request, Canvas canvas, LeftToRightSampler sampler) {
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
    if (request.epsilon() != GenerationRequest.DEFAULT_EPSILON) {
      throw new IllegalArgumentException(
          "an autoregressive model draws token after token, without error: give no epsilon, got "
              + request.epsilon());
    }
    boolean own = request.temperature() == 1 && request.topP() == 1;
    LeftToRightSampler.Task task =
        new LeftToRightSampler.Task(
            canvas, request.samples(), request.seed(), request.temperature(), request.topP());
    return new Prepared(
        new GenerationPlan(
            "left-to-right",
            "one by one",
            OptionalInt.of(canvas.holeCount()),
            own ? Optional.of(new Estimate(0, 0, 0)) : Optional.empty(),
            Optional.empty(),
            0,
            own ? "exact: one token per step" : "temperature or top-p change the model's law"),
        true,
        listener -> sampler.start(task, listener));
  }

  /** A masked model fills the holes by a plan. */
  private Prepared fill(
      GenerationRequest request, Canvas canvas, BooleanSupplier ended, Sampler sampler) {
    Optional<Blocks> blocks = model.blocks();
    PlanChoice usual =
        blocks.isPresent()
            ? BlockPlanning.usual(request, model.information().isPresent())
            : PlanChoice.OPTIMAL;
    if (!(request.sampler().orElse(usual) instanceof PlanChoice choice)) {
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
    Denoiser denoiser = new Watched(model.denoiser(), ended);
    Optional<JointDraw> together = together(request, choice, canvas, ended);
    Planning.Planned planned =
        blocks.isPresent()
            ? BlockPlanning.plan(
                request,
                choice,
                blocks.get(),
                canvas,
                model.planner(),
                model.config().network().length())
            : whole(request, choice, canvas, denoiser);
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
        new GenerationPlan(
            choice.sampler(),
            blocks
                .map(in -> choice.withBlocks(0).schedule() + " in blocks of " + in.length())
                .orElse(choice.schedule()),
            OptionalInt.of(planned.plan().steps(canvas.holeCount())),
            planned.predictedKlNats(),
            Optional.empty(),
            planned.evaluations(),
            planned.note()),
        planned.plan().keeps(),
        listener -> sampler.start(tasks, listener));
  }

  private Planning.Planned whole(
      GenerationRequest request, PlanChoice choice, Canvas canvas, Denoiser denoiser) {
    return plans.get(
        Asked.of(request, choice, canvas),
        () ->
            Planning.plan(
                request,
                choice,
                canvas,
                model::planner,
                () -> curves.of(denoiser, canvas),
                () -> dependence.of(denoiser, blank())));
  }

  /** All that a plan depends on. */
  private record Asked(
      List<Integer> tokens,
      PlanChoice choice,
      OptionalInt steps,
      double epsilon,
      boolean shaped,
      boolean constrained) {

    static Asked of(GenerationRequest request, PlanChoice choice, Canvas canvas) {
      return new Asked(
          Arrays.stream(canvas.tokens()).boxed().toList(),
          choice,
          request.steps(),
          request.epsilon(),
          request.temperature() != 1 || request.topP() != 1,
          request.constraint().isPresent());
    }
  }

  private Canvas blank() {
    return Canvas.blank(model.config().network().length(), model.config().mask());
  }

  /** What draws the holes of a constrained request; refuses what cannot be, before any call. */
  private Optional<JointDraw> together(
      GenerationRequest request, PlanChoice choice, Canvas canvas, BooleanSupplier ended) {
    if (request.constraint().isEmpty()) {
      return Optional.empty();
    }
    if (choice.sampler().startsWith("theta-trapezoidal")) {
      throw new IllegalArgumentException(
          "a constraint draws holes together: it cannot go with " + choice.sampler());
    }
    if (model.blocks().isPresent()) {
      throw new IllegalArgumentException(
          "constraints are for models that see the whole text: this one settles a block before it"
              + " knows the next");
    }
    if (choice.cache().isPresent()) {
      throw new IllegalArgumentException(
          "a constraint asks about the holes of all blocks: it cannot go with a cache");
    }
    Constraint constraint = request.constraint().get();
    TokenAutomaton automaton =
        automata.get(
            constraint,
            () ->
                new TokenAutomaton(
                    constraint,
                    model.tokenizer(),
                    model.denoiser().vocabulary(),
                    () -> Watched.check(ended)));
    return Optional.of(automaton.on(canvas));
  }

  /** A uniform model redraws the holes down a grid of noise levels; it always ends by denoising. */
  private Prepared reverse(GenerationRequest request, Canvas canvas, ReverseSampler sampler) {
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
        new GenerationPlan(
            choice.sampler(),
            choice.schedule(),
            planned.course() instanceof ReversePlan plan
                ? OptionalInt.of(plan.steps())
                : OptionalInt.empty(),
            Optional.empty(),
            planned.predictedPathKlNats(),
            0,
            planned.note()),
        false,
        listener -> sampler.start(tasks, listener));
  }

  /**
   * The canvas of a request.
   *
   * @throws IllegalArgumentException if it does not fit the model
   */
  Canvas canvas(GenerationRequest request, Opening opening) {
    Tokenizer tokenizer = model.tokenizer();
    int mask = hole(model);
    int longest = model.config().network().length();
    if (request.template().isPresent()) {
      return Template.parse(request.template().get()).canvas(tokenizer, mask, longest);
    }
    int length = request.length().orElse(usual(opening.given().length));
    if (length > longest) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the sequence has %d tokens, the model takes at most %d",
              length,
              longest));
    }
    return Template.prompt(opening.given(), length, mask);
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
