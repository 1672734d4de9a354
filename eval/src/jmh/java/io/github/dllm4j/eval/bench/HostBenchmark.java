package io.github.dllm4j.eval.bench;

import io.github.dllm4j.engine.ReverseChoice;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.StepPlanner;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactReverse;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the engine does without a network: keyed random numbers, plans, exact laws. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class HostBenchmark {

  /** Positions of a text. */
  @State(Scope.Benchmark)
  public static class Text {
    @Param({"512", "1024", "2048", "4096"})
    int positions;

    InformationCurve curve = InformationCurve.exact(0);

    @Setup
    public void curve() {
      curve = Probe.curve(positions);
    }
  }

  /** Words over two tokens. */
  @State(Scope.Benchmark)
  public static class Words {
    @Param({"64", "256", "1024", "4096"})
    int states;

    ExactLaw law = ExactLaw.zeroSum(2, 2);
    ReversePlan step = ReverseChoice.TWEEDIE.plan(1);

    @Setup
    public void law() {
      law = Probe.chain(Integer.numberOfTrailingZeros(states));
    }
  }

  /** The plans of least cost for every number of steps. */
  @Benchmark
  public SizePlan allPlans(Text text) {
    return new StepPlanner(text.curve).forSteps(text.positions);
  }

  /** The order in which a text is revealed. */
  @Benchmark
  public int[] revealOrder(Text text) {
    return KeyedRandom.permutation(text.positions, 1, 0, 0, Purpose.REVEAL_ORDER);
  }

  /** The uniforms of a step that fills all of a text. */
  @Benchmark
  public double uniforms(Text text) {
    double sum = 0;
    for (int i = 0; i < text.positions; i++) {
      sum += KeyedRandom.uniform(1, 0, 0, i, Purpose.DRAW);
    }
    return sum;
  }

  /** One exact step of uniform noise. */
  @Benchmark
  public double[] exactStep(Words words) {
    NoiseProcess process = NoiseProcess.uniform(words.law.symbols());
    return ExactReverse.of(words.law, process).outputLaw(words.step);
  }
}
