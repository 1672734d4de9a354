package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.TeacherForcing;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;

/** The N-step bounds of several plans on the same blocks along the same orders. */
final class PlansTogether {
  private PlansTogether() {}

  static List<LikelihoodBound> bounds(
      Denoiser denoiser, Iterator<int[]> blocks, List<SizePlan> plans, int batch, long seed) {
    List<double[]> nats = new ArrayList<>(); // [blocks][plans]
    while (blocks.hasNext()) {
      int[] block = blocks.next();
      int[] order = TeacherForcing.order(0, block.length, nats.size(), 0, seed);
      nats.add(TeacherForcing.nats(denoiser, block, order, plans, batch));
    }
    int[] tokens = nats.stream().mapToInt(n -> plans.get(0).holes()).toArray();
    return IntStream.range(0, plans.size())
        .mapToObj(p -> LikelihoodBound.of(nats.stream().mapToDouble(n -> n[p]).toArray(), tokens))
        .toList();
  }
}
