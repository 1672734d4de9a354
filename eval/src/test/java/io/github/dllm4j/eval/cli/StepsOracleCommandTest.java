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
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code dllm steps --distribution}: the exact command's numbers, in a report. */
class StepsOracleCommandTest {
  @TempDir Path folder;

  private String[] args(String name, String options) {
    List<String> all = new ArrayList<>(List.of("steps", "--out", folder.resolve(name).toString()));
    all.addAll(List.of(options.split(" ")));
    return all.toArray(String[]::new);
  }

  private JsonNode report(String name) throws IOException {
    return Json.MAPPER.readTree(Files.readString(folder.resolve(name).resolve("steps.json")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "masking|mask-predictor/cosine|mask-predictor --plan cosine",
        "masking|tweedie+gibbs*2|tweedie --grid alpha-linear --corrector gibbs --corrector-steps 2",
        "masking|confidence|confidence --plan optimal",
        "uniform|euler/uniform|euler --grid uniform",
        "uniform|tweedie+gibbs|tweedie --corrector gibbs"
      })
  void saysWhatExactSays(String process, String listed, String options) throws IOException {
    String law = "--distribution parity:k=2 --process " + process;
    done(args("report", law + " --samplers " + listed + " --steps 2,3"));
    JsonNode row = report("report").get("rows").get(1);
    String exact = "exact " + law + " --json --steps 3 --sampler " + options;
    JsonNode said = done(exact.split(" ")).json();
    assertEquals(listed, row.get("sampler").asText());
    assertEquals(3, row.get("steps").asInt());
    assertEquals(said.get("kl_nats").asDouble(), row.get("kl_nats").asDouble(), 1e-14);
    assertEquals(said.get("tv").asDouble(), row.get("total_variation").asDouble(), 1e-14);
    assertEquals(said.get("evaluations").asDouble(), row.get("evaluations").asDouble(), 1e-12);
    assertEquals(
        said.get("off_support_mass").asDouble(), row.get("off_support_mass").asDouble(), 1e-14);
    if (!said.get("conditional_kl_nats").isNull()) {
      assertEquals(
          said.get("conditional_kl_nats").asDouble(),
          row.get("conditional_kl_nats").asDouble(),
          1e-14);
    }
  }

  @Test
  void optionsChangeTheReport() throws IOException {
    String law = "--distribution product:d=2 --samplers tweedie,first-hitting --steps 1,2";
    Dllm run = done(args("one", law + " --family dirac:d=2 product:d=2,p=0.4"));
    assertEquals(folder.resolve("one/report.html").toString(), run.out().strip());
    assertTrue(run.err().contains("3 of 3: first-hitting"), run.err());
    JsonNode one = report("one");
    assertTrue(one.get("complete").asBoolean());
    assertEquals(2, one.get("tables").get("family").size());
    assertEquals("dirac:d=2", one.get("tables").get("family").get(1).get("law").asText());
    assertEquals(
        "steps --out "
            + folder.resolve("one")
            + " "
            + law
            + " --family dirac:d=2 product:d=2,p=0.4",
        one.get("provenance").get("command").asText().substring("dllm ".length()));
    done(args("two", law));
    assertEquals(11, report("two").get("tables").get("family").size());
    done(args("three", law.replace("first-hitting", "euler") + " --process uniform"));
    assertEquals(4, report("three").get("rows").size());
    assertFalse(report("three").get("tables").has("family"));
    byte[] before = Files.readAllBytes(folder.resolve("three/steps.csv"));
    done(args("three", law.replace("first-hitting", "euler") + " --process uniform --resume"));
    assertEquals(
        new String(before, java.nio.charset.StandardCharsets.UTF_8),
        Files.readString(folder.resolve("three/steps.csv")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--distribution nothing --samplers tweedie|neither a file",
        "--distribution product:d=2|--samplers is missing",
        "--samplers tweedie|--corpus is missing",
        "--distribution product:d=2 --samplers tweedie,tweedie|--samplers must differ",
        "--distribution product:d=2 --samplers nonsense|sampler must be one of",
        "--distribution product:d=2 --samplers tweedie --steps 4,2|--steps must ascend",
        "--distribution product:d=2 --samplers tweedie --steps 0|--steps must ascend",
        "--distribution product:d=2 --samplers tweedie --process blur|--process must be",
        "--distribution product:d=2 --samplers tweedie --process uniform --family dirac:d=2|--family",
        "--distribution product:d=2 --samplers tweedie --family fog|--family fog is neither a file",
        "--distribution product:d=2 --samplers tweedie --resume|no steps.json",
        "--distribution product:d=2 --samplers tweedie/odd|grid must be one of"
      })
  void refusesInOneLine(String options, String says) {
    refused(new String[] {says}, args("refused", options));
    assertFalse(Files.exists(folder.resolve("refused")));
  }
}
