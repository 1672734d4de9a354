package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Everything a training run needs to go on bit for bit, in one safetensors file that is replaced as
 * a whole: float32 weights, their moving average, both moments, and the state of the run.
 * Randomness needs no state: it is keyed by the seed and the step.
 */
final class Checkpoint {
  private static final String STATE = "state";

  private Checkpoint() {}

  /**
   * Where a run stands.
   *
   * @param run what the run is, to be compared before going on
   * @param step steps done
   * @param tokens seen
   * @param seconds spent
   * @param validationNats last validation bound, nats per token; NaN before the first
   * @param validationStandardError of it, NaN if there is none
   */
  record State(
      String run,
      int step,
      long tokens,
      double seconds,
      @Measured double validationNats,
      @Measured double validationStandardError) {
    State {
      if (step < 0 || tokens < 0 || !(seconds >= 0)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "steps, tokens and seconds done must be at least 0, got %d, %d, %s",
                step,
                tokens,
                seconds));
      }
    }
  }

  static void write(Path file, Network network, List<Optimizer.Part> parts, State state)
      throws IOException {
    List<SafeTensorsWriter.Item> items = new ArrayList<>();
    for (Optimizer.Part part : parts) {
      for (int i = 0; i < part.tensors().length; i++) {
        int tensor = part.tensors()[i];
        NDArray array = part.arrays().get(i);
        items.add(Network.item(network, tensor, array, part.name(), SafeTensors.Type.F32));
      }
    }
    try {
      SafeTensorsWriter.write(
          file, items, Map.of(STATE, ModelConfig.JSON.writeValueAsString(state)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reads only where the run stands. */
  static State readState(Path file) throws IOException {
    try (SafeTensors source = SafeTensors.open(file)) {
      String json = source.metadata().get(STATE);
      if (json == null) {
        throw new IOException(file + " is not a checkpoint: it has no state");
      }
      return ModelConfig.parse(file, json.getBytes(StandardCharsets.UTF_8), State.class);
    }
  }

  /** Reads the tensors into arrays of the same shapes. */
  static void restore(Path file, Network network, List<Optimizer.Part> parts) throws IOException {
    try (SafeTensors source = SafeTensors.open(file)) {
      List<Architecture.Tensor> tensors = network.shape().tensors();
      for (Optimizer.Part part : parts) {
        for (int i = 0; i < part.tensors().length; i++) {
          Architecture.Tensor tensor = tensors.get(part.tensors()[i]);
          String name = part.name() + tensor.name();
          SafeTensors.Entry entry = source.entries().get(name);
          if (entry == null
              || entry.type() != SafeTensors.Type.F32
              || !Arrays.equals(entry.shape(), tensor.shape())) {
            throw new IOException(file + " does not belong to this run: tensor " + name);
          }
          try (NDArray stored = Network.load(network.manager(), network.program(), source, entry)) {
            NDArray to = part.arrays().get(i);
            network.program().call(network.manager(), "assign", to, stored).close();
          }
        }
      }
    }
  }
}
