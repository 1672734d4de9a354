package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.refused;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServeCommandTest {
  @ParameterizedTest
  @CsvSource({
    "--port, 65536, --port must be 0 to 65535",
    "--batch, 0, maxBatch must be at least 1",
    "--queue, 0, maxQueue must be at least 1",
    "--deadline, 0, deadline in milliseconds must be at least 1",
    "--idle, -1, idle time in milliseconds must be at least 1",
    "--connections, 0, connections must be at least 1",
    "--body, 1023, body bytes must be at least 1024"
  })
  void limitsHaveRanges(String option, String value, String says) {
    refused(new String[] {says, "got " + value}, "serve", option, value);
  }
}
