package io.github.dllm4j.engine.steer;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.LeaveOneOut;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What the tokens of a sequence become in a reverse step: a denoiser with its noise, or two of them
 * under classifier-free guidance of scale g,
 *
 * <pre>
 * uniform noise   K^g    in proportion to K_u^(1-g) K_c^g          (D-CFG: kernels of a step)
 *                 cond^g in proportion to cond_u^(1-g) cond_c^g    (Gibbs; rates R_u^(1-g) R_c^g)
 * masking         p^g    in proportion to p_u^(1-g) p_c^g          (clean laws of masked tokens)
 * </pre>
 *
 * <p>Source: uniform-diffusion spec 11 (predictor-free guidance of rates; D-CFG: Schiff et al.
 * 2025). A token that either side calls impossible stays so; if that leaves none, the conditional
 * side decides. Leave-one-out laws are never mixed: a guided conditional may have none. g = 1 is
 * exactly the conditional model, g = 0 the unconditional one, and then only that one is asked. For
 * other g the guided process does <em>not</em> end at p_u^(1-g) p_c^g: a heuristic; guided Gibbs
 * sweeps ({@link ReverseChain#withSweeps}) have that law's geometric mixture at every noise level
 * as their exact invariant law and pull towards it.
 *
 * <p>Cost: one network evaluation per step, two with guidance, in batches of at most {@code
 * maxBatch} sequences; a revealed token of masking is carried over without asking.
 */
public final class StepModel {
  private final NoiseProcess process;
  private final Denoiser conditional;
  private final Optional<Denoiser> unconditional;
  private final double scale;
  private final int maxBatch;
  private final double temperature;
  private final double topP;

  private StepModel(
      NoiseProcess process,
      Denoiser conditional,
      Optional<Denoiser> unconditional,
      double scale,
      int maxBatch,
      double temperature,
      double topP) {
    this.process = process;
    this.conditional = conditional;
    this.unconditional = unconditional;
    this.scale = scale;
    this.maxBatch = maxBatch;
    this.temperature = temperature;
    this.topP = topP;
  }

  /**
   * A model without guidance.
   *
   * @param denoiser network or oracle of either noise; not closed here
   * @param process its noise, states being token ids, MASK included and where it ends if there is
   *     one
   * @param maxBatch most sequences in one network call, at least 1; never changes a result
   */
  public static StepModel of(Denoiser denoiser, NoiseProcess process, int maxBatch) {
    if (maxBatch < 1) {
      throw new IllegalArgumentException("maxBatch must be at least 1, got " + maxBatch);
    }
    if (process.stateCount() != denoiser.vocabulary()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the process must have one state per token, %d, got %d",
              denoiser.vocabulary(),
              process.stateCount()));
    }
    checkPrior(denoiser, process);
    return new StepModel(process, ready(denoiser), Optional.empty(), 1, maxBatch, 1, 1);
  }

  /** Noise must end in MASK if the denoiser has one, and else in no single token. */
  private static void checkPrior(Denoiser denoiser, NoiseProcess process) {
    int mask = denoiser.mask().orElse(-1);
    for (int state = 0; state < process.stateCount(); state++) {
      boolean ends = process.prior(state) == 1;
      if (ends != (state == mask) && process.stateCount() > 1) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "the denoiser's noise must end %s, got prior %s of token %d",
                mask < 0 ? "in no single token" : "in its MASK, " + mask,
                process.prior(state),
                state));
      }
    }
  }

  /**
   * A model under classifier-free guidance.
   *
   * @param unconditional what g = 0 samples
   * @param conditional what g = 1 samples; same vocabulary and MASK
   * @param process as in {@link #of}
   * @param scale g, finite; above 1 exaggerates the condition
   * @param maxBatch as in {@link #of}
   */
  public static StepModel guided(
      Denoiser unconditional,
      Denoiser conditional,
      NoiseProcess process,
      double scale,
      int maxBatch) {
    if (!Double.isFinite(scale)) {
      throw new IllegalArgumentException("scale must be finite, got " + scale);
    }
    if (unconditional.vocabulary() != conditional.vocabulary()
        || !unconditional.mask().equals(conditional.mask())) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "guidance needs one vocabulary and MASK, got %d, %s and %d, %s",
              unconditional.vocabulary(),
              unconditional.mask(),
              conditional.vocabulary(),
              conditional.mask()));
    }
    StepModel one = of(scale == 0 ? unconditional : conditional, process, maxBatch);
    if (scale == 0 || scale == 1) {
      return one;
    }
    Optional<Denoiser> other = Optional.of(ready(unconditional));
    return new StepModel(process, one.conditional, other, scale, maxBatch, 1, 1);
  }

  private static Denoiser ready(Denoiser denoiser) {
    return denoiser.mask().isPresent() ? denoiser : LeaveOneOut.of(denoiser);
  }

  /**
   * The same model with shaped clean laws (leave-one-out ones for uniform noise), before guidance.
   *
   * @param temperature laws are raised to the power 1/temperature; above 0
   * @param topP mass of their nucleus that is kept, in (0, 1]
   */
  public StepModel shaped(double temperature, double topP) {
    if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("temperature must be above 0, got " + temperature);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("topP must be in (0, 1], got " + topP);
    }
    return new StepModel(process, conditional, unconditional, scale, maxBatch, temperature, topP);
  }

  /** The noise. */
  public NoiseProcess process() {
    return process;
  }

  /** Whether the noise is masking. */
  boolean masking() {
    return conditional.mask().isPresent();
  }

  /** The id of MASK, -1 where there is none. */
  int mask() {
    return conditional.mask().orElse(-1);
  }

  /**
   * The laws of the new tokens of sequences, all from the old ones.
   *
   * @param transition what happens
   * @param sequences ids, each [length]
   * @param positions which tokens change, ascending
   * @return probabilities, [sequence][position][S]
   */
  double[][][] rows(Transition transition, List<int[]> sequences, int[] positions) {
    double[][][] rows = new double[sequences.size()][][];
    for (int from = 0; from < rows.length; from += maxBatch) {
      List<int[]> batch = sequences.subList(from, Math.min(rows.length, from + maxBatch));
      double[][][] answer = batchRows(transition, batch, positions);
      System.arraycopy(answer, 0, rows, from, answer.length);
    }
    return rows;
  }

  private double[][][] batchRows(Transition transition, List<int[]> batch, int[] positions) {
    int length = batch.get(0).length;
    int[] tokens = batch.stream().flatMapToInt(Arrays::stream).toArray();
    int[] asked =
        IntStream.range(0, batch.size() * positions.length)
            .map(r -> r / positions.length * length + positions[r % positions.length])
            .filter(index -> open(tokens[index]))
            .toArray();
    double[][] laws = laws(transition, length, tokens, asked);
    double[][][] rows = new double[batch.size()][positions.length][];
    int next = 0;
    for (int b = 0; b < rows.length; b++) {
      for (int k = 0; k < positions.length; k++) {
        int token = tokens[b * length + positions[k]];
        rows[b][k] = open(token) ? transition.row(process, laws[next++], token) : certain(token);
      }
    }
    return rows;
  }

  /** Whether the network has a say about a token: all under uniform noise, else only MASK. */
  private boolean open(int token) {
    return !masking() || token == mask();
  }

  private double[] certain(int token) {
    double[] law = new double[process.stateCount()];
    law[token] = 1;
    return law;
  }

  /** What the transition makes of the asked rows, guided, [asked][S]. */
  private double[][] laws(Transition transition, int length, int[] tokens, int[] asked) {
    if (asked.length == 0) {
      return new double[0][];
    }
    double[] sigmas = new double[tokens.length / length];
    Arrays.fill(sigmas, transition.level().sigma());
    TokenBatch batch = TokenBatch.of(length, tokens, sigmas);
    double[][] laws = clean(conditional, batch, asked);
    double[][] others =
        unconditional.isPresent() ? clean(unconditional.get(), batch, asked) : new double[0][];
    for (int r = 0; r < asked.length; r++) {
      int token = tokens[asked[r]];
      boolean early = masking() && others.length > 0;
      double[] clean = early ? mixed(others[r], laws[r], scale) : laws[r];
      laws[r] = transition.law(process, clean, token);
      if (others.length > 0 && !early) {
        laws[r] = mixed(transition.law(process, others[r], token), laws[r], scale);
      }
    }
    return laws;
  }

  private double[][] clean(Denoiser denoiser, TokenBatch batch, int[] asked) {
    try (TokenLaws raw = denoiser.predict(batch, Rows.of(asked));
        TokenLaws shaped = raw.shaped(temperature, topP)) {
      return shaped.toArray();
    }
  }

  /** u^(1-g) c^g, normalised; 0 where either is 0; c if that is everywhere. */
  static double[] mixed(double[] u, double[] c, double g) {
    double[] mixed = new double[c.length];
    double largest = Double.NEGATIVE_INFINITY;
    for (int b = 0; b < mixed.length; b++) {
      boolean possible = u[b] > 0 && c[b] > 0;
      mixed[b] =
          possible ? (1 - g) * Math.log(u[b]) + g * Math.log(c[b]) : Double.NEGATIVE_INFINITY;
      largest = Math.max(largest, mixed[b]);
    }
    if (largest == Double.NEGATIVE_INFINITY) {
      return c.clone();
    }
    double total = 0;
    for (int b = 0; b < mixed.length; b++) {
      mixed[b] = Math.exp(mixed[b] - largest);
      total += mixed[b];
    }
    for (int b = 0; b < mixed.length; b++) {
      mixed[b] /= total;
    }
    return mixed;
  }
}
