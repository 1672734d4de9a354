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

  /** Measures; the first run is dropped. */
  static StepCost measure(int batch, int length, int repeats, Supplier<SamplingTimes> run) {
    List<SamplingTimes> all = new ArrayList<>();
    for (int i = 0; i <= repeats; i++) {
      all.add(run.get());
    }
    List<SamplingTimes> runs = all.subList(1, all.size());
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
