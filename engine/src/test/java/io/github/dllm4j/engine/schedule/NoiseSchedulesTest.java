package io.github.dllm4j.engine.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.oracle.Golden;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

class NoiseSchedulesTest {

  @Nested
  class LogLinear extends NoiseScheduleContractTest {
    @Override
    protected NoiseSchedule schedule() {
      return NoiseSchedule.logLinear(NoiseSchedule.DEFAULT_EPSILON);
    }
  }

  @Nested
  class Cosine extends NoiseScheduleContractTest {
    @Override
    protected NoiseSchedule schedule() {
      return NoiseSchedule.cosine(NoiseSchedule.DEFAULT_EPSILON);
    }
  }

  @Nested
  class CosineSquared extends NoiseScheduleContractTest {
    @Override
    protected NoiseSchedule schedule() {
      return NoiseSchedule.cosineSquared(0);
    }
  }

  @Nested
  class Linear extends NoiseScheduleContractTest {
    @Override
    protected NoiseSchedule schedule() {
      return NoiseSchedule.linear(0, 10);
    }
  }

  @Nested
  class Geometric extends NoiseScheduleContractTest {
    @Override
    protected NoiseSchedule schedule() {
      return NoiseSchedule.geometric(1e-4, 20);
    }
  }

  @Nested
  class Polynomial extends NoiseScheduleContractTest {
    @Override
    protected NoiseSchedule schedule() {
      return NoiseSchedule.polynomial(2.5);
    }
  }

  @Test
  void matchTheGoldenFile(TestReporter reporter) {
    Map<String, NoiseSchedule> schedules =
        Map.of(
            "loglinear", NoiseSchedule.logLinear(1e-3),
            "cosine", NoiseSchedule.cosine(1e-3),
            "cosine_sq", NoiseSchedule.cosineSquared(1e-3),
            "linear", NoiseSchedule.linear(0, 10),
            "geometric", NoiseSchedule.geometric(1e-3, 1),
            "geometric_wide", NoiseSchedule.geometric(1e-4, 20));
    Golden golden = new Golden("noise_schedules");
    schedules.forEach(
        (name, schedule) -> {
          for (JsonNode row : Golden.file("noise_schedules").get(name).get("rows")) {
            double t = row.get("t").asDouble();
            NoiseLevel level = schedule.at(t);
            golden.close(name + " sigma", level.sigma(), row.get("sigma").asDouble());
            golden.close(name + " alpha", level.alpha(), row.get("alpha").asDouble());
            golden.close(name + " rate", level.sigmaRate(), row.get("dsigma").asDouble());
            if (row.get("weight").isNull()) {
              assertEquals(Double.POSITIVE_INFINITY, schedule.weight(t), name);
            } else {
              golden.close(name + " weight", schedule.weight(t), row.get("weight").asDouble());
            }
          }
        });
    golden.report(reporter, 164);
  }

  @Test
  void weightOfPolynomialHasItsLimitAtNoise() {
    assertEquals(2.5, NoiseSchedule.polynomial(2.5).weight(1));
  }

  @Test
  void nearTheDataDigitsAreKept() {
    // alpha = cos(pi t / 2): sigma = (pi t / 2)^2 / 2 to first order, 1e-18 here.
    double t = 1e-9;
    double expected = Math.PI * t * Math.PI * t / 8;
    assertEquals(expected, NoiseSchedule.cosine(0).at(t).sigma(), 1e-12 * expected);
  }

  @Test
  void refuseNonsense() {
    assertThrows(IllegalArgumentException.class, () -> NoiseSchedule.logLinear(1));
    assertThrows(IllegalArgumentException.class, () -> NoiseSchedule.linear(2, 1));
    assertThrows(IllegalArgumentException.class, () -> NoiseSchedule.geometric(0, 1));
    assertThrows(IllegalArgumentException.class, () -> NoiseSchedule.polynomial(0));
    assertThrows(IllegalArgumentException.class, () -> new NoiseLevel(0, -1, 1));
    assertThrows(IllegalArgumentException.class, () -> new NoiseLevel(-1, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> new NoiseLevel(0, 0, Double.NaN));
  }
}
