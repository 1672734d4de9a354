package io.github.dllm4j.eval.cli;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.dllm4j.tokenizer.AtomicFiles;
import io.github.dllm4j.tokenizer.JsonErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What {@code evaluate --out} keeps: where the numbers come from, those of every block so far, and
 * the result once all are there. Written whole or not at all, at the beginning, some times a
 * second, and at the end, so that a run that was killed can go on; as doubles are written to the
 * last bit and every block is a draw of its own, it then ends with the numbers of an undisturbed
 * run.
 */
final class EvaluationFile {
  /** What may differ between a run and its continuation. */
  private static final List<String> FREE = List.of("command", "model", "corpus");

  private static final double SECONDS = 0.1;
  private static final int LARGEST_FILE = 512 << 20;

  private final Path file;
  private final Map<String, String> provenance;
  private final double[] nats;
  private int done;
  private long written;
  private long cost;

  /**
   * The document.
   *
   * @param provenance all that the numbers depend on, and the command, by name
   * @param complete whether all blocks are there
   * @param blocks how many there are
   * @param natsOfBlocks of those done, in order, [done]
   * @param result the command's own document, empty until complete; null of what is not known
   */
  private record Document(
      Map<String, String> provenance,
      boolean complete,
      int blocks,
      double[] natsOfBlocks,
      @JsonSetter(contentNulls = Nulls.SET) Map<String, Object> result) {}

  private EvaluationFile(Path file, Map<String, String> provenance, double[] nats, int done) {
    this.file = file;
    this.provenance = provenance;
    this.nats = nats;
    this.done = done;
  }

  /**
   * Begins a file, or goes on with one.
   *
   * @param provenance of the run that asks
   * @param blocks of the run
   * @throws IllegalArgumentException if the file is there and resume is false, or is not there, or
   *     is of another run, and resume is true
   */
  static EvaluationFile of(Path file, boolean resume, Map<String, String> provenance, int blocks)
      throws IOException {
    if (!resume) {
      if (Files.exists(file)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "--out %s is already there: give --resume or another file", file));
      }
      EvaluationFile begun = new EvaluationFile(file, provenance, new double[blocks], 0);
      begun.write(Map.of());
      return begun;
    }
    Document stored = read(file);
    requireSame(stored, provenance, blocks);
    double[] nats = Arrays.copyOf(stored.natsOfBlocks, blocks);
    Map<String, String> kept = new LinkedHashMap<>(provenance);
    kept.putAll(stored.provenance);
    return new EvaluationFile(file, kept, nats, stored.natsOfBlocks.length);
  }

  private static Document read(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException("--resume: no file " + file);
    }
    if (Files.size(file) > LARGEST_FILE) {
      throw new IOException(file + " is larger than a file of dllm evaluate can be");
    }
    try {
      return Json.read(file, Document.class);
    } catch (JsonProcessingException e) {
      throw new IOException(file + " is not of dllm evaluate: " + JsonErrors.reason(e), e);
    }
  }

  private static void requireSame(Document stored, Map<String, String> provenance, int blocks) {
    Set<String> names = new TreeSet<>(stored.provenance.keySet());
    names.addAll(provenance.keySet());
    for (String name : names) {
      String before = stored.provenance.getOrDefault(name, "absent");
      String now = provenance.getOrDefault(name, "absent");
      if (!FREE.contains(name) && !before.equals(now)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "--resume: %s must be %s as the run began, got %s",
                name,
                before,
                now));
      }
    }
    if (stored.blocks != blocks || stored.natsOfBlocks.length > blocks) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "--resume: the run has %d blocks, got %d", stored.blocks, blocks));
    }
  }

  /** How many blocks are done. */
  int done() {
    return done;
  }

  /** The nats of the blocks, those not done 0; [blocks], a copy. */
  double[] nats() {
    return nats.clone();
  }

  /** Takes the next block's nats, and writes if it is time. */
  void add(double blockNats) throws IOException {
    nats[done++] = blockNats;
    // Rarer where writing itself takes long.
    if (System.nanoTime() - written > Math.max(SECONDS * 1e9, 20.0 * cost)) {
      write(Map.of());
    }
  }

  /** Writes the result. */
  void finish(Map<String, Object> result) throws IOException {
    write(result);
  }

  private void write(Map<String, Object> result) throws IOException {
    long began = System.nanoTime();
    Document document =
        new Document(provenance, !result.isEmpty(), nats.length, Arrays.copyOf(nats, done), result);
    AtomicFiles.write(file, Json.text(document) + "\n");
    written = System.nanoTime();
    cost = written - began;
  }
}
