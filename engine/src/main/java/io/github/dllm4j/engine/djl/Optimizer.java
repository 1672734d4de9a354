package io.github.dllm4j.engine.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.train.Update;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The optimiser step with clipping by global norm, and the moving average of the weights, all in
 * place and in float32. With gradient g, after scaling it to norm at most {@code clip}:
 *
 * <pre>
 * w -= rate decay w  (matrices only)
 * AdamW:  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
 *         w -= rate (m / (1 - b1^k)) / (sqrt(v / (1 - b2^k)) + epsilon)
 * Muon:   m = mu m + g;  w -= rate 0.2 sqrt(max(rows, columns)) orthogonal(g + mu m)
 * ema = e ema + (1 - e) w
 * </pre>
 *
 * <p>Sources: AdamW, Loshchilov and Hutter 2019, algorithm 2; Muon, Jordan et al. 2024, with
 * Nesterov momentum, five Newton-Schulz iterations and the factor 0.2 sqrt(max) of Liu et al. 2025
 * (arXiv 2502.16982), which gives its update the size of AdamW's. Departure: queries, keys and
 * values, stored as one matrix, are made orthogonal one by one. Muon adds 50 r^2 c + 10 r^3 FLOPs
 * per matrix of r rows and c columns, r at most c.
 */
final class Optimizer {
  static final double BETA1 = 0.9;
  static final double BETA2 = 0.98;
  static final double EPSILON = 1e-8;
  static final double MOMENTUM = 0.95;

  private final Network network;
  private final Precision precision;
  private final List<NDArray> ema = new ArrayList<>();
  private final List<NDArray> first = new ArrayList<>();
  private final List<NDArray> second = new ArrayList<>(); // of AdamW's tensors only
  private final NDArray stepCount;
  private final int[] adamW;
  private final int[] muon;

  /**
   * Fresh moments, and the weights as their own average, on the network's manager.
   *
   * @param update the rule for the matrices of the blocks; all else is by AdamW
   * @param precision of Muon's matrix products
   */
  Optimizer(Network network, Update update, Precision precision) {
    this.network = network;
    this.precision = precision;
    for (NDArray weight : network.weights()) {
      ema.add(PyTorchThread.call(weight::duplicate));
      first.add(PyTorchThread.call(weight::zerosLike));
    }
    this.stepCount = network.manager().create(0f);
    List<Integer> plain = new ArrayList<>();
    List<Integer> orthogonal = new ArrayList<>();
    List<Architecture.Tensor> tensors = network.shape().tensors();
    for (int i = 0; i < tensors.size(); i++) {
      boolean hidden = tensors.get(i).isProduct() && tensors.get(i).name().startsWith("blocks.");
      (hidden && update == Update.MUON ? orthogonal : plain).add(i);
    }
    adamW = plain.stream().mapToInt(i -> i).toArray();
    muon = orthogonal.stream().mapToInt(i -> i).toArray();
    for (int i : adamW) {
      second.add(PyTorchThread.call(network.weights().get(i)::zerosLike));
    }
  }

  /**
   * Arrays that go on from update to update.
   *
   * @param name of what they are
   * @param tensors of the network that they belong to, by index
   * @param arrays as many
   */
  record Part(String name, int[] tensors, List<NDArray> arrays) {}

  /**
   * What a checkpoint keeps: weights, average, first and, where AdamW is the rule, second moment.
   */
  List<Part> parts() {
    int[] all = IntStream.range(0, ema.size()).toArray();
    return List.of(
        new Part("weights.", all, network.weights()),
        new Part("ema.", all, ema),
        new Part("first_moment.", all, first),
        new Part("second_moment.", adamW, second));
  }

  /** The moving average of the weights. */
  List<NDArray> average() {
    return ema;
  }

  /** Goes on after so many updates, with the parts already in place. */
  void goOnAt(int step) {
    NDManager manager = network.manager();
    try (NDArray done = manager.create((float) step)) {
      network.program().call(manager, "assign", stepCount, done).close();
    }
  }

  /**
   * Updates the weights from their gradients, which may be overwritten.
   *
   * @param m for what the update needs for a moment
   * @return the gradients' norm before clipping
   */
  double update(NDManager m, double rate, double decay, double clip, double emaRate) {
    Program program = network.program();
    double norm;
    try (NDArray size = program.train(m, "gradient_norm", "ws", network.weights())) {
      norm = size.getFloat();
    }
    double scale = Math.min(1, clip / (norm + 1e-6));
    NDManager host = m.newSubManager(Device.cpu()); // the program reads these numbers there
    double[] hyper = {rate, BETA1, BETA2, EPSILON, decay, scale, emaRate};
    program
        .train(
            m,
            "adamw",
            "ws",
            some(network.weights(), adamW),
            "ms",
            some(first, adamW),
            "vs",
            second,
            "ema",
            some(ema, adamW),
            "step",
            stepCount,
            "hp",
            host.create(hyper))
        .close();
    if (muon.length > 0) {
      double[] own = {rate, MOMENTUM, decay, scale, emaRate, precision.scalarType()};
      program
          .train(
              m,
              "muon",
              "ws",
              some(network.weights(), muon),
              "ms",
              some(first, muon),
              "ema",
              some(ema, muon),
              "hp",
              host.create(own))
          .close();
    }
    return norm;
  }

  private static List<NDArray> some(List<NDArray> all, int[] which) {
    List<NDArray> some = new ArrayList<>();
    for (int i : which) {
      some.add(all.get(i));
    }
    return some;
  }
}
