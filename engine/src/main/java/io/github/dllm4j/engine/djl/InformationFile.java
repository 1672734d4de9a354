package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.info.CurveNodes;
import io.github.dllm4j.engine.info.CurveSample;
import io.github.dllm4j.engine.info.CurveStudy;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.Functional;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.tokenizer.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What {@code information.json} of a masking model's directory says: the model's curves on single
 * examples, which hold all that a planner needs, and what is read off them, nats per sequence. That
 * of a uniform model is a {@link DecayFile}.
 *
 * @param version of the form, {@value #VERSION}
 * @param process masking
 * @param length tokens of a sequence
 * @param nodes numbers of revealed tokens at which the curves were measured
 * @param crossEntropies nats per hidden token, to a hundred-thousandth, [examples][nodes]
 * @param entropies of the model's laws in the same places, as precise, [examples][nodes]
 * @param evaluations network evaluations that measuring took
 * @param functionals means over the examples by the names of {@link Functional}, derived from the
 *     cross-entropies
 * @param calibrationGap cross-entropy minus the model's own entropy, summed over the curve: above 0
 *     where the model is too sure
 */
public record InformationFile(
    int version,
    String process,
    int length,
    int[] nodes,
    List<double[]> crossEntropies,
    List<double[]> entropies,
    long evaluations,
    Map<String, Estimate> functionals,
    Estimate calibrationGap) {

  /** The name of the file. */
  public static final String NAME = "information.json";

  static final int VERSION = 2;
  private static final int LARGEST_FILE = 64 << 20;

  /** Checks what the file is. */
  public InformationFile {
    check(version, process, "masking");
  }

  static void check(int version, String process, String wanted) {
    if (version != VERSION || !process.equals(wanted)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "version and process must be %d and %s, got %d and %s",
              VERSION,
              wanted,
              version,
              process));
    }
  }

  /** What a study of a model says. */
  public static InformationFile of(CurveStudy study) {
    CurveSample sample = study.crossEntropy();
    CurveNodes nodes = sample.nodes();
    List<double[]> crosses = rounded(sample);
    CurveSample kept = CurveSample.of(sample.source(), nodes, crosses);
    Map<String, Estimate> functionals = new LinkedHashMap<>();
    for (Functional functional : Functional.values()) {
      functionals.put(functional.label(), kept.estimate(functional));
    }
    return new InformationFile(
        VERSION,
        "masking",
        nodes.length(),
        nodes.at(),
        crosses,
        rounded(study.entropy()),
        study.evaluations(),
        functionals,
        study.calibrationGap());
  }

  private static List<double[]> rounded(CurveSample sample) {
    List<double[]> curves = sample.values();
    for (double[] curve : curves) {
      for (int n = 0; n < curve.length; n++) {
        curve[n] = Math.rint(curve[n] * 1e5) / 1e5;
      }
    }
    return curves;
  }

  /**
   * The curves of the examples.
   *
   * @param blocks whether they are of a model that writes block after block
   */
  public CurveStudy study(boolean blocks) {
    CurveNodes at = new CurveNodes(length, nodes);
    return new CurveStudy(
        CurveSample.of(InformationCurve.Source.MODEL_CROSS_ENTROPY, at, crossEntropies, blocks),
        CurveSample.of(InformationCurve.Source.MODEL_ENTROPY, at, entropies, blocks),
        evaluations);
  }

  /**
   * Reads the file of a directory.
   *
   * @throws IOException in one line, if it is missing or unsound
   */
  public static InformationFile read(Path directory) throws IOException {
    InformationFile read = read(directory, InformationFile.class);
    try {
      read.study(false);
      return read;
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new IOException(directory.resolve(NAME) + ": " + e.getMessage(), e);
    }
  }

  static <T> T read(Path directory, Class<T> type) throws IOException {
    Path file = directory.resolve(NAME);
    if (!Files.isRegularFile(file)) {
      throw new IOException("nothing is known of the model's information: no file " + file);
    }
    try {
      return ModelConfig.parse(file, FolderFile.read(file, LARGEST_FILE), type);
    } catch (IOException e) {
      throw new IOException(
          e.getMessage() + " (dllm plan --model DIR --corpus F --save measures it anew)", e);
    }
  }

  /** Writes the file of a directory, whole or not at all. */
  public void write(Path directory) throws IOException {
    write(directory, this);
  }

  static void write(Path directory, Object content) throws IOException {
    AtomicFiles.write(
        directory.resolve(NAME),
        ModelConfig.JSON
                .writer()
                .without(com.fasterxml.jackson.databind.SerializationFeature.INDENT_OUTPUT)
                .writeValueAsString(content)
            + "\n");
  }
}
