package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * An exact law as a masking denoiser: MASK is the id after the law's symbols, noise levels are
 * ignored, a revealed token's law is certain. Cost: one set of conditionals per sequence asked
 * about.
 */
public final class OracleDenoiser implements Denoiser {
  private final ExactLaw law;

  /** A denoiser that answers with the law's conditionals. */
  public OracleDenoiser(ExactLaw law) {
    this.law = law;
  }

  @Override
  public int vocabulary() {
    return law.symbols() + 1;
  }

  @Override
  public OptionalInt mask() {
    return OptionalInt.of(law.symbols());
  }

  @Override
  public Representation representation() {
    return Representation.DENOISER;
  }

  @Override
  public TokenLaws predict(TokenBatch batch, Rows rows) {
    int length = batch.length();
    int cells = batch.size() * length;
    if (length != law.length() || rows.size() == 0 || rows.index(rows.size() - 1) >= cells) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "needs sequences of length %d and rows in [0, %d), got length %d and %s",
              law.length(),
              cells,
              length,
              rows));
    }
    int[] tokens = batch.toArray();
    double[][] laws = new double[rows.size()][];
    double[][] conditionals = {};
    int sequence = -1;
    for (int r = 0; r < laws.length; r++) {
      if (rows.index(r) / length != sequence) {
        sequence = rows.index(r) / length;
        int from = sequence * length;
        conditionals = law.conditionals(Arrays.copyOfRange(tokens, from, from + length));
      }
      laws[r] = Arrays.copyOf(conditionals[rows.index(r) % length], vocabulary());
    }
    return HeapLaws.of(laws);
  }
}
