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
      description = "Features of the time condition, 0 for none (masking 0, uniform 64).")
  private Optional<Integer> timeWidth = Optional.empty();

  @Option(names = "--length", description = "Tokens per block (128).")
  private int length = 128;

  /**
   * The network's shape.
   *
   * @param vocabulary its ids
   * @param uniform whether it is for uniform noise, whose networks are told the time
   */
  NetworkShape shape(int vocabulary, boolean uniform) {
    int time = timeWidth.orElse(uniform ? UNIFORM_TIME_WIDTH : 0);
    return new NetworkShape(vocabulary, width, layers, heads, length, time, false);
  }
}
