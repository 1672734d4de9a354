package io.github.dllm4j.engine.denoise;

import io.github.dllm4j.engine.ctmc.Line;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Leave-one-out laws made from a denoiser's, under uniform noise: each p_b but that of the noisy
 * token x is multiplied by one number. So probabilities of tokens, sums and draws from a {@link
 * Line} need p_x beside what the denoiser's laws answer, and these stay where they are; all else
 * comes to the heap, once.
 */
final class LeaveOneOutLaws implements TokenLaws {
  private final TokenLaws denoiser;
  private final int[] noisy;
  private final double[] sigmas;
  private @Nullable HeapLaws heap;
  private double @Nullable [] ofNoisy;

  /**
   * A view of laws, which it takes over.
   *
   * @param denoiser p(x0 | everything)
   * @param noisy token of each row, [R]
   * @param sigmas total noise of each row, nats, above 0, [R]
   */
  LeaveOneOutLaws(TokenLaws denoiser, int[] noisy, double[] sigmas) {
    this.denoiser = denoiser;
    this.noisy = noisy;
    this.sigmas = sigmas;
  }

  @Override
  public int rows() {
    return denoiser.rows();
  }

  @Override
  public int vocabulary() {
    return denoiser.vocabulary();
  }

  private HeapLaws heap() {
    HeapLaws known = heap;
    if (known == null) {
      known = HeapLaws.of(toArray(0, rows()));
      heap = known;
    }
    return known;
  }

  @Override
  public double[][] toArray(int from, int to) {
    double[][] laws = denoiser.toArray(from, to);
    for (int r = from; r < to; r++) {
      laws[r - from] = UniformConversions.leaveOneOut(laws[r - from], noisy[r], sigmas[r]);
    }
    return laws;
  }

  /** A row's p_x, what it becomes, and the factor of all others. */
  private record Changed(double p, double ofNoisy, double factor) {}

  private Changed changed(int r) {
    double[] known = ofNoisy;
    if (known == null) {
      known = denoiser.probabilityOf(noisy);
      ofNoisy = known;
    }
    double p = known[r];
    double other = -Math.expm1(-sigmas[r]) / vocabulary();
    double same = other + Math.exp(-sigmas[r]);
    double total = Math.max(0, 1 - p) * same + p * other;
    return new Changed(p, p * other / total, same / total);
  }

  @Override
  public double[] probabilityOf(int[] tokens) {
    if (Arrays.equals(tokens, noisy)) { // known already, or asked for once
      return IntStream.range(0, noisy.length).mapToDouble(r -> changed(r).ofNoisy()).toArray();
    }
    double[] probabilities = denoiser.probabilityOf(tokens);
    Arrays.setAll(
        probabilities,
        r -> tokens[r] == noisy[r] ? changed(r).ofNoisy() : probabilities[r] * changed(r).factor());
    return probabilities;
  }

  @Override
  public int[] draw(int[] tokens, List<Line> lines, double[] uniforms) {
    if (!Arrays.equals(tokens, noisy)) {
      return heap().draw(tokens, lines, uniforms);
    }
    List<Line> ofDenoiser =
        IntStream.range(0, noisy.length)
            .mapToObj(
                r -> {
                  Line line = lines.get(r);
                  return new Line(line.scale() * changed(r).factor(), line.shift(), line.own());
                })
            .toList();
    return denoiser.draw(tokens, ofDenoiser, uniforms);
  }

  @Override
  public TokenLaws shaped(double temperature, double topP) {
    return temperature == 1 && topP == 1
        ? new LeaveOneOutLaws(denoiser.shaped(1, 1), noisy, sigmas)
        : heap().shaped(temperature, topP);
  }

  @Override
  public double[] logProbabilityOf(int[] tokens) {
    return Arrays.stream(probabilityOf(tokens)).map(Math::log).toArray();
  }

  @Override
  public int[] draw(double[] uniforms) {
    return heap().draw(uniforms);
  }

  @Override
  public int[] argmax() {
    return heap().argmax();
  }

  @Override
  public double[] maxProbability() {
    return heap().maxProbability();
  }

  @Override
  public double[] margin() {
    return heap().margin();
  }

  @Override
  public double[] entropyNats() {
    return heap().entropyNats();
  }

  @Override
  public double[] sumLogOnePlus(double[] factors) {
    double[] scaled = new double[factors.length];
    Arrays.setAll(scaled, r -> factors[r] * changed(r).factor());
    double[] sums = denoiser.sumLogOnePlus(scaled);
    for (int r = 0; r < sums.length; r++) {
      double asIfOther = Math.log1p(scaled[r] * changed(r).p());
      sums[r] += Math.log1p(factors[r] * changed(r).ofNoisy()) - asIfOther;
    }
    return sums;
  }

  @Override
  public double[][] toArray() {
    return heap().toArray();
  }

  @Override
  public void close() {
    denoiser.close();
  }
}
