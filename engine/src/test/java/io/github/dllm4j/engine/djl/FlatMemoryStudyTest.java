package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.dllm4j.engine.train.Update;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Resident memory of a long run with a network of the bundled model's kind, after the first
 * quarter: the mean of the last quarter is that of the second within 2 %. The twins leak a step:
 * the logits of one row when sampling, what one block puts out when training.
 */
@Tag("slow")
class FlatMemoryStudyTest {
  private static final NetworkShape SHAPE = new NetworkShape(2048, 192, 6, 3, 128, 0, false);
  private static final double ALLOWED = 0.02;
  private static final int GREW = 3;

  @TempDir Path folder;

  private int run(String kind, int steps, int leakedBytes) throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/self/status")), "no /proc here");
    Path output = folder.resolve(kind);
    Class<?> self = FlatMemoryStudyTest.class;
    String[] arguments = {kind, String.valueOf(steps), String.valueOf(leakedBytes)};
    int code = ChildProcess.start(128, self, output, arguments).waitFor();
    System.out.print(Files.readString(output));
    return code;
  }

  @Test
  void twentyThousandSamplingStepsNeedNoMore() throws Exception {
    assertEquals(0, run("sampling", 20_000, 0));
  }

  @Test
  void twoThousandTrainingStepsNeedNoMore() throws Exception {
    assertEquals(0, run("training", 2000, 0));
  }

  @Test
  void aLeakIsSeen() throws Exception {
    assertEquals(GREW, run("sampling", 5000, 8192));
    assertEquals(GREW, run("training", 500, 8 * 128 * 192 * 4));
  }

  /** Runs steps and ends with code 3 if memory changed. */
  public static void main(String[] arguments) throws Exception {
    int steps = Integer.parseInt(arguments[1]);
    int leaked = Integer.parseInt(arguments[2]);
    List<Double> seen = new ArrayList<>();
    try (NDManager lost = PyTorch.newManager("cpu");
        Benchmark benchmark = new Benchmark(SHAPE, "cpu")) {
      if (arguments[0].equals("sampling")) {
        try (Benchmark.Run run = benchmark.in(Precision.FP32)) {
          for (int step = 0; step < steps; step += 50) {
            run.sample(1, SHAPE.length(), 50, step);
            lose(lost, 50, leaked);
            seen.add(ChildProcess.status("VmRSS"));
          }
        }
      } else {
        Benchmark.Training training = benchmark.training(Precision.FP32, Update.ADAMW, 8);
        for (int step = 0; step < steps; step++) {
          training.step(false);
          lose(lost, 1, leaked);
          seen.add(ChildProcess.status("VmRSS"));
        }
      }
    }
    int quarter = seen.size() / 4;
    double early = mean(seen.subList(quarter, 2 * quarter));
    double late = mean(seen.subList(3 * quarter, 4 * quarter));
    System.out.printf(
        Locale.ROOT,
        "%s, %d steps, %d bytes lost a step: first %.1f MiB, second quarter %.1f, last quarter %.1f,"
            + " last %.1f: %+.2f %%%n",
        arguments[0],
        steps,
        leaked,
        seen.get(0),
        early,
        late,
        seen.get(seen.size() - 1),
        100 * (late / early - 1));
    System.exit(Math.abs(late / early - 1) <= ALLOWED ? 0 : GREW);
  }

  private static void lose(NDManager manager, int count, int bytes) {
    for (int i = 0; i < count && bytes > 0; i++) {
      NDArray unclosed = manager.ones(new Shape(bytes / 4));
      unclosed.detach();
    }
  }

  private static double mean(List<Double> numbers) {
    return numbers.stream().mapToDouble(n -> n).average().orElseThrow();
  }
}
