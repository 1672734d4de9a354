package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.ReverseChoice;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The corrector of a sampler. */
final class CorrectorOptions {
  @Option(
      names = "--corrector",
      description =
          "none or gibbs; uniform models, heuristic: ctmc, balanced:sqrt, balanced:barker,"
              + " balanced:min (none).")
  private Optional<String> corrector = Optional.empty();

  @Option(
      names = "--corrector-steps",
      description = "Updates after every step (uniform: but the last), one evaluation each (1).")
  private Optional<Integer> steps = Optional.empty();

  @Option(
      names = "--corrector-sites",
      description =
          "Of gibbs on uniform models: random, sweep, confidence-metropolis; heuristic: parallel:k, confidence. The"
              + " confident ones may end in :log-margin, :current-probability, :max-probability"
              + " (random).")
  private Optional<String> sites = Optional.empty();

  /** A choice with this corrector, whose sites are random for masking models. */
  PlanChoice on(PlanChoice choice) {
    String name = named();
    if (sites.isPresent() && !sites.get().equals("random")) {
      throw new IllegalArgumentException(
          "--corrector-sites must be random for masking models, got " + sites.get());
    }
    if (!List.of("none", "gibbs").contains(name)) {
      throw new IllegalArgumentException("--corrector must be one of none, gibbs, got " + name);
    }
    if (steps.orElse(1) < 1) {
      throw new IllegalArgumentException(
          "--corrector-steps must be at least 1, got " + steps.get());
    }
    return choice.withCorrector(name.equals("none") ? 0 : steps.orElse(1));
  }

  /** A choice with this corrector. */
  ReverseChoice on(ReverseChoice choice) {
    return choice.withCorrector(named(), steps.orElse(1), sites.orElse(choice.correctorSites()));
  }

  private String named() {
    if (corrector.orElse("none").equals("none") && (steps.isPresent() || sites.isPresent())) {
      throw new IllegalArgumentException(
          "--corrector-steps and --corrector-sites need --corrector");
    }
    return corrector.orElse("none");
  }
}
