package io.github.dllm4j.eval.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dllm4j.engine.djl.PyTorch;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The launcher {@code dllm}, copied into a small project of its own with a Maven that only notes
 * its arguments, so that nothing here touches the project's own build. Most tests also take a Java
 * that only prints its arguments; {@link #theRealProgram} and those after it run this project's
 * classes.
 */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
  private static final Path LAUNCHER = Path.of("..", "dllm").toAbsolutePath().normalize();
  private static final String FIRST = "building dllm4j (first use: downloads libraries)...\n";
  private static final String AGAIN = "building dllm4j...\n";
  private static final List<String> TOOLS =
      List.of("cat", "cp", "find", "ln", "mkdir", "mv", "readlink", "rm", "rmdir", "sed", "sleep");

  @TempDir private Path folder;
  private Path project;
  private Path tools;
  private Path output;
  private Path log;
  private final Map<String, String> environment = new HashMap<>();

  private record Run(int code, String out, String err) {}

  @BeforeEach
  void makeProject() throws IOException {
    project = Files.createDirectories(folder.resolve("my project (1)"));
    for (String module : List.of("tokenizer", "corpora", "engine", "eval")) {
      Files.createDirectories(project.resolve(module).resolve("src/main/java"));
      Files.createFile(project.resolve(module).resolve("pom.xml"));
    }
    Files.createFile(project.resolve("pom.xml"));
    Files.createFile(project.resolve("engine/src/main/java/Some.java"));
    Files.copy(LAUNCHER, project.resolve("dllm"));
    executable(project.resolve("dllm"));

    tools = Files.createDirectories(folder.resolve("tools"));
    for (String tool : TOOLS) {
      Files.createSymbolicLink(tools.resolve(tool), find(tool));
    }
    output = folder.resolve("built");
    Files.createDirectories(output.resolve("lib"));
    log = Files.createFile(folder.resolve("maven.log"));
    Files.createFile(output.resolve("dllm4j-eval.jar"));
    Files.createFile(output.resolve("lib").resolve("dllm4j-engine-0.1.0.jar"));
    script(
        tools.resolve("mvn"),
        "printf '%s|%s\\n' \"$PWD\" \"$*\" >> \"$TEST_LOG\"",
        "cat > /dev/null",
        "sleep \"${TEST_SLEEP:-0}\"",
        "if [ -n \"${TEST_FAIL:-}\" ]; then echo '[ERROR] broken'; exit 1; fi",
        "mkdir -p eval/target/lib",
        "cp \"$TEST_OUTPUT/dllm4j-eval.jar\" eval/target/",
        "for jar in \"$TEST_OUTPUT\"/lib/*; do ln -s -f \"$jar\" eval/target/lib/; done");
    environment.put("PATH", tools.toString());
    environment.put("TEST_LOG", log.toString());
    environment.put("TEST_OUTPUT", output.toString());
    environment.put("LC_ALL", "C");
    fakeJava("17.0.1");
  }

  /** JUnit warns of every link out of the folder that it has to delete itself. */
  @AfterEach
  void deleteLinks() throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      for (Path link : walk.filter(Files::isSymbolicLink).toList()) {
        Files.delete(link);
      }
    }
  }

  @Test
  void buildsOnceAndPassesEverythingOn() throws Exception {
    Run first = dllm("generate", "--prompt", "In the beginning", "");
    assertEquals(0, first.code, first.err);
    assertEquals(FIRST, first.err);
    assertEquals("[generate][--prompt][In the beginning][]\n", first.out);
    assertEquals(
        List.of(
            project.toRealPath()
                + "|-q -B -Dstyle.color=never -Dquick -Dmaven.test.skip=true package"),
        builds());

    Run second = dllm("--version");
    assertEquals(new Run(0, "[--version]\n", ""), second);
    assertEquals(1, builds().size());
  }

  @Test
  void theBuildLeavesStandardInputToTheCommand() throws Exception {
    Run run = finish(start(folder, project.resolve("dllm"), "cat"), "some text");
    assertEquals("[cat]\nsome text", run.out, run.err);
  }

  /**
   * A locale stays if its character set is UTF-8, whatever its name; else C.UTF-8 takes its place.
   */
  @ParameterizedTest
  @CsvSource({
    "UTF-8, xx_XX, xx_XX",
    "ANSI_X3.4-1968, de_DE.UTF-8, C.UTF-8",
    "none, de_DE.UTF-8, C.UTF-8"
  })
  void argumentsAreUtf8(String charset, String locale, String kept) throws Exception {
    if (!charset.equals("none")) {
      script(tools.resolve("locale"), "[ \"$1\" = charmap ] && echo " + charset);
    }
    environment.put("LC_ALL", locale);
    assertEquals("[locale]\n" + kept + "\n", dllm("locale").out);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pom.xml", "eval/pom.xml", "engine/src/main/java/Some.java"})
  void aChangedFileMeansABuild(String name) throws Exception {
    dllm("--version");
    Files.setLastModifiedTime(project.resolve(name), FileTime.from(Instant.now().plusMillis(50)));
    TimeUnit.MILLISECONDS.sleep(100);
    assertEquals(new Run(0, "[x]\n", AGAIN), dllm("x"));
    assertEquals(2, builds().size());
    assertEquals(new Run(0, "[x]\n", ""), dllm("x"));
  }

  @Test
  void aDeletedSourceMeansABuild() throws Exception {
    dllm("--version");
    Files.delete(project.resolve("engine/src/main/java/Some.java"));
    assertEquals(AGAIN, dllm("x").err);
    assertEquals("", dllm("x").err);
  }

  @Test
  void mavenArgumentsAreRemembered() throws Exception {
    environment.put("DLLM_MAVEN_ARGS", "-Pcuda -Dx=y");
    dllm("x");
    environment.remove("DLLM_MAVEN_ARGS");
    Files.delete(project.resolve("engine/src/main/java/Some.java"));
    dllm("x");
    dllm("x");
    environment.put("DLLM_MAVEN_ARGS", "");
    Files.createFile(project.resolve("eval/target/lib/old.jar"));
    dllm("x");
    environment.remove("DLLM_MAVEN_ARGS");
    dllm("x");
    String plain = "-q -B -Dstyle.color=never -Dquick -Dmaven.test.skip=true package";
    String cuda = "-q -B -Dstyle.color=never -Dquick -Dmaven.test.skip=true -Pcuda -Dx=y package";
    assertEquals(
        List.of(cuda, cuda, plain),
        builds().stream().map(line -> line.substring(line.indexOf('|') + 1)).toList());
    assertFalse(
        Files.exists(project.resolve("eval/target/lib/old.jar")),
        "other arguments mean other libraries");
  }

  @Test
  void aFailedBuildIsReportedAndTriedAgain() throws Exception {
    environment.put("TEST_FAIL", "yes");
    Run failed = dllm("x");
    assertEquals(new Run(1, "", FIRST + "[ERROR] broken\ndllm: the build failed\n"), failed);
    environment.remove("TEST_FAIL");
    assertEquals("[x]\n", dllm("x").out);
    assertEquals(2, builds().size());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void twoAtOnceBuildOnce(boolean withFlock) throws Exception {
    if (withFlock) {
      Optional<Path> flock = findAny("flock");
      assumeTrue(flock.isPresent(), "no flock here");
      Files.createSymbolicLink(tools.resolve("flock"), flock.get());
    }
    environment.put("TEST_SLEEP", "1");
    Process one = start(folder, project.resolve("dllm"), "one");
    Process two = start(folder, project.resolve("dllm"), "two");
    assertEquals("[one]\n", finish(one, "").out);
    assertEquals("[two]\n", finish(two, "").out);
    assertEquals(1, builds().size());
    assertFalse(Files.exists(project.resolve("target/dllm.lock.d")));
  }

  /** Without flock: the lock of a build that was killed does not stop the next one. */
  @Test
  void aDeadLockIsTakenOver() throws Exception {
    Process ended = new ProcessBuilder(find("cat").toString()).start();
    ended.getOutputStream().close();
    ended.waitFor();
    Path left = Files.createDirectories(project.resolve("target/dllm.lock.d"));
    Files.writeString(left.resolve("pid"), ended.pid() + "\n");
    assertEquals("[x]\n", dllm("x").out);
  }

  @Test
  void missingToolsAreNamedInOneLine() throws Exception {
    fakeJava("11.0.2");
    String java = environment.get("JAVA_HOME") + "/bin/java";
    assertEquals(
        new Run(1, "", "dllm: Java 17 or newer is needed, " + java + " is 11.0.2\n"), dllm("x"));
    fakeJava("1.8.0_292");
    assertEquals(1, dllm("x").code);
    fakeJava("21");
    Files.delete(tools.resolve("mvn"));
    assertEquals(new Run(1, "", "dllm: mvn is not here: install Maven, 3.8 or newer\n"), dllm("x"));
    Files.delete(Path.of(environment.get("JAVA_HOME"), "bin", "javac"));
    assertTrue(dllm("x").err.contains("/bin/javac is not here: install a JDK, not only a JRE"));
    environment.remove("JAVA_HOME");
    assertEquals(new Run(1, "", "dllm: java is not here: install a JDK, 17 or newer\n"), dllm("x"));
    assertEquals(List.of(), builds());
  }

  /**
   * This project's own classes, from another folder, through links to the file and to its folder.
   */
  @Test
  void theRealProgram() throws Exception {
    useRealProgram();
    Path elsewhere = Files.createDirectories(folder.resolve("else where"));
    Path link = elsewhere.resolve("a link");
    Files.createSymbolicLink(link, Path.of("..", "my project (1)", "dllm"));
    Path linked = folder.resolve("linked folder");
    Files.createSymbolicLink(linked, project);
    String version = PyTorch.versions() + "\n";

    assertEquals(new Run(0, version, FIRST), finish(start(elsewhere, link, "--version"), ""));
    assertTrue(Files.size(project.resolve("eval/target/dllm.jsa")) > 1_000_000);
    assertEquals(
        new Run(0, version, ""), finish(start(elsewhere, linked.resolve("dllm"), "--version"), ""));
    // Even in the C locale, arguments and messages are UTF-8.
    Run refused = finish(start(elsewhere, link, "--Größe"), "");
    assertEquals(2, refused.code);
    assertEquals("", refused.out);
    assertTrue(refused.err.contains("--Größe"), refused.err);
    environment.put("LC_ALL", "xx_XX.UTF-8"); // named, but not installed
    assertTrue(dllm("--Größe").err.contains("--Größe"));
    environment.put("DJL_CACHE_DIR", project.resolve("pom.xml").toString()); // no folder
    Run homeless = dllm("inspect");
    assertEquals(1, homeless.code);
    assertTrue(homeless.err.matches("dllm: .*DJL_CACHE_DIR.*\\R"), homeless.err);
    environment.remove("DJL_CACHE_DIR");
    // The heap is small unless the user says otherwise.
    environment.put("DLLM_JAVA_OPTS", "-XshowSettings:vm");
    assertTrue(dllm("--version").err.contains("Max. Heap Size: 512.00M"));
    environment.put("DLLM_JAVA_OPTS", "-XshowSettings:vm -Xmx64m");
    assertTrue(dllm("--version").err.contains("Max. Heap Size: 64.00M"));
    environment.put("DLLM_JAVA_OPTS", "-Xmx24m");
    Run small =
        dllm("evaluate", "--corpus", "bundled", "--part", "validation", "--baseline", "ngram:8");
    assertEquals(1, small.code);
    assertTrue(small.err.matches("dllm: out of memory .*DLLM_JAVA_OPTS=-Xmx4g\\R"), small.err);
  }

  @Test
  void worksWithoutAnArchiveOfClasses() throws Exception {
    useRealProgram();
    Path real = Path.of(environment.get("JAVA_HOME"), "bin", "java");
    fakeJava("17");
    script(
        Path.of(environment.get("JAVA_HOME"), "bin", "java"),
        "case \"$*\" in *-Xshare:dump*) exit 1 ;; esac",
        "exec '" + real + "' \"$@\"");
    String version = PyTorch.versions() + "\n";
    assertEquals(new Run(0, version, FIRST), dllm("--version"));
    assertFalse(Files.exists(project.resolve("eval/target/dllm.jsa")));
    assertEquals(new Run(0, version, ""), dllm("--version"));
  }

  private Run dllm(String... arguments) throws Exception {
    return finish(start(folder, project.resolve("dllm"), arguments), "");
  }

  private Process start(Path from, Path launcher, String... arguments) throws IOException {
    List<String> command =
        Stream.concat(Stream.of("/bin/sh", launcher.toString()), Stream.of(arguments)).toList();
    ProcessBuilder builder = new ProcessBuilder(command).directory(from.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static Run finish(Process process, String input) throws Exception {
    try (OutputStream in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // A command that reads nothing may end first.
      assertEquals("", input);
    }
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the launcher hangs");
    return new Run(process.exitValue(), out, err);
  }

  private List<String> builds() throws IOException {
    return Files.readAllLines(log);
  }

  /** A Java that says its version, and otherwise prints what follows the main class. */
  private void fakeJava(String version) throws IOException {
    Path home = folder.resolve("java " + version);
    Files.createDirectories(home.resolve("bin"));
    script(
        home.resolve("bin/java"),
        "if [ \"$*\" = -version ]; then echo 'openjdk version \"" + version + "\"' >&2; exit; fi",
        "while [ \"$1\" != io.github.dllm4j.eval.cli.Main ]; do shift; done",
        "shift",
        "printf '[%s]' \"$@\"",
        "echo",
        "if [ \"$1\" = cat ]; then cat; fi",
        "if [ \"$1\" = locale ]; then echo \"$LC_ALL\"; fi");
    script(home.resolve("bin/javac"), "exit 0");
    environment.put("JAVA_HOME", home.toString());
  }

  /** From here on the build yields this test's own class path, as jars, and Java is this one. */
  private void useRealProgram() throws IOException {
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    int number = 0;
    for (String entry : path.split(File.pathSeparator, -1)) {
      Path source = Path.of(entry);
      Path library = output.resolve("lib").resolve("dllm4j-" + number++ + ".jar");
      if (Files.isDirectory(source)) {
        jar(source, library);
      } else if (entry.endsWith(".jar")) {
        Files.createSymbolicLink(library, source);
      }
    }
    Files.delete(output.resolve("lib").resolve("dllm4j-engine-0.1.0.jar"));
    Path empty = Files.createDirectories(folder.resolve("empty"));
    jar(empty, output.resolve("dllm4j-eval.jar"));
  }

  private static void jar(Path source, Path target) throws IOException {
    try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(target));
        Stream<Path> walk = Files.walk(source)) {
      jar.putNextEntry(new JarEntry("META-INF/"));
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        jar.putNextEntry(new JarEntry(source.relativize(file).toString()));
        Files.copy(file, jar);
      }
    }
  }

  private static void script(Path file, String... lines) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
    executable(file);
  }

  private static void executable(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static Path find(String tool) {
    return findAny(tool).orElseThrow(() -> new AssertionError(tool + " is not on the PATH"));
  }

  private static Optional<Path> findAny(String tool) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
        .map(entry -> Path.of(entry, tool))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
