package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The table of docs/agents.md: {@value #REQUESTS} requests of 64 tokens in 8 steps to the bundled
 * model, all submitted at once, by how many may be under way; each compared with its twin.
 */
@Tag("slow")
class BatchStudyTest {
  private static final int REQUESTS = 16;

  @Test
  void latencyByBatchSize() throws Exception {
    List<String> twins = new ArrayList<>();
    for (int batch : new int[] {1, 1, 2, 4, 8, 16}) {
      try (TextGenerator generator =
          TextGenerator.of(Model.bundled(ModelOptions.DEFAULT), batch, REQUESTS)) {
        if (twins.isEmpty()) {
          for (int seed = 0; seed < REQUESTS; seed++) {
            twins.add(generator.generate(request(seed)).text());
          }
        }
        generator.generate(request(0)); // warm
        long begin = System.nanoTime();
        List<CompletableFuture<Double>> seconds = new ArrayList<>();
        List<Generation> generations = new ArrayList<>();
        for (int seed = 0; seed < REQUESTS; seed++) {
          Generation generation = generator.submit(request(seed));
          generations.add(generation);
          seconds.add(
              generation
                  .stage()
                  .thenApply(result -> result.samples().get(0).seconds())
                  .toCompletableFuture());
        }
        for (int seed = 0; seed < REQUESTS; seed++) {
          assertEquals(twins.get(seed), generations.get(seed).result().text());
        }
        double all = (System.nanoTime() - begin) * 1e-9;
        double[] sorted = seconds.stream().mapToDouble(CompletableFuture::join).sorted().toArray();
        System.out.printf(
            Locale.ROOT,
            "batch %d: %.2f requests/s, latency median %.2f s, worst %.2f s%n",
            batch,
            REQUESTS / all,
            sorted[REQUESTS / 2],
            sorted[REQUESTS - 1]);
      }
    }
  }

  private static GenerationRequest request(long seed) {
    return GenerationRequest.prompt("And the LORD").withLength(64).withSteps(8).withSeed(seed);
  }
}
