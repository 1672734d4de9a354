package io.github.dllm4j.engine.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** What every noise schedule must do; an implementation adds only {@link #schedule}. */
public abstract class NoiseScheduleContractTest {

  /** The schedule under test. */
  protected abstract NoiseSchedule schedule();

  @Test
  void sigmaStrictlyIncreases() {
    double before = -1;
    for (int i = 0; i <= 1000; i++) {
      double sigma = schedule().at(i / 1000.0).sigma();
      assertTrue(sigma > before, "sigma at t = " + i / 1000.0);
      before = sigma;
    }
  }

  @Test
  void rateIsTheDerivative() {
    double h = 1e-5;
    for (double t = 0.01; t < 0.99; t += 0.01) {
      double difference = (schedule().at(t + h).sigma() - schedule().at(t - h).sigma()) / (2 * h);
      double rate = schedule().at(t).sigmaRate();
      // Third derivatives times h^2 and rounding over h.
      assertEquals(difference, rate, 1e-6 * rate, "rate at t = " + t);
    }
  }

  @Test
  void weightIsTheTotalRateOfUnmasking() {
    for (double t = 0.01; t < 0.99; t += 0.01) {
      NoiseLevel level = schedule().at(t);
      double weight = level.sigmaRate() * level.alpha() / level.maskProbability();
      assertEquals(weight, schedule().weight(t), 1e-11 * weight, "weight at t = " + t);
      assertEquals(weight, level.weight(), 1e-11 * weight, "weight of the level at t = " + t);
    }
  }

  @Test
  void timeAtAlphaInverts() {
    for (double t = 0; t <= 1; t += 0.01) {
      NoiseLevel level = schedule().at(t);
      double back = schedule().timeAtAlpha(level.alpha());
      // alpha is known to one ulp, which near alpha = 1 is a large step of sigma.
      double ulp = 4e-16 / (level.alpha() * Math.max(level.sigmaRate(), 1e-7));
      assertEquals(level.alpha(), schedule().at(back).alpha(), 1e-13, "alpha at t = " + t);
      assertEquals(t, back, Math.max(1e-10, ulp), "time at t = " + t);
    }
  }

  @Test
  void refusesTimesAndAlphasOutOfRange() {
    for (double t : new double[] {-1e-9, 1 + 1e-9, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> schedule().at(t));
      assertThrows(IllegalArgumentException.class, () -> schedule().weight(t));
    }
    for (double alpha : new double[] {-0.1, 1.1, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> schedule().timeAtAlpha(alpha));
    }
  }
}
