package io.github.dllm4j.engine.denoise;

/**
 * A denoiser that writes block after block (Arriola et al. 2025): the law at a position depends on
 * the tokens of its own block and of the blocks before it, and on nothing behind them.
 *
 * <pre>
 * p(x) = prod_b p(x_b | x_0 .. x_{b-1})
 * </pre>
 *
 * <p>It was trained on noisy blocks behind clean ones, so a law means something only where all
 * blocks before its own are clean.
 */
public interface BlockDenoiser extends Denoiser {

  /** Which positions are in one block. */
  Blocks blocks();

  /**
   * The laws of many noisy blocks of one text at once: as {@link #predict} for every block by
   * itself, behind the <em>clean</em> blocks before it.
   *
   * @param clean ids of the text, [length]
   * @param noisy versions of it
   * @param rows which of their positions are wanted, at least one
   * @return the laws, in the order of the rows; the caller closes them
   * @throws IllegalArgumentException if an id, a row or a length is out of range
   */
  TokenLaws predictGiven(int[] clean, TokenBatch noisy, Rows rows);
}
