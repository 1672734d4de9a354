package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * A network as a {@link Denoiser}: trunk over the whole batch, head at the requested rows only, and
 * in our own networks what stands behind the attention of the last block, too.
 *
 * <p>Cost: one pass of the trunk in {@link #predict}; the head runs there too if logits of all rows
 * fit into {@link LawBudget}, else with every question. Laws of one sequence are the same in any
 * batch and with any rows in float32 on a processor; docs/bench.md says for which sizes, elsewhere
 * last bits can differ. Broken weights are found when the laws are asked about. Networks of LLaDA
 * and Dream use the leave to answer approximately ({@link CachedPasses}).
 */
public final class TransformerDenoiser implements Denoiser {
  /** Networks see total noise up to that of the log-linear schedule at t = 1, eps = 1e-3. */
  static final double LARGEST_SIGMA = Math.log(1000);

  private final Network network;
  private final IValue weights;
  private final DeviceLaws.Head head;
  private final Precision precision;
  private final int mask;
  private final Representation representation;
  private final boolean owner;
  private final boolean scores;
  private final LawBudget budget;
  private final Optional<CachedPasses> cache; // of networks that can keep keys and values

  /** A denoiser that owns its network. */
  static TransformerDenoiser owning(
      Network network, Precision precision, int mask, Representation representation) {
    LawBudget budget = LawBudget.of(network.manager());
    return within(budget, CachedPasses.BUDGET, network, precision, mask, representation);
  }

  /** As {@link #owning}, with budgets of its own for laws and for what is kept, bytes. */
  static TransformerDenoiser within(
      LawBudget budget,
      long cacheBytes,
      Network network,
      Precision precision,
      int mask,
      Representation representation) {
    return new TransformerDenoiser(
        network, network.weights(), precision, mask, representation, true, budget, cacheBytes);
  }

  /** A denoiser over other weights of a network that somebody else closes; they must not change. */
  static TransformerDenoiser borrowing(
      Network network,
      List<NDArray> weights,
      Precision precision,
      int mask,
      Representation representation) {
    LawBudget budget = LawBudget.of(network.manager());
    return new TransformerDenoiser(
        network, weights, precision, mask, representation, false, budget, CachedPasses.BUDGET);
  }

  private TransformerDenoiser(
      Network network,
      List<NDArray> weights,
      Precision precision,
      int mask,
      Representation representation,
      boolean owner,
      LawBudget budget,
      long cacheBytes) {
    this.network = network;
    this.budget = budget;
    // A masking network's softmax is the law of x0 given the unmasked tokens, whatever its scale;
    // the scores of a uniform one become leave-one-out laws here.
    this.scores = mask < 0 && representation == Representation.SCORE;
    this.representation =
        mask >= 0
            ? Representation.DENOISER
            : scores ? Representation.LEAVE_ONE_OUT : representation;
    this.precision = precision;
    this.mask = mask;
    this.owner = owner;
    this.weights = network.inferenceWeights(weights, precision);
    this.head = DeviceLaws.Head.of(network, this.weights, precision, mask);
    this.cache =
        network.shape() instanceof LlamaShape
            ? Optional.of(new CachedPasses(network, this.weights, precision, cacheBytes))
            : Optional.empty();
  }

  @Override
  public int vocabulary() {
    return network.shape().vocabulary();
  }

  @Override
  public OptionalInt mask() {
    return mask < 0 ? OptionalInt.empty() : OptionalInt.of(mask);
  }

  @Override
  public Representation representation() {
    return representation;
  }

  /** The network with its weights. */
  Network network() {
    return network;
  }

  /** Its weights as they are run. */
  IValue weights() {
    return weights;
  }

  /** Canvases whose keys and values are kept. */
  int keptCanvases() {
    return cache.map(CachedPasses::count).orElse(0);
  }

  /** The sizes of the network. */
  public Architecture shape() {
    return network.shape();
  }

  /** The type its matrix products run in. */
  public Precision precision() {
    return precision;
  }

  @Override
  public TokenLaws predict(TokenBatch batch, Rows rows) {
    network.check(batch, rows);
    return PyTorchThread.call(
        () ->
            DeviceLaws.computed(
                network,
                manager -> {
                  NDArray hidden = hidden(manager, batch, rows);
                  Optional<DeviceLaws.Scores> own =
                      scores ? Optional.of(scores(manager, batch, rows)) : Optional.empty();
                  return DeviceLaws.ofHidden(network.program(), manager, hidden, head, own, budget);
                }));
  }

  @Override
  public void repeat(BooleanSupplier step) {
    PyTorchThread.repeat(step);
  }

  @Override
  public double heard(double sigma) {
    return Math.min(sigma, LARGEST_SIGMA);
  }

  /** What turns log scores of a uniform network into leave-one-out laws. */
  private DeviceLaws.Scores scores(NDManager manager, TokenBatch batch, Rows rows) {
    long[] own = new long[rows.size()];
    double[] sigmas = new double[rows.size()];
    for (int r = 0; r < own.length; r++) {
      own[r] = batch.token(rows.index(r));
      sigmas[r] = heard(batch.sigma(rows.index(r) / batch.length()));
    }
    return new DeviceLaws.Scores(manager.create(own), manager.create(sigmas));
  }

  /** All of the network but its head, [rows, width]. */
  private NDArray hidden(NDManager manager, TokenBatch batch, Rows rows) {
    if (cache.isPresent() && CachedPasses.wanted(batch)) {
      return cache.get().hidden(manager, batch, rows);
    }
    long[] ids = new long[batch.size() * batch.length()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = batch.token(i);
    }
    long[] at = new long[rows.size()];
    for (int r = 0; r < at.length; r++) {
      at[r] = rows.index(r);
    }
    try (NDArray tokens = manager.create(ids, new Shape(batch.size(), batch.length()));
        NDArray places = manager.create(at)) {
      long[] settings = network.shape().program();
      int type = precision.scalarType();
      Program program = network.program();
      if (network.shape() instanceof LlamaShape llama) {
        return program.call(
            manager,
            "llama_hidden",
            tokens,
            places,
            weights,
            settings,
            llama.theta(),
            llama.epsilon(),
            type);
      }
      try (NDArray levels = manager.create(sigmas(batch))) {
        return program.call(manager, "hidden", tokens, levels, places, weights, settings, type);
      }
    }
  }

  /** The noise levels as the network knows them, [sequences]. */
  private float[] sigmas(TokenBatch batch) {
    float[] sigmas = new float[batch.size()];
    for (int b = 0; b < sigmas.length; b++) {
      sigmas[b] = (float) heard(batch.sigma(b));
    }
    return sigmas;
  }

  /** The network's own numbers, float32, [rows, V]; MASK, if any, is at -infinity. */
  NDArray logits(NDManager manager, TokenBatch batch, Rows rows) {
    return PyTorchThread.call(
        () -> {
          try (NDArray hidden = hidden(manager, batch, rows)) {
            return head.wide(network.program(), manager, hidden);
          }
        });
  }

  @Override
  public void close() {
    PyTorchThread.run(
        () -> {
          cache.ifPresent(CachedPasses::close);
          weights.close();
        });
    if (owner) {
      network.close();
    }
  }
}
