package io.github.dllm4j.engine.sample;

/**
 * A scheduled plan with a Gibbs corrector: after every step that fills something, M times,
 *
 * <pre>
 * mask one of the filled holes, each as likely, and draw it again from p(. | the other tokens)
 * </pre>
 *
 * <p>the shortest masking U-turn (uniform-diffusion spec 8.2 and 10). At a fixed mask pattern R it
 * leaves the data's law p(x_R) invariant and is reversible for it, at the last step too; so with an
 * exact network the conditional KL is at most that of the plan without it, because no kernel with
 * an invariant law takes a law further away from that. It needs places that do not depend on
 * values, and is therefore not for adaptive plans. What it gains no curve can price, and under hard
 * constraints it may gain nothing: where a token follows from the others it is drawn again as it
 * was. Cost: (1 + M) network evaluations per step that fills something.
 *
 * @param predictor fills the holes
 * @param updates M, at least 1
 */
public record CorrectedPlan(ScheduledPlan predictor, int updates) implements RevealPlan {

  /** Checks the number of updates. */
  public CorrectedPlan {
    if (updates < 1) {
      throw new IllegalArgumentException("updates must be at least 1, got " + updates);
    }
  }

  /** Number of steps of the predictor; updates are not counted. */
  @Override
  public int steps(int holes) {
    return predictor.steps(holes);
  }

  @Override
  public boolean heuristic() {
    return false;
  }
}
