package io.github.dllm4j.engine.djl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The network of LLaDA and Dream in plain double-precision loops, one position and one head at a
 * time, with keys and values of other positions taken from an earlier pass if they are given.
 */
final class ReferenceLlama {
  private final LlamaShape shape;
  private final Map<String, float[]> weights;
  private final boolean dream;

  ReferenceLlama(Network network) {
    shape = (LlamaShape) network.shape();
    weights = network.toMap();
    dream = shape.family() == Family.DREAM;
  }

  /**
   * A pass.
   *
   * @param keys of every block and position, after rotation, [layers][N][heads of keys * hd]
   * @param values the same
   * @param logits of every position that was computed, [N][V], null elsewhere
   */
  record Pass(double[][][] keys, double[][][] values, double[][] logits) {}

  /**
   * Computes positions {@code from} to before {@code to} of a sequence.
   *
   * @param past where keys and values of the other positions come from
   */
  Pass pass(int[] tokens, int from, int to, Optional<Pass> past) {
    int n = tokens.length;
    double[][] x = new double[n][];
    float[] embedding = weight(LlamaShape.marker(shape.family()));
    for (int p = from; p < to; p++) {
      x[p] = row(embedding, tokens[p], shape.width());
    }
    double[][][] keys = new double[shape.layers()][n][];
    double[][][] values = new double[shape.layers()][n][];
    for (int l = 0; l < shape.layers(); l++) {
      double[][] queries = new double[n][];
      for (int p = 0; p < n; p++) {
        if (p < from || p >= to) {
          keys[l][p] = past.orElseThrow().keys()[l][p];
          values[l][p] = past.orElseThrow().values()[l][p];
          continue;
        }
        double[] h = norm(x[p], block(l, dream ? "input_layernorm" : "attn_norm"));
        queries[p] = rotated(projected(h, l, "q_proj"), p);
        keys[l][p] = rotated(projected(h, l, "k_proj"), p);
        values[l][p] = projected(h, l, "v_proj");
      }
      for (int p = from; p < to; p++) {
        double[] seen = attended(queries[p], keys[l], values[l]);
        add(x[p], times(weight(attention(l) + (dream ? "o_proj" : "attn_out") + ".weight"), seen));
        double[] h = norm(x[p], block(l, dream ? "post_attention_layernorm" : "ff_norm"));
        double[] gate =
            times(weight(forward(l) + (dream ? "gate_proj" : "ff_proj") + ".weight"), h);
        double[] up = times(weight(forward(l) + "up_proj.weight"), h);
        for (int i = 0; i < gate.length; i++) {
          gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
        }
        add(x[p], times(weight(forward(l) + (dream ? "down_proj" : "ff_out") + ".weight"), gate));
      }
    }
    return new Pass(keys, values, logits(x, from, to));
  }

  /** Of Dream, the law at a position is read one before it; at the first one there. */
  private double[][] logits(double[][] x, int from, int to) {
    String name = dream ? "lm_head.weight" : "transformer.ff_out.weight";
    float[] head = weight(shape.tied() ? LlamaShape.marker(shape.family()) : name);
    double[][] logits = new double[x.length][];
    for (int p = from; p < to; p++) {
      int at = dream && p > 0 ? p - 1 : p;
      if (x[at] != null) {
        logits[p] =
            times(head, norm(x[at], dream ? "model.norm.weight" : "transformer.ln_f.weight"));
      }
    }
    return logits;
  }

  private String block(int layer, String norm) {
    return (dream ? "model.layers." : "transformer.blocks.") + layer + "." + norm + ".weight";
  }

  private String attention(int layer) {
    return dream ? "model.layers." + layer + ".self_attn." : "transformer.blocks." + layer + ".";
  }

  private String forward(int layer) {
    return dream ? "model.layers." + layer + ".mlp." : "transformer.blocks." + layer + ".";
  }

  private float[] weight(String name) {
    return Objects.requireNonNull(weights.get(name), name);
  }

  private double[] projected(double[] h, int layer, String name) {
    double[] y = times(weight(attention(layer) + name + ".weight"), h);
    if (shape.biases()) {
      float[] bias = weight(attention(layer) + name + ".bias");
      Arrays.setAll(y, i -> y[i] + bias[i]);
    }
    return y;
  }

  private double[] rotated(double[] x, int position) {
    int hd = shape.width() / shape.heads();
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      int at = i % hd;
      int pair = at % (hd / 2);
      double angle = position / Math.pow(shape.theta(), 2.0 * pair / hd);
      double other = at < hd / 2 ? -x[i + hd / 2] : x[i - hd / 2];
      y[i] = x[i] * Math.cos(angle) + other * Math.sin(angle);
    }
    return y;
  }

  private double[] attended(double[] query, double[][] keys, double[][] values) {
    int hd = shape.width() / shape.heads();
    double[] out = new double[query.length];
    for (int head = 0; head < shape.heads(); head++) {
      int q = head * hd;
      int k = head / (shape.heads() / shape.keyHeads()) * hd;
      double[] weight = new double[keys.length];
      double total = 0;
      for (int p = 0; p < keys.length; p++) {
        double score = 0;
        for (int i = 0; i < hd; i++) {
          score += query[q + i] * keys[p][k + i];
        }
        weight[p] = Math.exp(score / Math.sqrt(hd));
        total += weight[p];
      }
      for (int p = 0; p < keys.length; p++) {
        for (int i = 0; i < hd; i++) {
          out[q + i] += weight[p] / total * values[p][k + i];
        }
      }
    }
    return out;
  }

  private double[] norm(double[] x, String name) {
    float[] weight = weight(name);
    double mean = Arrays.stream(x).map(v -> v * v).sum() / x.length;
    double[] y = new double[x.length];
    Arrays.setAll(y, i -> x[i] / Math.sqrt(mean + shape.epsilon()) * weight[i]);
    return y;
  }

  private static void add(double[] x, double[] y) {
    Arrays.setAll(x, i -> x[i] + y[i]);
  }

  private static double[] row(float[] matrix, int row, int width) {
    return IntStream.range(0, width).mapToDouble(i -> matrix[row * width + i]).toArray();
  }

  private static double[] times(float[] matrix, double[] x) {
    double[] y = new double[matrix.length / x.length];
    for (int i = 0; i < y.length; i++) {
      for (int j = 0; j < x.length; j++) {
        y[i] += matrix[i * x.length + j] * x[j];
      }
    }
    return y;
  }

  /** Laws of the ids that may be predicted, at some positions, [positions][V]. */
  List<double[]> laws(Pass pass, int mask, int... positions) {
    List<double[]> laws = new ArrayList<>();
    for (int p : positions) {
      double[] law = pass.logits()[p].clone();
      double most = Arrays.stream(law).max().orElseThrow();
      for (int id = 0; id < law.length; id++) {
        law[id] = id == mask || id >= shape.known() ? 0 : Math.exp(law[id] - most);
      }
      double total = Arrays.stream(law).sum();
      Arrays.setAll(law, id -> law[id] / total);
      laws.add(law);
    }
    return laws;
  }
}
