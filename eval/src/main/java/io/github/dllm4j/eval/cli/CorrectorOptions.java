package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.ReverseChoice;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The corrector of a sampler of uniform noise. */
final class CorrectorOptions {
  @Option(
      names = "--corrector",
      description =
          "none, gibbs; heuristic: ctmc, balanced:sqrt, balanced:barker, balanced:min. Uniform"
              + " models only (none).")
  private Optional<String> corrector = Optional.empty();

  @Option(
      names = "--corrector-steps",
      description = "Updates at every noise level but the last, one evaluation each (1).")
  private Optional<Integer> steps = Optional.empty();

  @Option(
      names = "--corrector-sites",
      description =
          "Of gibbs: random, sweep, confidence-metropolis; heuristic: parallel:k, confidence. The"
              + " confident ones may end in :log-margin, :current-probability, :max-probability"
              + " (random).")
  private Optional<String> sites = Optional.empty();

  /** Whether any of the options was given. */
  boolean given() {
    return corrector.isPresent() || steps.isPresent() || sites.isPresent();
  }

  /** A choice with this corrector. */
  ReverseChoice on(ReverseChoice choice) {
    if (corrector.orElse("none").equals("none") && (steps.isPresent() || sites.isPresent())) {
      throw new IllegalArgumentException(
          "--corrector-steps and --corrector-sites need --corrector");
    }
    return choice.withCorrector(
        corrector.orElse("none"), steps.orElse(1), sites.orElse(choice.correctorSites()));
  }
}
