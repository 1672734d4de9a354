package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.ctmc.TokenRates;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.LeaveOneOut;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ReverseMove;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.Uniformization;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Arrays;
import java.util.Locale;

/**
 * The exact law of what the reverse sampler puts out, by enumeration through the same denoiser and
 * the same moves that the sampler runs.
 *
 * <pre>
 * law'(y) = sum_x law(x) sum over the choices of sites A of
 *           w(A | x) [y = x off A] prod_{i in A} row_i(y_i)
 * </pre>
 *
 * <p>where w is uniform unless the move is informed, and a rejected proposal stays at x. Source:
 * uniform-diffusion spec 6 (design rule) and 8.2. Cost per predictor step S^(2 holes), plus one
 * denoiser row per state and hole for every noise level; at most 2^14 states. Not safe for several
 * threads.
 */
public final class ExactReverse {
  private static final int BATCH = 256;
  private static final int MOST_STATES = 1 << 14;
  private static final double LARGEST_STEP = 3; // of the flow, times the number of holes

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
    if (move.asks()) {
      ask(move.level().sigma());
    }
    double[][] chances = move.informed() ? choiceLaws(move) : new double[0][];
    double[] next = new double[states];
    double[][][] rows = new double[states][holes.length][];
    int choices = move.choices(holes.length);
    for (int choice = 0; choice < choices; choice++) {
      int[] sites = move.sites(holes.length, choice);
      Spread spread = spread(sites);
      for (int state = 0; state < states; state++) {
        double p = law[state] * (move.informed() ? chances[state][choice] : 1.0 / choices);
        if (p > 0 && move.metropolis()) {
          double[] proposed = new double[states];
          add(move, state, sites, rows[state], spread, p, proposed);
          accept(state, choice, chances, proposed, next);
        } else if (p > 0) {
          add(move, state, sites, rows[state], spread, p, next);
        }
      }
    }
    return next;
  }

  /**
   * The derivative of the law under jumps of single tokens, law G with G(x, y) the rate at which
   * the token that differs jumps; zero for a law that the rates leave invariant.
   *
   * @param law probabilities, [S^holes]
   * @param rates the rates of every token
   * @param sigma the level at which the network is asked, nats, above 0
   * @return per unit of the rates' time, a new array, [S^holes]
   */
  public double[] flow(double[] law, TokenRates rates, double sigma) {
    ask(sigma);
    double[] change = new double[states];
    for (int state = 0; state < states; state++) {
      for (int h = 0; law[state] != 0 && h < holes.length; h++) {
        int symbol = symbol(state, h);
        double[] jumps = rates.of(process, laws[state][h], symbol, sigma);
        for (int b = 0; b < jumps.length; b++) {
          double moved = law[state] * jumps[b];
          change[state + (b - symbol) * powers[h]] += moved;
          change[state] -= moved;
        }
      }
    }
    return change;
  }

  /**
   * The law of the words after exact simulation: the flow of the reverse rates, then the last step.
   * The flow is integrated in ln(e^sigma - 1), in which no rate exceeds 1 per token, to about 12
   * digits.
   *
   * @param course what the sampler executes
   * @return probabilities, row-major, first hole most significant, [S^holes]
   */
  public double[] outputLaw(Uniformization course) {
    double[] stopped =
        Extrapolation.integrate(
            (w, law) -> {
              double sigma = Math.log1p(Math.exp(w));
              double[] slope = flow(law, TokenRates.REVERSE, sigma);
              for (int x = 0; x < slope.length; x++) {
                slope[x] *= Math.expm1(-sigma); // minus d(sigma)/dw
              }
              return slope;
            },
            start(),
            Math.log(Math.expm1(course.horizon())),
            Math.log(Math.expm1(course.delta())),
            LARGEST_STEP / Math.max(1, holes.length));
    NoiseLevel delta = NoiseLevel.unitRate(course.delta());
    ReverseMove denoise = ReverseMove.step(ReverseKernel.tweedie(), delta, NoiseLevel.unitRate(0));
    return after(stopped, denoise);
  }

  /** What of the proposals from a state is accepted moves there, the rest stays. */
  private static void accept(
      int state, int choice, double[][] chances, double[] proposed, double[] next) {
    for (int y = 0; y < proposed.length; y++) {
      if (proposed[y] > 0) {
        double accepted = Math.min(1, chances[y][choice] / chances[state][choice]);
        next[y] += proposed[y] * accepted;
        next[state] += proposed[y] * (1 - accepted);
      }
    }
  }

  /** The move's choice of sites in every state, [state][choice]. */
  private double[][] choiceLaws(ReverseMove move) {
    double[][] chances = new double[states][];
    for (int state = 0; state < states; state++) {
      int[] tokens = new int[holes.length];
      for (int h = 0; h < holes.length; h++) {
        tokens[h] = symbol(state, h);
      }
      chances[state] = move.choiceLaw(process, laws[state], tokens);
    }
    return chances;
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
        double[] known = move.asks() ? laws[state][hole] : new double[0];
        kept[hole] = move.row(process, known, symbol);
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
