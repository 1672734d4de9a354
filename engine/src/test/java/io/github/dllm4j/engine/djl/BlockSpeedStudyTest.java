package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.sample.BlockPlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingTask;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.StepListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sampling steps per second with and without the keys of finished blocks kept. */
@Tag("slow")
class BlockSpeedStudyTest {
  private static final Logger LOG = LoggerFactory.getLogger(BlockSpeedStudyTest.class);
  private static final int VOCABULARY = 2_048;

  /** Weights of a size that keeps activations near 1, so that laws depend on what is seen. */
  private static float[][] weights(NetworkShape shape) {
    Random random = new Random(1);
    return shape.tensors().stream()
        .map(
            tensor -> {
              long[] sizes = tensor.shape();
              boolean scale = tensor.name().contains("norm") && sizes.length == 1;
              double deviation = Math.pow((double) sizes[sizes.length - 1], -0.5);
              float[] weights = new float[(int) tensor.size()];
              for (int i = 0; i < weights.length; i++) {
                weights[i] = scale ? 1 : (float) (deviation * random.nextGaussian());
              }
              return weights;
            })
        .toArray(float[][]::new);
  }

  /** Seconds of one run after a short one. */
  private static double seconds(BlockNetwork network, List<SamplingTask> tasks, List<Sample> made) {
    Sampler sampler = new Sampler(network, tasks.size());
    int[] steps = {0};
    sampler.run(tasks, event -> ++steps[0] < 8);
    long begin = System.nanoTime();
    made.addAll(sampler.run(tasks, StepListener.NONE));
    return (System.nanoTime() - begin) * 1e-9;
  }

  @ParameterizedTest
  @CsvSource({"4, 1, 1", "4, 1, 4", "16, 4, 1", "16, 4, 4"})
  void stepsPerSecond(int block, int each, int samples) {
    PyTorch.setThreads(1);
    int positions = 512;
    NetworkShape shape = new NetworkShape(VOCABULARY, 512, 8, 8, positions, 0, false);
    Canvas canvas = Canvas.blank(positions - 1, VOCABULARY - 1);
    Blocks blocks = new Blocks(block, 1);
    List<RevealPlan> plans =
        Arrays.stream(BlockPlan.holes(blocks, canvas))
            .mapToObj(holes -> (RevealPlan) SizePlan.balanced(holes, each))
            .toList();
    BlockPlan plan = BlockPlan.of(blocks, canvas, plans);
    List<SamplingTask> tasks =
        IntStream.range(0, samples).mapToObj(s -> SamplingTask.of(canvas, plan, 1, s)).toList();
    int steps = plan.steps(positions - 1);
    List<Sample> made = new ArrayList<>();
    double[] rates = new double[2];
    for (int keeping = 0; keeping < 2; keeping++) {
      Network network = Tiny.network(new BlockShape(shape, block), weights(shape));
      try (BlockNetwork denoiser =
          new BlockNetwork(network, Precision.FP32, VOCABULARY - 1, 0, keeping == 1)) {
        rates[keeping] = steps / seconds(denoiser, tasks, made);
      }
    }
    LOG.info(
        String.format(
            Locale.ROOT,
            "| %d | %d | %d | %.1f | %.1f | %.1f |",
            block,
            samples,
            steps,
            rates[0],
            rates[1],
            rates[1] / rates[0]));
    for (int s = 0; s < samples; s++) {
      assertArrayEquals(made.get(s).tokens(), made.get(samples + s).tokens(), "sample " + s);
    }
  }
}
