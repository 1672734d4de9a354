package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.GenerationResult.Finish;
import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SubmitTest {
  private static final GenerationRequest LONG = GenerationRequest.unconditional().withSteps(16);

  @TempDir static Path folder;
  private static TextGenerator generator;

  @BeforeAll
  static void train() throws IOException {
    TinyModel.masking(folder);
    generator = TextGenerator.open(folder);
  }

  @AfterAll
  static void close() {
    generator.close();
  }

  private static TextGenerator limited(int batch, int queue) throws IOException {
    return TextGenerator.of(Model.open(folder, ModelOptions.DEFAULT), batch, queue);
  }

  /** Requests that differ in all that a batch may differ in. */
  private static List<GenerationRequest> requests() {
    GenerationRequest any = GenerationRequest.unconditional();
    List<GenerationRequest> requests = new ArrayList<>();
    for (long seed = 0; seed < 3; seed++) {
      for (GenerationRequest request :
          List.of(
              any.withSteps(5),
              any.withEpsilon(1),
              any.withLength(9).withSteps(9).withSamples(3),
              GenerationRequest.prompt("ab").withSteps(4).withTemperature(0.7),
              GenerationRequest.prompt("abcd ").withSteps(7).withStop(List.of("e", "f")),
              GenerationRequest.template("ab{3}cd{4}").withSteps(3).withTopP(0.9),
              any.withSampler(PlanChoice.ofSampler("confidence")).withSteps(4),
              any.withSampler(PlanChoice.ofSampler("threshold:0.2")),
              any.withSampler(PlanChoice.ofSampler("tau-leaping")).withSteps(6),
              any.withSampler(PlanChoice.ofSampler("remask-cap")).withSteps(6),
              any.withSamples(20).withSteps(3),
              any.withSteps(4).withConstraint(Constraint.regex("[a-d]{2,9}")))) {
        requests.add(request.withSeed(seed));
      }
    }
    return requests;
  }

  /** A result without what depends on the clock. */
  static GenerationResult untimed(GenerationResult r) {
    return new GenerationResult(
        r.samples().stream().map(SubmitTest::untimed).toList(),
        r.model(),
        r.plan(),
        r.seed(),
        r.versions());
  }

  /** A sample without what depends on the clock. */
  static GenerationResult.Text untimed(GenerationResult.Text t) {
    return new GenerationResult.Text(
        t.text(), t.fills(), t.tokens(), t.generated(), t.steps(), t.evaluations(), 0, t.finish());
  }

  private static void assertTwins(TextGenerator generator, List<GenerationRequest> requests)
      throws Exception {
    List<GenerationResult> twins = requests.stream().map(generator::generate).toList();
    ExecutorService pool = Executors.newFixedThreadPool(8);
    try {
      List<Callable<GenerationResult>> calls = new ArrayList<>();
      for (GenerationRequest request : requests) {
        calls.add(() -> generator.submit(request).result());
      }
      List<Future<GenerationResult>> results = pool.invokeAll(calls);
      for (int i = 0; i < twins.size(); i++) {
        assertEquals(untimed(twins.get(i)), untimed(results.get(i).get()));
      }
    } finally {
      pool.shutdown();
    }
    assertEquals(0, generator.waiting());
  }

  @Test
  void aSubmittedRequestIsItsTwin() throws Exception {
    assertTwins(generator, requests());
  }

  @Test
  void soIsOneOfAUniformModel() throws Exception {
    Path uniform = Files.createDirectory(folder.resolve("uniform"));
    TinyModel.uniform(uniform);
    GenerationRequest any = GenerationRequest.unconditional().withSteps(5);
    List<GenerationRequest> requests = new ArrayList<>();
    for (long seed = 0; seed < 8; seed++) {
      requests.add(any.withSeed(seed));
      requests.add(any.withSeed(seed).withLength(9).withTemperature(0.8));
      requests.add(GenerationRequest.template("ab{3}cd").withSteps(3).withSeed(seed));
    }
    try (TextGenerator other = TextGenerator.open(uniform)) {
      assertTwins(other, requests);
    }
  }

  @Test
  void soIsOneOfAnAutoregressiveModel() throws Exception {
    Path causal = Files.createDirectory(folder.resolve("causal"));
    TinyModel.autoregressive(causal);
    List<GenerationRequest> requests = new ArrayList<>();
    for (long seed = 0; seed < 8; seed++) {
      requests.add(GenerationRequest.unconditional().withSeed(seed).withSamples(2));
      requests.add(GenerationRequest.prompt("ab").withLength(11).withSeed(seed));
    }
    try (TextGenerator other = TextGenerator.open(causal)) {
      assertTwins(other, requests);
      // There is nothing to plan, so nothing to choose a plan by.
      GenerationRequest plain = GenerationRequest.unconditional();
      for (GenerationRequest wrong : List.of(plain.withSteps(4), plain.withEpsilon(1))) {
        assertThrows(IllegalArgumentException.class, () -> other.generate(wrong));
      }
    }
  }

  /** Requests that are under way together share network calls. */
  @Test
  void requestsAreMadeTogether() throws Exception {
    Map<Long, Integer> steps = new HashMap<>(); // loop's thread only
    List<Long> order = new ArrayList<>();
    CountDownLatch submitted = new CountDownLatch(1);
    List<Generation> all = new ArrayList<>();
    for (long seed = 0; seed < 4; seed++) {
      long own = seed;
      all.add(
          generator.submit(
              LONG.withSeed(seed),
              step -> {
                waitFor(submitted);
                steps.merge(own, 1, Integer::sum);
                order.add(own);
                return true;
              }));
    }
    submitted.countDown();
    for (Generation one : all) {
      assertEquals(16, one.result().samples().get(0).evaluations());
    }
    assertEquals(Map.of(0L, 16, 1L, 16, 2L, 16, 3L, 16), steps);
    int last = order.lastIndexOf(0L);
    assertTrue(order.indexOf(3L) < last, "the last request must begin before the first ends");
  }

  @Test
  void cancellingEndsAfterTheStepAndShowsTheHoles() throws Exception {
    AtomicReference<Generation> self = new AtomicReference<>();
    CountDownLatch known = new CountDownLatch(1);
    List<GenerationListener.Step> seen = new ArrayList<>();
    Generation generation =
        generator.submit(
            LONG,
            step -> {
              waitFor(known);
              seen.add(step);
              if (seen.size() == 3) {
                Objects.requireNonNull(self.get()).cancel();
              }
              return true;
            });
    self.set(generation);
    known.countDown();
    GenerationResult.Text text = generation.result().samples().get(0);
    assertEquals(Finish.CANCELLED, text.finish());
    assertEquals(3, text.evaluations());
    assertEquals(3, seen.size());
    assertEquals(seen.get(2).canvas(), text.text());
    assertTrue(text.text().contains(GenerationListener.HOLE));
    generation.cancel();
    assertTrue(generation.done());
  }

  @Test
  void aDeadlineIsHonouredWithinOneStep() throws Exception {
    Duration deadline = Duration.ofMillis(300);
    for (boolean submitted : List.of(true, false)) {
      List<Long> times = new ArrayList<>();
      GenerationListener slow =
          step -> {
            sleep(80);
            times.add(System.nanoTime());
            return true;
          };
      GenerationRequest request = LONG.withDeadline(deadline);
      long begin = System.nanoTime();
      GenerationResult result =
          submitted ? generator.submit(request, slow).result() : generator.generate(request, slow);
      GenerationResult.Text text = result.samples().get(0);
      assertEquals(Finish.DEADLINE, text.finish());
      assertTrue(text.evaluations() < 16);
      assertEquals(times.size(), text.evaluations());
      assertEquals(16 - times.size(), count(text.text(), GenerationListener.HOLE));
      assertTrue(System.nanoTime() - begin >= deadline.toNanos());
      // Whatever was seen late was the last thing that was seen.
      for (int i = 0; i + 1 < times.size(); i++) {
        assertTrue(times.get(i) - begin < deadline.toNanos() + TimeUnit.MILLISECONDS.toNanos(80));
      }
    }
  }

  /** A request under way that goes on when it may. */
  private static Generation held(TextGenerator generator, CountDownLatch go) throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    Generation held =
        generator.submit(
            LONG,
            step -> {
              begun.countDown();
              waitFor(go);
              return true;
            });
    assertTrue(begun.await(5, TimeUnit.MINUTES));
    return held;
  }

  /** One that needs nothing measured is planned while it waits; it is late all the same. */
  @Test
  void aPlannedRequestThatIsLateSaysSo() throws Exception {
    try (TextGenerator small = limited(1, 2)) {
      CountDownLatch go = new CountDownLatch(1);
      Generation first = held(small, go);
      PlanChoice balanced = PlanChoice.OPTIMAL.withPlan("balanced");
      Generation late =
          small.submit(
              LONG.withSampler(balanced).withSteps(4).withDeadline(Duration.ofMillis(300)));
      Thread.sleep(600);
      go.countDown();
      assertEquals(Finish.DEADLINE, late.result().samples().get(0).finish());
      first.result();
    }
  }

  /** What is late is not made at all: the automaton of its constraint least of all. */
  @Test
  void aLateRequestMakesNoAutomaton() {
    Constraint large = Constraint.regex("[a-z]{0,9000}");
    GenerationRequest late =
        LONG.withSampler(PlanChoice.OPTIMAL.withPlan("balanced"))
            .withConstraint(large)
            .withDeadline(Duration.ofNanos(1));
    assertEquals("ended before it was planned", generator.generate(late).plan().note());
  }

  @Test
  void aFullQueueRefusesAndALateRequestNeedNotBeginToEnd() throws Exception {
    try (TextGenerator small = limited(1, 2)) {
      CountDownLatch go = new CountDownLatch(1);
      Generation first = held(small, go);
      Generation late = small.submit(LONG.withDeadline(Duration.ofMillis(1)));
      Generation second = small.submit(LONG.withSeed(1));
      assertEquals(2, small.waiting());
      RejectedExecutionException e =
          assertThrows(RejectedExecutionException.class, () -> small.submit(LONG));
      assertEquals("the queue is full: 2 requests wait, at most 2", e.getMessage());
      go.countDown();
      GenerationResult.Text none = late.result().samples().get(0);
      assertEquals(Finish.DEADLINE, none.finish());
      assertEquals(0, none.evaluations());
      assertEquals(GenerationListener.HOLE.repeat(16), none.text());
      assertEquals(Finish.LENGTH, first.result().samples().get(0).finish());
      assertEquals(Finish.LENGTH, second.result().samples().get(0).finish());
    }
  }

  @Test
  void whatFailsForOneLeavesTheOthersAlone() throws Exception {
    CountDownLatch submitted = new CountDownLatch(1);
    GenerationListener waits =
        step -> {
          waitFor(submitted);
          return true;
        };
    Generation good = generator.submit(LONG.withSeed(1), waits);
    Generation bad =
        generator.submit(
            LONG,
            step -> {
              throw new IllegalStateException("no");
            });
    Generation worse =
        generator.submit(
            LONG,
            step -> {
              throw new AssertionError("never");
            });
    Generation unfit = generator.submit(LONG.withConstraint(Constraint.regex("a{40}")));
    submitted.countDown();
    assertEquals("no", assertThrows(IllegalStateException.class, bad::result).getMessage());
    assertThrows(IllegalStateException.class, worse::result);
    assertThrows(IllegalArgumentException.class, unfit::result);
    assertThrows(IllegalArgumentException.class, () -> generator.submit(LONG.withLength(99)));
    assertEquals(generator.generate(LONG.withSeed(1)).text(), good.result().text());
  }

  @Test
  void closingEndsWhatIsUnderWay() throws Exception {
    TextGenerator own = limited(1, 4);
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    AtomicReference<Exception> refused = new AtomicReference<>();
    Generation first =
        own.submit(
            LONG,
            step -> {
              begun.countDown();
              waitFor(go);
              try {
                own.close();
              } catch (IllegalStateException e) {
                refused.set(e);
              }
              return true;
            });
    Generation second = own.submit(LONG);
    assertTrue(begun.await(5, TimeUnit.MINUTES));
    Thread closer = new Thread(own::close);
    closer.start();
    while (closer.getState() != Thread.State.WAITING) {
      sleep(5); // until it waits for the loop
    }
    go.countDown();
    closer.join();
    assertEquals(Finish.CANCELLED, first.result().samples().get(0).finish());
    assertEquals(Finish.CANCELLED, second.result().samples().get(0).finish());
    assertEquals(
        "a generator cannot be closed by its own listener",
        Objects.requireNonNull(refused.get()).getMessage());
    assertThrows(IllegalStateException.class, () -> own.submit(LONG));
    assertThrows(IllegalStateException.class, () -> own.generate(LONG));
    own.close();
    assertFalse(second.stage().toCompletableFuture().isCompletedExceptionally());
  }

  /** It would wait for itself, and so would whoever closes the generator. */
  @Test
  void theOwnThreadDoesNotWaitForAGeneration() throws Exception {
    try (TextGenerator own = limited(2, 4)) {
      CompletableFuture<Generation> inner = new CompletableFuture<>();
      Generation outer =
          own.submit(
              LONG,
              step -> {
                Generation waited = own.submit(LONG);
                inner.complete(waited);
                return result(waited).samples().size() == 1;
              });
      assertThrows(IllegalStateException.class, outer::result);
      assertEquals(Finish.LENGTH, inner.join().result().samples().get(0).finish());
      CompletionStage<?> chained =
          own.submit(LONG).stage().thenApply(result -> result(own.submit(LONG)));
      assertThrows(ExecutionException.class, () -> chained.toCompletableFuture().get());
      // What is there needs no waiting.
      Generation watching = own.submit(LONG, step -> result(inner.join()).samples().size() == 1);
      assertEquals(Finish.LENGTH, watching.result().samples().get(0).finish());
    }
  }

  private static GenerationResult result(Generation generation) {
    try {
      return generation.result();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void limitsAreChecked() throws IOException {
    try (Model model = Model.open(folder, ModelOptions.DEFAULT)) {
      assertThrows(IllegalArgumentException.class, () -> TextGenerator.of(model, 0, 1));
      assertThrows(IllegalArgumentException.class, () -> TextGenerator.of(model, 1, 0));
    }
  }

  private static int count(String text, String part) {
    return (text.length() - text.replace(part, "").length()) / part.length();
  }

  private static void waitFor(CountDownLatch latch) {
    try {
      assertTrue(latch.await(5, TimeUnit.MINUTES));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void sleep(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
