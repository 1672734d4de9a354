package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dllm4j.engine.djl.ChildProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One generator under full load for an hour, or as many minutes as {@code -Dsoak.minutes} says: no
 * result may differ from that of the same request alone, what is ended ends within one step, and
 * memory stays. Prints the table of docs/agents.md.
 */
class SoakStudyTest {

  @Test
  @Tag("slow")
  void anHourOfFullLoad(@TempDir Path directory) throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/self/status")), "no /proc here");
    Path output = directory.resolve("output");
    String minutes = System.getProperty("soak.minutes", "60");
    int status = ChildProcess.start(256, Soak.class, output, minutes).waitFor();
    System.out.println(Files.readString(output));
    assertEquals(0, status, "see the output above");
  }

  @Test
  void growthIsToldFromNoise() {
    List<double[]> flat =
        List.of(new double[] {0, 101}, new double[] {1, 99}, new double[] {2, 101});
    List<double[]> leak =
        List.of(new double[] {0, 100}, new double[] {1, 103}, new double[] {2, 106});
    assertEquals(0, Soak.growth(flat), 1e-12);
    assertTrue(Soak.growth(leak) > 0.02);
  }
}
