package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.train.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PyTorchTest {

  @ParameterizedTest
  @ValueSource(strings = {"auto", "cpu"})
  void knowsTheDevicesOfAnyMachine(String device) {
    try (NDManager manager = PyTorch.newManager(device)) {
      assertTrue(manager.isOpen());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpu", "cuda", "cuda:", "cuda:-1", "cuda:1000", "CPU", ""})
  void refusesWhatIsNoDevice(String device) {
    assertEquals(
        "device must be auto, cpu or cuda:N, got " + device,
        Refusal.message(IllegalArgumentException.class, () -> PyTorch.newManager(device)));
  }

  @Test
  void refusesDevicesThatAreNotHere() {
    String message =
        Refusal.message(IllegalArgumentException.class, () -> PyTorch.newManager("cuda:999"));
    assertTrue(message.startsWith("device cuda:999 is not here: this machine offers "), message);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 1025})
  void refusesThreadsOutOfRange(int threads) {
    assertEquals(
        "threads must be 1 to 1024, got " + threads,
        Refusal.message(IllegalArgumentException.class, () -> PyTorch.setThreads(threads)));
  }

  @Test
  void saysWhatItRunsOn() {
    assertTrue(PyTorch.versions().matches("dllm4j \\S+, DJL 0\\.\\S+, PyTorch 2\\.\\S+"));
  }
}
