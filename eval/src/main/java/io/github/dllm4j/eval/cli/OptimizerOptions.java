package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.TrainingConfig;
import io.github.dllm4j.engine.train.Update;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What training minimises, how, and for how long. */
final class OptimizerOptions {
  private static final double MOST_MINUTES = 1e6;

  @Option(
      names = "--objective",
      description =
          "elbo, score-entropy (the same for uniform noise), mask-predictor (masking) or"
              + " cross-entropy (uniform) (elbo); autoregressive: cross-entropy.")
  private Optional<String> objective = Optional.empty();

  @Option(
      names = "--plan-steps",
      description = "Steps of the balanced plan the mask-predictor objective is for.")
  private int planSteps;

  @Option(names = "--batch", description = "Blocks per forward pass (32).")
  private int batch = 32;

  @Option(names = "--accumulate", description = "Forward passes per optimiser step (1).")
  private int accumulate = 1;

  @Option(names = "--steps", description = "Optimiser steps.")
  private Optional<Integer> steps = Optional.empty();

  @Option(names = "--tokens", description = "Train on about so many tokens.")
  private Optional<Long> tokens = Optional.empty();

  @Option(names = "--minutes", description = "Train about so long (speed is measured first).")
  private Optional<Double> minutes = Optional.empty();

  @Option(names = "--optimizer", description = "muon or adamw (adamw).")
  private String optimizer = "adamw";

  @Option(names = "--learning-rate", description = "Peak (0.002).")
  private double learningRate = 2e-3;

  @Option(names = "--warmup", description = "Steps of linear warm-up (a twentieth, at most 200).")
  private Optional<Integer> warmup = Optional.empty();

  @Option(names = "--weight-decay", description = "Of matrices, decoupled (0.05).")
  private double weightDecay = 0.05;

  @Option(names = "--clip", description = "Largest global gradient norm (1).")
  private double clip = 1;

  @Option(names = "--dropout", description = "In both branches of a block (0).")
  private double dropout;

  @Option(names = "--ema", description = "Rate of the moving average of the weights (0.999).")
  private double ema = 0.999;

  @Option(names = "--validate-every", description = "Steps between validations (a tenth).")
  private Optional<Integer> validateEvery = Optional.empty();

  /** Exactly one budget must be given. */
  void requireOneBudget() {
    int budgets =
        (steps.isPresent() ? 1 : 0) + (tokens.isPresent() ? 1 : 0) + (minutes.isPresent() ? 1 : 0);
    if (budgets != 1) {
      throw new IllegalArgumentException(
          "give exactly one of --steps, --tokens and --minutes, got " + budgets);
    }
    double asked = minutes.orElse(1.0);
    if (!(asked > 0 && asked <= MOST_MINUTES)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--minutes must be above 0 and at most %,.0f, got %s",
              MOST_MINUTES,
              asked));
    }
    if (tokens.orElse(1L) < 1) {
      throw new IllegalArgumentException("--tokens must be at least 1, got " + tokens.get());
    }
  }

  /** The budget, as the command says it. */
  String budget() {
    return steps
        .map(n -> "--steps " + n)
        .or(() -> tokens.map(n -> "--tokens " + n))
        .or(() -> minutes.map(n -> "--minutes " + n))
        .orElse("none");
  }

  /**
   * The number of steps asked for, unless it is a time.
   *
   * @param length tokens per block
   */
  Optional<Integer> steps(int length) {
    return steps.or(() -> tokens.map(n -> steps(n, (long) batch * accumulate * length)));
  }

  private static int steps(long tokens, long perStep) {
    if (tokens / perStep > TrainingConfig.MOST_STEPS) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--tokens must be at most %,d steps of %,d tokens, got %,d",
              TrainingConfig.MOST_STEPS,
              perStep,
              tokens));
    }
    return (int) Math.max(1, tokens / perStep);
  }

  /**
   * The number of steps that the time asked for will hold.
   *
   * @param rate steps per second, measured
   */
  int stepsAt(double rate) {
    double wanted = minutes() * 60 * rate;
    if (wanted > TrainingConfig.MOST_STEPS) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--minutes must be at most %,d steps of %.2g seconds, got %s",
              TrainingConfig.MOST_STEPS,
              1 / rate,
              minutes()));
    }
    return (int) Math.max(1, wanted);
  }

  /** The time asked for. */
  double minutes() {
    return minutes.orElseThrow();
  }

  /** What is minimised for a process, if the two go together. */
  private Objective objective(String process) {
    boolean autoregressive = process.equals("autoregressive");
    Objective chosen = Objective.of(objective.orElse(autoregressive ? "cross-entropy" : "elbo"));
    boolean crossEntropy = chosen == Objective.CROSS_ENTROPY;
    if (autoregressive != crossEntropy && !(crossEntropy && process.equals("uniform"))) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "objective %s is not for %s",
              chosen.label(),
              autoregressive ? "an autoregressive model" : process + " noise"));
    }
    return chosen;
  }

  /**
   * How a network is trained.
   *
   * @param process masking, uniform or autoregressive
   * @param total optimiser steps
   */
  TrainingConfig config(String process, int total, long seed) {
    return new TrainingConfig(
        objective(process),
        planSteps,
        total,
        batch,
        accumulate,
        Update.of(optimizer),
        learningRate,
        warmup.orElse(Math.min(200, total / 20)),
        weightDecay,
        clip,
        dropout,
        ema,
        validateEvery.orElse(Math.max(1, total / 10)),
        seed);
  }
}
