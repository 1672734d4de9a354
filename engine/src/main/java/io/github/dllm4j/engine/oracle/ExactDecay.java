package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.InformationDecay;
import java.util.Arrays;

/**
 * How uniform noise forgets a small law, by enumeration:
 *
 * <pre>
 * phi = (1/S) sum over pairs of neighbours x, y of (q(x) - q(y)) ln(q(x)/q(y))
 * </pre>
 *
 * <p>the definition summed with x and y exchanged, so that no term is negative and nothing cancels
 * near the uniform law. Cost O(d^2 S^(d+1)) per noise level; at most 2^24 words.
 */
public final class ExactDecay implements InformationDecay {
  private final int length;
  private final int symbols;
  private final NoisyOracle oracle;
  private final double[] uniform;

  /** The decay of a law. */
  public ExactDecay(ExactLaw law) {
    length = law.length();
    symbols = law.symbols();
    oracle = new NoisyOracle(law, NoiseProcess.uniform(symbols));
    uniform = new double[Words.states(symbols, length, "number of words")];
    Arrays.fill(uniform, 1.0 / uniform.length);
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public int symbols() {
    return symbols;
  }

  @Override
  public double left(double sigma) {
    return Divergence.kl(oracle.noised(sigma), uniform);
  }

  @Override
  public double rate(double sigma) {
    double[] q = oracle.noised(sigma);
    double sum = 0;
    for (int stride = 1; stride < q.length; stride *= symbols) {
      for (int x = 0; x < q.length; x++) {
        int symbol = x / stride % symbols;
        for (int b = symbol + 1; b < symbols; b++) {
          double y = q[x + (b - symbol) * stride];
          sum += Divergence.excess(q[x], y) + Divergence.excess(y, q[x]);
        }
      }
    }
    return sum / symbols;
  }
}
