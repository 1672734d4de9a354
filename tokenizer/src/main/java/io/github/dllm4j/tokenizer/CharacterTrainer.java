package io.github.dllm4j.tokenizer;

import java.util.BitSet;

/**
 * Collects the code points of a text into a character tokenizer. Ids: the characters in the order
 * of their code points, {@code <|end|>}, {@code <|mask|>}.
 */
final class CharacterTrainer implements TokenizerTrainer {

  private final BitSet codePoints = new BitSet();
  private final int maxVocabulary;
  private String half = ""; // a high surrogate whose partner is still to come

  /** Refuses texts with more characters than fit into this many ids with the two special ones. */
  CharacterTrainer(int maxVocabulary) {
    if (maxVocabulary < 3) {
      throw new IllegalArgumentException(
          "vocabulary is " + maxVocabulary + "; allowed for char: 3 or more");
    }
    this.maxVocabulary = maxVocabulary;
  }

  @Override
  public void add(String text) {
    String all = half + text;
    int whole = UnicodeText.wholeCodePoints(all);
    UnicodeText.requireWellFormed(all.substring(0, whole)).codePoints().forEach(codePoints::set);
    half = all.substring(whole);
  }

  @Override
  public void endDocument() {
    String rest = half;
    half = "";
    UnicodeText.requireWellFormed(rest);
  }

  @Override
  public Tokenizer train() {
    endDocument();
    int characters = codePoints.cardinality();
    if (characters == 0) {
      throw new IllegalArgumentException("the text to train a tokenizer on is empty");
    }
    if (characters > maxVocabulary - 2) {
      throw new IllegalArgumentException(
          "the text has "
              + characters
              + " distinct characters; allowed with vocabulary "
              + maxVocabulary
              + ": "
              + (maxVocabulary - 2));
    }
    return Tokenizers.ours(TokenizerJson.character(codePoints.stream().toArray()));
  }
}
