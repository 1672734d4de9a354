package io.github.dllm4j.eval.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What commands load before they answer; how long that takes is what {@code dllm bench} says. */
class StartUpTest {
  @TempDir Path folder;

  /** The classes that a command has loaded in a process of its own. */
  private List<String> loaded(String... arguments) throws Exception {
    File output = folder.resolve("classes.txt").toFile();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-verbose:class", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path")));
    command.add(Main.class.getName());
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output).start();
    assertEquals(0, process.waitFor(), Files.readString(output.toPath()));
    return Files.readAllLines(output.toPath());
  }

  private static boolean has(List<String> lines, String part) {
    return lines.stream().anyMatch(line -> line.contains(part));
  }

  @Test
  void commandsWithoutANetworkLoadNoPyTorch() throws Exception {
    for (String[] arguments :
        new String[][] {
          {"--help"},
          {
            "exact",
            "--distribution",
            "parity:k=2",
            "--process",
            "masking",
            "--sampler",
            "tweedie",
            "--steps",
            "2"
          }
        }) {
      List<String> lines = loaded(arguments);
      assertTrue(has(lines, "io.github.dllm4j.eval.cli.Main"), "the list is one of classes");
      assertFalse(has(lines, " ai.djl."), String.join(" ", arguments));
    }
  }

  /** The same list names DJL where a network is opened, so that the test above can fail. */
  @Test
  void aCommandWithANetworkLoadsIt() throws Exception {
    assertTrue(has(loaded("inspect", "--model", "bundled"), " ai.djl."));
  }
}
