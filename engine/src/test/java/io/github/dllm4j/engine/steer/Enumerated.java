package io.github.dllm4j.engine.steer;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A chain's transition matrices by asking the chain itself about every sequence. */
final class Enumerated {
  final ReverseChain chain;

  /** All fillings of the holes, first hole most significant, [S^holes]. */
  final List<int[]> states = new ArrayList<>();

  Enumerated(ReverseChain chain) {
    this.chain = chain;
    int symbols = chain.model().process().stateCount();
    int[] holes = chain.canvas().holes();
    int count = (int) Math.round(Math.pow(symbols, holes.length));
    for (int index = 0; index < count; index++) {
      int[] state = chain.canvas().tokens();
      int rest = index;
      for (int h = holes.length - 1; h >= 0; h--) {
        state[holes[h]] = rest % symbols;
        rest /= symbols;
      }
      states.add(state);
    }
  }

  /** A chain of Tweedie steps under uniform noise with an exact law's oracle, nothing fixed. */
  static ReverseChain uniform(ExactLaw law, TimeGrid grid) {
    return uniform(law, NoisyOracle.uniform(law), grid);
  }

  static ReverseChain uniform(ExactLaw law, Denoiser denoiser, TimeGrid grid) {
    NoiseProcess process = NoiseProcess.uniform(law.symbols());
    Canvas canvas = Canvas.blank(law.length(), law.symbols());
    StepModel model = StepModel.of(denoiser, process, 256);
    return ReverseChain.of(model, canvas, grid, ReverseKernel.tweedie());
  }

  /** A chain of ancestral steps of masking with an exact law's oracle, nothing fixed. */
  static ReverseChain masking(ExactLaw law, TimeGrid grid) {
    NoiseProcess process = NoiseProcess.masking(law.symbols());
    Canvas canvas = Canvas.blank(law.length(), law.symbols());
    StepModel model = StepModel.of(new OracleDenoiser(law), process, 256);
    return ReverseChain.of(model, canvas, grid, ReverseKernel.tweedie());
  }

  int size() {
    return states.size();
  }

  int index(int[] sequence) {
    int index = 0;
    for (int hole : chain.canvas().holes()) {
      index = index * chain.model().process().stateCount() + sequence[hole];
    }
    return index;
  }

  /** The probability of every state as the product of its tokens', [states]. */
  double[] product(double[][] rows) {
    double[] law = new double[size()];
    int[] holes = chain.canvas().holes();
    for (int y = 0; y < law.length; y++) {
      law[y] = 1;
      for (int h = 0; h < holes.length; h++) {
        law[y] *= rows[h][states.get(y)[holes[h]]];
      }
    }
    return law;
  }

  double[] prior() {
    return product(chain.prior());
  }

  /** K_k[from][to]. */
  double[][] move(int k) {
    double[][][] rows = chain.rows(k, states);
    double[][] matrix = new double[size()][size()];
    int[] positions = chain.positions(k);
    for (int x = 0; x < size(); x++) {
      Outcomes to = Outcomes.of(states.get(x), positions, rows[x]);
      for (int o = 0; o < to.sequences().size(); o++) {
        matrix[x][index(to.sequences().get(o))] = Math.exp(to.logProbabilities()[o]);
      }
    }
    return matrix;
  }

  /** The law after all moves. */
  double[] output() {
    double[] law = prior();
    for (int k = 0; k < chain.moves(); k++) {
      law = Matrices.times(law, move(k));
    }
    return law;
  }

  /** The whole noise of a U-turn that keeps no latents, F[clean][noisy]. */
  double[][] noise(UTurn turn) {
    double[][] matrix = new double[size()][];
    Arrays.setAll(matrix, x -> product(turn.noiseRows(0, states.get(x))));
    return matrix;
  }
}
