package io.github.dllm4j.engine.djl;

/** The type in which weights are stored in model.safetensors; computing widens them. */
public enum WeightType {
  /** 4 bytes. */
  FP32("fp32", SafeTensors.Type.F32),
  /** 2 bytes, 11 bits of precision: the better one for weights of ordinary size. */
  FP16("fp16", SafeTensors.Type.F16),
  /** 2 bytes, 8 bits of precision and the range of float32. */
  BF16("bf16", SafeTensors.Type.BF16);

  private final String label;
  private final SafeTensors.Type type;

  WeightType(String label, SafeTensors.Type type) {
    this.label = label;
    this.type = type;
  }

  /** The name on the command line. */
  public String label() {
    return label;
  }

  SafeTensors.Type type() {
    return type;
  }
}
