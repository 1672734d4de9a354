package io.github.dllm4j.engine.oracle;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A Markov random field on a tree, by sum-product: messages to the root, then back, scaled to sum
 * to 1. O(d S^2).
 */
final class TreeField implements ExactLaw {
  private final double[][] fields;
  private final int[] order; // nodes, parents first
  private final int[] parent; // -1 for the root
  private final double[][][] toChild; // [node][value of the parent][value of the node]

  TreeField(double[][] fields, List<TreeEdge> edges) {
    int d = fields.length;
    Words.atLeast("length", d, 1);
    int symbols = fields[0].length;
    for (double[] field : fields) {
      if (field.length != symbols || !Arrays.stream(field).allMatch(w -> w > 0)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "fields must be rows of %d positive weights, got %s",
                symbols,
                Arrays.toString(field)));
      }
    }
    for (TreeEdge edge : edges) {
      check(edge, d, symbols);
    }
    this.fields = Words.copy(fields);
    order = new int[d];
    parent = new int[d];
    toChild = new double[d][][];
    root(edges);
  }

  private static void check(TreeEdge edge, int d, int symbols) {
    boolean ends = edge.from() >= 0 && edge.from() < d && edge.to() >= 0 && edge.to() < d;
    boolean square = edge.potential().length == symbols;
    for (double[] row : edge.potential()) {
      square &= row.length == symbols && Arrays.stream(row).allMatch(w -> w >= 0);
    }
    if (!ends || !square) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "edge %d-%d must join nodes below %d with a %dx%d potential that is not negative",
              edge.from(),
              edge.to(),
              d,
              symbols,
              symbols));
    }
  }

  /** Orders the nodes from the root 0 outwards and turns every potential towards its child. */
  private void root(List<TreeEdge> edges) {
    Arrays.fill(parent, -2);
    parent[0] = -1;
    int found = 1;
    for (int next = 0; next < found; next++) {
      int node = order[next];
      for (TreeEdge edge : edges) {
        int other = edge.from() == node ? edge.to() : edge.to() == node ? edge.from() : -1;
        if (other >= 0 && parent[other] == -2) {
          parent[other] = node;
          toChild[other] =
              edge.from() == node ? Words.copy(edge.potential()) : transpose(edge.potential());
          order[found++] = other;
        }
      }
    }
    if (found != order.length || edges.size() != order.length - 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "edges must form a tree on %d nodes, got %d edges reaching %d nodes",
              order.length,
              edges.size(),
              found));
    }
  }

  private static double[][] transpose(double[][] matrix) {
    double[][] transposed = new double[matrix.length][matrix.length];
    for (int r = 0; r < matrix.length; r++) {
      for (int c = 0; c < matrix.length; c++) {
        transposed[c][r] = matrix[r][c];
      }
    }
    return transposed;
  }

  @Override
  public int length() {
    return fields.length;
  }

  @Override
  public int symbols() {
    return fields[0].length;
  }

  @Override
  public double[][] conditionals(int[] word) {
    double[][] laws = Words.start(this, word);
    int d = fields.length;
    double[][] local = new double[d][]; // field, cut to the revealed value
    for (int i = 0; i < d; i++) {
      local[i] = fields[i].clone();
      for (int v = 0; v < symbols() && word[i] < symbols(); v++) {
        local[i][v] = v == word[i] ? local[i][v] : 0;
      }
    }
    double[][] up = new double[d][]; // message of a node to its parent
    List<List<Integer>> children = new ArrayList<>();
    for (int i = 0; i < d; i++) {
      children.add(new ArrayList<>());
    }
    for (int n = d - 1; n > 0; n--) {
      int node = order[n];
      up[node] = scaled(times(toChild[node], inside(local[node], children.get(node), up, -1)));
      children.get(parent[node]).add(node);
    }
    double[][] down = new double[d][]; // message of the parent to a node
    for (int node : order) {
      double[] above = local[node].clone();
      if (parent[node] >= 0) {
        multiply(above, down[node]);
      }
      for (int child : children.get(node)) {
        double[] others = inside(above, children.get(node), up, child);
        down[child] = scaled(times(transpose(toChild[child]), others));
      }
      if (word[node] == symbols()) {
        laws[node] = inside(above, children.get(node), up, -1);
      }
    }
    return Words.finish(laws);
  }

  /** A node's weights times the messages of its children, one of them left out. */
  private static double[] inside(
      double[] weights, List<Integer> children, double[][] up, int except) {
    double[] product = weights.clone();
    for (int child : children) {
      if (child != except) {
        multiply(product, up[child]);
      }
    }
    return product;
  }

  private static void multiply(double[] weights, double[] factors) {
    for (int v = 0; v < weights.length; v++) {
      weights[v] *= factors[v];
    }
  }

  private static double[] times(double[][] matrix, double[] vector) {
    double[] product = new double[matrix.length];
    for (int r = 0; r < matrix.length; r++) {
      for (int c = 0; c < vector.length; c++) {
        product[r] += matrix[r][c] * vector[c];
      }
    }
    return product;
  }

  private static double[] scaled(double[] message) {
    double sum = Arrays.stream(message).sum();
    for (int v = 0; v < message.length && sum > 0; v++) {
      message[v] /= sum;
    }
    return message;
  }
}
