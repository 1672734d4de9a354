package io.github.dllm4j.eval.bench;

import io.github.dllm4j.engine.djl.Precision;
import io.github.dllm4j.engine.djl.SamplingTimes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Where before what against all logits at every step: both samplers in processes of their own, by
 * turns.
 *
 * @param ours the engine's sampler
 * @param baseline the other
 * @param timesAsFast median of the ratios of neighbours
 * @param runMemoryRatio of what runs need beyond the process with its weights, baseline over ours
 * @param processMemoryRatio of all that the processes need, weights and JVM included
 * @param flopRatio of the network's operations
 */
public record WhereFirst(
    Side ours,
    Side baseline,
    Spread timesAsFast,
    double runMemoryRatio,
    double processMemoryRatio,
    double flopRatio) {

  /**
   * One of the two.
   *
   * @param seconds of a run
   * @param trunkSeconds median of its network without the head
   * @param headSeconds median of the head
   * @param drawSeconds median of what draws
   * @param hostSeconds median of everything else
   * @param networkTflop operations of the network
   * @param runMib needed beyond the process with its weights, median
   * @param processMib needed in all, median
   */
  public record Side(
      Spread seconds,
      double trunkSeconds,
      double headSeconds,
      double drawSeconds,
      double hostSeconds,
      double networkTflop,
      double runMib,
      double processMib) {

    private static Side of(List<Probe.Result> results) {
      List<SamplingTimes> times = results.stream().map(Probe.Result::times).toList();
      return new Side(
          StepCost.spread(times, SamplingTimes::seconds),
          StepCost.spread(times, SamplingTimes::trunkSeconds).median(),
          StepCost.spread(times, SamplingTimes::headSeconds).median(),
          StepCost.spread(times, SamplingTimes::drawSeconds).median(),
          StepCost.spread(times, SamplingTimes::hostSeconds).median(),
          times.get(0).networkFlop() * 1e-12,
          Spread.of(results.stream().map(Probe.Result::runMib).toList()).median(),
          Spread.of(results.stream().map(Probe.Result::peakMib).toList()).median());
    }
  }

  /** Measures. */
  public static WhereFirst measure(
      BenchSettings settings, Precision precision, Probe.Runner runner, Consumer<String> progress)
      throws IOException {
    List<Probe.Result> ours = new ArrayList<>();
    List<Probe.Result> theirs = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < settings.repeats(); i++) {
      ours.add(runner.run(Probe.of(Probe.Kind.WHERE_FIRST, settings, precision)));
      theirs.add(runner.run(Probe.of(Probe.Kind.ALL_LOGITS, settings, precision)));
      ratios.add(theirs.get(i).times().seconds() / ours.get(i).times().seconds());
      progress.accept(
          precision.label() + ": where before what, " + (i + 1) + " of " + settings.repeats());
    }
    Side own = Side.of(ours);
    Side other = Side.of(theirs);
    return new WhereFirst(
        own,
        other,
        Spread.of(ratios),
        other.runMib() / own.runMib(),
        other.processMib() / own.processMib(),
        other.networkTflop() / own.networkTflop());
  }
}
