package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.ForwardingDenoiser;
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
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The table of docs/field-models.md about kept keys and values: a LLaDA of 6.3e7 random weights
 * fills {@value #HOLES} holes behind a prompt of {@value #PROMPT} tokens in blocks of {@value
 * #BLOCK}, 4 tokens a step. Speeds are for this machine; errors are of float32.
 */
@Tag("slow")
class CacheStudyTest {
  private static final int PROMPT = 128;
  private static final int HOLES = 64;
  private static final int BLOCK = 32;

  /** Answers as another, and adds up how far that is from what the other answers without leave. */
  private static final class Compared extends ForwardingDenoiser {
    private double kl;
    private double variation;
    private long rows;

    Compared(Denoiser inner) {
      super(inner);
    }

    @Override
    public TokenLaws predict(TokenBatch batch, Rows asked) {
      TokenBatch plain = TokenBatch.of(batch.length(), batch.toArray(), new double[batch.size()]);
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
    Arrays.setAll(tokens, i -> i < PROMPT ? random.nextInt(4_000) : mask);
    AdaptivePlan blocks =
        AdaptivePlan.mostConfident(SizePlan.balanced(HOLES, HOLES / 4), Confidence.CANDIDATE)
            .inBlocks(BLOCK, HOLES);
    AdaptivePlan plan = cache.map(blocks::cached).orElse(blocks);
    Canvas canvas = Canvas.of(tokens, mask);
    return IntStream.range(0, count)
        .mapToObj(sample -> new SamplingTask(canvas, plan, 1, sample, 1, 1))
        .toList();
  }

  private static List<Sample> run(Denoiser denoiser, Optional<ApproximateCache> cache, int count) {
    int mask = denoiser.mask().orElseThrow();
    return new Sampler(denoiser, count).run(tasks(mask, cache, count), event -> true);
  }

  private static double evaluationsPerSecond(
      Denoiser denoiser, Optional<ApproximateCache> cache, int count) {
    long begin = System.nanoTime();
    int made = run(denoiser, cache, count).stream().mapToInt(Sample::evaluations).sum();
    return made / ((System.nanoTime() - begin) * 1e-9);
  }

  private static final List<Optional<ApproximateCache>> CACHES =
      Stream.concat(
              Stream.of(Optional.<ApproximateCache>empty()),
              Stream.of(Kind.values())
                  .flatMap(
                      kind ->
                          Stream.of(ApproximateCache.EACH_BLOCK, 4, 1)
                              .map(refresh -> new ApproximateCache(kind, refresh)))
                  .map(Optional::of))
          .toList();

  private static void errors(Denoiser denoiser) {
    int[] exact = run(denoiser, Optional.empty(), 1).get(0).tokens();
    for (Optional<ApproximateCache> cache : CACHES) {
      Compared compared = new Compared(denoiser);
      int[] tokens = run(compared, cache, 1).get(0).tokens();
      long same =
          IntStream.range(PROMPT, PROMPT + HOLES).filter(i -> tokens[i] == exact[i]).count();
      double kl = compared.kl / compared.rows;
      boolean approximate = cache.isPresent() && cache.get().refresh() > 1;
      assertEquals(approximate, kl > 1e-6, cache + ": KL " + kl);
      assertTrue(approximate || same == HOLES, cache + " changes tokens");
      System.out.printf(
          Locale.ROOT,
          "%s | KL %.2e | variation %.4f | %d of %d the same%n",
          cache.map(ApproximateCache::toString).orElse("none"),
          kl,
          compared.variation / compared.rows,
          same,
          HOLES);
    }
  }

  /** The best of some rounds, in each of which every cache has its turn. */
  private static void speeds(Denoiser denoiser, String name, int batch, int rounds) {
    List<Optional<ApproximateCache>> caches =
        CACHES.stream().filter(c -> c.isEmpty() || c.get().refresh() > 1).toList();
    double[] best = new double[caches.size()];
    for (int round = 0; round < rounds; round++) {
      for (int c = 0; c < best.length; c++) {
        best[c] = Math.max(best[c], evaluationsPerSecond(denoiser, caches.get(c), batch));
      }
    }
    for (int c = 0; c < best.length; c++) {
      System.out.printf(
          Locale.ROOT,
          "%s, batch %d | %s | %.1f evaluations/s (%.1fx)%n",
          name,
          batch,
          caches.get(c).map(ApproximateCache::toString).orElse("none"),
          best[c],
          best[c] / best[0]);
    }
  }

  @Test
  void keptKeysAndValues(@TempDir Path folder) throws Exception {
    PyTorch.setThreads(1);
    SyntheticLlama.write(folder, SyntheticLlama.shape(4_096, 768, 2_048, 8, 12, 512), 2);
    try (Model model = Model.open(folder, new ModelOptions("cpu", Optional.of(Precision.FP32)))) {
      errors(model.denoiser());
      speeds(model.denoiser(), "fp32", 1, 2);
    }
    try (Model model = Model.open(folder, new ModelOptions("cpu", Optional.of(Precision.BF16)))) {
      speeds(model.denoiser(), "bf16", 1, 5);
      speeds(model.denoiser(), "bf16", 4, 3);
    }
  }
}
