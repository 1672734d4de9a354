package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;

/** One of the folders that {@code field/make_fixtures.py} made with the field's own code. */
record FieldFixture(String name) {
  static final int CASES = 2;

  /** The folder, as a user would give it. */
  Path folder() {
    try {
      return Path.of(
          Objects.requireNonNull(FieldFixture.class.getResource("/field/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  Model open() throws IOException {
    PyTorch.setThreads(1);
    return Model.open(folder(), ModelOptions.DEFAULT);
  }

  /** What the reference was asked in a case. */
  TokenBatch batch(int k) throws IOException {
    try (SafeTensors file = SafeTensors.open(folder().resolve("expected.safetensors"))) {
      SafeTensors.Entry entry = Objects.requireNonNull(file.entries().get("tokens." + k));
      return TokenBatch.of((int) entry.shape()[1], integers("tokens." + k), doubles("sigmas." + k));
    }
  }

  /** What BD3LM was asked in a case, without the begin of the text before it. */
  TokenBatch text(int k) throws IOException {
    return withoutFirst(batch(k));
  }

  /** Sequences without their first token. */
  static TokenBatch withoutFirst(TokenBatch batch) {
    int n = batch.length() - 1;
    int[] tokens = new int[batch.size() * n];
    double[] sigmas = new double[batch.size()];
    Arrays.setAll(tokens, i -> batch.token(i + i / n + 1));
    Arrays.setAll(sigmas, batch::sigma);
    return TokenBatch.of(n, tokens, sigmas);
  }

  /** Rows of sequences without the first one of each. */
  static double[][] withoutFirst(double[][] rows, int length) {
    return IntStream.range(0, rows.length)
        .filter(r -> r % length > 0)
        .mapToObj(r -> rows[r])
        .toArray(double[][]::new);
  }

  /** Ids: a tensor, row-major. */
  int[] integers(String tensor) throws IOException {
    return integers("expected.safetensors", tensor);
  }

  /** Ids that Fast-dLLM filled in: a tensor of {@code field/make_cache_fixtures.py}, row-major. */
  int[] cached(String tensor) throws IOException {
    return integers("cached.safetensors", tensor);
  }

  /** Ids of another file beside it. */
  int[] integers(String name, String tensor) throws IOException {
    try (SafeTensors file = SafeTensors.open(folder().resolve(name))) {
      SafeTensors.Entry entry = Objects.requireNonNull(file.entries().get(tensor), tensor);
      ByteBuffer bytes = file.bytes(entry);
      int[] values = new int[bytes.remaining() / 8];
      for (int i = 0; i < values.length; i++) {
        values[i] = (int) bytes.getLong(8 * i);
      }
      return values;
    }
  }

  /** What the reference answered: a tensor, row-major. */
  double[] doubles(String tensor) throws IOException {
    try (SafeTensors file = SafeTensors.open(folder().resolve("expected.safetensors"))) {
      SafeTensors.Entry entry = Objects.requireNonNull(file.entries().get(tensor), tensor);
      ByteBuffer bytes = file.bytes(entry);
      double[] values = new double[bytes.remaining() / 4];
      for (int i = 0; i < values.length; i++) {
        values[i] = bytes.getFloat(4 * i);
      }
      return values;
    }
  }

  /** The same as [rows][V]. */
  double[][] rows(String tensor, int width) throws IOException {
    double[] all = doubles(tensor);
    double[][] rows = new double[all.length / width][];
    for (int r = 0; r < rows.length; r++) {
      rows[r] = Arrays.copyOfRange(all, r * width, (r + 1) * width);
    }
    return rows;
  }

  /** The network's own numbers at every position, [rows][V]. */
  static double[][] logits(Model model, TokenBatch batch) {
    int width = model.denoiser().vocabulary();
    double[][] rows = new double[batch.size() * batch.length()][width];
    try (NDManager manager = model.network().manager().newSubManager();
        NDArray logits =
            model.denoiser() instanceof BlockNetwork blocks
                ? blocks.logits(manager, batch, Rows.all(batch))
                : ((TransformerDenoiser) model.denoiser())
                    .logits(manager, batch, Rows.all(batch))) {
      float[] flat = logits.toFloatArray();
      for (int i = 0; i < flat.length; i++) {
        rows[i / width][i % width] = flat[i];
      }
    }
    return rows;
  }
}
