package io.github.dllm4j.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The programs of docs/examples are short, compile as they stand, and do what they say. */
class ExamplesTest {
  private static final Path EXAMPLES = Path.of("..", "docs", "examples");

  @TempDir private Path folder;

  @Test
  void allAreShortAndTested() throws Exception {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      List<Path> all = files.sorted().toList();
      assertEquals(
          List.of("Editor.java", "FormFiller.java", "ToolLoop.java"),
          all.stream().map(file -> file.getFileName().toString()).toList());
      for (Path file : all) {
        assertTrue(Files.readAllLines(file).size() < 60, file + " must be under 60 lines");
      }
    }
  }

  @Test
  void theFormFillerFillsForms() throws Exception {
    List<String> lines = run("FormFiller").lines().toList();
    assertEquals(3, lines.size());
    for (String line : lines) {
      assertTrue(line.matches("(Noah|Moses|Sarah) is [1-9][0-9]{0,2}"), line);
    }
  }

  @Test
  void theLoopCallsToolsAndAnswers() throws Exception {
    String out = run("ToolLoop");
    assertTrue(out.startsWith("USER How many beasts"), out);
    assertTrue(
        out.matches("(?s).*ASSISTANT \\{\"name\":\"(add|count)\",.*TOOL \\d+\n.*TOOL \\d+\n.*"),
        out);
    assertTrue(out.lastIndexOf("ASSISTANT ") > out.lastIndexOf("TOOL "), out);
  }

  @Test
  void theEditorKeepsWhatItShould() throws Exception {
    List<String> lines = run("Editor").lines().toList();
    String out = String.join("\n", lines);
    assertTrue(out.startsWith("And the "), out);
    assertTrue(out.contains(" of the LORD came upon him."), out);
    assertTrue(out.contains("And it came to pass, that "), out);
    assertTrue(out.contains(" went forth., score="), out);
    String[] scores =
        out.replaceAll("(?s).*\\n([0-9.]+) -> Edit.*?score=([0-9.]+).*", "$1 $2").split(" ", -1);
    assertTrue(Double.parseDouble(scores[1]) >= Double.parseDouble(scores[0]), out);
  }

  /** Compiles an example and returns what it prints. */
  private String run(String name) throws Exception {
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    int code =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "-cp",
                path,
                "-d",
                folder.toString(),
                EXAMPLES.resolve(name + ".java").toString());
    assertEquals(0, code, name + " must compile");
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      loader.loadClass(name).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
    } finally {
      System.setOut(before);
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
