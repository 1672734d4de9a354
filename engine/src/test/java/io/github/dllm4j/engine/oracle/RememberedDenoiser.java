package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.ForwardingDenoiser;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A denoiser without time input as a fixed table: every sequence is asked about once, by itself.
 * Saves tests the oracle's work, and gives a network one answer whatever the batch.
 */
public final class RememberedDenoiser extends ForwardingDenoiser {
  private final Map<List<Integer>, double[][]> laws = new HashMap<>();

  /** Remembers the answers of a denoiser, which it does not close. */
  public RememberedDenoiser(Denoiser inner) {
    super(inner);
  }

  @Override
  public TokenLaws predict(TokenBatch batch, Rows rows) {
    int length = batch.length();
    double[][] answer = new double[rows.size()][];
    for (int r = 0; r < answer.length; r++) {
      int start = rows.index(r) / length * length;
      int[] tokens = IntStream.range(start, start + length).map(batch::token).toArray();
      List<Integer> key = Arrays.stream(tokens).boxed().toList();
      answer[r] = laws.computeIfAbsent(key, k -> ask(tokens))[rows.index(r) - start];
    }
    return HeapLaws.of(answer);
  }

  /** Laws of the masked positions of one sequence, [length][vocabulary]; nothing elsewhere. */
  private double[][] ask(int[] tokens) {
    int mask = inner.mask().orElseThrow();
    int[] masked = IntStream.range(0, tokens.length).filter(i -> tokens[i] == mask).toArray();
    double[][] laws = new double[tokens.length][0];
    TokenBatch one = TokenBatch.of(tokens.length, tokens, new double[] {1});
    try (TokenLaws asked = inner.predict(one, Rows.of(masked))) {
      double[][] rows = asked.toArray();
      for (int r = 0; r < rows.length; r++) {
        laws[masked[r]] = rows[r];
      }
    }
    return laws;
  }
}
