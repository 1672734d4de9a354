package io.github.dllm4j.eval.bench;

import io.github.dllm4j.engine.djl.SamplingTimes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * What a step of the sampler costs: medians over runs, milliseconds.
 *
 * @param batch sequences
 * @param length of them, tokens
 * @param steps of a run
 * @param networkMs trunk
 * @param headMs vocabulary head
 * @param drawMs laws and draws
 * @param hostMs everything else
 * @param overheadShare of the wall clock that is neither trunk nor head
 * @param synchronisationsPerStep of host and device
 * @param numbersPerStep that cross to the host
 */
public record StepCost(
    int batch,
    int length,
    int steps,
    double networkMs,
    double headMs,
    double drawMs,
    double hostMs,
    Spread overheadShare,
    double synchronisationsPerStep,
    double numbersPerStep) {
  private static final int WARM_STEPS = 600;
  private static final double WARM_SECONDS = 5;

  /**
   * Measures. The first run is dropped, and more of them until Java has compiled what they run,
   * which takes some hundred steps: 600 steps or five seconds.
   */
  static StepCost measure(int batch, int length, int repeats, Supplier<SamplingTimes> run) {
    int warm = 0;
    for (double seconds = 0; warm == 0 || (warm < WARM_STEPS && seconds < WARM_SECONDS); ) {
      SamplingTimes dropped = run.get();
      warm += dropped.steps();
      seconds += dropped.seconds();
    }
    List<SamplingTimes> runs = new ArrayList<>();
    for (int i = 0; i < repeats; i++) {
      runs.add(run.get());
    }
    SamplingTimes any = runs.get(0);
    double steps = any.steps();
    return new StepCost(
        batch,
        length,
        any.steps(),
        spread(runs, SamplingTimes::trunkSeconds).median() * 1e3 / steps,
        spread(runs, SamplingTimes::headSeconds).median() * 1e3 / steps,
        spread(runs, SamplingTimes::drawSeconds).median() * 1e3 / steps,
        spread(runs, SamplingTimes::hostSeconds).median() * 1e3 / steps,
        spread(runs, SamplingTimes::overheadShare),
        any.synchronisations() / steps,
        any.numbersToHost() / steps);
  }

  static Spread spread(List<SamplingTimes> runs, ToDoubleFunction<SamplingTimes> what) {
    return Spread.of(runs.stream().mapToDouble(what).boxed().toList());
  }
}
