package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.denoise.UniformConversions;
import java.util.Arrays;
import java.util.OptionalInt;

/** Heads that are not the exact leave-one-out oracle, honestly tagged or not. */
public final class TestHeads {
  private TestHeads() {}

  private interface Change {
    double[] of(double[] leaveOneOut, TokenBatch batch, int index);
  }

  private record Head(Denoiser inner, Representation representation, Change change)
      implements Denoiser {

    @Override
    public int vocabulary() {
      return inner.vocabulary();
    }

    @Override
    public OptionalInt mask() {
      return OptionalInt.empty();
    }

    @Override
    public TokenLaws predict(TokenBatch batch, Rows rows) {
      double[][] laws = inner.predict(batch, rows).toArray();
      for (int r = 0; r < laws.length; r++) {
        laws[r] = change.of(laws[r], batch, rows.index(r));
      }
      boolean proper = Arrays.stream(laws).flatMapToDouble(Arrays::stream).allMatch(p -> p >= 0);
      return proper ? HeapLaws.of(laws) : new RawLaws(laws);
    }
  }

  /** Rows that need not be laws; only to be read. */
  private record RawLaws(double[][] toArray) implements TokenLaws {

    @Override
    public int rows() {
      return toArray.length;
    }

    @Override
    public int vocabulary() {
      return toArray[0].length;
    }

    @Override
    public TokenLaws shaped(double temperature, double topP) {
      return temperature == 1 && topP == 1 ? this : HeapLaws.of(toArray).shaped(temperature, topP);
    }

    @Override
    public double[] probabilityOf(int[] tokens) {
      throw new UnsupportedOperationException();
    }

    @Override
    public double[] logProbabilityOf(int[] tokens) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int[] draw(double[] uniforms) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int[] argmax() {
      throw new UnsupportedOperationException();
    }

    @Override
    public double[] maxProbability() {
      throw new UnsupportedOperationException();
    }

    @Override
    public double[] margin() {
      throw new UnsupportedOperationException();
    }

    @Override
    public double[] entropyNats() {
      throw new UnsupportedOperationException();
    }

    @Override
    public double[] sumLogOnePlus(double[] factors) {
      throw new UnsupportedOperationException();
    }
  }

  private static double[] denoiser(double[] loo, TokenBatch batch, int index) {
    double sigma = batch.sigma(index / batch.length());
    return UniformConversions.denoiser(loo, batch.token(index), sigma);
  }

  /** The exact denoiser, tagged as what it is. */
  public static Denoiser denoiser(ExactLaw law) {
    return new Head(NoisyOracle.uniform(law), Representation.DENOISER, TestHeads::denoiser);
  }

  /** The exact denoiser, tagged LEAVE_ONE_OUT: the common bug. */
  public static Denoiser denoiserInTheWrongSlot(ExactLaw law) {
    return new Head(NoisyOracle.uniform(law), Representation.LEAVE_ONE_OUT, TestHeads::denoiser);
  }

  /**
   * True scores times exp(size sin(1 + word + 3 i + 5 b)), but for the token itself, as what a
   * leave-one-out law would have to be to have them: it sums to 1, but entries may be negative.
   */
  public static Denoiser perturbedScore(ExactLaw law, double size) {
    return new Head(
        NoisyOracle.uniform(law),
        Representation.LEAVE_ONE_OUT,
        (loo, batch, index) -> {
          int sequence = index / batch.length();
          double sigma = batch.sigma(sequence);
          int token = batch.token(index);
          double[] score = UniformConversions.score(loo, token, sigma);
          int word = word(law, batch, sequence);
          int position = index - sequence * batch.length();
          double total = 0;
          for (int b = 0; b < score.length; b++) {
            double angle = 1 + word + 3 * position + 5 * b;
            score[b] *= b == token ? 1 : Math.exp(size * Math.sin(angle));
            total += score[b];
          }
          for (int b = 0; b < score.length; b++) {
            double floor = -Math.expm1(-sigma) / score.length;
            score[b] = (score[b] / total - floor) / Math.exp(-sigma);
          }
          return score;
        });
  }

  private static int word(ExactLaw law, TokenBatch batch, int sequence) {
    int word = 0;
    for (int i = 0; i < batch.length(); i++) {
      word = word * law.symbols() + batch.token(sequence * batch.length() + i);
    }
    return word;
  }

  /** Leave-one-out laws times exp(size sin(1 + word + 3 i + 5 b)), normalised. */
  public static Denoiser perturbed(ExactLaw law, double size) {
    return new Head(
        NoisyOracle.uniform(law),
        Representation.LEAVE_ONE_OUT,
        (loo, batch, index) -> {
          int start = index / batch.length() * batch.length();
          int word = word(law, batch, index / batch.length());
          double total = 0;
          for (int b = 0; b < loo.length; b++) {
            loo[b] *= Math.exp(size * Math.sin(1 + word + 3 * (index - start) + 5 * b));
            total += loo[b];
          }
          for (int b = 0; b < loo.length; b++) {
            loo[b] /= total;
          }
          return loo;
        });
  }
}
