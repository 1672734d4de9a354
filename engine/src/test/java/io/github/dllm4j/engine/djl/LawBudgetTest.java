package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.AdaptivePlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.Confidence;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.ReverseSampler;
import io.github.dllm4j.engine.sample.ReverseTask;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingTask;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.StepListener;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is asked of many rows comes from few at a time, with the same answers. */
class LawBudgetTest {
  private static final int WIDE = 50_000;
  private static final int MANY = 512;

  /** Bytes that allow so many rows of the tiny vocabulary, for laws and for logits. */
  private static LawBudget allowing(int lawRows, int headRows) {
    long laws = 64L * Tiny.VOCABULARY * lawRows;
    long logits = 4L * Tiny.VOCABULARY * headRows;
    return new LawBudget(laws + logits, laws, logits);
  }

  private static TransformerDenoiser denoiser(LawBudget budget, boolean masking) {
    NetworkShape shape = Tiny.shape(!masking, true);
    Network network = Tiny.network(shape, Tiny.weights(shape, 11));
    Representation meaning = masking ? Representation.DENOISER : Representation.SCORE;
    return TransformerDenoiser.within(
        budget, CachedPasses.BUDGET, network, Precision.FP32, masking ? Tiny.MASK : -1, meaning);
  }

  /** Every answer, one row of numbers for each question. */
  private static double[][] answers(TokenLaws laws, double[] uniforms) {
    int[] shaped = laws.shaped(0.7, 0.8).draw(uniforms);
    double[] ofShaped = laws.probabilityOf(shaped);
    double[] entropy = laws.entropyNats();
    int[] drawn = laws.draw(uniforms);
    return new double[][] {
      Arrays.stream(shaped).asDoubleStream().toArray(),
      ofShaped,
      entropy,
      Arrays.stream(drawn).asDoubleStream().toArray(),
      Arrays.stream(laws.argmax()).asDoubleStream().toArray(),
      laws.maxProbability(),
      laws.margin(),
      laws.sumLogOnePlus(uniforms),
      Arrays.stream(laws.toArray()).flatMapToDouble(Arrays::stream).toArray()
    };
  }

  @Test
  void answersDoNotDependOnTheBudget() {
    int rows = 40 * Tiny.LENGTH;
    double[] uniforms = new Random(5).doubles(rows).toArray();
    TokenBatch tokens = Tiny.batch(40, 7);
    for (boolean masking : new boolean[] {true, false}) {
      double[][] whole = null;
      for (LawBudget budget :
          List.of(
              LawBudget.CPU,
              allowing(rows - 1, rows),
              allowing(1, 1),
              allowing(3, 7),
              allowing(64, 64),
              allowing(7, rows - 1))) {
        try (TransformerDenoiser denoiser = denoiser(budget, masking);
            TokenLaws laws = denoiser.predict(tokens, Rows.all(tokens))) {
          double[][] some = answers(laws, uniforms);
          whole = whole == null ? some : whole;
          for (int q = 0; q < some.length; q++) {
            assertArrayEquals(whole[q], some[q], 1e-6, "question " + q + " within " + budget);
          }
        }
      }
    }
  }

  @Test
  void adaptiveSamplersDoNotDependOnTheBudget() {
    for (Confidence confidence : Confidence.values()) {
      List<int[]> whole = sampled(LawBudget.CPU, confidence);
      List<int[]> some = sampled(allowing(2, 3), confidence);
      for (int i = 0; i < whole.size(); i++) {
        assertArrayEquals(whole.get(i), some.get(i), confidence + ", sample " + i);
      }
    }
  }

  private static List<int[]> sampled(LawBudget budget, Confidence confidence) {
    RevealPlan plan = AdaptivePlan.mostConfident(SizePlan.balanced(Tiny.LENGTH, 3), confidence);
    try (TransformerDenoiser denoiser = denoiser(budget, true)) {
      return run(denoiser, plan, 6).stream().map(Sample::tokens).toList();
    }
  }

  private static List<Sample> run(TransformerDenoiser denoiser, RevealPlan plan, int samples) {
    Canvas canvas = Canvas.blank(Tiny.LENGTH, Tiny.MASK);
    List<SamplingTask> tasks =
        IntStream.range(0, samples).mapToObj(i -> SamplingTask.of(canvas, plan, 3, i)).toList();
    return new Sampler(denoiser, samples).run(tasks, StepListener.NONE);
  }

