package io.github.dllm4j.engine.sample;

import static io.github.dllm4j.engine.train.Refusal.message;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.oracle.ChiSquare;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.oracle.RememberedDenoiser;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BlockPlanTest {
  private static final int SAMPLES = 40_000;
  private static final Blocks PAIRS = new Blocks(2, 0);

  /** A denoiser of the first positions, the others masked: what a block's law is asked of. */
  private record Beginning(Denoiser whole, int length, int positions) implements Denoiser {
    @Override
    public int vocabulary() {
      return whole.vocabulary();
    }

    @Override
    public OptionalInt mask() {
      return whole.mask();
    }

    @Override
    public Representation representation() {
      return whole.representation();
    }

    @Override
    public TokenLaws predict(TokenBatch batch, Rows rows) {
      int[] tokens = new int[batch.size() * length];
      Arrays.fill(tokens, mask().orElseThrow());
      for (int b = 0; b < batch.size(); b++) {
        System.arraycopy(batch.toArray(), b * positions, tokens, b * length, positions);
      }
      double[] sigmas = IntStream.range(0, batch.size()).mapToDouble(batch::sigma).toArray();
      int[] places = rows.toArray();
      Arrays.setAll(places, r -> places[r] / positions * length + places[r] % positions);
      return whole.predict(TokenBatch.of(length, tokens, sigmas), Rows.of(places));
    }
  }

  record Case(String law, List<RevealPlan> plans, List<RevealPlan> wrong) {}

  static Stream<Case> cases() {
    TimeGrid grid = TimeGrid.uniform(8, 3);
    RevealPlan whole = SizePlan.of(2);
    RevealPlan ones = SizePlan.firstHitting(2);
    return Stream.of(
        new Case("markov_d4_S2", List.of(whole, whole), List.of(ones, ones)),
        new Case("markov_d4_S2", List.of(ones, ones), List.of(ones, whole)),
        new Case(
            "hmm_d4_S3",
            List.of(whole, ChancePlan.of(grid, TauLeaping.MODIFIED)),
            List.of(ones, ones)),
        new Case(
            "markov_d4_S2",
            List.of(whole, AdaptivePlan.threshold(0.7, Confidence.MAX_PROBABILITY)),
            List.of(whole, whole)),
        new Case(
            "markov_d4_S2",
            List.of(whole, new CorrectedPlan(SizePlan.of(2), 1)),
            List.of(whole, whole)),
        new Case(
            "markov_d4_S2", List.of(TrapezoidalPlan.of(grid, 0.5), whole), List.of(ones, ones)));
  }

  /** Block by block: the law of each block's plan behind every beginning. */
  private static double[] law(Denoiser oracle, int symbols, List<RevealPlan> plans) {
    int words = symbols * symbols;
    double[] first =
        new ExactSampling(new Beginning(oracle, 4, 2), Canvas.blank(2, symbols), 1, 1)
            .outputLaw(plans.get(0));
    double[] all = new double[words * words];
    for (int a = 0; a < words; a++) {
      int[] tokens = {a / symbols, a % symbols, symbols, symbols};
      double[] second =
          new ExactSampling(oracle, Canvas.of(tokens, symbols), 1, 1).outputLaw(plans.get(1));
      for (int b = 0; b < words; b++) {
        all[a * words + b] = first[a] * second[b];
      }
    }
    return all;
  }

  /** Chi-square at false-alarm rate 1e-4 per case; the law of the wrong plans must be rejected. */
  @ParameterizedTest
  @MethodSource("cases")
  void samplesHaveTheLawOfTheBlocks(Case test) {
    ExactLaw law = Golden.law(test.law);
    int symbols = law.symbols();
    Denoiser oracle = new RememberedDenoiser(new OracleDenoiser(law));
    Canvas canvas = Canvas.blank(4, symbols);
    BlockPlan plan = BlockPlan.of(PAIRS, canvas, test.plans);
    List<SamplingTask> tasks =
        IntStream.range(0, SAMPLES).mapToObj(s -> SamplingTask.of(canvas, plan, 2026, s)).toList();
    long[] counts = new long[symbols * symbols * symbols * symbols];
    for (Sample sample : new Sampler(oracle, 500).run(tasks, StepListener.NONE)) {
      assertTrue(sample.complete());
      counts[Arrays.stream(sample.tokens()).reduce(0, (word, t) -> word * symbols + t)]++;
    }
    double p = ChiSquare.pValue(law(oracle, symbols, test.plans), counts);
    assertTrue(p > 1e-4, test + ": p-value " + p);
    double wrong = ChiSquare.pValue(law(oracle, symbols, test.wrong), counts);
    assertTrue(wrong < 1e-4, test + ": the wrong law passes with p-value " + wrong);
  }

  /** The next block begins when the one before is done, and its order is its own. */
  @Test
  void blocksAreFilledOneAfterTheOtherEachInItsOwnOrder() {
    Denoiser oracle = new RememberedDenoiser(new OracleDenoiser(Golden.law("markov_d4_S2")));
    Canvas canvas = Canvas.blank(4, 2);
    RevealPlan ones = SizePlan.firstHitting(2);
    BlockPlan plan = BlockPlan.of(PAIRS, canvas, List.of(ones, ones));
    assertTrue(plan.oneByOne());
    assertEquals(4, plan.steps(4));
    int same = 0;
    int samples = 2_000;
    for (int s = 0; s < samples; s++) {
      List<Integer> order = new ArrayList<>();
      StepListener listener =
          event -> {
            assertEquals(order.size(), event.step());
            assertEquals(4, event.steps());
            order.addAll(Arrays.stream(event.filled()).boxed().toList());
            return true;
          };
      new Sampler(oracle, 1).run(List.of(SamplingTask.of(canvas, plan, 7, s)), listener);
      assertTrue(order.get(0) < 2 && order.get(1) < 2 && order.get(2) > 1, order.toString());
      same += order.get(0) + 2 == order.get(2) ? 1 : 0;
    }
    // Half of them; four standard deviations, false alarm 6e-5. One order for all: all of them.
    assertEquals(samples / 2.0, same, 4 * Math.sqrt(samples / 4.0));
  }

  @Test
  void partialBlocksAndGivenText() {
    Blocks blocks = new Blocks(4, 1);
    assertEquals(0, blocks.of(2));
    assertEquals(1, blocks.of(3));
    assertEquals(0, blocks.from(0));
    assertEquals(7, blocks.from(2));
    assertEquals(3, blocks.to(0, 9));
    assertEquals(9, blocks.to(2, 9));
    int m = 9;
    assertArrayEquals(new int[] {3, 4, 2}, BlockPlan.holes(blocks, Canvas.blank(9, m)));
    // A prompt, and text between the holes of one block.
    Canvas inside = Canvas.of(new int[] {1, 1, 1, 1, m, 1, m, m, m}, m);
    assertArrayEquals(new int[] {2, 2}, BlockPlan.holes(blocks, inside));
    assertArrayEquals(new int[0], BlockPlan.holes(blocks, Canvas.of(new int[] {1, 1}, m)));
    Canvas behind = Canvas.of(new int[] {1, m, 1, m, m, m, m, m, 1}, m);
    assertEquals(
        "the model writes blocks of 4 tokens and sees nothing behind them: given text must not stand"
            + " in a block behind one with holes, got a hole at position 1 and text from 7 to 8",
        message(IllegalArgumentException.class, () -> BlockPlan.holes(blocks, behind)));
  }

  @Test
  void refusesPlansThatDoNotFit() {
    Canvas canvas = Canvas.blank(4, 2);
    List<RevealPlan> one = List.of(SizePlan.of(2));
    assertEquals(
        "2 blocks have holes, got 1 plans",
        message(IllegalArgumentException.class, () -> BlockPlan.of(PAIRS, canvas, one)));
    BlockPlan plan = BlockPlan.of(PAIRS, canvas, List.of(SizePlan.of(1, 1), SizePlan.of(2)));
    assertFalse(plan.oneByOne());
    assertFalse(plan.heuristic());
    assertTrue(plan.keeps());
    assertEquals(
        "a plan for 4 holes cannot fill a canvas of 3",
        message(IllegalArgumentException.class, () -> plan.steps(3)));
  }
}
