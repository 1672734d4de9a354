package io.github.dllm4j.eval.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.dllm4j.engine.TextGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What the README says works as it stands there. */
class ReadmeTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final String CUDA = "DLLM_MAVEN_ARGS=-Pcuda ";
  private static final Set<String> FILE_OPTIONS =
      Set.of("--corpus", "--out", "--model", "--tokenizer");
  private static final boolean HAS_MODEL =
      TextGenerator.class.getResource("/io/github/dllm4j/engine/bundled/config.json") != null;

  @TempDir private Path folder;

  @Test
  void isShortAndOpensWithTheTwoCommands() throws IOException {
    assertTrue(readme().lines().count() < 100, "under 100 lines");
    assertEquals(
        "./dllm generate --prompt \"In the beginning\"\nmvn verify\n", blocks("sh").get(0));
    assertTrue(readme().startsWith("# dllm4j\n\n```sh\n./dllm generate"), "opens with them");
  }

  @Test
  void theTestCommandIsTheOneOfCi() throws IOException {
    Path ci = ROOT.resolve(".ci/run");
    assertTrue(Files.isExecutable(ci));
    List<String> lines = Files.readAllLines(ci);
    assertEquals("exec mvn -B verify < /dev/null", lines.get(lines.size() - 1));
  }

  @Test
  void linksLeadSomewhere() throws IOException {
    Matcher links = Pattern.compile("]\\((?!https?:)([^)#]+)").matcher(readme());
    List<String> targets = new ArrayList<>();
    while (links.find()) {
      targets.add(links.group(1));
      assertTrue(Files.exists(ROOT.resolve(links.group(1))), links.group(1));
    }
    assertTrue(targets.contains("LICENSE"), targets.toString());
  }

  /**
   * Every command of every shell block, in order, in one folder; files of the README's are there.
   */
  @TestFactory
  Stream<DynamicTest> everyCommandRuns() throws IOException {
    Files.copy(ROOT.resolve("LICENSE"), folder.resolve("LICENSE"));
    return blocks("sh").stream()
        .flatMap(String::lines)
        .map(line -> line.replaceFirst("\\s+# .*", ""))
        .filter(line -> !line.equals("mvn verify"))
        .map(line -> dynamicTest(line, () -> check(line)));
  }

  private void check(String line) throws IOException {
    boolean cuda = line.startsWith(CUDA);
    String command = cuda ? line.substring(CUDA.length()) : line;
    assertTrue(command.startsWith("./dllm "), "a command this test does not know: " + line);
    List<String> words = words(command.substring("./dllm ".length()));
    boolean needsModel =
        Set.of("generate", "inspect", "evaluate").contains(words.get(0))
            && !words.contains("--model");
    assumeTrue(HAS_MODEL || !needsModel, "this build has no bundled model");

    Dllm run = Dllm.run(words.stream().toArray(String[]::new));
    if (cuda) {
      String pom = Files.readString(ROOT.resolve("engine/pom.xml"));
      assertTrue(pom.contains("<id>cuda</id>"), "the profile");
      if (run.code() != 0) {
        assertEquals(2, run.code(), run.err());
        assertTrue(run.err().contains("device cuda:0 is not here"), run.err());
        return;
      }
    }
    assertEquals(0, run.code(), run.err());
    assertFalse(run.out().isBlank(), line);
    if (words.contains("--json")) {
      assertTrue(isJson(run.out()), run.out());
    } else {
      keptText(words).forEach(part -> assertTrue(run.out().contains(part), run.out()));
    }
  }

  /** What has to be in a generated text: the prompt, or the template outside its holes. */
  private static List<String> keptText(List<String> words) {
    int at = Math.max(words.indexOf("--prompt"), words.indexOf("--template"));
    return at < 0 ? List.of() : List.of(words.get(at + 1).split("\\{\\d+\\}", -1));
  }

  private static boolean isJson(String text) {
    try {
      return Json.MAPPER.readTree(text).isObject();
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  /** The Java block compiles; where there is a bundled model, it prints what it promises. */
  @Test
  void theJavaProgramRuns() throws Exception {
    String block = blocks("java").get(0);
    List<String> imports = block.lines().filter(line -> line.startsWith("import ")).toList();
    List<String> body = block.lines().filter(line -> !line.startsWith("import ")).toList();
    String program =
        String.format(
            Locale.ROOT,
            "%s%npublic class Snippet { public static void main(String[] a) throws Exception {%n%s%n}}",
            String.join("\n", imports),
            String.join("\n", body));
    Path source = Files.writeString(folder.resolve("Snippet.java"), program);
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    ByteArrayOutputStream messages = new ByteArrayOutputStream();
    int failed =
        ToolProvider.getSystemJavaCompiler()
            .run(null, messages, messages, "-cp", path, source.toString());
    assertEquals(0, failed, messages.toString(StandardCharsets.UTF_8));

    assumeTrue(HAS_MODEL, "compiled; not run: this build has no bundled model");
    PrintStream before = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()});
        PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
      System.setOut(out);
      loader
          .loadClass("Snippet")
          .getMethod("main", String[].class)
          .invoke(null, (Object) new String[0]);
    } finally {
      System.setOut(before);
    }
    String text = printed.toString(StandardCharsets.UTF_8);
    assertTrue(text.startsWith("In the beginning"), text);
  }

  /** The words of a command; files that options name are in this test's folder. */
  private List<String> words(String command) {
    List<String> words = new ArrayList<>();
    Matcher word = Pattern.compile("\"([^\"]*)\"|(\\S+)").matcher(command);
    while (word.find()) {
      String text = word.group(1) != null ? word.group(1) : word.group(2);
      boolean file =
          !words.isEmpty()
              && FILE_OPTIONS.contains(words.get(words.size() - 1))
              && !text.equals("bundled");
      words.add(file ? folder.resolve(text).toString() : text);
    }
    return words;
  }

  private static List<String> blocks(String language) throws IOException {
    return Pattern.compile("^```" + language + "\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL)
        .matcher(readme())
        .results()
        .map(match -> match.group(1))
        .toList();
  }

  private static String readme() throws IOException {
    return Files.readString(ROOT.resolve("README.md"));
  }
}
