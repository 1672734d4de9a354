package io.github.dllm4j.engine.djl;

import static io.github.dllm4j.engine.train.Refusal.message;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.CachedContext;
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
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Kept keys and values: what they answer is defined, and is Fast-dLLM's; nothing else changes. */
class CachedPassesTest {
  private static final int LENGTH = 20;

  /** Random letters up to where everything is masked. */
  private static int[] canvas(int mask, int from, long seed) {
    int[] tokens = new Random(seed).ints(LENGTH, 0, 26).toArray();
    Arrays.fill(tokens, from, LENGTH, mask);
    return tokens;
  }

  /** The same with letters at some of the stretch's places. */
  private static int[] filled(int[] before, long seed, int... positions) {
    int[] tokens = before.clone();
    Random random = new Random(seed);
    for (int p : positions) {
      tokens[p] = random.nextInt(26);
    }
    return tokens;
  }

  private static TokenBatch batch(List<int[]> sequences, List<Optional<CachedContext>> contexts) {
    int[] all = sequences.stream().flatMapToInt(Arrays::stream).toArray();
    return TokenBatch.of(LENGTH, all, new double[sequences.size()]).withContexts(contexts);
  }

  private static double[][] laws(Model model, TokenBatch batch, int... rows) {
    try (TokenLaws laws = model.denoiser().predict(batch, Rows.of(rows))) {
      return laws.toArray();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "llada-grouped, 8, 14",
    "llada-grouped, 8, 20",
    "llada-grouped, 0, 6",
    "dream, 8, 14",
    "dream, 8, 20",
    "dream, 0, 6",
    "dream, 1, 6"
  })
  void aStretchIsComputedAmongWhatWasThere(String name, int from, int to) throws IOException {
    try (Model model = new FieldFixture(name).open()) {
      int mask = model.config().mask();
      int[] before = canvas(mask, from, 3);
      int[] now = filled(before, 4, from, from + 2, from + 3);
      CachedContext context = new CachedContext(before, from, to);
      int[] rows = IntStream.range(from, to).toArray();
      ReferenceLlama reference =
          new ReferenceLlama(((TransformerDenoiser) model.denoiser()).network());
      ReferenceLlama.Pass whole = reference.pass(before, 0, LENGTH, Optional.empty());
      int begin = name.equals("dream") ? Math.max(0, from - 1) : from;
      List<double[]> wanted =
          reference.laws(reference.pass(now, begin, to, Optional.of(whole)), mask, rows);
      List<double[]> exact =
          reference.laws(reference.pass(now, 0, LENGTH, Optional.empty()), mask, rows);
      // Whether the canvas of the context was asked about before does not matter.
      for (boolean first : new boolean[] {false, true}) {
        if (first) {
          laws(model, batch(List.of(before), List.of(Optional.of(context))), rows);
        }
        double[][] found = laws(model, batch(List.of(now), List.of(Optional.of(context))), rows);
        for (int r = 0; r < rows.length; r++) {
          assertArrayEquals(wanted.get(r), found[r], 1e-5, "row " + rows[r]);
        }
      }
      if (from > 0 || to < LENGTH) {
        double apart = 0;
        for (int r = 0; r < rows.length; r++) {
          for (int id = 0; id < mask; id++) {
            apart = Math.max(apart, Math.abs(wanted.get(r)[id] - exact.get(r)[id]));
          }
        }
        assertTrue(apart > 1e-3, "must be seen to be approximate, apart by " + apart);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llada", "llada-grouped", "dream"})
  void aCanvasThatIsItsContextIsExact(String name) throws IOException {
    try (Model model = new FieldFixture(name).open()) {
      int[] before = canvas(model.config().mask(), 8, 3);
      int[] rows = {8, 10, 13};
      TokenBatch plain = TokenBatch.of(LENGTH, before, new double[1]);
      CachedContext context = new CachedContext(before, 8, 14);
      double[][] exact = laws(model, plain, rows);
      double[][] found = laws(model, plain.withContexts(List.of(Optional.of(context))), rows);
      for (int r = 0; r < rows.length; r++) {
        assertArrayEquals(exact[r], found[r]);
      }
    }
  }

  /** Sequences of one call: whole, whole and kept, of two stretches; each as if alone. */
  @ParameterizedTest
  @ValueSource(strings = {"llada-grouped", "dream"})
  void companyChangesNothing(String name) throws IOException {
    try (Model model = new FieldFixture(name).open()) {
      int mask = model.config().mask();
      int[] first = canvas(mask, 8, 3);
      int[] second = canvas(mask, 4, 5);
      List<int[]> sequences =
          List.of(filled(first, 6, 9), second, first, filled(second, 7, 5, 6), filled(first, 8, 8));
      List<Optional<CachedContext>> contexts =
          List.of(
              Optional.of(new CachedContext(first, 8, 14)),
              Optional.empty(),
              Optional.of(new CachedContext(first, 8, 14)),
              Optional.of(new CachedContext(second, 4, 10)),
              Optional.of(new CachedContext(first, 8, LENGTH)));
      int[] rows = {12, LENGTH + 4, 2 * LENGTH + 9, 3 * LENGTH + 7, 4 * LENGTH + 9};
      double[][] together = laws(model, batch(sequences, contexts), rows);
      for (int b = sequences.size() - 1; b >= 0; b--) {
        TokenBatch alone = batch(List.of(sequences.get(b)), List.of(contexts.get(b)));
        assertArrayEquals(laws(model, alone, rows[b] - b * LENGTH)[0], together[b], 1e-6);
      }
    }
  }

  private static AdaptivePlan plan(boolean threshold, Optional<ApproximateCache> cache) {
    SizePlan pairs = SizePlan.of(2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2);
    AdaptivePlan blocks =
        (threshold
                ? AdaptivePlan.threshold(0.3, Confidence.MAX_PROBABILITY)
                : AdaptivePlan.mostConfident(pairs, Confidence.CANDIDATE))
            .inBlocks(8, 24);
    return cache.map(blocks::cached).orElse(blocks);
  }

  private static int[] decoded(FieldFixture fixture, Model model, AdaptivePlan plan)
      throws IOException {
    int[] tokens = Arrays.copyOf(fixture.cached("none_steps.prompt"), 27);
    Arrays.fill(tokens, 3, 27, model.config().mask());
    SamplingTask task =
        new SamplingTask(Canvas.of(tokens, model.config().mask()), plan, 1, 0, 1e-6, 1);
    return new Sampler(model.denoiser(), 1).run(List.of(task), event -> true).get(0).tokens();
  }

  @ParameterizedTest
  @ValueSource(strings = {"llada", "llada-grouped"})
  void fillsInAsFastDllm(String name) throws IOException {
    FieldFixture fixture = new FieldFixture(name);
    try (Model model = fixture.open()) {
      for (boolean threshold : new boolean[] {false, true}) {
        String rule = threshold ? "_threshold" : "_steps";
        int[] exact = decoded(fixture, model, plan(threshold, Optional.empty()));
        assertArrayEquals(fixture.cached("none" + rule), exact);
        for (Kind kind : Kind.values()) {
          int[] wanted = fixture.cached(kind.label() + rule);
          ApproximateCache own = new ApproximateCache(kind, ApproximateCache.EACH_BLOCK);
          assertArrayEquals(
              wanted, decoded(fixture, model, plan(threshold, Optional.of(own))), kind + rule);
          // Computed anew at every step, nothing is approximate.
          Optional<ApproximateCache> every = Optional.of(new ApproximateCache(kind, 1));
          assertArrayEquals(exact, decoded(fixture, model, plan(threshold, every)), kind + rule);
        }
        assertFalse(
            name.equals("llada") && Arrays.equals(exact, fixture.cached("dual" + rule)),
            "the comparison can fail");
      }
    }
  }

  private static List<int[]> samples(TransformerDenoiser denoiser, int mask, int batch) {
    AdaptivePlan plan = plan(true, Optional.of(new ApproximateCache(Kind.DUAL, 3)));
    Canvas canvas = Canvas.of(IntStream.generate(() -> mask).limit(24).toArray(), mask);
    List<SamplingTask> tasks =
        IntStream.range(0, 5)
            .mapToObj(sample -> new SamplingTask(canvas, plan, 7, sample, 1, 1))
            .toList();
    return new Sampler(denoiser, batch)
        .run(tasks, event -> true).stream().map(Sample::tokens).toList();
  }

  /** Neither the batch size nor what had to be dropped changes a sample. */
  @Test
  void samplesDependOnThemselvesAlone() throws IOException {
    FieldFixture fixture = new FieldFixture("llada-grouped");
    try (Model model = fixture.open()) {
      int mask = model.config().mask();
      TransformerDenoiser roomy = (TransformerDenoiser) model.denoiser();
      List<int[]> wanted = samples(roomy, mask, 5);
      assertTrue(roomy.keptCanvases() > 5, "" + roomy.keptCanvases());
      Network network =
          Network.read(
              PyTorch.newManager("cpu"),
              roomy.shape(),
              fixture.folder().resolve("model.safetensors"),
              "model.");
      try (TransformerDenoiser small =
          TransformerDenoiser.within(
              LawBudget.CPU, 1, network, Precision.FP32, mask, Representation.DENOISER)) {
        for (int size : new int[] {1, 2, 5}) {
          List<int[]> again = samples(size == 2 ? roomy : small, mask, size);
          for (int s = 0; s < wanted.size(); s++) {
            assertArrayEquals(wanted.get(s), again.get(s), "sample " + s + ", batch " + size);
          }
          assertTrue(small.keptCanvases() <= 5, "" + small.keptCanvases());
        }
        int held = small.network().manager().getManagedArrays().size();
        samples(small, mask, 1);
        assertEquals(held, small.network().manager().getManagedArrays().size());
        assertEquals(1, small.keptCanvases());
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefused() throws IOException {
    int[] tokens = {1, 2, 3, 4};
    TokenBatch batch = TokenBatch.of(4, tokens, new double[1]);
    List<Optional<CachedContext>> stale =
        List.of(Optional.of(new CachedContext(new int[] {9, 2, 3, 4}, 1, 3)));
    String says = message(IllegalArgumentException.class, () -> batch.withContexts(stale));
    assertTrue(says.contains("position 0"), says);
    says = message(IllegalArgumentException.class, () -> new CachedContext(tokens, 2, 5));
    assertTrue(says.contains("inside 4 tokens, got 2 to 5"), says);
    says = message(IllegalArgumentException.class, () -> new ApproximateCache(Kind.DUAL, 0));
    assertTrue(says.contains("got 0"), says);
    AdaptivePlan whole = AdaptivePlan.entropyBound(1);
    ApproximateCache dual = new ApproximateCache(Kind.DUAL, 2);
    says = message(IllegalArgumentException.class, () -> whole.cached(dual));
    assertTrue(says.contains("needs blocks"), says);
    assertFalse(whole.inBlocks(2, 4).heuristic());
    assertTrue(whole.inBlocks(2, 4).cached(dual).heuristic());
    try (Model model = new FieldFixture("llada").open()) {
      TokenBatch asked = batch.withContexts(List.of(Optional.of(new CachedContext(tokens, 1, 3))));
      says =
          message(
              IllegalArgumentException.class,
              () -> model.denoiser().predict(asked, Rows.of(new int[] {2, 3})));
      assertTrue(says.contains("got position 3"), says);
    }
  }
}
