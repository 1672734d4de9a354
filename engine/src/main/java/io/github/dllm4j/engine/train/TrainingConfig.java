package io.github.dllm4j.engine.train;

import java.util.Locale;

/**
 * How a network is trained.
 *
 * @param objective what is minimised
 * @param planSteps steps of the balanced size plan that the mask-predictor objective is for; 0 for
 *     others
 * @param steps optimiser steps
 * @param batch sequences per optimiser step and accumulation part
 * @param accumulation parts per optimiser step, whose gradients are added
 * @param update how gradients change the weights
 * @param learningRate peak of the cosine schedule
 * @param warmup steps of linear warm-up
 * @param weightDecay of matrices, decoupled
 * @param clip largest global gradient norm
 * @param dropout probability in both branches of a block
 * @param ema rate of the moving average of the weights that is kept as the model; 0 keeps the last
 *     weights
 * @param validateEvery steps between validations, each with a checkpoint
 * @param seed of initial weights, data order, masks and dropout
 */
public record TrainingConfig(
    Objective objective,
    int planSteps,
    int steps,
    int batch,
    int accumulation,
    Update update,
    double learningRate,
    int warmup,
    double weightDecay,
    double clip,
    double dropout,
    double ema,
    int validateEvery,
    long seed) {

  /** A run can have so many optimiser steps. */
  public static final int MOST_STEPS = 1_000_000_000;

  /** Checks every value. */
  public TrainingConfig {
    require("steps", steps, 1, MOST_STEPS);
    require("batch", batch, 1, 65_536);
    require("accumulation", accumulation, 1, 65_536);
    require("batch times accumulation", (double) batch * accumulation, 1, 1 << 24);
    require("warmup", warmup, 0, steps);
    require("validate-every", validateEvery, 1, MOST_STEPS);
    require("learning rate", learningRate, Double.MIN_VALUE, 10);
    require("weight decay", weightDecay, 0, 10);
    require("clip", clip, Double.MIN_VALUE, 1e9);
    require("dropout", dropout, 0, 0.9);
    require("ema", ema, 0, 0.999999999);
    if ((objective == Objective.MASK_PREDICTOR) != (planSteps > 0)) {
      throw new IllegalArgumentException(
          "the mask-predictor objective, and only it, needs the steps of its plan, got "
              + planSteps);
    }
  }

  private static void require(String name, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s must be %s to %s, got %s",
              name,
              show(low),
              show(high),
              show(value)));
    }
  }

  private static String show(double value) {
    if (value == Double.MIN_VALUE) {
      return "above 0";
    }
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  /**
   * The learning rate of a step: linear warm-up, then a cosine down to a hundredth of the peak.
   *
   * @param step from 0
   */
  public double learningRateAt(int step) {
    if (step < warmup) {
      return learningRate * (step + 1) / warmup;
    }
    double part = (step - warmup) / (double) Math.max(1, steps - warmup);
    return learningRate * (0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * part)));
  }

  /**
   * The moving average's rate at a step, smaller at first so that the initial weights are
   * forgotten.
   */
  public double emaAt(int step) {
    return Math.min(ema, (1.0 + step) / (10.0 + step));
  }
}
