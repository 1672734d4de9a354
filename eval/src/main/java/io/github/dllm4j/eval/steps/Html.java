package io.github.dllm4j.eval.steps;

import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** A report as one HTML file that needs no other: the picture is inside, there are no scripts. */
final class Html {
  private static final String STYLE =
      """
      body { font: 15px/1.45 system-ui, sans-serif; color: #222; margin: 2em auto; max-width: 1280px; padding: 0 1em; }
      h1 { font-size: 1.6em; } h2 { font-size: 1.2em; margin-top: 2em; } h3 { font-size: 1em; }
      img { width: 100%; height: auto; }
      .scroll { overflow-x: auto; }
      table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
      th, td { padding: 3px 9px; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top; }
      th { border-bottom: 2px solid #888; font-weight: 600; }
      td.text, th.text { text-align: left; }
      td:first-child { white-space: nowrap; }
      td span { color: #555; white-space: nowrap; display: block; font-size: 11px; }
      dt { font-weight: 600; margin-top: .5em; } dd { margin-left: 1.5em; }
      code { overflow-wrap: anywhere; }
      tr.reference td { background: #f4f4f4; }
      @media print {
        @page { size: A4 landscape; margin: 10mm; }
        body { margin: 0; max-width: none; font-size: 11px; }
        table { font-size: 8px; } td span { font-size: 7px; } th, td { padding: 2px 3px; }
        .scroll { overflow: visible; }
        thead { display: table-header-group; } tr, img { break-inside: avoid; }
      }
      """;

  /** The column that says what a row is if it is not one of the samplers. */
  static final String REFERENCE = "reference";

  private Html() {}

  static String page(
      String title,
      Map<String, String> provenance,
      List<Table> tables,
      List<String> notes,
      byte[] png) {
    StringBuilder html = new StringBuilder();
    html.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width\">\n<title>")
        .append(escape(title))
        .append("</title>\n<style>\n")
        .append(STYLE)
        .append("</style>\n</head>\n<body>\n<h1>")
        .append(escape(title))
        .append("</h1>\n");
    for (String note : notes) {
      html.append("<p>").append(escape(note)).append("</p>\n");
    }
    html.append("<img alt=\"The diagrams of this report, whose numbers are in the tables below\" ")
        .append("src=\"data:image/png;base64,")
        .append(Base64.getEncoder().encodeToString(png))
        .append("\">\n");
    tables.forEach(table -> table(html, table));
    definitions(html, tables);
    html.append("<h2>Where this comes from</h2>\n<table>\n");
    provenance.forEach(
        (name, value) ->
            html.append("<tr><td class=\"text\">")
                .append(escape(name))
                .append("</td><td class=\"text\"><code>")
                .append(escape(value))
                .append("</code></td></tr>\n"));
    return html.append("</table>\n</body>\n</html>\n").toString();
  }

  private static void table(StringBuilder html, Table table) {
    if (table.rows().isEmpty()) {
      return;
    }
    List<Column> columns =
        table.columns().stream()
            .filter(c -> table.rows().stream().anyMatch(row -> row.get(c.key()).isPresent()))
            .toList();
    html.append("<h2>").append(escape(table.title())).append("</h2>\n");
    html.append("<div class=\"scroll\"><table>\n<thead><tr>");
    for (Column column : columns) {
      html.append(column.kind() == Column.Kind.TEXT ? "<th class=\"text\">" : "<th>")
          .append(escape(column.heading()))
          .append("</th>");
    }
    html.append("</tr></thead>\n<tbody>\n");
    for (Row row : table.rows()) {
      html.append(row.text(REFERENCE).isEmpty() ? "<tr>" : "<tr class=\"reference\">");
      for (Column column : columns) {
        html.append(column.kind() == Column.Kind.TEXT ? "<td class=\"text\">" : "<td>")
            .append(cell(row, column))
            .append("</td>");
      }
      html.append("</tr>\n");
    }
    html.append("</tbody>\n</table></div>\n");
  }

  private static String cell(Row row, Column column) {
    if (row.get(column.key()).isEmpty()) {
      return "";
    }
    if (column.kind() == Column.Kind.TEXT) {
      return escape(row.text(column.key()));
    }
    String value = shown(row.number(column.key()));
    boolean wide = row.number(column.low()) < row.number(column.high()); // false without interval
    return column.kind() == Column.Kind.MEASURE && wide
        ? String.format(
            Locale.ROOT,
            "%s<span>%s to %s</span>",
            value,
            shown(row.number(column.low())),
            shown(row.number(column.high())))
        : value;
  }

  /** Four significant digits. */
  static String shown(double value) {
    if (Double.isInfinite(value)) {
      return value > 0 ? "∞" : "−∞";
    }
    double size = Math.abs(value);
    if (value == Math.rint(value) && size < 1e6) {
      return String.format(Locale.ROOT, "%.0f", value);
    }
    if (size < 1e-4 || size >= 1e6) {
      return String.format(Locale.ROOT, "%.2e", value);
    }
    int digits = (int) Math.max(0, 3 - Math.floor(Math.log10(size)));
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }

  private static void definitions(StringBuilder html, List<Table> tables) {
    html.append("<h2>What the columns mean</h2>\n")
        .append(
            "<p>An empty cell is not defined for its row. A second line is a 95 % interval.</p>\n");
    Set<Column> defined = new HashSet<>();
    for (Table table : tables) {
      List<Column> columns =
          table.rows().isEmpty()
              ? List.of()
              : table.columns().stream().filter(defined::add).toList();
      if (!columns.isEmpty()) {
        html.append("<h3>").append(escape(table.title())).append("</h3>\n<dl>\n");
        columns.forEach(column -> define(html, column));
        html.append("</dl>\n");
      }
    }
  }

  private static void define(StringBuilder html, Column column) {
    html.append("<dt>")
        .append(escape(column.heading()))
        .append(" <code>")
        .append(escape(column.key()))
        .append("</code></dt><dd>")
        .append(escape(column.meaning()))
        .append(column.kind() == Column.Kind.TIME ? " Differs between runs." : "")
        .append("</dd>\n");
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
