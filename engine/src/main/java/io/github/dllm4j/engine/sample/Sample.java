package io.github.dllm4j.engine.sample;

/** A finished sample, or what there was of it when the listener stopped the sampler. */
public final class Sample {
  private final int[] tokens;
  private final int steps;
  private final int evaluations;
  private final boolean complete;

  Sample(int[] tokens, int steps, int evaluations, boolean complete) {
    this.tokens = tokens;
    this.steps = steps;
    this.evaluations = evaluations;
    this.complete = complete;
  }

  /** Of a canvas that no step was made on. */
  public static Sample unmade(Canvas canvas) {
    return new Sample(canvas.tokens(), 0, 0, false);
  }

  /** A copy of the ids, [length]; MASK where a hole was not filled. */
  public int[] tokens() {
    return tokens.clone();
  }

  /** Number of steps of the plan. */
  public int steps() {
    return steps;
  }

  /** Number of network evaluations this sample took part in. */
  public int evaluations() {
    return evaluations;
  }

  /** Whether every hole was filled. */
  public boolean complete() {
    return complete;
  }
}
