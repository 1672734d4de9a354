package io.github.dllm4j.engine.steer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.UniformGolden;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The example of the package documentation, on three letters. */
class SteerExampleTest {

  @Test
  void theExampleRunsAndRaisesTheScore() {
    Denoiser denoiser = NoisyOracle.uniform(UniformGolden.law("markov_S3_d4"));
    SequenceScorer scorer =
        sequences -> sequences.stream().mapToDouble(x -> 2 * Arrays.stream(x).sum()).toArray();
    long seed = 1;
    StepModel model = StepModel.of(denoiser, NoiseProcess.uniform(3), 64);
    Canvas canvas = Canvas.of(new int[] {3, 0, 3, 3}, 3);

    TimeGrid grid = TimeGrid.logLinear(1e-3, 8);
    ReverseChain chain = ReverseChain.of(model, canvas, grid, ReverseKernel.tweedie());
    List<int[]> infilled = chain.run(8, seed);

    ReverseChain back =
        ReverseChain.of(model, canvas, TimeGrid.uniform(0.5, 4), ReverseKernel.tweedie());
    List<UTurn.Outcome> improved = UTurn.metropolis(back, scorer).run(infilled, 30, seed);

    Twist twist = new TwistLearner(chain, scorer, 0.5, 0.01).learn(3, 64, seed).twist();
    ParticleSampler.Particles particles =
        ParticleSampler.lookAhead(chain, scorer, twist).run(64, seed, 0);

    double before = Arrays.stream(scorer.score(infilled)).average().getAsDouble();
    double turned = improved.stream().mapToDouble(UTurn.Outcome::score).average().getAsDouble();
    double[] scores = scorer.score(particles.sequences());
    double steered = 0;
    for (int j = 0; j < scores.length; j++) {
      steered += particles.weights()[j] * scores[j];
      assertEquals(0, particles.sequences().get(j)[1]);
    }
    assertTrue(turned > before + 1, before + " -> " + turned);
    assertTrue(steered > before + 1, before + " -> " + steered);
    assertArrayEquals(
        improved.get(0).tokens(),
        UTurn.metropolis(back, scorer).run(infilled.subList(0, 1), 30, seed).get(0).tokens());
  }
}
