package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.dllm4j.engine.train.Update;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The update of production code against plain double. */
class OptimizerTest {

  /** Both updates with clipping, decay and a moving average, in double. */
  private static final class PlainUpdate {
    private final NetworkShape shape;
    private final Update update;
    private final double[][] w;
    private final double[][] m;
    private final double[][] v;
    private final double[][] ema;
    private int step;

    PlainUpdate(NetworkShape shape, Update update, float[][] weights) {
      this.shape = shape;
      this.update = update;
      w = zeros(weights);
      m = zeros(weights);
      v = zeros(weights);
      ema = zeros(weights);
      for (int t = 0; t < w.length; t++) {
        for (int i = 0; i < w[t].length; i++) {
          w[t][i] = ema[t][i] = weights[t][i];
        }
      }
    }

    private static double[][] zeros(float[][] like) {
      return Arrays.stream(like).map(x -> new double[x.length]).toArray(double[][]::new);
    }

    double update(float[][] g, double rate, double decay, double clip, double e) {
      step++;
      double norm = 0;
      for (float[] part : g) {
        for (float x : part) {
          norm += (double) x * x;
        }
      }
      norm = Math.sqrt(norm);
      double scale = Math.min(1, clip / (norm + 1e-6));
      for (int t = 0; t < w.length; t++) {
        Architecture.Tensor tensor = shape.tensors().get(t);
        double[] gradient = new double[w[t].length];
        Arrays.setAll(gradient, new ScaledGradient(g[t], scale));
        if (tensor.shape().length > 1) {
          for (int i = 0; i < w[t].length; i++) {
            w[t][i] -= rate * decay * w[t][i];
          }
        }
        if (update == Update.MUON && tensor.name().matches("blocks.*(attn|mlp).*weight")) {
          muon(t, gradient, tensor, rate);
        } else {
          adamW(t, gradient, rate);
        }
        for (int i = 0; i < w[t].length; i++) {
          ema[t][i] = e * ema[t][i] + (1 - e) * w[t][i];
        }
      }
      return norm;
    }

    private record ScaledGradient(float[] g, double scale)
        implements java.util.function.IntToDoubleFunction {
      @Override
      public double applyAsDouble(int i) {
        return g[i] * scale;
      }
    }

    private void adamW(int t, double[] gradient, double rate) {
      for (int i = 0; i < gradient.length; i++) {
        m[t][i] = Optimizer.BETA1 * m[t][i] + (1 - Optimizer.BETA1) * gradient[i];
        v[t][i] = Optimizer.BETA2 * v[t][i] + (1 - Optimizer.BETA2) * gradient[i] * gradient[i];
        double mean = m[t][i] / (1 - Math.pow(Optimizer.BETA1, step));
        double root = Math.sqrt(v[t][i] / (1 - Math.pow(Optimizer.BETA2, step)));
        w[t][i] -= rate * mean / (root + Optimizer.EPSILON);
      }
    }

    private void muon(int t, double[] gradient, Architecture.Tensor tensor, double rate) {
      int columns = (int) tensor.shape()[1];
      int parts = tensor.name().contains("qkv") ? 3 : 1;
      int rows = gradient.length / columns / parts;
      for (int part = 0; part < parts; part++) {
        double[][] x = new double[rows][columns];
        for (int r = 0; r < rows; r++) {
          for (int c = 0; c < columns; c++) {
            int i = (part * rows + r) * columns + c;
            m[t][i] = Optimizer.MOMENTUM * m[t][i] + gradient[i];
            x[r][c] = gradient[i] + Optimizer.MOMENTUM * m[t][i];
          }
        }
        double[][] o = rows > columns ? transpose(orthogonal(transpose(x))) : orthogonal(x);
        for (int r = 0; r < rows; r++) {
          for (int c = 0; c < columns; c++) {
            int i = (part * rows + r) * columns + c;
            w[t][i] -= rate * 0.2 * Math.sqrt(Math.max(rows, columns)) * o[r][c];
          }
        }
      }
    }

    private static double[][] orthogonal(double[][] x) {
      double size = 0;
      for (double[] row : x) {
        size += Arrays.stream(row).map(a -> a * a).sum();
      }
      double[][] y = sum(1 / (Math.sqrt(size) + 1e-7), x, 0, x);
      for (int i = 0; i < 5; i++) {
        double[][] a = product(y, transpose(y));
        double[][] b = sum(-4.775, a, 2.0315, product(a, a));
        y = sum(3.4445, y, 1, product(b, y));
      }
      return y;
    }

    private static double[][] transpose(double[][] x) {
      double[][] y = new double[x[0].length][x.length];
      for (int r = 0; r < x.length; r++) {
        for (int c = 0; c < y.length; c++) {
          y[c][r] = x[r][c];
        }
      }
      return y;
    }

