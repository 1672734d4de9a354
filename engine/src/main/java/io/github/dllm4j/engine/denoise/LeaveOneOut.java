package io.github.dllm4j.engine.denoise;

import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * A uniform-noise denoiser seen as a leave-one-out one: each law divided by the likelihood of the
 * noisy token ({@link UniformConversions#leaveOneOut(double[], int, double)}), once, here. Steps of
 * uniform noise draw where the laws are; for all else they come to the heap, O(S) per row.
 */
public final class LeaveOneOut implements Denoiser {
  private final Denoiser inner;

  private LeaveOneOut(Denoiser inner) {
    this.inner = inner;
  }

  /**
   * The denoiser itself if it is leave-one-out, else the view.
   *
   * @param denoiser a denoiser without MASK, DENOISER or LEAVE_ONE_OUT; closed by the view
   * @return a denoiser whose representation is LEAVE_ONE_OUT
   * @throws IllegalArgumentException if it has a MASK or says SCORE
   */
  public static Denoiser of(Denoiser denoiser) {
    if (denoiser.mask().isPresent()) {
      throw new IllegalArgumentException(
          "uniform noise needs a denoiser without MASK, got MASK " + denoiser.mask().getAsInt());
    }
    return switch (denoiser.representation()) {
      case LEAVE_ONE_OUT -> denoiser;
      case DENOISER -> new LeaveOneOut(denoiser);
      case SCORE, NEXT_TOKEN ->
          throw new IllegalArgumentException(
              "representation must be DENOISER or LEAVE_ONE_OUT, got " + denoiser.representation());
    };
  }

  @Override
  public int vocabulary() {
    return inner.vocabulary();
  }

  @Override
  public OptionalInt mask() {
    return OptionalInt.empty();
  }

  @Override
  public Representation representation() {
    return Representation.LEAVE_ONE_OUT;
  }

  @Override
  public void repeat(BooleanSupplier step) {
    inner.repeat(step);
  }

  @Override
  public TokenLaws predict(TokenBatch batch, Rows rows) {
    int[] noisy = new int[rows.size()];
    double[] sigmas = new double[rows.size()];
    for (int r = 0; r < noisy.length; r++) {
      noisy[r] = batch.token(rows.index(r));
      sigmas[r] = inner.heard(batch.sigma(rows.index(r) / batch.length()));
      UniformConversions.checkSigma(sigmas[r], sigmas[r] > 0, "(0, infinity]");
    }
    return new LeaveOneOutLaws(inner.predict(batch, rows), noisy, sigmas);
  }

  @Override
  public double heard(double sigma) {
    return inner.heard(sigma);
  }

  @Override
  public void close() {
    inner.close();
  }
}
