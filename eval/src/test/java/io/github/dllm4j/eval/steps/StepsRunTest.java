package io.github.dllm4j.eval.steps;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.eval.plot.Panel;
import io.github.dllm4j.eval.plot.Panel.Curve;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Runs that are killed half way and go on, and the files they leave. */
class StepsRunTest {
  private static final Map<String, String> SETTINGS = Map.of("seed", "7");

  @TempDir Path folder;

  /** Five cells of awkward values; computing the cell {@code killed} fails. */
  private record Awkward(int killed) implements Study {

    @Override
    public String title() {
      return "Tom & <b>Jerry</b>";
    }

    @Override
    public List<Column> columns() {
      return List.of(
          Column.text("name", "name", "A \"name\", quoted."),
          Column.count("count", "count", "A count."),
          Column.measure("value", "value", "A value."));
    }

    @Override
    public List<String> cells() {
      return List.of("a", "b", "c", "d", "e");
    }

    @Override
    public Row compute(int cell) {
      if (cell == killed) {
        throw new IllegalStateException("killed");
      }
      return new Row()
          .with("name", "x, \"" + cell + "\"")
          .with("count", (long) cell)
          .with("value", cell == 3 ? Double.POSITIVE_INFINITY : Math.sqrt(cell + 1))
          .with("value_low", cell == 2 ? Double.NaN : 1 / 3.0);
    }

    @Override
    public Findings findings(List<Row> rows) {
      double[] x = rows.stream().mapToDouble(row -> row.number("count")).toArray();
      double[] y = rows.stream().mapToDouble(row -> row.number("value")).toArray();
      return new Findings(
          List.of(new Table("more", "More", columns(), rows.subList(0, 1))),
          List.of(new Panel("p", "x", "y", true, true, List.of(Curve.of("values", x, y)))),
          List.of("5 > 4"));
    }
  }

  private void run(int killed, String name, boolean resume) throws IOException {
    new StepsRun(new Awkward(killed), SETTINGS, "dllm steps --out x", folder.resolve(name))
        .run(resume, line -> {});
  }

  @Test
  void aRunThatWasKilledLeavesTheSameFiles() throws IOException {
    run(-1, "whole", false);
    for (int killed : List.of(1, 4)) {
      assertThrows(IllegalStateException.class, () -> run(killed, "half" + killed, false));
      String kept = Files.readString(folder.resolve("half" + killed + "/steps.json"));
      assertTrue(kept.contains("\"complete\" : false"), kept);
      run(-1, "half" + killed, true);
      for (String file : List.of("steps.csv", "steps.json", "steps.png", "report.html")) {
        assertArrayEquals(
            Files.readAllBytes(folder.resolve("whole").resolve(file)),
            Files.readAllBytes(folder.resolve("half" + killed).resolve(file)),
            file);
      }
    }
  }

  /** Only what is missing is computed: every cell of the second run would fail. */
  @Test
  void aCompleteRunIsOnlyWrittenAnew() throws IOException {
    run(-1, "whole", false);
    byte[] before = Files.readAllBytes(folder.resolve("whole/report.html"));
    for (int cell : IntStream.range(0, 5).toArray()) {
      run(cell, "whole", true);
    }
    assertArrayEquals(before, Files.readAllBytes(folder.resolve("whole/report.html")));
  }

  @Test
  void anotherRunIsNotResumed() throws IOException {
    run(-1, "whole", false);
    assertEquals(
        "--out "
            + folder.resolve("whole")
            + " already holds a run: give --resume or another folder",
        refusal(() -> run(-1, "whole", false)));
    assertTrue(refusal(() -> run(-1, "none", true)).startsWith("--resume: no steps.json"));
    StepsRun other =
        new StepsRun(new Awkward(-1), Map.of("seed", "8"), "dllm", folder.resolve("whole"));
    assertEquals(
        "--resume: seed must be 7 as the run began, got 8",
        refusal(() -> other.run(true, line -> {})));
    StepsRun fewer = new StepsRun(new Awkward(-1), Map.of(), "dllm", folder.resolve("whole"));
    assertTrue(refusal(() -> fewer.run(true, line -> {})).endsWith("other options: seed"));
    Files.writeString(folder.resolve("whole/steps.json"), "{\"rows\": 3}");
    IOException unsound = assertThrows(IOException.class, () -> run(-1, "whole", true));
    assertTrue(String.valueOf(unsound.getMessage()).endsWith("is not a report of dllm steps"));
  }

  private static String refusal(Executable run) {
    return String.valueOf(assertThrows(IllegalArgumentException.class, run).getMessage());
  }

  @Test
  void filesSayWhereTheyComeFromAndEscapeWhatTheyHold() throws IOException {
    run(-1, "whole", false);
    List<String> csv = Files.readAllLines(folder.resolve("whole/steps.csv"));
    assertEquals("# command: dllm steps --out x", csv.get(0));
    assertEquals("# seed: 7", csv.get(1));
    assertEquals("name,count,value,value_low,value_high", csv.get(2));
    assertEquals("\"x, \"\"0\"\"\",0,1.0,0.3333333333333333,", csv.get(3));
    assertEquals("\"x, \"\"3\"\"\",3,Infinity,0.3333333333333333,", csv.get(6));
    String html = Files.readString(folder.resolve("whole/report.html"));
    assertTrue(html.contains("<h1>Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;</h1>"));
    assertTrue(html.contains("<p>5 &gt; 4</p>"));
    assertTrue(html.contains("A &quot;name&quot;, quoted."));
    assertTrue(html.contains("src=\"data:image/png;base64,"));
    assertTrue(html.contains("<code>dllm steps --out x</code>"));
    assertFalse(html.contains("<script"));
    assertFalse(html.matches("(?s).*(src|href)=\"(?!data:).*"));
    assertFalse(html.contains("url("));
    assertFalse(html.contains("@import"));
  }

  @Test
  void numbersAreShownWithFourDigits() {
    assertEquals("3", Html.shown(3));
    assertEquals("0.03142", Html.shown(0.0314159));
    assertEquals("31.42", Html.shown(31.4159));
    assertEquals("12345", Html.shown(12345.4));
    assertEquals("1.23e-05", Html.shown(1.2345e-5));
    assertEquals("∞", Html.shown(Double.POSITIVE_INFINITY));
  }
}
