package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.AdaptivePlan;
import io.github.dllm4j.engine.sample.ApproximateCache;
import io.github.dllm4j.engine.sample.ApproximateCache.Kind;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.Confidence;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingTask;
import io.github.dllm4j.engine.sample.SizePlan;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The table of docs/field-models.md about kept keys and values: a LLaDA of 1.2e8 random weights
 * fills {@value #HOLES} holes behind a prompt of {@value #PROMPT} tokens in blocks of {@value
 * #BLOCK}, 4 tokens a step.
 */
@Tag("slow")
class CacheStudyTest {
  private static final int PROMPT = 128;
  private static final int HOLES = 128;
  private static final int BLOCK = 32;

  /** Answers as another, and adds up how far that is from what the other answers without leave. */
  private static final class Compared implements Denoiser {
    private final Denoiser inner;
    private double kl;
    private double variation;
    private long rows;

    Compared(Denoiser inner) {
      this.inner = inner;
    }

    @Override
    public int vocabulary() {
      return inner.vocabulary();
    }

    @Override
    public OptionalInt mask() {
      return inner.mask();
    }

    @Override
    public Representation representation() {
      return inner.representation();
    }

    @Override
    public TokenLaws predict(TokenBatch batch, Rows asked) {
      TokenBatch plain =
          TokenBatch.of(batch.length(), batch.toArray(), new double[batch.size()]);
      TokenLaws found = inner.predict(batch, asked);
      try (TokenLaws exact = inner.predict(plain, asked)) {
        double[][] p = exact.toArray();
        double[][] q = found.toArray();
        for (int r = 0; r < p.length; r++) {
          for (int id = 0; id < p[r].length; id++) {
            kl += p[r][id] == 0 ? 0 : p[r][id] * Math.log(p[r][id] / q[r][id]);
            variation += Math.abs(p[r][id] - q[r][id]) / 2;
          }
        }
        rows += p.length;
      }
      return found;
    }
  }

  private static List<SamplingTask> tasks(int mask, Optional<ApproximateCache> cache, int count) {
    int[] tokens = new int[PROMPT + HOLES];
    Arrays.fill(tokens, mask);
    Random random = new Random(1);
    Arrays.setAll(tokens, i -> i < PROMPT ? random.nextInt(8_000) : mask);
    AdaptivePlan blocks =
        AdaptivePlan.mostConfident(SizePlan.balanced(HOLES, HOLES / 4), Confidence.CANDIDATE)
            .inBlocks(BLOCK, HOLES);
    AdaptivePlan plan = cache.map(blocks::cached).orElse(blocks);
    Canvas canvas = Canvas.of(tokens, mask);
    return IntStream.range(0, count)
        .mapToObj(sample -> new SamplingTask(canvas, plan, 1, sample, 1, 1))
        .toList();
  }

  private static List<Sample> run(
      Denoiser denoiser, Optional<ApproximateCache> cache, int count) {
    int mask = denoiser.mask().orElseThrow();
    return new Sampler(denoiser, count).run(tasks(mask, cache, count), event -> true);
  }

  private static double evaluationsPerSecond(
      Denoiser denoiser, Optional<ApproximateCache> cache, int count) {
    double best = 0;
    for (int round = 0; round < 3; round++) {
      long begin = System.nanoTime();
      int made = run(denoiser, cache, count).stream().mapToInt(Sample::evaluations).sum();
      best = Math.max(best, made / ((System.nanoTime() - begin) * 1e-9));
    }
    return best;
  }

  @Test
  void keptKeysAndValues(@TempDir Path folder) throws Exception {
    PyTorch.setThreads(1);
    SyntheticLlama.write(folder, SyntheticLlama.shape(8_192, 1_024, 2_816, 8, 8, 512), 2);
    for (Precision precision : List.of(Precision.FP32, Precision.BF16)) {
      try (Model model = Model.open(folder, new ModelOptions("cpu", Optional.of(precision)))) {
        Denoiser denoiser = model.denoiser();
        List<int[]> exact =
            run(denoiser, Optional.empty(), 2).stream().map(Sample::tokens).toList();
        double[] plain = new double[2];
        for (int[] row : new int[][] {{-1, 0}, {0, 0}, {0, 4}, {1, 0}, {1, 4}, {1, 2}, {1, 1}}) {
          Optional<ApproximateCache> cache =
              row[0] < 0
                  ? Optional.empty()
                  : Optional.of(
                      new ApproximateCache(
                          Kind.values()[row[0]],
                          row[1] == 0 ? ApproximateCache.EACH_BLOCK : row[1]));
          Compared compared = new Compared(denoiser);
          List<Sample> made = run(compared, cache, 2);
          int same = 0;
          for (int s = 0; s < 2; s++) {
            int[] tokens = made.get(s).tokens();
            for (int i = PROMPT; i < tokens.length; i++) {
              same += tokens[i] == exact.get(s)[i] ? 1 : 0;
            }
          }
          double kl = compared.kl / compared.rows;
          if (row[0] < 0 || row[1] == 1) {
            assertTrue(kl < 1e-6, "nothing is approximate: " + kl);
            assertEquals(2 * HOLES, same);
          } else {
            assertTrue(kl > 1e-6, "must be seen to be approximate: " + kl);
          }
          double[] speed = new double[2];
          for (int b = 0; b < 2; b++) {
            speed[b] = evaluationsPerSecond(denoiser, cache, b == 0 ? 1 : 4);
            plain[b] = row[0] < 0 ? speed[b] : plain[b];
          }
          System.out.printf(
              Locale.ROOT,
              "%s | %s | %.1f (%.1fx) | %.1f (%.1fx) | %.2e | %.3f | %.0f %%%n",
              precision.label(),
              cache.map(ApproximateCache::toString).orElse("none"),
              speed[0],
              speed[0] / plain[0],
              speed[1],
              speed[1] / plain[1],
              kl,
              compared.variation / compared.rows,
              100.0 * same / (2 * HOLES));
        }
      }
    }
  }
}