  /** A step of uniform noise: the token's probability, then the draw; no row crosses. */
  @Test
  void uniformStepsDrawOnTheDevice() {
    for (LawBudget budget : List.of(LawBudget.CPU, allowing(2, 3))) {
      NetworkShape shape = Tiny.shape(true, true);
      Network network = Tiny.network(shape, Tiny.weights(shape, 11));
      try (TransformerDenoiser denoiser =
          TransformerDenoiser.within(
              budget,
              CachedPasses.BUDGET,
              network,
              Precision.FP32,
              -1,
              Representation.LEAVE_ONE_OUT)) {
        NoiseProcess process = NoiseProcess.uniform(Tiny.VOCABULARY);
        ReversePlan plan = ReversePlan.of(TimeGrid.geometric(6, 0.01, 3), ReverseKernel.tweedie());
        Canvas canvas = Canvas.blank(Tiny.LENGTH, Tiny.VOCABULARY);
        new ReverseSampler(denoiser, process, 2)
            .run(List.of(ReverseTask.of(canvas, plan, 1, 0)), StepListener.NONE);
        ProgramUse.Seen seen = network.program().use().seen();
        assertEquals(2 * 3, seen.waits());
        assertEquals(2 * 3 * Tiny.LENGTH, seen.numbers());
      }
    }
  }

  /** The host waits once in a step: for the draws, or for all that an adaptive plan asks. */
  @Test
  void oneSynchronisationPerStep() {
    AdaptivePlan adaptive =
        AdaptivePlan.mostConfident(SizePlan.balanced(Tiny.LENGTH, 4), Confidence.MARGIN);
    assertEquals(3, waits(LawBudget.CPU, SizePlan.balanced(Tiny.LENGTH, 3)));
    assertEquals(3, waits(allowing(1, 1), SizePlan.balanced(Tiny.LENGTH, 3)));
    assertEquals(4, waits(allowing(1, 1), adaptive));
    assertEquals(8, waits(LawBudget.CPU, adaptive));
  }

  private static long waits(LawBudget budget, RevealPlan plan) {
    try (TransformerDenoiser denoiser = denoiser(budget, true)) {
      run(denoiser, plan, 4);
      ProgramUse.Seen seen = denoiser.network().program().use().seen();
      // At most six numbers of a row, never the row itself.
      assertTrue(seen.numbers() <= seen.waits() * 6 * 4 * Tiny.LENGTH, seen.toString());
      assertTrue(seen.seconds("hidden") > 0, seen.toString());
      return seen.waits();
    }
  }

  @Test
  void refusesPartsThatAreNoParts() {
    assertThrows(IllegalArgumentException.class, () -> new LawBudget(10, 10, 1));
    assertThrows(IllegalArgumentException.class, () -> new LawBudget(10, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> new LawBudget(10, 1, 0));
    assertEquals(1, new LawBudget(10, 1, 1).lawRows(WIDE));
    // What is larger than 32 MiB, the C library takes from the system every time.
    assertEquals(240, LawBudget.CPU.headRows(1 << 15));
    assertEquals(256, LawBudget.CPU.headRows(32_000));
    assertTrue(LawBudget.GPU.bytes() <= 256L << 20);
    assertTrue(4L * WIDE * LawBudget.GPU.keptRows(WIDE) <= 128L << 20);
    assertTrue(64L * WIDE * LawBudget.GPU.lawRows(WIDE) <= 128L << 20);
  }

  /**
   * All rows of a wide vocabulary, whose float64 laws alone would be 195 MiB a copy, in a process
   * of its own: what it needs beyond its weights stays within the budget.
   */
  @Test
  void manyRowsStayWithinTheBudget(@TempDir Path directory) throws Exception {
    assumeTrue(Files.isWritable(Path.of("/proc/self/clear_refs")), "no /proc here");
    Path output = directory.resolve("output");
    int status = ChildProcess.start(LawBudgetTest.class, output).waitFor();
    assertEquals(0, status, Files.readString(output));
    List<String> lines = Files.readAllLines(output);
    double mib = Double.parseDouble(lines.get(lines.size() - 1));
    assertTrue(mib > 1 && mib < 256, "needed " + mib + " MiB");
  }

  /** Prints how many MiB a draw of many rows of a wide vocabulary needs. */
  public static void main(String[] arguments) throws IOException {
    NetworkShape shape = new NetworkShape(WIDE, 16, 1, 2, MANY, 0, false);
    Network network = Tiny.network(shape, Tiny.weights(shape, 11));
    TokenBatch tokens = TokenBatch.of(MANY, new int[MANY], new double[] {1});
    try (TransformerDenoiser denoiser =
        TransformerDenoiser.owning(network, Precision.FP32, WIDE - 1, Representation.DENOISER)) {
      denoiser.predict(tokens, Rows.of(new int[] {0})).shaped(0.9, 0.9).draw(new double[] {0.5});
      Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // the peak is the present
      double before = ChildProcess.status("VmRSS");
      TokenLaws laws = denoiser.predict(tokens, Rows.all(tokens));
      laws.shaped(0.9, 0.9).draw(new Random(1).doubles(MANY).toArray());
      laws.entropyNats();
      System.out.println(ChildProcess.status("VmHWM") - before);
    }
  }
}
