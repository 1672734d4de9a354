package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.TextGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The table of docs/field-models.md: a LLaDA of 1e9 random bfloat16 weights, written to a temporary
 * folder, is opened and makes text in a process of its own, whose memory is its weights and little
 * more.
 */
@Tag("slow")
@EnabledOnOs(OS.LINUX)
class LargeModelTest {
  private static final long MIB = 1 << 20;
  private static final int HEAP_MIB = 128;
  private static final int LENGTH = 160;
  private static final int STEPS = 6;

  private static Properties measured(Path folder, Path output, String precision) throws Exception {
    int status =
        ChildProcess.start(HEAP_MIB, LargeModelTest.class, output, folder.toString(), precision)
            .waitFor();
    assertEquals(0, status, Files.readString(output));
    Properties found = new Properties();
    for (String line : Files.readAllLines(output)) {
      if (line.matches("[A-Za-z_]+=[0-9.]+")) {
        found.setProperty(line.replaceFirst("=.*", ""), line.replaceFirst(".*=", ""));
      }
    }
    return found;
  }

  @Test
  void aLargeModelIsItsFile(@TempDir Path folder) throws Exception {
    LlamaShape shape = SyntheticLlama.shape(65_536, 2_048, 5_632, 14, 16, 2_048);
    SyntheticLlama.write(folder, shape, 1);
    long weights = 2 * shape.parameters();
    System.out.printf(
        Locale.ROOT, "parameters %.3e, weights %d MiB%n", 0.5 * weights, weights / MIB);
    Map<String, Properties> all = new LinkedHashMap<>();
    for (String precision : List.of("fp32", "bf16")) {
      all.put(precision, measured(folder, folder.resolve("output"), precision));
      System.out.println(precision + " " + all.get(precision));
    }
    for (String precision : all.keySet()) {
      Properties found = all.get(precision);
      double peak = Double.parseDouble(found.getProperty("VmHWM"));
      double own = Double.parseDouble(found.getProperty("RssAnon"));
      assertTrue(Double.parseDouble(found.getProperty("load_seconds")) < 10, "" + found);
      assertTrue(peak <= 1.15 * weights / MIB + 500, precision + ": peak of " + peak + " MiB");
      // A second copy of the weights would be in this.
      assertTrue(own <= 0.15 * weights / MIB + 500, precision + ": own memory " + own + " MiB");
    }
  }

  /** The largest of some lines while it runs; the kernel keeps only the peak of their sum. */
  private static final class Peak extends Thread {
    private volatile double own;
    private volatile double file;
    private volatile boolean done;

    @Override
    public void run() {
      try {
        while (!done) {
          own = Math.max(own, ChildProcess.status("RssAnon"));
          file = Math.max(file, ChildProcess.status("RssFile"));
          Thread.sleep(10);
        }
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static double share(ProgramUse.Seen seen, String method) {
    double all = seen.seconds().values().stream().mapToDouble(s -> s).sum();
    return seen.seconds(method) / all;
  }

  /** Opens a folder in a precision, makes a text and prints what that took. */
  public static void main(String[] arguments) throws Exception {
    PyTorch.setThreads(1);
    Peak peak = new Peak();
    peak.setDaemon(true);
    peak.start();
    ModelOptions options = new ModelOptions("cpu", Optional.of(Precision.of(arguments[1])));
    long begin = System.nanoTime();
    try (TextGenerator generator = TextGenerator.of(Model.open(Path.of(arguments[0]), options))) {
      double load = (System.nanoTime() - begin) * 1e-9;
      double loaded = ChildProcess.status("RssAnon");
      GenerationRequest request =
          GenerationRequest.prompt("in the beginning")
              .withLength(LENGTH)
              .withSteps(STEPS)
              .withSampler(PlanChoice.ofSampler("candidate-confidence").withPlan("balanced"));
      List<Long> ends = new ArrayList<>(List.of(System.nanoTime()));
      generator.generate(
          request,
          step -> {
            ends.add(System.nanoTime());
            return true;
          });
      List<Double> steps = new ArrayList<>();
      for (int i = 1; i < ends.size(); i++) {
        steps.add((ends.get(i) - ends.get(i - 1)) * 1e-9);
      }
      double first = steps.remove(0);
      steps.sort(null);
      peak.done = true;
      peak.join();
      System.out.printf(Locale.ROOT, "load_seconds=%.2f%n", load);
      TransformerDenoiser denoiser = (TransformerDenoiser) generator.model().denoiser();
      ProgramUse.Seen seen = denoiser.network().program().use().seen();
      System.out.printf(Locale.ROOT, "trunk_share=%.2f%n", share(seen, "llama_hidden"));
      System.out.printf(Locale.ROOT, "head_share=%.2f%n", share(seen, "head"));
      System.out.printf(Locale.ROOT, "laws_share=%.2f%n", share(seen, "ask"));
      System.out.printf(Locale.ROOT, "first_step_seconds=%.2f%n", first);
      System.out.printf(Locale.ROOT, "step_seconds=%.2f%n", steps.get(steps.size() / 2));
      System.out.printf(Locale.ROOT, "loaded_RssAnon=%.0f%n", loaded);
      System.out.printf(Locale.ROOT, "VmHWM=%.0f%n", ChildProcess.status("VmHWM"));
      System.out.printf(Locale.ROOT, "RssAnon=%.0f%nRssFile=%.0f%n", peak.own, peak.file);
    }
  }
}
