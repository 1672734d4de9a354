package io.github.dllm4j.eval.metrics;

import io.github.dllm4j.corpora.Split;
import io.github.dllm4j.engine.loss.LikelihoodBound;
import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.io.IOException;
import java.util.Locale;

/**
 * How well a character n-gram of the training text predicts the held-out text, exactly. As for a
 * model, the ends between documents are predicted and cost nats, and only characters are counted.
 */
public final class NgramBaseline {
  private static final int BLOCK = 512;

  private NgramBaseline() {}

  /**
   * Trains on the first part of a split, evaluates on the second.
   *
   * @return nats per character over blocks of 512 characters, the last of what is left
   * @throws IllegalArgumentException if the second part has fewer than two whole blocks
   */
  public static LikelihoodBound evaluate(Split split, int order) throws IOException {
    long characters = split.validation().summary().characters();
    if (characters < 2 * BLOCK) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the held-out text has %d characters, two blocks of %d need %d",
              characters,
              BLOCK,
              2 * BLOCK));
    }
    IntOpenHashSet symbols = new IntOpenHashSet();
    Symbols.read(split.train(), symbols::add);
    Symbols.read(split.validation(), symbols::add);
    KneserNey model = new KneserNey(order, symbols.size());
    Symbols.read(split.train(), model::learn);
    Losses losses = new Losses();
    Symbols.read(
        split.validation(), symbol -> losses.add(symbol, -Math.log(model.probability(symbol))));
    return LikelihoodBound.of(losses.nats.toDoubleArray(), losses.characters.toIntArray());
  }

  /** Nats and characters of blocks of one after the other characters. */
  private static final class Losses {
    private final DoubleArrayList nats = new DoubleArrayList();
    private final IntArrayList characters = new IntArrayList();
    private double end;

    void add(int symbol, double loss) {
      if (symbol == Symbols.END_OF_DOCUMENT) {
        end += loss; // counts once another document follows, like a model's end token
        return;
      }
      int last = nats.size() - 1;
      if (last < 0 || characters.getInt(last) == BLOCK) {
        nats.add(end + loss);
        characters.add(1);
      } else {
        nats.set(last, nats.getDouble(last) + end + loss);
        characters.set(last, characters.getInt(last) + 1);
      }
      end = 0;
    }
  }
}
