package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.train.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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

  @Test
  void aBuildForGpusTakesAProcessorOnlyByItsName() {
    assertEquals(Device.gpu(0), PyTorch.device("auto", 2, true));
    assertEquals(Device.gpu(1), PyTorch.device("cuda:1", 2, true));
    assertEquals(Device.cpu(), PyTorch.device("cpu", 0, true));
    assertEquals(Device.cpu(), PyTorch.device("auto", 0, false));
    for (String device : List.of("auto", "cuda:0")) {
      String message =
          Refusal.message(IllegalArgumentException.class, () -> PyTorch.device(device, 0, true));
      assertTrue(message.startsWith("device " + device + " is not here"), message);
      assertTrue(message.contains("CUDA runtime"), message);
    }
  }

  /** Else everything a step of training answers would stay until the network is closed. */
  @Test
  void answersOfTrainingLandWhereTheyAreWanted() {
    NetworkShape shape = Tiny.shape(false, false);
    try (Network network = Tiny.network(shape, Tiny.weights(shape, 1));
        NDManager step = network.manager().newSubManager()) {
      network.learn();
      NDArray norm = network.program().train(step, "gradient_norm", "ws", network.weights());
      assertSame(step, norm.getManager());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 1025})
  void refusesThreadsOutOfRange(int threads) {
    assertEquals(
        "threads must be 1 to 1024, got " + threads,
        Refusal.message(IllegalArgumentException.class, () -> PyTorch.setThreads(threads)));
  }

  /** A process of its own, which says how many threads it has. */
  public static final class Threads {
    private Threads() {}

    public static void main(String[] args) {
      System.out.println("threads " + PyTorch.threads());
    }
  }

  /** As in a container with a share of the machine. */
  @Test
  void hasNoMoreThreadsThanTheJvmHasProcessors(@TempDir Path folder) throws Exception {
    assumeTrue(System.getenv("OMP_NUM_THREADS") == null, "somebody has decided");
    assumeTrue(System.getenv("MKL_NUM_THREADS") == null, "somebody has decided");
    Path output = folder.resolve("output");
    List<String> options = List.of("-XX:ActiveProcessorCount=1");
    Process process = ChildProcess.start(64, options, Threads.class, output);
    assertEquals(0, process.waitFor(), Files.readString(output));
    assertTrue(Files.readString(output).contains("threads 1\n"), Files.readString(output));
  }

  @Test
  void saysWhatItRunsOn() {
    assertTrue(PyTorch.versions().matches("dllm4j \\S+, DJL 0\\.\\S+, PyTorch 2\\.\\S+"));
  }
}
