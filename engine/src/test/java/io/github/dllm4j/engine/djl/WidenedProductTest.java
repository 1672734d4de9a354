package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Matrices that are widened a part at a time multiply as those that were widened before. */
class WidenedProductTest {
  /** Rows of embedding, head and feed-forward branch: two parts of each, the second a small one. */
  private static final int ROWS = 70_000;

  private static float[] logits(Network network, TokenBatch batch) {
    try (TransformerDenoiser denoiser =
            TransformerDenoiser.owning(
                network, Precision.FP32, ROWS - 68, Representation.DENOISER);
        NDManager manager = network.manager().newSubManager();
        NDArray logits = denoiser.logits(manager, batch, Rows.of(new int[] {0, 7, 11}))) {
      return logits.toFloatArray();
    }
  }

  @Test
  void partsMakeTheWhole(@TempDir Path folder) throws IOException {
    PyTorch.setThreads(1);
    LlamaShape shape = SyntheticLlama.shape(ROWS, 64, ROWS, 1, 4, 32);
    SyntheticLlama.write(folder, shape, 3);
    Path file = folder.resolve("model.safetensors");
    int[] tokens = {5, 60_000, 69_000, 12, ROWS - 68, 77, 65_535, 65_536, 3, 1, 0, 2};
    TokenBatch batch = TokenBatch.of(tokens.length, tokens, new double[1]);
    float[] parts = logits(Network.read(PyTorch.newManager("cpu"), shape, file, "model."), batch);
    NDManager manager = PyTorch.newManager("cpu");
    Program program = Program.load(manager);
    List<NDArray> widened = new ArrayList<>();
    try (SafeTensors source = SafeTensors.open(file)) {
      for (Architecture.Tensor tensor : shape.tensors()) {
        SafeTensors.Entry entry =
            Objects.requireNonNull(source.entries().get("model." + tensor.name()));
        widened.add(Network.load(manager, program, source, entry));
      }
    }
    float[] whole = logits(new Network(manager, shape, program, widened), batch);
    assertEquals(3 * ROWS, whole.length);
    float most = 0;
    for (int i = 0; i < whole.length; i++) {
      // MASK and the ids above the tokenizer's last are at -infinity.
      most = Float.isInfinite(whole[i]) ? most : Math.max(most, Math.abs(whole[i]));
    }
    assertTrue(most > 1, "nothing to compare: " + most);
    assertArrayEquals(whole, parts, 1e-5f * most);
  }
}
