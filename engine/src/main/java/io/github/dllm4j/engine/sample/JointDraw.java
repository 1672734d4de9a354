package io.github.dllm4j.engine.sample;

/**
 * Draws the tokens of all holes together, where each by itself will not do. A step keeps those of
 * its own holes and forgets the others. Implementations are pure functions and safe for several
 * threads.
 */
@FunctionalInterface
public interface JointDraw {
  /**
   * One filling of the holes.
   *
   * @param tokens the canvas as it is, MASK in the holes, [length]; not changed
   * @param holes all positions that hold MASK, ascending, at least one
   * @param laws of those holes as the network says, [holes][vocabulary]; not changed
   * @param temperature laws are raised to the power 1/temperature; above 0
   * @param topP mass of the nucleus of each law that is drawn from, in (0, 1]; 1 is all
   * @param uniforms in [0, 1), [holes]
   * @return ids, [holes]
   */
  int[] draw(
      int[] tokens,
      int[] holes,
      double[][] laws,
      double temperature,
      double topP,
      double[] uniforms);
}
