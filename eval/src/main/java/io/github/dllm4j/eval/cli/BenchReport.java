package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.Precision;
import io.github.dllm4j.engine.djl.PyTorch;
import io.github.dllm4j.eval.bench.BenchSettings;
import io.github.dllm4j.eval.bench.Growth;
import io.github.dllm4j.eval.bench.Speeds;
import io.github.dllm4j.eval.bench.Spread;
import io.github.dllm4j.eval.bench.StepCost;
import io.github.dllm4j.eval.bench.Throughput;
import io.github.dllm4j.eval.bench.WhereFirst;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What {@code dllm bench} found, as facts for JSON and as a table for people. */
final class BenchReport {
  private final Map<String, Object> facts;
  private final StringBuilder text = new StringBuilder();

  BenchReport(Map<String, Object> facts) {
    this.facts = facts;
  }

  private void line(String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  private static String machine(BenchSettings settings) {
    return String.format(
        Locale.ROOT,
        "%s; %d processors, %d threads, device %s",
        PyTorch.versions(),
        Runtime.getRuntime().availableProcessors(),
        settings.threads(),
        settings.device());
  }

  /** One line of provenance. */
  static String footer(BenchSettings settings) {
    return String.format(
        Locale.ROOT,
        "%s; width %d, %d blocks, %d heads; batch %d",
        machine(settings),
        settings.shape().width(),
        settings.shape().layers(),
        settings.shape().heads(),
        settings.batch());
  }

  String text() {
    return text.toString().stripTrailing();
  }

  /**
   * What is measured where.
   *
   * @param network whether a network of the settings' shape is
   */
  void machine(BenchSettings settings, Map<Integer, Double> threadSpeeds, boolean network) {
    facts.put("versions", PyTorch.versions());
    facts.put("device", settings.device());
    facts.put("processors", Runtime.getRuntime().availableProcessors());
    facts.put("threads", settings.threads());
    facts.put("gflops_by_threads", new TreeMap<>(threadSpeeds));
    if (network) {
      facts.put("network", settings.shape());
    }
    facts.put("batch", settings.batch());
    facts.put("steps", settings.steps());
    facts.put("repeats", settings.repeats());
    facts.put("optimizer", settings.update().label());
    line("%s", network ? footer(settings) : machine(settings));
    threadSpeeds.forEach((n, g) -> line("  %2d threads %8.0f GFLOP/s (1024^3, fp32)", n, g));
  }

  /** Puts one precision's value of a fact beside the others'. */
  @SuppressWarnings("unchecked")
  private void put(String name, Precision precision, Object value) {
    ((Map<String, Object>) facts.computeIfAbsent(name, n -> new LinkedHashMap<String, Object>()))
        .put(precision.label(), value);
  }

  void speeds(Precision precision, Speeds speeds) {
    Throughput t = speeds.throughput();
    put("peak_gflops", precision, t.peakGflops().median());
    put("forward_tokens_per_second", precision, t.forward().tokensPerSecond());
    put("forward_peak_share", precision, t.forward().share().median());
    put("forward_peak_share_batch_1", precision, t.forwardOfOne().share().median());
    put("training_tokens_per_second", precision, t.training().tokensPerSecond());
    put("training_peak_share", precision, t.training().share().median());
    put("training_all_tokens_per_second", precision, t.trainingAll().tokensPerSecond());
    put("training_all_peak_share", precision, t.trainingAll().share().median());
    put("step_breakdown_ms", precision, breakdown(speeds.step()));
    put("sampler_overhead_share", precision, speeds.step().overheadShare().median());
    put("synchronisations_per_step", precision, speeds.step().synchronisationsPerStep());
    put("peak_rss_mib", precision, speeds.peakRssMib());
    put("spread", precision, t);
    line("%n%s", precision.label());
    line(
        "  matrix-product peak    %9.1f GFLOP/s%s", t.peakGflops().median(), range(t.peakGflops()));
    pass("forward", t.forward());
    pass("forward, batch 1", t.forwardOfOne());
    pass("training step", t.training());
    pass("  loss at all tokens", t.trainingAll());
    step("sampling step", speeds.step());
    line("  peak memory            %9.0f MiB resident", speeds.peakRssMib());
  }

  private static Map<String, Double> breakdown(StepCost cost) {
    Map<String, Double> parts = new LinkedHashMap<>();
    parts.put("network", cost.networkMs());
    parts.put("head", cost.headMs());
    parts.put("draw", cost.drawMs());
    parts.put("host", cost.hostMs());
    return parts;
  }

  private static String range(Spread spread) {
    return String.format(
        Locale.ROOT, "  (%.4g to %.4g, %d runs)", spread.least(), spread.most(), spread.repeats());
  }

  private void pass(String name, Throughput.Pass pass) {
    line(
        "  %-22s %9.1f tokens/s, %5.1f %% of the peak%s",
        name, pass.tokensPerSecond(), 100 * pass.share().median(), range(pass.share()));
  }

  private void step(String name, StepCost cost) {
    line(
        "  %-22s %9.2f ms: network %.2f, head %.2f, draw %.2f, host %.2f;"
            + " overhead %.1f %%, %.1f synchronisations (batch %d, length %d, %d steps)",
        name,
        cost.networkMs() + cost.headMs() + cost.drawMs() + cost.hostMs(),
        cost.networkMs(),
        cost.headMs(),
        cost.drawMs(),
        cost.hostMs(),
        100 * cost.overheadShare().median(),
        cost.synchronisationsPerStep(),
        cost.batch(),
        cost.length(),
        cost.steps());
  }

  void model(Model model, List<StepCost> costs) {
    Map<String, Object> own = new LinkedHashMap<>();
    own.put("name", model.name());
    own.put("precision", model.precision().label());
    own.put("runs", costs);
    facts.put("model", own);
    line("%n%s model, %s", model.name(), model.precision().label());
    costs.forEach(cost -> step("sampling step", cost));
  }

  void where(Precision precision, BenchSettings settings, WhereFirst found) {
    put("where_before_what", precision, found);
    line(
        "%nwhere before what, %s: length %d, %d ids, batch %d, %d steps",
        precision.label(),
        settings.shape().length(),
        settings.shape().vocabulary(),
        settings.batch(),
        settings.steps());
    side("this sampler", found.ours());
    side("all logits, Gumbel", found.baseline());
    line(
        "  %.2f times as fast%s, %.1f times less memory for the run, %.1f for the process,"
            + " %.2f times fewer FLOP",
        found.timesAsFast().median(),
        range(found.timesAsFast()),
        found.runMemoryRatio(),
        found.processMemoryRatio(),
        found.flopRatio());
  }

  private void side(String name, WhereFirst.Side side) {
    line(
        "  %-22s %9.2f s: network %.2f, head %.2f, draw %.2f, host %.2f;"
            + " %.2f TFLOP; %.0f MiB for the run, %.0f in all",
        name,
        side.seconds().median(),
        side.trunkSeconds(),
        side.headSeconds(),
        side.drawSeconds(),
        side.hostSeconds(),
        side.networkTflop(),
        side.runMib(),
        side.processMib());
  }

  void start(StartUp start) {
    facts.put("start_seconds", start);
    line("%nstarting, seconds");
    Map<String, Spread> parts = new LinkedHashMap<>();
    parts.put("dllm --help", start.help());
    parts.put("dllm exact", start.exact());
    parts.put("dllm generate", start.generate());
    parts.put("  PyTorch", start.engine());
    parts.put("  model", start.model());
    parts.put("  plan and sample", start.text());
    parts.forEach((name, s) -> line("  %-22s %9.2f%s", name, s.median(), range(s)));
  }

  void growth(Growth growth, BenchSettings around) {
    facts.put("growth", growth);
    line(
        "%nhow time and memory grow around batch %d and %d steps, %s",
        around.batch(), around.steps(), growth.precision());
    line("  %-12s %9s %10s %9s %9s", "size", "value", "seconds", "run MiB", "all MiB");
    for (Growth.Sweep sweep : growth.sweeps()) {
      for (Growth.Point p : sweep.points()) {
        line(
            "  %-12s %9d %10.3f %9.0f %9.0f",
            sweep.size(), p.value(), p.seconds(), p.runMib(), p.processMib());
      }
      line(
          "  time ~ %s^%.2f, memory ~ %s^%.2f",
          sweep.size(), sweep.timeExponent(), sweep.size(), sweep.memoryExponent());
    }
  }
}
