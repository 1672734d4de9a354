package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.info.DecaySample;
import io.github.dllm4j.engine.info.Estimate;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.Arrays;
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
