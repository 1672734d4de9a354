package io.github.dllm4j.corpora;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * A corpus cut in two: training text is its first floor((1 - fraction) characters) characters,
 * validation text the rest. The cut ignores document boundaries; a document it goes through is one
 * document on either side. Both parts are views: close the corpus, not them.
 *
 * @param train the first part
 * @param validation the last part
 */
public record Split(Corpus train, Corpus validation) {

  /** The share of the characters held out unless something else is asked for: the last 5 %. */
  public static final double DEFAULT_FRACTION = 0.05;

  /**
   * Splits a corpus; reads it once to count.
   *
   * @param validationFraction share of the characters to hold out, in (0, 1)
   * @throws IOException if the corpus cannot be read, or is too small for two parts
   */
  public static Split of(Corpus corpus, double validationFraction) throws IOException {
    if (!(validationFraction > 0 && validationFraction < 1)) {
      throw new IllegalArgumentException(
          "validation fraction is " + validationFraction + "; allowed: above 0, below 1");
    }
    long characters = corpus.summary().characters();
    // Decimal arithmetic: 0.95 is not a binary fraction, and the cut must be the one on paper.
    long cut =
        BigDecimal.ONE
            .subtract(BigDecimal.valueOf(validationFraction))
            .multiply(BigDecimal.valueOf(characters))
            .setScale(0, RoundingMode.FLOOR)
            .longValueExact();
    if (cut == 0) {
      throw new IOException(
          "corpus "
              + corpus.name()
              + " has "
              + characters
              + " characters, too few to hold out "
              + validationFraction
              + " of them");
    }
    return new Split(
        new SliceCorpus(corpus, "train", 0, cut, characters),
        new SliceCorpus(corpus, "validation", cut, characters, characters));
  }
}
