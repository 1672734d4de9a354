package io.github.dllm4j.engine.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.TestHeads;
import io.github.dllm4j.engine.train.NoiseTimes;
import java.util.Iterator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bound of uniform noise, estimated as it is for a network. */
class UniformBoundTest {
  private static final int LENGTH = 4;
  private static final ExactLaw LAW =
      ExactLaw.markov(
          LENGTH,
          new double[] {0.5, 0.3, 0.2},
          new double[][] {{0.8, 0.15, 0.05}, {0.1, 0.7, 0.2}, {0.3, 0.1, 0.6}});

  private static LikelihoodBound bound(Denoiser head, int blocks, int times, int batch) {
    Iterator<int[]> words = IntStream.range(0, blocks).mapToObj(i -> LAW.sample(99, i)).iterator();
    return LikelihoodBound.estimate(head, words, times, batch, 7);
  }

  /**
   * With the exact leave-one-out law the bound is the entropy, up to the prior (alpha = 1e-3) and
   * the factorised reconstruction (noise 1e-3), below 1e-5 nats per token together.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 8})
  void isTheEntropyOnAverage(int times) {
    LikelihoodBound bound = bound(NoisyOracle.uniform(LAW), 1500, times, 64);
    double entropy = LAW.curve().orElseThrow().entropy() / LENGTH;
    double error = bound.natsPerToken() - entropy;
    assertTrue(
        Math.abs(error) < 4 * bound.standardError() + 1e-5, error + " +- " + bound.standardError());
    assertTrue(bound.standardError() < 0.1, "se " + bound.standardError());
  }

  /** A denoiser is converted; taken for a leave-one-out law it costs 0.45 nats per token. */
  @Test
  void representationsAreConvertedOnce() {
    LikelihoodBound right = bound(NoisyOracle.uniform(LAW), 300, 8, 64);
    LikelihoodBound converted = bound(TestHeads.denoiser(LAW), 300, 8, 64);
    assertEquals(right.natsPerToken(), converted.natsPerToken(), 1e-9);
    LikelihoodBound wrong = bound(TestHeads.denoiserInTheWrongSlot(LAW), 300, 8, 64);
    assertTrue(wrong.natsPerToken() > right.natsPerToken() + 0.2, wrong + " and " + right);
  }

  @ParameterizedTest
  @CsvSource({"4, 1", "4, 3", "4, 5", "7, 64"})
  void theBatchChangesNothing(int times, int batch) {
    LikelihoodBound expected = bound(NoisyOracle.uniform(LAW), 20, times, 1000);
    LikelihoodBound actual = bound(NoisyOracle.uniform(LAW), 20, times, batch);
    assertEquals(expected.natsPerToken(), actual.natsPerToken(), 1e-12);
  }

  /** The weights integrate sigma' exactly: midpoints of 100,000 strata. */
  @Test
  void timesAndTheirWeightsFitTogether() {
    int strata = 100_000;
    double sum = 0;
    double earliest = 1;
    for (int i = 0; i < strata; i++) {
      double t = NoiseTimes.at((i + 0.5) / strata);
      earliest = Math.min(earliest, t);
      sum += NoiseTimes.weight(NoiseTimes.SCHEDULE.at(t)) / strata;
    }
    double expected =
        NoiseTimes.SCHEDULE.at(1).sigma() - NoiseTimes.SCHEDULE.at(NoiseTimes.FIRST).sigma();
    assertEquals(expected, sum, 1e-4 * expected);
    assertTrue(earliest >= NoiseTimes.FIRST && NoiseTimes.at(0) == NoiseTimes.FIRST);
    assertTrue(NoiseTimes.at(1 - 0x1p-53) <= 1);
  }
}
