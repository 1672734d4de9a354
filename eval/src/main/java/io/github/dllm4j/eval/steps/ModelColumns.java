package io.github.dllm4j.eval.steps;

import io.github.dllm4j.engine.info.Estimate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/** The columns of a model's report, and how measures stand in a row. */
final class ModelColumns {
  static final String SAMPLER = "sampler";
  static final String TEMPERATURE = "temperature";
  static final String SEED = "seed";
  static final String STEPS = "steps";
  static final String SAMPLES = "samples";
  static final String EMPTY = "empty";
  static final String SHORT = "short";
  static final String EVALUATIONS = "evaluations";
  static final String PERPLEXITY = "generative_perplexity";
  static final String SEQUENCE_PERPLEXITY = "mean_sequence_perplexity";
  static final String BITS = "bits_per_character";
  static final String ENTROPY = "unigram_entropy_nats";
  static final String REPETITION = "repeated_4_grams";
  static final String SHARED = "shared_4_grams";
  static final String NLL = "nll_nats_per_token";
  static final String PREDICTED = "predicted_kl_nats";
  static final String MEASURED = "measured_kl_nats";
  static final String JUDGED = "judge_tokens";
  static final String CHARACTERS = "characters";
  static final String SECONDS = "seconds";
  static final String RATE = "tokens_per_second";
  static final String NOTE = "note";

  /** Probability that an interval holds what it is for. */
  static final double LEVEL = 0.95;

  private static final String T = " Interval: Student's t over sequences.";

  /** The columns that say which row it is. */
  static final List<String> WHICH = List.of(SAMPLER, TEMPERATURE, SEED, STEPS);

  /** The others, in parts that fit a page. */
  static final Map<String, List<String>> PARTS = parts();

  private ModelColumns() {}

  private static Map<String, List<String>> parts() {
    Map<String, List<String>> parts = new LinkedHashMap<>();
    parts.put("judged", List.of(EVALUATIONS, PERPLEXITY, SEQUENCE_PERPLEXITY, BITS, ENTROPY));
    parts.put("variety", List.of(distinct(1), distinct(2), distinct(3), REPETITION, SHARED));
    parts.put(
        "likelihood, cost and time", List.of(EVALUATIONS, NLL, PREDICTED, MEASURED, SECONDS, RATE));
    parts.put(
        "counts and remarks",
        List.of(SAMPLES, EMPTY, SHORT, JUDGED, CHARACTERS, NOTE, Html.REFERENCE));
    return parts;
  }

  static String distinct(int n) {
    return "distinct_" + n;
  }

