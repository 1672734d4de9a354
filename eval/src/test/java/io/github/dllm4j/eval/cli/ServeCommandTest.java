package io.github.dllm4j.eval.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServeCommandTest {
  @ParameterizedTest
  @CsvSource({
    "--port, 65536, 0 to 65535",
    "--batch, 0, at least 1",
    "--queue, 0, at least 1",
    "--deadline, 0, at least 1",
    "--idle, -1, at least 1",
    "--connections, 0, at least 1",
    "--body, 1023, at least 1024"
  })
  void limitsHaveRanges(String option, String value, String says) {
    Dllm run = Dllm.run("serve", option, value, "--model", "nowhere");
    assertEquals(2, run.code());
    assertEquals("dllm: " + option + " must be " + says + ", got " + value, run.err().strip());
  }
}
