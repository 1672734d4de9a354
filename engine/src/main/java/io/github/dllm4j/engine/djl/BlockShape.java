package io.github.dllm4j.engine.djl;

import java.util.Locale;

/**
 * A DiT network whose positions see their own block and the blocks before it: BD3LM's. Its first
 * position always holds the begin of the text, which is no token of it.
 *
 * @param dit its sizes, whose length is that of whole blocks
 * @param block positions of a block
 */
record BlockShape(NetworkShape dit, int block) implements SeenShape {
  BlockShape {
    if (block < 1 || dit.length() % block != 0 || dit.length() < 2) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "length must be 2 or more in whole blocks, got %d in blocks of %d",
              dit.length(),
              block));
    }
  }

  /** Tokens of the longest text: all positions but the first. */
  @Override
  public int length() {
    return dit.length() - 1;
  }

  @Override
  public int timeWidth() {
    return dit.timeWidth();
  }

  @Override
  public long[] program() {
    return dit.program(block);
  }

  /** The shape after its time modules are folded away. */
  BlockShape withoutTime() {
    return new BlockShape(dit.withoutTime(), block);
  }
}
