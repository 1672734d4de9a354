package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code dllm bench} on sizes that take no time: what it says, not how fast. */
class BenchCommandTest {
  @TempDir Path folder;

  /** A tiny bench; options that are given replace the usual ones, of which a section has some. */
  private static String[] tiny(String... more) {
    Map<String, String> options = new LinkedHashMap<>();
    String[] usual = {
      "--width", "16", "--layers", "1", "--heads", "2", "--length", "8", "--vocabulary", "40",
      "--batch", "2", "--steps", "4", "--repeats", "1", "--threads", "1", "--precision", "fp32"
    };
    for (int i = 0; i < usual.length; i += 2) {
      options.put(usual[i], usual[i + 1]);
    }
    List<String> args = new ArrayList<>(List.of("bench", "--json"));
    for (int i = 0; i < more.length; i += 2) {
      options.put(more[i], more[i + 1]);
    }
    String section = options.getOrDefault("--section", "");
    List<String> without =
        switch (section) {
          case "where" -> List.of("--length", "--vocabulary", "--batch");
          case "growth" -> List.of("--batch", "--steps");
          default -> List.of();
        };
    for (String option : without) {
      if (!List.of(more).contains(option)) {
        options.remove(option);
      }
    }
    options.forEach((name, value) -> args.addAll(List.of(name, value)));
    return args.toArray(String[]::new);
  }

  @Test
  void theNetworkSectionHasTheKeysOfTheContract() throws IOException {
    JsonNode said = done(tiny("--section", "network")).json();
    for (String key :
        List.of(
            "peak_gflops",
            "forward_tokens_per_second",
            "forward_peak_share",
            "training_tokens_per_second",
            "training_all_tokens_per_second",
            "peak_rss_mib")) {
      assertTrue(said.get(key).get("fp32").asDouble() > 0, key + " in " + said);
    }
    double parts = 0;
    for (String part : List.of("network", "head", "draw", "host")) {
      double ms = said.get("step_breakdown_ms").get("fp32").get(part).asDouble();
      assertTrue(ms > 0, part);
      parts += ms;
    }
    JsonNode step = said.get("step_breakdown_ms").get("fp32");
    double overhead = step.get("draw").asDouble() + step.get("host").asDouble();
    assertEquals(overhead / parts, said.get("sampler_overhead_share").get("fp32").asDouble(), 1e-9);
    assertTrue(said.get("synchronisations_per_step").get("fp32").asDouble() <= 2);
    // Tokens per second and share of the peak are the same time twice; one round of each.
    double flop = 2 * 8 * (24 * 16 * 16 + 4 * 8 * 16 + 2.0 * 16 * 40);
    share(said, "forward", "forward_tokens_per_second", "forward_peak_share", flop);
    share(
        said,
        "training_all",
        "training_all_tokens_per_second",
        "training_all_peak_share",
        3 * flop);
  }

  private static void share(JsonNode said, String pass, String speed, String name, double flop) {
    JsonNode spread = said.get("spread").get("fp32");
    double seconds = spread.get(pass).get("seconds").get("median").asDouble();
    assertEquals(16 / seconds, said.get(speed).get("fp32").asDouble(), 1e-6);
    double share = said.get(name).get("fp32").asDouble();
    JsonNode peak = spread.get("peak_gflops");
    assertTrue(flop / seconds * 1e-9 / share >= peak.get("least").asDouble() * 0.999);
    assertTrue(flop / seconds * 1e-9 / share <= peak.get("most").asDouble() * 1.001);
  }

  @Test
  void everySizeChangesWhatIsMeasured() throws IOException {
    JsonNode base = done(tiny("--section", "network")).json();
    for (List<String> option :
        List.of(
            List.of("--width", "32"),
            List.of("--layers", "2"),
            List.of("--heads", "4"),
            List.of("--length", "6"),
            List.of("--vocabulary", "50"))) {
      JsonNode other = done(tiny("--section", "network", option.get(0), option.get(1))).json();
      assertFalse(base.get("network").equals(other.get("network")), option.toString());
      assertEquals(
          Integer.parseInt(option.get(1)),
          other.get("network").get(option.get(0).substring(2)).asInt());
    }
    String[] muon = tiny("--section", "network", "--optimizer", "muon");
    assertEquals("muon", done(muon).json().get("optimizer").asText());
  }

  @Test
  void theModelSectionTakesTheModelsSizes() throws IOException {
    String model = Dllm.tinyModel(folder).toString();
    String[] args = {
      "bench",
      "--section",
      "model,network",
      "--model",
      model,
      "--batch",
      "3",
      "--steps",
      "5",
      "--repeats",
      "2",
      "--json",
      "--precision",
      "fp32",
      "--threads",
      "1"
    };
    JsonNode said = done(args).json();
    assertEquals(16, said.get("network").get("width").asInt());
    JsonNode runs = said.get("model").get("runs");
    assertEquals(1, runs.get(0).get("batch").asInt());
    assertEquals(3, runs.get(1).get("batch").asInt());
    assertEquals(5, runs.get(1).get("steps").asInt());
    assertEquals(1, runs.get(1).get("synchronisations_per_step").asDouble());
    assertEquals(2, runs.get(1).get("overhead_share").get("repeats").asInt());
  }

