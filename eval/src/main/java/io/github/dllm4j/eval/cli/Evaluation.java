package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.loss.LikelihoodBound;
import io.github.dllm4j.engine.loss.LikelihoodEstimator.Claim;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What {@code dllm evaluate} found.
 *
 * @param bound of the text
 * @param claim what the bound is
 * @param charactersPerToken of the text, above 0
 * @param estimator what made it, in words
 * @param dependence of a uniform head's laws on the token they must not see, mean total variation;
 *     empty for other models
 */
record Evaluation(
    LikelihoodBound bound,
    Claim claim,
    double charactersPerToken,
    String estimator,
    OptionalDouble dependence) {

  /** The JSON document. */
  Map<String, Object> document() {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("nats_per_token", bound.natsPerToken());
    document.put("standard_error", bound.standardError());
    document.put("perplexity", bound.perplexity());
    document.put("bits_per_character", bits(bound.natsPerToken()));
    document.put("bits_per_character_standard_error", bits(bound.standardError()));
    document.put("tokens", bound.tokens());
    document.put("blocks", bound.blocks());
    document.put("estimator", estimator);
    document.put("claim", claim.name().toLowerCase(Locale.ROOT).replace('_', ' '));
    dependence.ifPresent(mean -> document.put("leave_one_out_dependence", mean));
    return document;
  }

  /** For a terminal, one line or two. */
  String text() {
    String perplexity =
        switch (claim) {
          case BOUND -> "perplexity at most %.2f";
          case EXACT_ALONG_AN_ORDER -> "perplexity %.2f along a random order";
          case EXACT -> "perplexity %.2f, exact";
        };
    String text =
        String.format(
            Locale.ROOT,
            "%s nats/token (" + perplexity + "), %s bits/character, %,d tokens",
            Estimate.text(bound.natsPerToken(), bound.standardError(), 4),
            bound.perplexity(),
            Estimate.text(bits(bound.natsPerToken()), bits(bound.standardError()), 4),
            bound.tokens());
    if (dependence.isEmpty()) {
      return text;
    }
    return String.format(
        Locale.ROOT,
        "%s%nleave-one-out laws depend on their own token by %.4f (mean total variation, 0 is right)",
        text,
        dependence.getAsDouble());
  }

  /** Bits per character of nats per token. */
  private double bits(double nats) {
    return nats / (charactersPerToken * Math.log(2));
  }
}
