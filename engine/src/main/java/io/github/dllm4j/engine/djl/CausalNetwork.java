package io.github.dllm4j.engine.djl;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import io.github.dllm4j.engine.denoise.CausalModel;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A network with causal attention as a {@link CausalModel}.
 *
 * <p>It reads START, x_0, .., x_{n-2} and its row i is the law of x_i, so that the first token has
 * a law too. START of our own networks is the id of MASK, which they never predict: p(x_0 ..
 * x_{L-1}) is a proper law of blocks without MASK. START of GPT-2 is its begin-of-text id, which it
 * may predict.
 *
 * <p>Cost of log-probabilities: one program call per {@value #CALL} tokens or sequence, whichever
 * is more; sequences of different lengths are padded behind, which no token sees. Cost of a
 * reading: one call per {@link Reading#next}, on the new tokens only, whose keys and values are
 * kept: [2, layers, sequences, length, width] numbers. Laws can differ in the last float32 bits
 * with the batch's size and between the two ways.
 */
final class CausalNetwork implements CausalModel {
  private static final int CALL = 4096;

  private final Network network;
  private final IValue weights;
  private final Precision precision;
  private final int start;
  private final int never;
  private final boolean owner;

  /**
   * A model over weights of a network, which must not change.
   *
   * @param start id that stands before the first token
   * @param never id that is never predicted, -1 for none
   * @param owner whether the network is closed with the model
   */
  CausalNetwork(
      Network network,
      List<NDArray> weights,
      Precision precision,
      int start,
      int never,
      boolean owner) {
    this.network = network;
    this.precision = precision;
    this.start = start;
    this.never = never;
    this.owner = owner;
    this.weights = network.inferenceWeights(weights, precision);
  }

  @Override
  public int vocabulary() {
    return network.shape().vocabulary();
  }

  @Override
  public int length() {
    return network.shape().length();
  }

  /** The network with its weights. */
  Network network() {
    return network;
  }

  /** The type its matrix products run in. */
  Precision precision() {
    return precision;
  }

  @Override
  public double[][] logProbabilities(int[][] sequences) {
    double[][] nats = new double[sequences.length][];
    for (int s = 0; s < sequences.length; s++) {
      check(sequences[s]);
      nats[s] = new double[sequences[s].length];
    }
    for (List<Window> batch : Window.batches(sequences, length(), CALL)) {
      double[] scores = scores(sequences, batch);
      int r = 0;
      for (Window window : batch) {
        for (int i = window.judged(); i < window.to(); i++) {
          nats[window.sequence()][i] = scores[r++];
        }
      }
    }
    return nats;
  }

  /** ln p of the judged tokens of a batch of windows, one after the other. */
  private double[] scores(int[][] sequences, List<Window> batch) {
    int n = batch.stream().mapToInt(Window::size).max().orElseThrow();
    int count = batch.stream().mapToInt(window -> window.to() - window.judged()).sum();
    long[] read = new long[batch.size() * n];
    Arrays.fill(read, start);
    long[] rows = new long[count];
    long[] targets = new long[count];
    int r = 0;
    for (int b = 0; b < batch.size(); b++) {
      Window window = batch.get(b);
      int[] tokens = sequences[window.sequence()];
      for (int i = window.from(); i < window.to(); i++) {
        int at = b * n + i - window.from();
        if (i + 1 < window.to()) {
          read[at + 1] = tokens[i];
        }
        if (i >= window.judged()) {
          rows[r] = at;
          targets[r++] = tokens[i];
        }
      }
    }
    try (NDManager step = network.manager().newSubManager();
        NDArray scores =
            network
                .program()
                .call(
                    step,
                    "scores",
                    step.create(read, new Shape(batch.size(), n)),
                    step.create(rows),
                    step.create(targets),
                    weights,
                    network.shape().program(),
                    precision.scalarType(),
                    never)) {
      double[] nats = scores.toDoubleArray();
      if (Arrays.stream(nats).anyMatch(Double::isNaN)) {
        throw new IllegalStateException(
            "the network's output is not a number: its weights are broken");
      }
      return nats;
    } catch (EngineException e) {
      throw Network.failed(e);
    }
  }

  @Override
  public Reading read(int sequences) {
    if (sequences < 1) {
      throw new IllegalArgumentException("sequences must be at least 1, got " + sequences);
    }
    return new Cached(sequences);
  }

  /** Keys and values of what has been read, START first. */
  private final class Cached implements Reading {
    private final int sequences;
    private final IValue past;
    private int at;

    Cached(int sequences) {
      this.sequences = sequences;
      this.past =
          network
              .program()
              .run(
                  "cache",
                  weights,
                  network.shape().program(),
                  precision.scalarType(),
                  sequences,
                  length());
    }

    @Override
    public TokenLaws next(int[][] tokens) {
      int more = at == 0 ? 1 : 0;
      int n = tokens[0].length + more;
      if (tokens.length != sequences || n == 0 || at + n > length()) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "reading %d sequences of at most %d tokens, %d known, cannot go on with %d of %d",
                sequences,
                length() - 1,
                Math.max(0, at - 1),
                tokens.length,
                tokens[0].length));
      }
      long[] read = new long[sequences * n];
      Arrays.fill(read, start);
      for (int b = 0; b < sequences; b++) {
        check(tokens[b]);
        for (int i = more; i < n; i++) {
          read[b * n + i] = tokens[b][i - more];
        }
      }
      return DeviceLaws.computed(
          network,
          manager -> {
            try (NDArray ids = manager.create(read, new Shape(sequences, n))) {
              NDArray logits =
                  network
                      .program()
                      .call(
                          manager,
                          "next",
                          ids,
                          weights,
                          network.shape().program(),
                          precision.scalarType(),
                          never,
                          past,
                          at);
              at += n;
              return DeviceLaws.ofLogits(network.program(), manager, logits);
            }
          });
    }

    @Override
    public void close() {
      past.close();
    }
  }

  private void check(int[] tokens) {
    Arrays.stream(tokens).forEach(network::requireId);
  }

  @Override
  public void close() {
    PyTorchThread.run(weights::close);
    if (owner) {
      network.close();
    }
  }
}
