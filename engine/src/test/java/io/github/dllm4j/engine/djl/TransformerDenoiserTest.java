package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.DenoiserContractTest;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.train.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class TransformerDenoiserTest extends DenoiserContractTest {

  @Override
  protected Denoiser denoiser() {
    return Tiny.denoiser(Tiny.shape(false, false), Precision.FP32);
  }

  @Override
  protected int length() {
    return Tiny.LENGTH;
  }

  @Override
  protected double tolerance() {
    return 1e-5;
  }

  @Test
  void severalThreadsGetTheSameLaws() throws Exception {
    TokenBatch batch = Tiny.batch(3, 2);
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (TransformerDenoiser denoiser = Tiny.denoiser(Tiny.shape(true, false), Precision.FP32)) {
      double[][] expected = ForwardPassTest.logLaws(denoiser, batch, Rows.all(batch));
      List<Future<double[][]>> results = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        results.add(
            threads.submit(() -> ForwardPassTest.logLaws(denoiser, batch, Rows.all(batch))));
      }
      for (Future<double[][]> result : results) {
        for (int r = 0; r < expected.length; r++) {
          assertArrayEquals(expected[r], result.get()[r]);
        }
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void takesShorterSequencesButNoLonger() {
    try (Denoiser denoiser = denoiser()) {
      TokenBatch one = TokenBatch.of(1, new int[] {Tiny.MASK}, new double[] {1});
      assertEquals(1, denoiser.predict(one, Rows.all(one)).rows());
      TokenBatch longer = TokenBatch.of(6, new int[6], new double[] {1});
      String message =
          Refusal.message(
              IllegalArgumentException.class,
              () -> denoiser.predict(longer, Rows.of(new int[] {0})));
      assertEquals("sequences must have at most 5 tokens, got 6", message);
    }
  }

  @Test
  void refusesToBeUsedAfterClose() {
    TokenBatch batch = Tiny.batch(1, 2);
    Denoiser denoiser = denoiser();
    denoiser.close();
    denoiser.close();
    assertThrows(IllegalStateException.class, () -> denoiser.predict(batch, Rows.all(batch)));
  }

  @Test
  void brokenWeightsAreAnErrorAndNoToken() {
    NetworkShape shape = Tiny.shape(false, false);
    float[][] weights = Tiny.weights(shape, 1);
    weights[weights.length - 1][2] = Float.NaN;
    TokenBatch batch = Tiny.batch(1, 2);
    try (Denoiser denoiser =
        TransformerDenoiser.owning(
            Tiny.network(shape, weights), Precision.FP32, Tiny.MASK, Representation.DENOISER)) {
      String message =
          Refusal.message(
              IllegalStateException.class,
              () -> denoiser.predict(batch, Rows.all(batch)).entropyNats());
      assertTrue(message.contains("not a number"), message);
    }
  }

  @Test
  void predictingLeavesNoArraysBehind() {
    NetworkShape shape = Tiny.shape(true, true);
    Network network = Tiny.network(shape, Tiny.weights(shape, 1));
    TokenBatch batch = Tiny.batch(2, 2);
    try (TransformerDenoiser denoiser =
        TransformerDenoiser.owning(network, Precision.BF16, Tiny.MASK, Representation.DENOISER)) {
      ForwardPassTest.logLaws(denoiser, batch, Rows.all(batch));
      int before = network.manager().getManagedArrays().size();
      for (int i = 0; i < 20; i++) {
        ForwardPassTest.logLaws(denoiser, batch, Rows.all(batch));
      }
      assertEquals(before, network.manager().getManagedArrays().size());
    }
  }
}
