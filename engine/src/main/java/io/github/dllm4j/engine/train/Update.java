package io.github.dllm4j.engine.train;

/** How an optimiser step turns gradients into a change of the weights. */
public enum Update {
  /** AdamW (Loshchilov and Hutter 2019) for every tensor. */
  ADAMW("adamw"),
  /**
   * Muon (Jordan et al. 2024) for the matrices of the blocks: momentum made orthogonal, so that
   * every direction moves alike; AdamW for embedding, head, norms and biases. Scaled as by Liu et
   * al. 2025, so that a learning rate means the same to both.
   */
  MUON("muon");

  private final String label;

  Update(String label) {
    this.label = label;
  }

  /** The name on the command line and in files. */
  public String label() {
    return label;
  }

  /**
   * The update of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Update of(String label) {
    for (Update update : values()) {
      if (update.label.equals(label)) {
        return update;
      }
    }
    throw new IllegalArgumentException("optimizer must be adamw or muon, got " + label);
  }
}
