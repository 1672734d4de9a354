package io.github.dllm4j.engine.sample;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Another course, asking about every hole that is left and keeping of the joint draw what the other
 * fills. So whatever is kept has a completion: the one it was drawn with.
 */
final class JointCourse implements Course {
  private final Course own;
  private int[] left; // holes, ascending

  JointCourse(Course own, Canvas canvas) {
    this.own = own;
    left = canvas.holes();
  }

  @Override
  public boolean finished() {
    return own.finished();
  }

  @Override
  public int step() {
    return own.step();
  }

  @Override
  public int key() {
    return own.key();
  }

  @Override
  public double sigma() {
    return own.sigma();
  }

  @Override
  public int[] asked() {
    return left;
  }

  @Override
  public Optional<Confidence> confidence() {
    return own.confidence();
  }

  @Override
  public boolean changesLaws() {
    return true;
  }

  @Override
  public int[] advance(double[] confidences) {
    int[] rows = Arrays.stream(own.asked()).map(p -> Arrays.binarySearch(left, p)).toArray();
    double[] wanted =
        confidences.length == 0
            ? confidences
            : Arrays.stream(rows).mapToDouble(r -> confidences[r]).toArray();
    int[] filled = Arrays.stream(own.advance(wanted)).map(i -> rows[i]).toArray();
    int[] before = left;
    IntStream kept =
        IntStream.range(0, before.length)
            .filter(r -> Arrays.binarySearch(filled, r) < 0)
            .map(r -> before[r]);
    left = IntStream.concat(kept, Arrays.stream(own.remasked())).sorted().toArray();
    return filled;
  }

  @Override
  public int[] remasked() {
    return own.remasked();
  }
}
