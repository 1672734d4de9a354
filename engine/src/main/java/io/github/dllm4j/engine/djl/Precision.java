package io.github.dllm4j.engine.djl;

/**
 * The type the matrix products run in, attention's softmax among them; the residual stream, norms,
 * the laws of tokens and draws are never below float32.
 */
public enum Precision {
  /** float32. */
  FP32(6),
  /**
   * bfloat16 products with float32 accumulation; fast only where the processor has it in hardware.
   */
  BF16(15);

  private final int scalarType;

  Precision(int scalarType) {
    this.scalarType = scalarType;
  }

  /**
   * The precision of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Precision of(String label) {
    for (Precision precision : values()) {
      if (precision.label().equals(label)) {
        return precision;
      }
    }
    throw new IllegalArgumentException("precision must be fp32 or bf16, got " + label);
  }

  /** PyTorch's number for the type. */
  int scalarType() {
    return scalarType;
  }

  /** The name used on the command line and in files: fp32 or bf16. */
  public String label() {
    return this == FP32 ? "fp32" : "bf16";
  }
}
