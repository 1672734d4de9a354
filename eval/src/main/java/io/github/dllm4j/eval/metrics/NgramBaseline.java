package io.github.dllm4j.eval.metrics;

import io.github.dllm4j.corpora.Split;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.io.IOException;

/** How well a character n-gram of the training text predicts the held-out text. */
public final class NgramBaseline {
  private static final int BLOCK = 512;

  private NgramBaseline() {}

  /**
   * What the n-gram got.
   *
   * @param natsPerCharacter its exact mean log-loss
   * @param standardError of that mean over blocks of 512 characters
   * @param blocks evaluated
   * @param characters evaluated
   */
  public record Result(
      double natsPerCharacter, double standardError, int blocks, long characters) {}

  /** Trains on the first part of a split, evaluates on the second. */
  public static Result evaluate(Split split, int order) throws IOException {
    IntOpenHashSet symbols = new IntOpenHashSet();
    Symbols.read(split.train(), symbols::add);
    Symbols.read(split.validation(), symbols::add);
    KneserNey model = new KneserNey(order, symbols.size());
    Symbols.read(split.train(), model::learn);
    Losses losses = new Losses();
    Symbols.read(split.validation(), symbol -> losses.add(-Math.log(model.probability(symbol))));
    return losses.result();
  }

  /** Mean and standard error over blocks of one after the other characters. */
  private static final class Losses {
    private double total;
    private long count;
    private double block;
    private double sum;
    private double squares;
    private int blocks;

    void add(double nats) {
      total += nats;
      count++;
      block += nats;
      if (count % BLOCK == 0) {
        sum += block / BLOCK;
        squares += block / BLOCK * (block / BLOCK);
        blocks++;
        block = 0;
      }
    }

    Result result() {
      double mean = sum / blocks;
      double variance = (squares / blocks - mean * mean) * blocks / (blocks - 1.0);
      return new Result(total / count, Math.sqrt(variance / blocks), blocks, count);
    }
  }
}
