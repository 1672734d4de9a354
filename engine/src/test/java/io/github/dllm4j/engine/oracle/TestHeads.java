package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.denoise.UniformConversions;
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
      return HeapLaws.of(laws);
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

  /** Leave-one-out laws times exp(size sin(1 + word + 3 i + 5 b)), normalised. */
  public static Denoiser perturbed(ExactLaw law, double size) {
    return new Head(
        NoisyOracle.uniform(law),
        Representation.LEAVE_ONE_OUT,
        (loo, batch, index) -> {
          int start = index / batch.length() * batch.length();
          int word = 0;
          for (int i = 0; i < batch.length(); i++) {
            word = word * law.symbols() + batch.token(start + i);
          }
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