    private static double[][] sum(double a, double[][] x, double b, double[][] y) {
      double[][] z = new double[x.length][x[0].length];
      for (int r = 0; r < z.length; r++) {
        for (int c = 0; c < z[r].length; c++) {
          z[r][c] = a * x[r][c] + b * y[r][c];
        }
      }
      return z;
    }

    private static double[][] product(double[][] x, double[][] y) {
      double[][] z = new double[x.length][y[0].length];
      for (int r = 0; r < z.length; r++) {
        for (int k = 0; k < y.length; k++) {
          for (int c = 0; c < z[r].length; c++) {
            z[r][c] += x[r][k] * y[k][c];
          }
        }
      }
      return z;
    }
  }

  @ParameterizedTest
  @CsvSource({"ADAMW, 0.5, 0", "ADAMW, 1000, 0.9", "MUON, 0.5, 0", "MUON, 1000, 0.9"})
  void updatesAreThoseInDouble(Update update, double clip, double emaRate) {
    NetworkShape shape = Tiny.shape(true, false);
    PlainUpdate plain = new PlainUpdate(shape, update, Tiny.weights(shape, 2));
    try (Network network = TrainerLossTest.trainable(shape, 2)) {
      Optimizer optimizer = new Optimizer(network, update, Precision.FP32);
      double moved = 0;
      for (int step = 0; step < 3; step++) {
        TrainerLossTest.backward(network, TrainerLossTest.batch(step), false);
        float[][] g = TrainerLossTest.gradients(network).toArray(float[][]::new);
        double rate = 0.01 * (step + 1);
        double expected = plain.update(g, rate, 0.1, clip, emaRate);
        try (NDManager m = network.manager().newSubManager()) {
          assertEquals(expected, optimizer.update(m, rate, 0.1, clip, emaRate), 1e-4 * expected);
        }
        moved += rate;
      }
      List<double[][]> parts = List.of(plain.w, plain.ema, plain.m, plain.v);
      assertEquals(parts.size(), optimizer.parts().size());
      for (int p = 0; p < parts.size(); p++) {
        compare(parts.get(p), optimizer.parts().get(p), p < 2 ? 1e-4 * moved : 0);
      }
      int moments = optimizer.parts().get(3).arrays().size();
      assertEquals(update == Update.ADAMW, moments == plain.w.length); // Muon has no second
    }
    assertEquals(3, plain.step);
  }

  /** Moments, which are not told how far weights moved, within their own size. */
  private static void compare(double[][] expected, Optimizer.Part part, double moved) {
    for (int k = 0; k < part.tensors().length; k++) {
      double[] tensor = expected[part.tensors()[k]];
      float[] actual = part.arrays().get(k).toFloatArray();
      for (int i = 0; i < actual.length; i++) {
        // Near gradient 0, m / sqrt(v) amplifies float32 rounding: a ten-thousandth of the way.
        double allowed = moved > 0 ? moved : 1e-5 + 1e-4 * Math.abs(tensor[i]);
        assertEquals(tensor[i], actual[i], allowed, part.name() + part.tensors()[k]);
      }
    }
  }

  /** Many equal entries, whose squares a float32 sum would lose by the thousandth. */
  @Test
  void normOfManyEntriesIsRight() {
    int size = 4096;
    try (NDManager m = PyTorch.newManager("cpu");
        Program program = Program.load(m)) {
      NDArray weight = m.zeros(new Shape(size, size));
      weight.setRequiresGradient(true);
      program.train(m, "start", "ws", List.of(weight)).close();
      weight.getGradient().addi(0.1f);
      double norm = program.train(m, "gradient_norm", "ws", List.of(weight)).getFloat();
      assertEquals(0.1 * size, norm, 1e-6 * size);
    }
  }

  @ParameterizedTest
  @CsvSource({"8, 8", "4, 12", "12, 4"})
  void singularValuesBecomeAlike(int rows, int columns) {
    try (Network network = TrainerLossTest.trainable(Tiny.shape(false, false), 2);
        NDManager m = network.manager().newSubManager()) {
      NDArray x = m.randomNormal(new ai.djl.ndarray.types.Shape(1, rows, columns));
      NDArray y = network.program().call(m, "orthogonal", x, Precision.FP32.scalarType());
      NDArray square =
          rows <= columns
              ? y.get(0).matMul(y.get(0).transpose())
              : y.get(0).transpose().matMul(y.get(0));
      double trace = 0;
      for (int i = 0; i < Math.min(rows, columns); i++) {
        trace += square.getFloat(i, i);
      }
      // The iteration leaves singular values between about 0.7 and 1.2 (Jordan et al. 2024).
      double mean = trace / Math.min(rows, columns);
      assertTrue(mean > 0.4 && mean < 1.5, "mean square of the singular values " + mean);
    }
  }
}
