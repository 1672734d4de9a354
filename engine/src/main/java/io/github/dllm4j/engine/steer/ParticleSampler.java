package io.github.dllm4j.engine.steer;

import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Steers a reverse chain towards a reward by twisted sequential Monte Carlo. With kernels K_k,
 * proposals M_k, twisting functions psi_k and psi_N = e^s,
 *
 * <pre>
 * log w += log K_k(x'|x) + log psi_{k+1}(x') - log M_k(x'|x) - log psi_k(x)
 * resample where (sum w)^2 / sum w^2 is below a share of the particles
 * </pre>
 *
 * <p>the particles follow prior K_0 .. K_{N-1} e^s / Z, and the estimate of Z is unbiased for every
 * psi and M. (In numbers, a psi that is e^-1e6 where another is 1 counts as none.) Source:
 * uniform-diffusion spec 12 (FK steering is the bootstrap case). For a finite number of particles
 * the drawn sequences are only approximately from that law, which for an imperfect chain is not p
 * e^s / Z either: a <em>heuristic</em> that becomes exact for the chain's own law as the particles
 * grow.
 *
 * <p>Cost: particles times the chain's moves in evaluations, plus what psi needs. All particles
 * share the network calls. Draws are keyed by (seed, sample * particles + particle, move,
 * position): batch size and other samples never change a result.
 */
public final class ParticleSampler {
  private final Proposal proposal;
  private final Resampling resampling;
  private final double threshold;

  /**
   * The particles at the end.
   *
   * @param sequences ids, [particles] of [length]
   * @param weights summing to 1, [particles]; equal ones if the score forbids all sequences
   * @param logNormaliser log of the estimate of Z, nats; e^it is unbiased; -infinity is the sign
   *     that the score forbids all sequences
   * @param effectiveSizes effective sample size after the start and after every move, before
   *     resampling, [moves + 1]
   */
  public record Particles(
      List<int[]> sequences, double[] weights, double logNormaliser, double[] effectiveSizes) {

    /**
     * One of the sequences, by its weight.
     *
     * @param uniform in [0, 1)
     */
    public int[] drawn(double uniform) {
      return sequences.get(HeapLaws.draw(weights, uniform)).clone();
    }
  }

  private ParticleSampler(Proposal proposal, Resampling resampling, double threshold) {
    this.proposal = proposal;
    this.resampling = resampling;
    this.threshold = threshold;
  }

  /**
   * Particles move by the chain itself; systematic resampling below half.
   *
   * @param chain what is steered
   * @param score the log-weight s of finished sequences: reward / lambda
   * @param twist where to look on the way
   */
  public static ParticleSampler bootstrap(ReverseChain chain, SequenceScorer score, Twist twist) {
    return new ParticleSampler(
        new Proposal(chain, score, twist, false), Resampling.SYSTEMATIC, 0.5);
  }

  /**
   * Particles move by K psi: token by token if the twist has factors, else by enumeration of at
   * most 2^14 sequences per particle and move, for small canvases.
   *
   * @param chain what is steered
   * @param score the log-weight s of finished sequences
   * @param twist where to look
   */
  public static ParticleSampler lookAhead(ReverseChain chain, SequenceScorer score, Twist twist) {
    return new ParticleSampler(new Proposal(chain, score, twist, true), Resampling.SYSTEMATIC, 0.5);
  }

  /**
   * The same sampler with another way of resampling.
   *
   * @param scheme how ancestors are chosen
   * @param share resample when the effective size is below this share of the particles; in [0, 1],
   *     0 never
   */
  public ParticleSampler withResampling(Resampling scheme, double share) {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException("share must be in [0, 1], got " + share);
    }
    return new ParticleSampler(proposal, scheme, share);
  }

  /**
   * Runs one set of particles.
   *
   * @param particles how many, at least 1
   * @param seed the request's seed
   * @param sample index of the set, at least 0
   * @return the particles at the end
   */
  public Particles run(int particles, long seed, int sample) {
    if (particles < 1 || sample < 0 || (sample + 1L) * particles > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "particles must be at least 1, sample at least 0, (sample + 1) * particles below"
                  + " 2^31, got %d, %d",
              particles,
              sample));
    }
    int first = sample * particles;
    int moves = proposal.chain().moves();
    double[] sizes = new double[moves + 1];
    double[] logs = new double[particles];
    double[] values = new double[particles]; // of the sequences that the weights count already
    double normaliser = 0;
    List<int[]> now = List.of();
    for (int step = 0; step <= moves; step++) {
      List<Proposal.Drawn> drawn =
          step == 0
              ? proposal.start(particles, seed, first)
              : proposal.next(step - 1, now, seed, first);
      now = drawn.stream().map(Proposal.Drawn::sequence).toList();
      double[] next = proposal.logValue(step, now);
      for (int j = 0; j < particles; j++) {
        logs[j] += drawn.get(j).logRatio() + next[j] - values[j];
      }
      values = next;
      sizes[step] = LogWeights.effectiveSize(logs);
      if (step < moves && sizes[step] < threshold * particles) {
        int[] ancestors = ancestors(logs, seed, first, step);
        normaliser += LogWeights.logSum(logs) - Math.log(particles);
        Arrays.fill(logs, 0);
        now = chosen(now, ancestors);
        double[] kept = values;
        values = Arrays.stream(ancestors).mapToDouble(a -> kept[a]).toArray();
      }
    }
    normaliser += LogWeights.logSum(logs) - Math.log(particles);
    return new Particles(now, LogWeights.normalised(logs), normaliser, sizes);
  }

  private int[] ancestors(double[] logs, long seed, int first, int step) {
    double[] uniforms = new double[logs.length];
    Arrays.setAll(uniforms, j -> KeyedRandom.uniform(seed, first, step, j, Purpose.RESAMPLE));
    return resampling.ancestors(LogWeights.normalised(logs), logs.length, uniforms);
  }

  private static List<int[]> chosen(List<int[]> sequences, int[] ancestors) {
    List<int[]> chosen = new ArrayList<>();
    for (int ancestor : ancestors) {
      chosen.add(sequences.get(ancestor));
    }
    return chosen;
  }
}
