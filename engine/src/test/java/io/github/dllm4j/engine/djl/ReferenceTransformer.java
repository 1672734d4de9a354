package io.github.dllm4j.engine.djl;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The DiT forward pass again, in plain double loops from the definition (spec/peers.md 2.1): what
 * the program must agree with. Not fast.
 */
final class ReferenceTransformer {
  private final NetworkShape shape;
  private boolean causal;
  private final Map<String, double[]> weights = new HashMap<>();

  /** A network with weights in the order of {@link NetworkShape#tensors}. */
  ReferenceTransformer(NetworkShape shape, float[][] weights) {
    this.shape = shape;
    List<Architecture.Tensor> tensors = shape.tensors();
    for (int i = 0; i < weights.length; i++) {
      double[] wide = new double[weights[i].length];
      for (int k = 0; k < wide.length; k++) {
        wide[k] = weights[i][k];
      }
      this.weights.put(tensors.get(i).name(), wide);
    }
  }

  /** The same network, in which no position sees a later one from now on. */
  ReferenceTransformer causal() {
    causal = true;
    return this;
  }

  /** The weights of a tensor, which may be changed. */
  double[] tensor(String name) {
    return Objects.requireNonNull(weights.get(name), name);
  }

  /** Logits of every position, MASK included, [n][V]. */
  double[][] logits(int[] tokens, double sigma) {
    int d = shape.width();
    double[] c = shape.timeWidth() > 0 ? condition(sigma) : null;
    double[][] x = new double[tokens.length][];
    for (int i = 0; i < x.length; i++) {
      x[i] =
          Arrays.copyOfRange(tensor("vocab_embed.embedding"), tokens[i] * d, (tokens[i] + 1) * d);
    }
    for (int layer = 0; layer < shape.layers(); layer++) {
      String b = "blocks." + layer + ".";
      double[] m = c == null ? null : linear(c, b + "adaLN_modulation", true);
      double[][] h = modulated(normed(x, b + "norm1"), m, 0);
      addGated(x, attention(each(h, b + "attn_qkv", false), b), m, 2);
      h = modulated(normed(x, b + "norm2"), m, 3);
      double[][] up = each(h, b + "mlp.0", true);
      for (double[] row : up) {
        Arrays.setAll(row, k -> gelu(row[k]));
      }
      addGated(x, each(up, b + "mlp.2", true), m, 5);
    }
    double[] m = c == null ? null : linear(c, "output_layer.adaLN_modulation", true);
    return each(modulated(normed(x, "output_layer.norm_final"), m, 0), "output_layer.linear", true);
  }

  /** -ln p(target) at a position, MASK excluded; with the penalty c - 1 - ln c if wanted. */
  double loss(double[] logits, int target, int mask, boolean penalised) {
    double sum = 0;
    for (int v = 0; v < logits.length; v++) {
      sum += v == mask ? 0 : Math.exp(logits[v]);
    }
    double c = sum / (logits.length - 1);
    return Math.log(sum) - logits[target] + (penalised ? c - 1 - Math.log(c) : 0);
  }

  private double[] condition(double sigma) {
    int half = NetworkShape.TIME_FEATURES / 2;
    double[] features = new double[2 * half];
    for (int k = 0; k < half; k++) {
      double angle = sigma * Math.exp(-Math.log(10000) * k / half);
      features[k] = Math.cos(angle);
      features[half + k] = Math.sin(angle);
    }
    double[] hidden = silu(linear(features, "sigma_map.mlp.0", true));
    return silu(linear(hidden, "sigma_map.mlp.2", true));
  }

  private static double[] silu(double[] x) {
    return Arrays.stream(x).map(v -> v / (1 + Math.exp(-v))).toArray();
  }

  private static double gelu(double x) {
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
  }

  private double[] linear(double[] x, String name, boolean bias) {
    double[] w = tensor(name + ".weight");
    double[] y = new double[w.length / x.length];
    for (int o = 0; o < y.length; o++) {
      y[o] = bias ? tensor(name + ".bias")[o] : 0;
      for (int k = 0; k < x.length; k++) {
        y[o] += w[o * x.length + k] * x[k];
      }
    }
    return y;
  }

  private double[][] each(double[][] x, String name, boolean bias) {
    return Arrays.stream(x).map(row -> linear(row, name, bias)).toArray(double[][]::new);
  }

  private double[][] normed(double[][] x, String name) {
    double[] w = tensor(name + ".weight");
    double[] b = shape.normBias() ? tensor(name + ".bias") : new double[w.length];
    double[][] y = new double[x.length][w.length];
    for (int i = 0; i < x.length; i++) {
      double mean = Arrays.stream(x[i]).average().orElseThrow();
      double variance =
          Arrays.stream(x[i]).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
      for (int k = 0; k < w.length; k++) {
        y[i][k] = (x[i][k] - mean) / Math.sqrt(variance + 1e-5) * w[k] + b[k];
      }
    }
    return y;
  }

  /** x * (1 + scale) + shift; chunk and chunk + 1 of the modulation are shift and scale. */
  private double[][] modulated(double[][] x, double @Nullable [] m, int chunk) {
    int d = shape.width();
    for (double[] row : x) {
      for (int k = 0; m != null && k < d; k++) {
        row[k] = row[k] * (1 + m[(chunk + 1) * d + k]) + m[chunk * d + k];
      }
    }
    return x;
  }

  private void addGated(double[][] x, double[][] branch, double @Nullable [] m, int chunk) {
    int d = shape.width();
    for (int i = 0; i < x.length; i++) {
      for (int k = 0; k < d; k++) {
        x[i][k] += (m == null ? 1 : m[chunk * d + k]) * branch[i][k];
      }
    }
  }

  /** Attention of all positions to all; rows of qkv are (q, k, v) x head x feature. */
  private double[][] attention(double[][] qkv, String block) {
    int n = qkv.length;
    int d = shape.width();
    int hd = d / shape.heads();
    double[][] out = new double[n][d];
    for (int head = 0; head < shape.heads(); head++) {
      double[][] q = new double[n][];
      double[][] k = new double[n][];
      for (int i = 0; i < n; i++) {
        q[i] = rotated(Arrays.copyOfRange(qkv[i], head * hd, (head + 1) * hd), i);
        k[i] = rotated(Arrays.copyOfRange(qkv[i], d + head * hd, d + (head + 1) * hd), i);
      }
      for (int i = 0; i < n; i++) {
        int seen = causal ? i + 1 : n;
        double[] weight = new double[seen];
        for (int j = 0; j < seen; j++) {
          for (int f = 0; f < hd; f++) {
            weight[j] += q[i][f] * k[j][f] / Math.sqrt(hd);
          }
        }
        double sum = Arrays.stream(weight).map(Math::exp).sum();
        for (int j = 0; j < seen; j++) {
          for (int f = 0; f < hd; f++) {
            out[i][head * hd + f] += Math.exp(weight[j]) / sum * qkv[j][2 * d + head * hd + f];
          }
        }
      }
    }
    return each(out, block + "attn_out", false);
  }

  /** The pair (k, k + half) turned by position * 10000^(-2k/hd). */
  private static double[] rotated(double[] x, int position) {
    int half = x.length / 2;
    double[] y = new double[x.length];
    for (int k = 0; k < half; k++) {
      double angle = position * Math.pow(10000, -2.0 * k / x.length);
      y[k] = x[k] * Math.cos(angle) - x[half + k] * Math.sin(angle);
      y[half + k] = x[half + k] * Math.cos(angle) + x[k] * Math.sin(angle);
    }
    return y;
  }
}
