package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.info.CurveNodes;
import io.github.dllm4j.engine.info.CurveSample;
import io.github.dllm4j.engine.info.CurveStudy;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.Functional;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.train.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code information.json} of a model directory says: the model's curves on single examples,
 * which hold all that a planner needs, and what is read off them, nats per sequence.
 *
 * @param source what the curves are
 * @param length tokens of a sequence
 * @param nodes numbers of revealed tokens at which the curves were measured
 * @param curves nats per hidden token, to a hundred-thousandth, [examples][nodes]
 * @param functionals means over the examples by the names of {@link Functional}, derived from the
 *     curves
 * @param calibrationGap cross-entropy minus the model's own entropy, summed over the curve: above 0
 *     where the model is too sure
 */
public record InformationFile(
    InformationCurve.Source source,
    int length,
    int[] nodes,
    List<double[]> curves,
    Map<String, Estimate> functionals,
    Estimate calibrationGap) {

  /** The name of the file. */
  public static final String NAME = "information.json";

  private static final int LARGEST_FILE = 64 << 20;

  /** What a study of a model says. */
  public static InformationFile of(CurveStudy study) {
    CurveSample sample = study.crossEntropy();
    List<double[]> rounded = sample.values();
    for (double[] curve : rounded) {
      for (int n = 0; n < curve.length; n++) {
        curve[n] = Math.rint(curve[n] * 1e5) / 1e5;
      }
    }
    CurveNodes nodes = sample.nodes();
    CurveSample kept = CurveSample.of(sample.source(), nodes, rounded);
    Map<String, Estimate> functionals = new LinkedHashMap<>();
    for (Functional functional : Functional.values()) {
      functionals.put(functional.label(), kept.estimate(functional));
    }
    return new InformationFile(
        sample.source(), nodes.length(), nodes.at(), rounded, functionals, study.calibrationGap());
  }

  /** The curves of the examples. */
  public CurveSample sample() {
    return CurveSample.of(source, new CurveNodes(length, nodes), curves);
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
      read.sample();
      return read;
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /** Writes the file of a directory, whole or not at all. */
  public void write(Path directory) throws IOException {
    AtomicFiles.write(
        directory.resolve(NAME),
        ModelConfig.JSON
                .writer()
                .without(com.fasterxml.jackson.databind.SerializationFeature.INDENT_OUTPUT)
                .writeValueAsString(this)
            + "\n");
  }
}