  static List<Column> all() {
    return List.of(
        Column.text(
            SAMPLER,
            "sampler",
            "The sampler, /its plan or grid, +its corrector; or what the row is for comparison."),
        Column.text(
            TEMPERATURE,
            "temperature",
            "Laws are raised to the power 1/temperature before a token is drawn."),
        Column.text(SEED, "seed", "Of the samples; “all” pools the seeds."),
        Column.count(
            STEPS,
            "steps",
            "Steps asked for; the sequence's length where a token is drawn per step."),
        Column.measure(
            EVALUATIONS,
            "evaluations",
            "Network evaluations a sample took part in, mean; steps that fill nothing cost none, a"
                + " corrector's count."
                + T),
        Column.measure(
            PERPLEXITY,
            "gen. perplexity",
            "Generative perplexity, token-weighted: exp(total nats / total tokens), both the judge's,"
                + " over all sequences together. Interval: Student's t with the linearised error of a"
                + " ratio over sequences, on the logarithm."),
        Column.measure(
            SEQUENCE_PERPLEXITY,
            "mean of sequences",
            "Generative perplexity in the other definition in use: the mean over sequences of exp(nats /"
                + " tokens). Dominated by the worst sequences."
                + T),
        Column.measure(
            BITS,
            "bits/character",
            "Total nats of the judge / total characters / ln 2: the only one that judges with different"
                + " tokens can be compared by. Interval as of the token-weighted perplexity."),
        Column.measure(
            ENTROPY,
            "unigram entropy",
            "Mean over sequences of the entropy of the token frequencies within the sequence, nats, in the"
                + " model's tokens. Below the held-out text's, a low perplexity is cheating."
                + T),
        Column.measure(
            distinct(1), "distinct-1", "Mean share of different tokens within a sequence." + T),
        Column.measure(distinct(2), "distinct-2", "The same of pairs." + T),
        Column.measure(distinct(3), "distinct-3", "The same of triples." + T),
        Column.measure(
            REPETITION,
            "repeated 4-grams",
            "Repetition: mean share of a sequence's 4-grams of tokens that stood in it before."
                + T),
        Column.measure(
            SHARED,
            "shared 4-grams",
            "Mean share of a sequence's 4-grams that another sequence of the row holds too: high where all"
                + " samples are alike."
                + T),
        Column.measure(
            NLL,
            "NLL of N steps",
            "Mean -ln probability per token of held-out text under the sampler with these steps, given its"
                + " reveal sets: the N-step bound, along random orders. At temperature 1, for plans whose"
                + " places do not depend on values."
                + T.replace("sequences", "held-out sequences")),
        Column.measure(
            PREDICTED,
            "predicted KL",
            "What the planner says the steps cost against one token per step, nats per sequence, from the"
                + " model's information curve. Interval: Student's t over the curve's examples."),
        Column.measure(
            MEASURED,
            "measured KL",
            "The same measured on held-out sequences: NLL of N steps minus NLL one by one in the same"
                + " order, nats per sequence."
                + T.replace("sequences", "held-out sequences")),
        Column.count(SAMPLES, "samples", "Sequences of the row, none left out."),
        Column.count(
            EMPTY,
            "empty",
            "Of them without text: they count for no perplexity, as they have no token."),
        Column.count(
            SHORT,
            "short",
            "Of them ended by the model's end token before their full length; what is left counts."),
        Column.count(JUDGED, "judge's tokens", "In all sequences."),
        Column.count(CHARACTERS, "characters", "In all sequences."),
        Column.time(SECONDS, "seconds", "To make the row's samples, planning included."),
        Column.time(
            RATE,
            "tokens/s",
            "Tokens of the samples, what follows an end token not counted, per second."),
        Column.text(NOTE, "note", "What the predicted KL rests on, or why there is none."),
        Column.text(
            Html.REFERENCE,
            "for comparison",
            "What the row is, if it is not one of the samplers."));
  }

  /** Adds a measure with its interval. */
  static void put(Row row, String key, Estimate estimate) {
    put(row, key, estimate, x -> x);
  }

  /** Adds the logarithm of a measure with its interval, neither as a logarithm. */
  static void putExp(Row row, String key, Estimate logarithm) {
    put(row, key, logarithm, Math::exp);
  }

  private static void put(Row row, String key, Estimate estimate, DoubleUnaryOperator scale) {
    row.with(key, scale.applyAsDouble(estimate.mean()));
    double half = estimate.halfWidth(LEVEL);
    if (Double.isFinite(half)) {
      row.with(key + "_low", scale.applyAsDouble(estimate.mean() - half))
          .with(key + "_high", scale.applyAsDouble(estimate.mean() + half));
    }
  }

  /** A measure as it was put, on the scale of its interval; empty without an interval. */
  static Optional<Estimate> get(Row row, String key, int count) {
    if (row.get(key).isEmpty() || row.get(key + "_low").isEmpty()) {
      return Optional.empty();
    }
    DoubleUnaryOperator scale = key.equals(PERPLEXITY) ? Math::log : x -> x;
    double width =
        scale.applyAsDouble(row.number(key + "_high"))
            - scale.applyAsDouble(row.number(key + "_low"));
    double quantile = new Estimate(0, 1, count).halfWidth(LEVEL);
    return Optional.of(
        new Estimate(scale.applyAsDouble(row.number(key)), width / 2 / quantile, count));
  }
}
