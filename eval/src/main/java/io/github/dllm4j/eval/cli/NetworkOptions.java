package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.NetworkShape;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The sizes of a network to train. */
final class NetworkOptions {
  private static final int UNIFORM_TIME_WIDTH = 64;

  @Option(names = "--layers", description = "Blocks (6).")
  private int layers = 6;

  @Option(names = "--width", description = "Features per token (256).")
  private int width = 256;

  @Option(names = "--heads", description = "Attention heads (4).")
  private int heads = 4;

  @Option(
      names = "--time-width",
      description =
          "Features of the time condition, 0 for none (masking 0, uniform 64, autoregressive 0 only).")
  private Optional<Integer> timeWidth = Optional.empty();

  @Option(names = "--length", description = "Tokens per block (128).")
  private int length = 128;

  /**
   * The network's shape.
   *
   * @param vocabulary its ids
   * @param process what it is for: networks of uniform noise are told the time, autoregressive ones
   *     know none
   */
  NetworkShape shape(int vocabulary, String process) {
    int time = timeWidth.orElse(process.equals("uniform") ? UNIFORM_TIME_WIDTH : 0);
    if (process.equals("autoregressive") && time != 0) {
      throw new IllegalArgumentException(
          "--time-width must be 0 for --process autoregressive, which has no noise, got " + time);
    }
    return new NetworkShape(vocabulary, width, layers, heads, length, time, false);
  }
}
