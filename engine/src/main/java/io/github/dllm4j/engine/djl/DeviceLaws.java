package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.Locale;
import java.util.function.BiFunction;

/** Laws on the network's device, as log-probabilities in float64, [rows, vocabulary]. */
final class DeviceLaws implements TokenLaws {
  private final Program program;
  private final NDManager manager;
  private final NDArray logProbabilities;

  /**
   * Laws from float32 logits.
   *
   * @param manager taken over: closed with the laws
   * @param logits [rows, vocabulary], on that manager; closed
   * @throws IllegalStateException if a row of logits is no law: not a number, or infinite
   */
  static DeviceLaws ofLogits(Program program, NDManager manager, NDArray logits) {
    try (logits) {
      NDArray laws = program.call(manager, "law", logits);
      try (NDArray broken = program.call(manager, "broken", laws)) {
        if (broken.getBoolean()) {
          throw new IllegalStateException(
              "the network's output is not a number: its weights are broken");
        }
      }
      return new DeviceLaws(program, manager, laws);
    }
  }

  private DeviceLaws(Program program, NDManager manager, NDArray logProbabilities) {
    this.program = program;
    this.manager = manager;
    this.logProbabilities = logProbabilities;
  }

  @Override
  public int rows() {
    return (int) logProbabilities.getShape().get(0);
  }

  @Override
  public int vocabulary() {
    return (int) logProbabilities.getShape().get(1);
  }

  @Override
  public TokenLaws shaped(double temperature, double topP) {
    if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("temperature must be above 0, got " + temperature);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("topP must be in (0, 1], got " + topP);
    }
    NDManager own = manager.newSubManager();
    return new DeviceLaws(
        program, own, program.call(own, "shaped", logProbabilities, temperature, topP));
  }

  @Override
  public double[] logProbabilityOf(int[] tokens) {
    checkRows("tokens", tokens.length);
    for (int token : tokens) {
      if (token < 0 || token >= vocabulary()) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "token ids must be 0 to %d, got %d", vocabulary() - 1, token));
      }
    }
    try (NDManager step = manager.newSubManager()) {
      return program.call(step, "at", logProbabilities, ids(step, tokens)).toDoubleArray();
    }
  }

  @Override
  public double[] probabilityOf(int[] tokens) {
    double[] p = logProbabilityOf(tokens);
    for (int r = 0; r < p.length; r++) {
      p[r] = Math.exp(p[r]);
    }
    return p;
  }

  @Override
  public int[] draw(double[] uniforms) {
    checkRows("uniforms", uniforms.length);
    return integers((step, laws) -> program.call(step, "draw", laws, step.create(uniforms)));
  }

  @Override
  public int[] argmax() {
    return integers((step, laws) -> program.call(step, "best", laws));
  }

  @Override
  public double[] maxProbability() {
    try (NDManager step = manager.newSubManager()) {
      return program.call(step, "top", logProbabilities).toDoubleArray();
    }
  }

  @Override
  public double[] entropyNats() {
    try (NDManager step = manager.newSubManager()) {
      return program.call(step, "entropy", logProbabilities).toDoubleArray();
    }
  }

  @Override
  public double[] sumLogOnePlus(double[] factors) {
    checkRows("factors", factors.length);
    try (NDManager step = manager.newSubManager()) {
      return program
          .call(step, "log_one_plus", logProbabilities, step.create(factors))
          .toDoubleArray();
    }
  }

  @Override
  public double[][] toArray() {
    int width = vocabulary();
    double[][] rows = new double[rows()][width];
    try (NDManager step = manager.newSubManager()) {
      double[] flat = program.call(step, "probabilities", logProbabilities).toDoubleArray();
      for (int r = 0; r < rows.length; r++) {
        System.arraycopy(flat, r * width, rows[r], 0, width);
      }
    }
    return rows;
  }

  private void checkRows(String name, int length) {
    if (length != rows()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s must have one entry for each of %d rows, got %d",
              name,
              rows(),
              length));
    }
  }

  private int[] integers(BiFunction<NDManager, NDArray, NDArray> method) {
    try (NDManager step = manager.newSubManager()) {
      long[] ids = method.apply(step, logProbabilities).toLongArray();
      int[] tokens = new int[ids.length];
      for (int r = 0; r < ids.length; r++) {
        tokens[r] = (int) ids[r];
      }
      return tokens;
    }
  }

  private static NDArray ids(NDManager step, int[] tokens) {
    long[] ids = new long[tokens.length];
    for (int r = 0; r < ids.length; r++) {
      ids[r] = tokens[r];
    }
    return step.create(ids);
  }

  @Override
  public void close() {
    manager.close();
  }
}
