package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.train.TrainingListener.Progress;
import io.github.dllm4j.engine.train.TrainingListener.Validation;
import io.github.dllm4j.tokenizer.AtomicFiles;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The log of a run, {@code training-log.csv}: a row per ten steps with the mean loss over them, and
 * a row per validation. Rows beyond the checkpoint that a run resumes from are cut off.
 */
final class TrainingLog implements AutoCloseable {
  private static final String HEADER =
      "step,tokens,seconds,loss,gradient_norm,learning_rate,validation_nats_per_token,"
          + "validation_standard_error,bits_per_character";
  private static final int EVERY = 10;

  /**
   * A row: the loss is NaN where it is a validation, the validation where it is not; nats per
   * token.
   */
  record Row(int step, double loss, double validation) {}

  private final Path file;
  private final List<String> lines = new ArrayList<>();
  private final List<Row> rows = new ArrayList<>();
  private @Nullable BufferedWriter writer;
  private double lossSum;
  private int lossCount;
  private int lastStep;

  TrainingLog(Path directory, boolean resume) throws IOException {
    this.file = directory.resolve("training-log.csv");
    if (resume && Files.exists(file)) {
      List<String> old = readAllLines();
      lines.addAll(old.subList(Math.min(1, old.size()), old.size()));
    }
  }

  private List<String> readAllLines() throws IOException {
    try {
      return Files.readAllLines(file);
    } catch (CharacterCodingException e) {
      throw new IOException(file + " is not UTF-8 text", e);
    }
  }

  /** Opens the log with the rows up to a step. */
  void begin(int step) throws IOException {
    StringBuilder kept = new StringBuilder(HEADER + "\n");
    for (String line : lines) {
      String[] cells = line.split(",", -1);
      try {
        if (cells.length == 9 && Integer.parseInt(cells[0]) <= step) {
          rows.add(new Row(Integer.parseInt(cells[0]), number(cells[3]), number(cells[6])));
          kept.append(line).append('\n');
        }
      } catch (NumberFormatException e) {
        throw new IOException(file + " has a row that is not of numbers: " + line, e);
      }
    }
    AtomicFiles.write(file, kept.toString());
    writer = Files.newBufferedWriter(file, StandardOpenOption.APPEND);
    lastStep = step;
  }

  private static double number(String cell) {
    return cell.isEmpty() ? Double.NaN : Double.parseDouble(cell);
  }

  void step(Progress p, double learningRate) {
    lastStep = p.step();
    lossSum += p.loss();
    lossCount++;
    if (p.step() % EVERY == 0) {
      double loss = lossSum / lossCount;
      lossSum = 0;
      lossCount = 0;
      rows.add(new Row(p.step(), loss, Double.NaN));
      write(
          String.format(
              Locale.ROOT,
              "%d,%d,%.2f,%.6f,%.5f,%.4e,,,",
              p.step(),
              p.tokens(),
              p.seconds(),
              loss,
              p.gradientNorm(),
              learningRate));
    }
  }

  void validation(Validation v, double bitsPerCharacter) {
    rows.add(new Row(v.step(), Double.NaN, v.nats()));
    write(
        String.format(
            Locale.ROOT,
            "%d,,%.2f,,,,%.6f,%.6f,%.6f",
            v.step(),
            v.seconds(),
            v.nats(),
            v.standardError(),
            bitsPerCharacter));
  }

  private void write(String line) {
    BufferedWriter open = writer;
    if (open == null) {
      throw new IllegalStateException("the log is not open");
    }
    try {
      open.write(line + "\n");
      open.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
  }

  List<Row> rows() {
    return rows;
  }

  int lastStep() {
    return lastStep;
  }

  @Override
  public void close() {
    try {
      if (writer != null) {
        writer.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
  }
}
