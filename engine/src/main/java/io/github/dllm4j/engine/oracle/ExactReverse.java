package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.LeaveOneOut;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ReverseMove;
import io.github.dllm4j.engine.sample.ReversePlan;
import java.util.Arrays;
import java.util.Locale;

/**
 * The exact law of what the reverse sampler puts out, by enumeration through the same denoiser and
 * the same moves that the sampler runs.
 *
 * <pre>
 * law'(y) = sum_x law(x) (1/choices) sum over the choices of sites A of
 *           [y = x off A] prod_{i in A} row_i(y_i)
 * </pre>
 *
 * <p>Source: uniform-diffusion spec 6 (design rule) and 8.2. Cost per predictor step S^(2 holes),
 * plus one denoiser row per state and hole for every noise level; at most 2^14 states. Not safe for
 * several threads.
 */
public final class ExactReverse {
  private static final int BATCH = 256;
  private static final int MOST_STATES = 1 << 14;

  private final Denoiser denoiser;
  private final NoiseProcess process;
  private final Canvas canvas;
  private final double temperature;
  private final double topP;
  private final int[] holes;
  private final int[] powers; // of S, most significant hole first
  private final int states;
  private final Spread whole; // all holes
  private double sigma = Double.NaN;
  private double[][][] laws = {}; // at sigma, [state][hole][S]

  /**
   * Prepares an enumeration.
   *
   * @param denoiser as for the sampler
   * @param process as for the sampler
   * @param canvas which tokens are fixed; at most 2^14 fillings of the holes
   * @param temperature as in the sampler's task
   * @param topP as in the sampler's task
   */
  public ExactReverse(
      Denoiser denoiser, NoiseProcess process, Canvas canvas, double temperature, double topP) {
    this.denoiser = LeaveOneOut.of(denoiser);
    this.process = process;
    this.canvas = canvas;
    this.temperature = temperature;
    this.topP = topP;
    holes = canvas.holes();
    states = states(process.stateCount(), holes.length);
    powers = new int[holes.length];
    for (int h = holes.length - 1, power = 1; h >= 0; h--, power *= process.stateCount()) {
      powers[h] = power;
    }
    whole = new Spread(powers, process.stateCount());
  }

  /** An enumeration of whole words by an exact law's oracle, nothing fixed. */
  public static ExactReverse of(ExactLaw law, NoiseProcess process) {
    Canvas canvas = Canvas.blank(law.length(), law.symbols());
    states(process.stateCount(), law.length()); // before the oracle takes long
    return new ExactReverse(new NoisyOracle(law, process), process, canvas, 1, 1);
  }

  private static int states(int symbols, int holes) {
    int states = Words.states(symbols, holes, "number of states");
    if (states > MOST_STATES) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "number of states must be at most %d, got %d", MOST_STATES, states));
    }
    return states;
  }

  /** The law of the sampler's start: independent prior tokens, row-major, [S^holes]. */
  public double[] start() {
    double[] law = new double[states];
    for (int state = 0; state < states; state++) {
      law[state] = 1;
      for (int h = 0; h < holes.length; h++) {
        law[state] *= process.prior(symbol(state, h));
      }
    }
    return law;
  }

  /**
   * The law of the words after a plan.
   *
   * @param plan what the sampler executes
   * @return probabilities, row-major, first hole most significant, [S^holes]
   */
  public double[] outputLaw(ReversePlan plan) {
    double[] law = start();
    for (ReverseMove move : plan.moves()) {
      law = after(law, move);
    }
    return law;
  }

  /**
   * The law after one move.
   *
   * @param law probabilities before, [S^holes]
   * @param move what the sampler does
   * @return probabilities after, a new array, [S^holes]
   */
  public double[] after(double[] law, ReverseMove move) {
    if (holes.length == 0) {
      return law.clone();
    }
    ask(move.level().sigma());
    double[] next = new double[states];
    double[][][] rows = new double[states][holes.length][];
    int choices = move.choices(holes.length);
    for (int choice = 0; choice < choices; choice++) {
      int[] sites = move.sites(holes.length, choice);
      Spread spread = spread(sites);
      for (int state = 0; state < states; state++) {
        if (law[state] > 0) {
          add(move, state, sites, rows[state], spread, law[state] / choices, next);
        }
      }
    }
    return next;
  }

  private Spread spread(int[] sites) {
    return new Spread(Arrays.stream(sites).map(h -> powers[h]).toArray(), process.stateCount());
  }

  /** Adds what a move at the sites makes of a state; rows of it are kept by hole. */
  private void add(
      ReverseMove move,
      int state,
      int[] sites,
      double[][] kept,
      Spread spread,
      double probability,
      double[] next) {
    double[][] rows = new double[sites.length][];
    int base = state;
    for (int k = 0; k < sites.length; k++) {
      int hole = sites[k];
      int symbol = symbol(state, hole);
      if (kept[hole] == null) {
        kept[hole] = move.row(process, laws[state][hole], symbol);
      }
      rows[k] = kept[hole];
      base -= symbol * powers[hole];
    }
    spread.add(rows, base, probability, next);
  }

  /** The law of the word after a move of all tokens from one word, [S^holes]. */
  double[] after(int state, ReverseMove move) {
    ask(move.level().sigma());
    double[] next = new double[states];
    int[] sites = move.sites(holes.length, 0);
    add(move, state, sites, new double[holes.length][], whole, 1, next);
    return next;
  }

  /** The probability of every word to become this one by noise, [S^holes]. */
  double[] predecessors(int state, double noise) {
    double[][] rows = new double[holes.length][process.stateCount()];
    for (int h = 0; h < holes.length; h++) {
      int to = symbol(state, h);
      Arrays.setAll(rows[h], from -> process.transition(from, to, noise));
    }
    double[] words = new double[states];
    whole.add(rows, 0, 1, words);
    return words;
  }

  /** The denoiser's laws of a word, [holes][S]. */
  double[][] laws(int state, double level) {
    ask(level);
    return laws[state];
  }

  int symbol(int state, int hole) {
    return state / powers[hole] % process.stateCount();
  }

  /** Fetches the laws of all states at a noise level, unless they are there already. */
  private void ask(double level) {
    if (level == sigma) {
      return;
    }
    laws = new double[states][holes.length][];
    for (int from = 0; from < states; from += BATCH) {
      ask(level, from, Math.min(states, from + BATCH));
    }
    sigma = level;
  }

  private void ask(double level, int from, int to) {
    int length = canvas.length();
    int[] tokens = new int[(to - from) * length];
    int[] rows = new int[(to - from) * holes.length];
    double[] sigmas = new double[to - from];
    Arrays.fill(sigmas, level);
    for (int state = from; state < to; state++) {
      int offset = (state - from) * length;
      System.arraycopy(canvas.tokens(), 0, tokens, offset, length);
      for (int h = 0; h < holes.length; h++) {
        tokens[offset + holes[h]] = symbol(state, h);
        rows[(state - from) * holes.length + h] = offset + holes[h];
      }
    }
    try (TokenLaws raw = denoiser.predict(TokenBatch.of(length, tokens, sigmas), Rows.of(rows));
        TokenLaws shaped = raw.shaped(temperature, topP)) {
      double[][] answers = shaped.toArray();
      for (int r = 0; r < answers.length; r++) {
        laws[from + r / holes.length][r % holes.length] = answers[r];
      }
    }
  }
}
