package io.github.dllm4j.eval.steps;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A table of a report.
 *
 * @param key its name in files
 * @param title above it
 * @param columns in order
 * @param rows in order
 */
public record Table(String key, String title, List<Column> columns, List<Row> rows) {

  /** Copies the lists. */
  public Table {
    columns = List.copyOf(columns);
    rows = List.copyOf(rows);
  }

  /** Comma-separated values below comments that say where they come from. */
  String csv(Map<String, String> provenance) {
    StringBuilder csv = new StringBuilder();
    provenance.forEach(
        (name, value) ->
            csv.append("# ").append(name).append(": ").append(oneLine(value)).append('\n'));
    List<String> keys = keys();
    csv.append(String.join(",", keys)).append('\n');
    for (Row row : rows) {
      csv.append(String.join(",", keys.stream().map(key -> quoted(row.text(key))).toList()))
          .append('\n');
    }
    return csv.toString();
  }

  private List<String> keys() {
    List<String> keys = new ArrayList<>();
    for (Column column : columns) {
      keys.add(column.key());
      if (column.kind() == Column.Kind.MEASURE) {
        keys.add(column.low());
        keys.add(column.high());
      }
    }
    return keys;
  }

  private static String oneLine(String value) {
    return value.replaceAll("\\R", " ");
  }

  private static String quoted(String value) {
    return value.matches("[^,\"\\r\\n]*") ? value : '"' + value.replace("\"", "\"\"") + '"';
  }
}
