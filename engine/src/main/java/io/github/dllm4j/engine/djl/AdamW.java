package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2) with clipping by global norm, and the moving
 * average of the weights, all in place and in float32. With gradient g, after scaling it to norm at
 * most {@code clip}:
 *
 * <pre>
 * w -= rate decay w  (matrices only);  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
 * w -= rate (m / (1 - b1^k)) / (sqrt(v / (1 - b2^k)) + epsilon);  ema = e ema + (1 - e) w
 * </pre>
 */
final class AdamW {
  static final double BETA1 = 0.9;
  static final double BETA2 = 0.98;
  static final double EPSILON = 1e-8;

  private final Network network;
  private final List<NDArray> ema = new ArrayList<>();
  private final List<NDArray> first = new ArrayList<>();
  private final List<NDArray> second = new ArrayList<>();
  private final NDArray stepCount;

  /** Fresh moments, and the weights as their own average, on the network's manager. */
  AdamW(Network network) {
    this.network = network;
    for (NDArray weight : network.weights()) {
      ema.add(weight.duplicate());
      first.add(weight.zerosLike());
      second.add(weight.zerosLike());
    }
    this.stepCount = network.manager().create(0f);
  }

  /** What a checkpoint keeps: weights, average, first and second moment. */
  List<List<NDArray>> parts() {
    return List.of(network.weights(), ema, first, second);
  }

  /** The moving average of the weights. */
  List<NDArray> average() {
    return ema;
  }

  /** Goes on after so many updates, with the parts already in place. */
  void goOnAt(int step) {
    stepCount.set(new float[] {step});
  }

  /**
   * Updates the weights from their gradients, which become zero.
   *
   * @param m for what the update needs for a moment
   * @return the gradients' norm before clipping
   */
  double update(NDManager m, double rate, double decay, double clip, double emaRate) {
    double[] hyper = {rate, BETA1, BETA2, EPSILON, decay, clip, emaRate};
    try (NDArray norm =
        network
            .program()
            .train(
                m,
                "update",
                "ws",
                network.weights(),
                "ms",
                first,
                "vs",
                second,
                "ema",
                ema,
                "step",
                stepCount,
                "hp",
                m.create(hyper))) {
      return norm.getFloat();
    }
  }
}
