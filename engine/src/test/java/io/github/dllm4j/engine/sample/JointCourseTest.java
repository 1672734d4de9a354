package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

class JointCourseTest {

  /** Asks for two holes of three and fills the second. */
  private static final class Own implements Course {
    double[] told = {};

    @Override
    public boolean finished() {
      return false;
    }

    @Override
    public int step() {
      return 0;
    }

    @Override
    public double sigma() {
      return 1;
    }

    @Override
    public int[] asked() {
      return new int[] {2, 4};
    }

    @Override
    public int[] advance(double[] confidences) {
      told = confidences;
      return new int[] {1};
    }
  }

  @Test
  void theOwnCourseIsToldOfItsOwnHoles() {
    Own own = new Own();
    JointCourse joint = new JointCourse(own, Canvas.of(new int[] {0, 9, 9, 0, 9}, 9));
    assertArrayEquals(new int[] {1, 2, 4}, joint.asked());
    assertArrayEquals(new int[] {2}, joint.advance(new double[] {0.1, 0.2, 0.3}));
    assertArrayEquals(new double[] {0.2, 0.3}, own.told);
    assertArrayEquals(new int[] {1, 2}, joint.asked());
  }
}