  @Test
  void whereBeforeWhatRunsInProcessesOfItsOwn() throws IOException {
    JsonNode said =
        done(tiny(
                "--section",
                "where",
                "--where-length",
                "64",
                "--where-vocabulary",
                "30000",
                "--where-batch",
                "2"))
            .json();
    JsonNode found = said.get("where_before_what").get("fp32");
    assertTrue(found.get("times_as_fast").get("median").asDouble() > 0);
    // 128 rows at each of 4 steps against 128 rows in all; one block up to its attention is the
    // same.
    double same = 128 * (6 * 16 * 16 + 4 * 64 * 16);
    double asked = 128 * (18 * 16 * 16 + 2.0 * 16 * 30000);
    double ratio = 4 * (same + asked) / (4 * same + asked);
    assertEquals(ratio, found.get("flop_ratio").asDouble(), 1e-9);
    // Float64 Gumbel noise alone is 29 MiB more than float32 logits of a quarter of the rows.
    assertTrue(found.get("run_memory_ratio").asDouble() > 1, found.toString());
  }

  @Test
  @Tag("slow")
  void growthIsATableAndAPlot() throws IOException {
    Dllm run =
        done(
            tiny(
                "--section",
                "growth",
                "--growth-lengths",
                "4,8",
                "--growth-steps",
                "4",
                "--growth-batch",
                "2",
                "--out",
                folder.toString()));
    assertEquals(6, run.json().get("growth").get("sweeps").size());
    List<String> csv = Files.readAllLines(folder.resolve("growth.csv"));
    assertEquals("size,value,seconds,run_mib,process_mib", csv.get(0));
    assertTrue(csv.get(1).startsWith("length,4,"), csv.get(1));
    assertTrue(csv.stream().anyMatch(line -> line.startsWith("steps,4,")), csv.toString());
    assertTrue(Files.size(folder.resolve("growth.png")) > 1000);
    assertTrue(Files.readString(folder.resolve("bench.json")).contains("time_exponent"));
  }

  @Test
  void peopleGetATable() {
    List<String> args = new ArrayList<>(List.of(tiny("--section", "network,model")));
    args.remove("--json");
    Dllm run = done(args.toArray(String[]::new));
    for (String part : List.of("GFLOP/s", "forward, batch 1", "training step", "bundled model")) {
      assertTrue(run.out().contains(part), run.out());
    }
    assertTrue(run.err().contains("training steps measured"), run.err());
  }

  @Test
  void badUsageIsRefused() throws IOException {
    String file = Files.writeString(folder.resolve("file"), "x").toString();
    refused(
        new String[] {"--out " + file + " cannot be made a folder"},
        tiny("--section", "network", "--out", file));
    refused(new String[] {"--batch", "0"}, tiny("--batch", "0", "--section", "network"));
    refused(new String[] {"--repeats", "0"}, tiny("--repeats", "0", "--section", "network"));
    refused(new String[] {"--section", "nothing"}, tiny("--section", "nothing"));
    refused(new String[] {"--out"}, tiny("--section", "growth"));
    refused(
        new String[] {"--growth-steps", "--section growth"},
        tiny("--section", "network", "--growth-steps", "4"));
    refused(
        new String[] {"--where-batch is for --section where"},
        tiny("--section", "network", "--where-batch", "2"));
    refused(
        new String[] {"--length is for --section network, growth"},
        tiny("--section", "where", "--length", "8"));
    refused(
        new String[] {"--steps must be 1 to 8, got 9"},
        tiny("--section", "network", "--steps", "9"));
    refused(
        new String[] {"--steps must be 1 to 64, got 65"},
        tiny("--section", "where", "--where-length", "64", "--steps", "65"));
    refused(
        new String[] {"--steps must be 1 to 128, got 129"},
        "bench",
        "--section",
        "model",
        "--steps",
        "129");
    String left = folder.resolve("left").toString();
    refused(
        new String[] {"--batch", "0"}, tiny("--batch", "0", "--section", "network", "--out", left));
    assertFalse(Files.exists(Path.of(left)));
    refused(
        new String[] {"--model is for --section"},
        "bench",
        "--section",
        "start",
        "--model",
        "bundled");
    refused(new String[] {"--model", "must be a name"}, "bench", "--model", "");
    refused(new String[] {"optimizer", "sgd"}, tiny("--optimizer", "sgd", "--section", "network"));
    refused(
        new String[] {"--width", "--model"},
        "bench",
        "--model",
        "bundled",
        "--width",
        "16",
        "--section",
        "model");
    refused(new String[] {"width", "multiple"}, tiny("--heads", "3", "--section", "network"));
  }
}
