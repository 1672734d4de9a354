package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import java.util.Arrays;

/**
 * The usual way to sample a masked model, to compare with: at every step the logits of all
 * positions, a float64 Gumbel draw over [B, N, V], and each hole shows its token with the chance of
 * modified tau-leaping on a uniform grid (MDLM, LLaDA). Same network and number of steps as the
 * engine's sampler; tokens never leave the device before the end.
 *
 * @param weights of the network, cast for the precision
 */
record AllLogitsSampler(Network network, IValue weights, Precision precision, int mask) {

  SamplingTimes sample(int batch, int length, int steps, long seed) {
    Program program = network.program();
    ProgramUse.Seen before = program.use().seen();
    Benchmark.seed(seed);
    try (NDManager run = network.manager().newSubManager();
        Program baseline = Program.load(run, "baseline.py", "Baseline")) {
      long[] ids = new long[batch * length];
      Arrays.fill(ids, mask);
      long begin = System.nanoTime();
      NDArray tokens = run.create(ids, new Shape(batch, length));
      long[] all = new long[ids.length];
      Arrays.setAll(all, r -> r);
      NDArray rows = run.create(all);
      NDArray sigmas = run.create(new float[batch]);
      DeviceLaws.Head head = DeviceLaws.Head.of(network, weights, precision, mask);
      for (int left = steps; left > 0; left--) {
        try (NDManager step = run.newSubManager();
            NDArray old = tokens;
            NDArray logits = logits(step, tokens, sigmas, rows, head)) {
          tokens = baseline.call(run, "step", old, logits, 1.0 / left, mask);
        }
      }
      long[] done = tokens.toLongArray();
      double seconds = (System.nanoTime() - begin) * 1e-9;
      if (Arrays.stream(done).anyMatch(id -> id == mask)) {
        throw new IllegalStateException("the baseline left holes");
      }
      ProgramUse.Seen seen = program.use().seen().since(before);
      NetworkFlops flops = new NetworkFlops((NetworkShape) network.shape());
      return new SamplingTimes(
          seconds,
          seen.seconds("hidden"),
          seen.seconds("head"),
          baseline.use().seen().seconds("step"),
          steps,
          steps,
          1,
          done.length,
          steps * (flops.everywhere(batch, length) + flops.asked(rows.size())));
    }
  }

  /** Of all positions, [B * N, V]. */
  private NDArray logits(
      NDManager step, NDArray tokens, NDArray sigmas, NDArray rows, DeviceLaws.Head head) {
    long[] shape = network.shape().program();
    int type = precision.scalarType();
    try (NDArray hidden =
        network.program().call(step, "hidden", tokens, sigmas, rows, weights, shape, type)) {
      return head.logits(network.program(), step, hidden);
    }
  }
}
