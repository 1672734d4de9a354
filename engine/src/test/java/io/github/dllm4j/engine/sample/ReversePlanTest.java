package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.ctmc.TokenRates;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReversePlanTest {

  @Test
  void gridsOfUniformNoise() {
    double[] logLinear = TimeGrid.logLinear(1e-3, 4).toArray();
    for (int k = 0; k < 4; k++) {
      double sigma = NoiseSchedule.logLinear(1e-3).at(1 - k / 4.0).sigma();
      assertEquals(sigma, logLinear[k], 1e-14);
    }
    assertEquals(0, logLinear[4]);
    assertArrayEquals(
        new double[] {8, 0.8, 0.08, 0}, TimeGrid.geometric(8, 0.08, 3).toArray(), 1e-14);
    assertArrayEquals(new double[] {6, 0}, TimeGrid.geometric(6, 0.01, 1).toArray());
    assertArrayEquals(new double[] {8, 4, 2, 1, 0.5, 0}, TimeGrid.halving(8, 0.5).toArray());
    assertThrows(IllegalArgumentException.class, () -> TimeGrid.logLinear(0, 4));
    assertThrows(IllegalArgumentException.class, () -> TimeGrid.geometric(6, 6, 4));
    assertThrows(IllegalArgumentException.class, () -> TimeGrid.halving(8, 0));
  }

  @Test
  void movesGoDownTheGridWithCorrectorsBetween() {
    ReversePlan plan =
        ReversePlan.of(TimeGrid.of(4, 2, 1, 0), ReverseKernel.euler())
            .withLast(ReverseKernel.tweedie())
            .withCorrector(GibbsCorrector.sweep(2));
    List<ReverseMove> moves = plan.moves();
    assertEquals(3, plan.steps());
    assertEquals(7, plan.evaluations());
    assertArrayEquals(
        new double[] {4, 2, 2, 2, 1, 1, 1},
        moves.stream().mapToDouble(move -> move.level().sigma()).toArray());
    assertArrayEquals(new int[] {0, 1, 2}, moves.get(0).sites(3, 0));
    assertArrayEquals(new int[] {1}, moves.get(2).sites(3, 0));
    assertEquals(
        ReverseMove.step(ReverseKernel.tweedie(), moves.get(6).level(), moveTo(0)), moves.get(6));
  }

  private static NoiseLevel moveTo(double sigma) {
    return NoiseLevel.unitRate(sigma);
  }

  @Test
  void plansInTimeDenoiseWhatIsLeft() {
    NoiseSchedule schedule = NoiseSchedule.logLinear(1e-3);
    assertEquals(5, ReversePlan.inTime(schedule, 1e-5, 4, ReverseKernel.euler()).evaluations());
    assertEquals(4, ReversePlan.inTime(schedule, 0, 4, ReverseKernel.euler()).evaluations());
    assertThrows(
        IllegalArgumentException.class,
        () -> ReversePlan.inTime(schedule, 1, 4, ReverseKernel.euler()));
    assertThrows(
        IllegalArgumentException.class,
        () -> ReversePlan.inTime(schedule, 0, 0, ReverseKernel.euler()));
  }

  @Test
  void parallelSitesAreAllSubsetsOnce() {
    ReverseMove move = GibbsCorrector.parallel(3, 1).moves(moveTo(2), moveTo(1)).get(0);
    assertEquals(10, move.choices(5));
    int[] seen = new int[5];
    Set<String> sets = new HashSet<>();
    for (int choice = 0; choice < 10; choice++) {
      int[] sites = move.sites(5, choice);
      assertTrue(sites[0] < sites[1] && sites[1] < sites[2], Arrays.toString(sites));
      assertTrue(sets.add(Arrays.toString(sites)));
      for (int site : sites) {
        seen[site]++;
      }
    }
    assertArrayEquals(new int[] {6, 6, 6, 6, 6}, seen);
    assertEquals(1, GibbsCorrector.parallel(9, 1).moves(moveTo(2), moveTo(1)).get(0).choices(5));
    // Far too many sets to list, yet the sampler draws one.
    assertThrows(IllegalArgumentException.class, () -> move.choices(100_000));
    ReverseMove wide = GibbsCorrector.parallel(20, 1).moves(moveTo(2), moveTo(1)).get(0);
    int[] drawn = wide.drawSites(500, 1, 2, 3);
    assertEquals(20, Arrays.stream(drawn).distinct().count());
    assertArrayEquals(Arrays.stream(drawn).sorted().toArray(), drawn);
  }

  @Test
  void rulesOfSites() {
    double[] law = {0.5, 0.2, 0.3};
    assertEquals(Math.log(0.5 / 0.2), SiteRule.LOWEST_LOG_MARGIN.score(law, 1), 1e-15);
    assertEquals(Math.log(0.3 / 0.5), SiteRule.LOWEST_LOG_MARGIN.score(law, 0), 1e-15);
    assertEquals(-Math.log(0.2), SiteRule.LOWEST_CURRENT_PROBABILITY.score(law, 1), 1e-15);
    assertEquals(-Math.log(0.5), SiteRule.LOWEST_MAX_PROBABILITY.score(law, 1), 1e-15);
    assertTrue(Double.isFinite(SiteRule.LOWEST_LOG_MARGIN.score(new double[] {1}, 0)));
  }

  @Test
  void onlySingleSiteCorrectorsAreExact() {
    assertTrue(GibbsCorrector.random(3).exact());
    assertTrue(GibbsCorrector.sweep(3).exact());
    assertFalse(GibbsCorrector.parallel(2, 3).exact());
    SiteRule rule = SiteRule.LOWEST_LOG_MARGIN;
    assertFalse(ConfidenceCorrector.raw(rule, 1, 3).exact());
    assertTrue(ConfidenceCorrector.metropolis(rule, 1, 3).exact());
    assertFalse(RateCorrector.ofStep(TokenRates.BARKER, 0.1, 3).exact());
    assertFalse(new NoiseDenoiseCorrector(0.1, 3).exact());
    assertThrows(IllegalArgumentException.class, () -> ConfidenceCorrector.raw(rule, 0, 3));
    assertThrows(IllegalArgumentException.class, () -> ConfidenceCorrector.raw(rule, 1, 0));
    assertThrows(
        IllegalArgumentException.class, () -> RateCorrector.ofStep(TokenRates.REVERSE, 0.1, 1));
    assertThrows(
        IllegalArgumentException.class, () -> RateCorrector.ofShare(TokenRates.BARKER, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> new NoiseDenoiseCorrector(0, 1));
    assertThrows(IllegalArgumentException.class, () -> GibbsCorrector.random(0));
    ReversePlan many = ReversePlan.of(TimeGrid.uniform(1, 4096), ReverseKernel.tweedie());
    Corrector endless = GibbsCorrector.random(1_000_000);
    assertThrows(IllegalArgumentException.class, () -> many.withCorrector(endless));
    TimeGrid grid = TimeGrid.uniform(1, 4096);
    assertThrows(
        IllegalArgumentException.class, () -> RemaskPlan.forwardBackward(grid, 1_000_000, 0.1));
    assertThrows(IllegalArgumentException.class, () -> GibbsCorrector.parallel(0, 1));
  }
}
