package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.Family;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelConfig;
import io.github.dllm4j.engine.info.CurveSample;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.Functional;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code dllm inspect}: what a model directory is. */
@Command(
    name = "inspect",
    description = "Says what a model directory is, after checking all of it.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class InspectCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private CommonOptions common;
  @Mixin private ModelSelection selection;

  @Override
  public Integer call() throws IOException {
    if (spec.commandLine().getParseResult().hasMatchedOption("--seed")) {
      throw new IllegalArgumentException("--seed is not for inspect: nothing in it is random");
    }
    try (Model model = selection.open(common)) {
      Map<String, Object> facts = facts(model);
      if (common.json) {
        spec.commandLine().getOut().println(Json.text(facts));
      } else {
        facts.forEach((name, value) -> print(name, value));
      }
    }
    return 0;
  }

  private void print(String name, Object value) {
    Object shown = value instanceof Double number && number.isNaN() ? "not measured" : value;
    spec.commandLine().getOut().printf(Locale.ROOT, "%-34s %s%n", name.replace('_', ' '), shown);
  }

  private static Map<String, Object> facts(Model model) {
    ModelConfig config = model.config();
    ModelConfig.Provenance made = config.provenance();
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("model", model.name());
    facts.put("family", model.family() == Family.DLLM4J ? "DiT" : model.family().label());
    facts.put("process", config.process());
    facts.put("head", config.representation().name().toLowerCase(Locale.ROOT));
    facts.put("output", model.family().head());
    facts.put("time_conditioning", config.timeConditioning());
    facts.put("classes", model.classes());
    facts.put("parameters", config.network().parameters());
    facts.put("weights", weights(model));
    facts.put("vocabulary", config.network().vocabulary());
    facts.put("width", config.network().width());
    facts.put("layers", config.network().layers());
    facts.put("heads", config.network().heads());
    facts.put("length", config.network().length());
    model.blocks().ifPresent(blocks -> facts.put("block_length", blocks.length()));
    facts.put("time_width", config.network().timeWidth());
    facts.put("mask", config.mask());
    facts.put("tokenizer", model.tokenizer().kind().label());
    facts.put("tokenizer_sha256", config.tokenizerSha256());
    facts.put("precision", model.precision().label());
    if (made.trainedHere()) {
      addProvenance(facts, made);
    }
    model.information().ifPresent(curves -> addInformation(facts, curves.crossEntropy()));
    model
        .decay()
        .ifPresent(
            decay -> {
              facts.put("information_examples", decay.examples());
              facts.put("kl_from_uniform_nats", decay.left().mean());
              facts.put("kl_from_uniform_standard_error", decay.left().standardError());
            });
    return facts;
  }

  /** Whether all weights are finite numbers; others spoil what is computed with them. */
  private static String weights(Model model) {
    List<String> broken = model.brokenWeights().orElse(null);
    if (broken == null) {
      return "not checked";
    }
    if (broken.isEmpty()) {
      return "finite";
    }
    String more = broken.size() == 1 ? "" : " and " + (broken.size() - 1) + " more tensors";
    return "not finite: " + broken.get(0) + more;
  }

  private static void addProvenance(Map<String, Object> facts, ModelConfig.Provenance made) {
    facts.put("made_by", made.versions());
    facts.put("command", made.command());
    facts.put("objective", made.objective());
    facts.put("corpus_sha256", made.corpusSha256());
    facts.put("seed", made.seed());
    facts.put("steps", made.steps());
    facts.put("tokens", made.tokens());
    facts.put("seconds", made.seconds());
    facts.put("trained_in", made.precision());
    facts.put("validation_nats_per_token", made.validationNatsPerToken());
    facts.put("validation_standard_error", made.validationStandardError());
  }

  private static void addInformation(Map<String, Object> facts, CurveSample curves) {
    facts.put("information_examples", curves.examples());
    for (Functional functional : Functional.values()) {
      Estimate estimate = curves.estimate(functional);
      facts.put(functional.label() + "_nats", estimate.mean());
      facts.put(functional.label() + "_standard_error", estimate.standardError());
    }
  }
}
