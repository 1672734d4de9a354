package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.train.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What {@code information.json} of a model directory says: the model's cross-entropy curve on
 * held-out text and the functionals read off it, nats per sequence.
 *
 * @param source what the curve is: MODEL_CROSS_ENTROPY
 * @param examples blocks it was averaged over
 * @param informationCurve h(j), nats per hidden token given j revealed ones, [length]
 * @param standardErrors of it, [length]
 * @param entropy sum of the curve: the bound on the data's entropy
 * @param totalCorrelation of the sequence
 * @param dualTotalCorrelation of the sequence
 * @param effectiveTotalCorrelation of the sequence
 * @param mutualInformationSum sum over tokens of I(X_i; all others)
 */
public record InformationFile(
    InformationCurve.Source source,
    int examples,
    double[] informationCurve,
    double[] standardErrors,
    double entropy,
    double totalCorrelation,
    double dualTotalCorrelation,
    double effectiveTotalCorrelation,
    double mutualInformationSum) {

  /** The name of the file. */
  public static final String NAME = "information.json";

  private static final int LARGEST_FILE = 64 << 20;

  /** What a curve says. */
  public static InformationFile of(InformationCurve curve) {
    return new InformationFile(
        curve.source(),
        curve.examples(),
        curve.values(),
        curve.standardErrors(),
        curve.entropy(),
        curve.totalCorrelation(),
        curve.dualTotalCorrelation(),
        curve.effectiveTotalCorrelation(),
        curve.sumOfMutualInformation());
  }

  /** The curve. */
  public InformationCurve curve() {
    return InformationCurve.estimated(informationCurve, standardErrors, source, examples);
  }

  /**
   * Reads the file of a directory.
   *
   * @throws IOException in one line, if it is missing or unsound
   */
  public static InformationFile read(Path directory) throws IOException {
    Path file = directory.resolve(NAME);
    if (!Files.isRegularFile(file)) {
      throw new IOException("no information curve: no file " + file);
    }
    if (Files.size(file) > LARGEST_FILE) {
      throw new IOException(file + " is larger than an information curve can be");
    }
    try {
      InformationFile read =
          ModelConfig.parse(file, Files.readAllBytes(file), InformationFile.class);
      read.curve();
      return read;
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /** Writes the file of a directory, whole or not at all. */
  public void write(Path directory) throws IOException {
    AtomicFiles.write(directory.resolve(NAME), ModelConfig.JSON.writeValueAsString(this) + "\n");
  }
}
