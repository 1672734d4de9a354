package io.github.dllm4j.engine.denoise;

import java.util.OptionalInt;

/** Is of the vocabulary and the kind of another denoiser, which it does not close. */
public abstract class ForwardingDenoiser implements Denoiser {
  /** The other one. */
  protected final Denoiser inner;

  /** In front of another. */
  protected ForwardingDenoiser(Denoiser inner) {
    this.inner = inner;
  }

  @Override
  public int vocabulary() {
    return inner.vocabulary();
  }

  @Override
  public OptionalInt mask() {
    return inner.mask();
  }

  @Override
  public double heard(double sigma) {
    return inner.heard(sigma);
  }

  @Override
  public Representation representation() {
    return inner.representation();
  }
}
