package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.DecaySample;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.ReversePlanner;
import io.github.dllm4j.engine.loss.BlockDecay;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/**
 * What {@code information.json} of a uniform model's directory says: how noise forgets single
 * examples, which is all that a planner of grids needs. That of a masking model is an {@link
 * InformationFile}.
 *
 * @param version of the form, {@value InformationFile#VERSION}
 * @param process uniform
 * @param length tokens of a sequence
 * @param levels total noise, nats, ascending
 * @param left d ln S minus the bound on -ln p of each example, nats, [examples]
 * @param rates phi at the levels, nats per nat of noise, to six digits, [examples][levels]
 * @param evaluations network evaluations that measuring took
 * @param klFromUniform mean of left, derived
 */
public record DecayFile(
    int version,
    String process,
    int length,
    double[] levels,
    double[] left,
    List<double[]> rates,
    long evaluations,
    Estimate klFromUniform) {
  private static final MathContext DIGITS = new MathContext(6);
  private static final int TIMES = 16;

  /** Checks what the file is. */
  public DecayFile {
    InformationFile.check(version, process, "uniform");
  }

  /** What measured examples say. */
  public static DecayFile of(DecaySample sample, int length, long evaluations) {
    return new DecayFile(
        InformationFile.VERSION,
        "uniform",
        length,
        sample.levels(),
        rounded(sample.lefts()),
        sample.rates().stream().map(DecayFile::rounded).toList(),
        evaluations,
        sample.left());
  }

  /**
   * Measures blocks at levels from {@link ReversePlanner#LOWEST} to the most noise a model is
   * trained with, evenly in the logarithm.
   *
   * @param denoiser without MASK, DENOISER or LEAVE_ONE_OUT
   * @param blocks clean sequences of equal length, at least two
   * @param length of the sequences
   * @param levels how many, at least 2
   * @param batch sequences per network call, at least 1; changes nothing but speed
   * @param seed of the noise
   */
  public static DecayFile measured(
      Denoiser denoiser, Iterator<int[]> blocks, int length, int levels, int batch, long seed) {
    double horizon = -Math.log(NoiseSchedule.DEFAULT_EPSILON);
    double ratio = horizon / ReversePlanner.LOWEST;
    double[] sigmas = new double[levels];
    Arrays.setAll(sigmas, n -> horizon * Math.pow(ratio, n / (levels - 1.0) - 1));
    List<Double> lefts = new ArrayList<>();
    List<double[]> phis = new ArrayList<>();
    while (blocks.hasNext()) {
      int[] block = blocks.next();
      BlockDecay decay = BlockDecay.of(denoiser, block, sigmas, TIMES, phis.size(), batch, seed);
      lefts.add(length * Math.log(denoiser.vocabulary()) - decay.bound());
      phis.add(decay.rates());
    }
    double[] each = lefts.stream().mapToDouble(Double::doubleValue).toArray();
    long evaluations = (long) each.length * (levels + TIMES + 1);
    return of(DecaySample.of(sigmas, each, phis), length, evaluations);
  }

  private static double[] rounded(double[] values) {
    return Arrays.stream(values).map(v -> new BigDecimal(v).round(DIGITS).doubleValue()).toArray();
  }

  /** The examples. */
  public DecaySample sample() {
    return DecaySample.of(levels, left, rates);
  }

  /**
   * Reads the file of a directory.
   *
   * @throws IOException in one line, if it is missing or unsound
   */
  public static DecayFile read(Path directory) throws IOException {
    DecayFile read = InformationFile.read(directory, DecayFile.class);
    try {
      read.sample();
      return read;
    } catch (IllegalArgumentException e) {
      throw new IOException(directory.resolve(InformationFile.NAME) + ": " + e.getMessage(), e);
    }
  }

  /** Writes the file of a directory, whole or not at all. */
  public void write(Path directory) throws IOException {
    InformationFile.write(directory, this);
  }
}
