package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code dllm plan --check}, and plans of uniform noise. */
class PlanCheckTest {

  @Test
  void smallLawsAreEnumerated() throws IOException {
    JsonNode check =
        done("plan", "--distribution", "parity:k=3", "--check", "--json").json().get("check");
    assertEquals("enumeration", check.get("method").asText());
    assertEquals(3, check.get("rows").size());
    for (JsonNode row : check.get("rows")) {
      double measured = row.get("measured_kl_nats").asDouble();
      assertEquals(row.get("predicted_kl_nats").asDouble(), measured, 1e-10);
      assertEquals(0, row.get("difference_standard_errors").asDouble());
    }
    assertTrue(done("plan", "--distribution", "hmm:d=4", "--check").out().contains("difference"));
  }

  /** Exact prices against teacher forcing: within 4.5 standard errors, false alarm 7e-6 a row. */
  @Test
  void largeLawsAreMeasuredOnWords() throws IOException {
    String[] args = {
      "plan", "--distribution", "potts:d=20", "--blocks", "200", "--check", "--json"
    };
    JsonNode check = done(args).json().get("check");
    assertTrue(check.get("method").asText().contains("200 sequences"));
    for (JsonNode row : check.get("rows")) {
      assertTrue(Math.abs(row.get("difference_standard_errors").asDouble()) < 4.5, row.toString());
    }
    assertTrue(check.get("rows").get(0).get("measured_kl_standard_error").asDouble() > 0);
  }

  @Test
  void modelsAreCheckedOnOtherBlocks(@TempDir Path folder) throws IOException {
    String model = Dllm.tinyModel(folder).toString();
    String corpus = folder.resolve("corpus.txt").toString();
    String[] args = {"plan", "--model", model, "--corpus", corpus, "--check", "--json"};
    JsonNode document = done(args).json();
    assertEquals(64, document.get("examples").asInt());
    JsonNode rows = document.get("check").get("rows");
    for (JsonNode row : rows) {
      assertTrue(Math.abs(row.get("difference_standard_errors").asDouble()) < 4.5, row.toString());
    }
    refused(new String[] {"--check needs --corpus"}, "plan", "--model", model, "--check");
  }

  @Test
  void uniformNoiseOfALaw() throws IOException {
    String[] args = {
      "plan", "--distribution", "markov:d=4,S=3", "--process", "uniform", "--json", "--steps", "4"
    };
    JsonNode document = done(args).json();
    assertEquals(240, document.get("phi").size());
    assertTrue(document.get("standard_errors").isNull());
    JsonNode plan = document.get("plans").get(0);
    double price = plan.get("predicted_path_kl_nats").asDouble();
    assertEquals(5, plan.get("grid").size());
    assertTrue(price < plan.get("log_linear_path_kl_nats").asDouble());
    assertTrue(price < plan.get("geometric_path_kl_nats").asDouble());
    args[6] = "--epsilon";
    args[7] = "0.1";
    double within = done(args).json().get("plans").get(0).get("predicted_path_kl_nats").asDouble();
    assertTrue(within <= 0.1);
    args[7] = "0.0001";
    refused(new String[] {"budget", "240 steps"}, args);
    args[4] = "some";
    refused(new String[] {"--process", "some"}, args);
    args[4] = "uniform";
    args[5] = "--check";
    refused(new String[] {"--check is not for"}, args);
  }

  @Test
  void uniformNoiseOfAModel(@TempDir Path folder) throws IOException {
    String model = Dllm.tinyModel(folder, "--process", "uniform").toString();
    String corpus = folder.resolve("corpus.txt").toString();
    String[] args = {
      "plan", "--model", model, "--corpus", corpus, "--blocks", "6", "--nodes", "9", "--json"
    };
    JsonNode document = done(args).json();
    assertEquals(9, document.get("sigmas").size());
    assertEquals(9, document.get("standard_errors").size());
    assertEquals(6 * (9 + 17), document.get("evaluations").asInt());
    assertTrue(document.get("note").asText().contains("too low"));
    assertEquals(8, document.get("plans").size());
    assertTrue(
        done("plan", "--model", model, "--corpus", corpus, "--blocks", "6")
            .out()
            .contains("log-linear"));
    refused(new String[] {"--process"}, "plan", "--model", model, "--process", "uniform");
  }
}
