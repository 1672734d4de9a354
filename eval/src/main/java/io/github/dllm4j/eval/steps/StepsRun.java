package io.github.dllm4j.eval.steps;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.dllm4j.eval.plot.Panels;
import io.github.dllm4j.tokenizer.AtomicFiles;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Runs a study into a folder: {@code steps.json}, written after every cell so that a run that was
 * killed can go on, then {@code steps.csv}, {@code steps.png} and {@code report.html}. A resumed
 * run leaves the same files as one that was not killed, but for the columns of times.
 *
 * @param study what is measured
 * @param settings all that its rows depend on, by name; a run goes on only if they are the same
 * @param command as the user gave it
 * @param folder is made if it is not there
 */
public record StepsRun(Study study, Map<String, String> settings, String command, Path folder) {
  /** The file that holds everything. */
  public static final String NAME = "steps.json";

  private static final int LARGEST_FILE = 256 << 20;
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  /** What steps.json says of a run. */
  private record Stored(Map<String, String> provenance, List<Row> rows) {}

  /**
   * Computes what is not there yet and writes the report.
   *
   * @param resume whether to go on with what the folder holds
   * @param progress is told what is being computed, in one line
   * @throws IllegalArgumentException if the folder holds a run and resume is false, or holds none
   *     or another run and resume is true
   * @throws IOException if files cannot be read or written
   */
  public void run(boolean resume, Consumer<String> progress) throws IOException {
    Map<String, String> provenance = new LinkedHashMap<>();
    provenance.put("command", command);
    provenance.putAll(settings);
    List<Row> rows = new ArrayList<>();
    Path file = folder.resolve(NAME);
    if (resume) {
      Stored stored = stored(file);
      rows.addAll(stored.rows);
      provenance.put("command", stored.provenance.getOrDefault("command", command));
    } else if (Files.exists(file)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--out %s already holds a run: give --resume or another folder",
              folder));
    }
    Files.createDirectories(folder);
    List<String> cells = study.cells();
    for (int cell = rows.size(); cell < cells.size(); cell++) {
      progress.accept(
          String.format(Locale.ROOT, "%d of %d: %s", cell + 1, cells.size(), cells.get(cell)));
      rows.add(study.compute(cell));
      AtomicFiles.write(file, json(provenance, rows, List.of(), false));
    }
    report(provenance, rows);
  }

  private void report(Map<String, String> provenance, List<Row> rows) throws IOException {
    Table table = new Table("rows", "Every cell", study.columns(), rows);
    Findings findings = study.findings(rows);
    byte[] png = Panels.png(findings.panels(), footer(provenance));
    AtomicFiles.write(folder.resolve("steps.csv"), table.csv(provenance));
    AtomicFiles.write(folder.resolve("steps.png"), png);
    List<Table> parts = new ArrayList<>();
    for (Table part : findings.tables()) {
      parts.addAll(part.columns().equals(table.columns()) ? study.parts(part) : List.of(part));
    }
    parts.addAll(study.parts(table));
    AtomicFiles.write(
        folder.resolve("report.html"),
        Html.page(study.title(), provenance, parts, findings.notes(), png));
    AtomicFiles.write(folder.resolve(NAME), json(provenance, rows, findings.tables(), true));
  }

  private static String footer(Map<String, String> provenance) {
    List<String> parts = new ArrayList<>();
    provenance.forEach(
        (name, value) -> {
          if (!name.equals("command")) {
            parts.add(
                name + " " + (value.matches("[0-9a-f]{64}") ? value.substring(0, 12) : value));
          }
        });
    return String.join(" · ", parts);
  }

  private String json(
      Map<String, String> provenance, List<Row> rows, List<Table> tables, boolean complete) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("title", study.title());
    document.put("complete", complete);
    document.put("provenance", provenance);
    Map<String, String> meanings = new LinkedHashMap<>();
    study.columns().forEach(column -> meanings.put(column.key(), column.meaning()));
    document.put("columns", meanings);
    document.put("rows", rows.stream().map(Row::values).toList());
    Map<String, Object> others = new LinkedHashMap<>();
    tables.forEach(t -> others.put(t.key(), t.rows().stream().map(Row::values).toList()));
    document.put("tables", others);
    try {
      return JSON.writeValueAsString(document) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private Stored stored(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException("--resume: no " + NAME + " in " + folder);
    }
    if (Files.size(file) > LARGEST_FILE) {
      throw new IOException(file + " is larger than a report can be");
    }
    Stored stored;
    try {
      Map<String, Object> document =
          JSON.readValue(Files.readString(file), new TypeReference<Map<String, Object>>() {});
      stored =
          new Stored(
              JSON.convertValue(
                  document.get("provenance"), new TypeReference<Map<String, String>>() {}),
              JSON
                  .convertValue(
                      document.get("rows"), new TypeReference<List<Map<String, Object>>>() {})
                  .stream()
                  .map(Row::of)
                  .toList());
    } catch (JsonProcessingException
        | CharacterCodingException
        | IllegalArgumentException
        | NullPointerException e) {
      throw new IOException(file + " is not a report of dllm steps", e);
    }
    requireSame(stored);
    return stored;
  }

  private void requireSame(Stored stored) {
    Map<String, String> before = new LinkedHashMap<>(stored.provenance);
    before.remove("command");
    for (String name : settings.keySet()) {
      String old = before.remove(name);
      if (!settings.get(name).equals(old)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "--resume: %s must be %s as the run began, got %s",
                name,
                old == null ? "absent" : old,
                settings.get(name)));
      }
    }
    if (!before.isEmpty() || stored.rows.size() > study.cells().size()) {
      throw new IllegalArgumentException(
          "--resume: the run began with other options: " + String.join(", ", before.keySet()));
    }
  }
}
