package io.github.dllm4j.eval.metrics;

import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.Split;
import io.github.dllm4j.corpora.TextSink;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.io.IOException;
import java.util.function.IntConsumer;

/** How well a character n-gram of the training text predicts the held-out text. */
public final class NgramBaseline {
  private static final int BLOCK = 512;
  private static final int END_OF_DOCUMENT = -1;

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
    read(split.train(), symbols::add);
    read(split.validation(), symbols::add);
    KneserNey model = new KneserNey(order, symbols.size());
    read(split.train(), model::learn);
    Losses losses = new Losses();
    read(split.validation(), symbol -> losses.add(-Math.log(model.probability(symbol))));
    return losses.result();
  }

  private static void read(Corpus corpus, IntConsumer each) throws IOException {
    corpus.read(
        new TextSink() {
          private int high;

          @Override
          public void text(String piece) {
            for (int i = 0; i < piece.length(); i++) {
              char c = piece.charAt(i);
              if (Character.isHighSurrogate(c)) {
                high = c;
              } else {
                each.accept(
                    Character.isLowSurrogate(c) ? Character.toCodePoint((char) high, c) : c);
              }
            }
          }

          @Override
          public void endDocument() {
            each.accept(END_OF_DOCUMENT);
          }
        });
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
