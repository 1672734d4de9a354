package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines between nodes, and how far they can be off. */
class CurveNodesTest {

  @Test
  void linesGoThroughTheNodes() {
    CurveNodes nodes = new CurveNodes(6, new int[] {0, 2, 5});
    assertArrayEquals(
        new double[] {4, 3, 2, 1.5, 1, 0.5}, nodes.interpolate(new double[] {4, 2, 0.5}), 1e-15);
    assertArrayEquals(new double[] {7}, CurveNodes.all(1).interpolate(new double[] {7}));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 17, 128, 1000})
  void spreadNodesReachBothEnds(int length) {
    CurveNodes nodes = CurveNodes.spread(length, 17);
    assertTrue(nodes.count() <= 17);
    assertEquals(0, nodes.at()[0]);
    assertEquals(length - 1, nodes.at()[nodes.count() - 1]);
    if (length <= 17) {
      assertEquals(CurveNodes.all(length), nodes);
    }
  }

  @Test
  void evenNodesAreAtEqualDistances() {
    assertArrayEquals(new int[] {0, 5, 10, 15}, CurveNodes.even(16, 4).at());
    assertEquals(CurveNodes.all(3), CurveNodes.even(3, 8));
    assertThrows(IllegalArgumentException.class, () -> CurveNodes.even(16, 1));
  }

  /** A step just after the first or just before the last node of a gap is the worst there is. */
  @Test
  void theErrorIsThatOfTheWorstCurve() {
    int length = 11;
    CurveNodes nodes = new CurveNodes(length, new int[] {0, 10});
    double[] early = new double[length];
    early[0] = 1;
    double[] late = new double[length];
    Arrays.fill(late, 0, 10, 1);
    for (double[] curve : new double[][] {early, late}) {
      double[] known = {curve[0], curve[10]};
      double[] lines = nodes.interpolate(known);
      double sum = Arrays.stream(lines).sum() - Arrays.stream(curve).sum();
      assertEquals(nodes.sumError(known), Math.abs(sum), 1e-12);
      double worst = 0;
      for (int j = 0; j < length; j++) {
        worst = Math.max(worst, Math.abs(lines[j] - curve[j]));
      }
      assertEquals(nodes.valueError(known), worst, 1e-12);
    }
  }

  @Test
  void refiningPutsNodesWhereTheCurveFalls() {
    CurveNodes coarse = new CurveNodes(65, new int[] {0, 32, 64});
    double[] values = {5, 1, 1};
    CurveNodes fine = coarse.refined(values, 1, 65);
    assertTrue(Arrays.stream(fine.at()).filter(j -> j < 32).count() > 10);
    assertEquals(1, Arrays.stream(fine.at()).filter(j -> j > 32).count());
    double[] known =
        Arrays.stream(fine.at()).mapToDouble(j -> coarse.interpolate(values)[j]).toArray();
    assertTrue(fine.sumError(known) <= 1);
    assertEquals(5, coarse.refined(values, 1e-9, 5).count());
    assertEquals(33 + 1, coarse.refined(values, 1e-9, 65).count());
  }

  @Test
  void badNodesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new CurveNodes(3, new int[] {0, 1}));
    assertThrows(IllegalArgumentException.class, () -> new CurveNodes(3, new int[] {1, 2}));
    assertThrows(IllegalArgumentException.class, () -> new CurveNodes(3, new int[] {0, 1, 1, 2}));
    assertThrows(IllegalArgumentException.class, () -> CurveNodes.spread(3, 1));
    assertThrows(
        IllegalArgumentException.class, () -> CurveNodes.all(3).interpolate(new double[2]));
  }
}
