package io.github.dllm4j.tokenizer;

/**
 * Trains a byte-level BPE tokenizer: {@link PreTokens} cuts the text, {@link WordCounter} counts,
 * {@link BpeMerges} learns. Ids: the 256 bytes, the merges in order, {@code <|end|>}, {@code
 * <|mask|>}. If the text has too few repeated pairs the vocabulary comes out smaller than asked
 * for. Memory does not grow with the text: at most half a million distinct pre-tokens are counted
 * at a time.
 */
final class BpeTrainer implements TokenizerTrainer {

  /** 256 bytes and two special tokens. */
  static final int MIN_VOCABULARY = 258;

  /** Far above any use; keeps a slip of the finger from running for hours. */
  static final int MAX_VOCABULARY = 1_000_000;

  private static final int MAX_WORDS = 500_000;
  private static final int MAX_PENDING_CHARS = 1 << 20;

  private final int vocabularySize;
  private final WordCounter words = new WordCounter(MAX_WORDS);
  private final StringBuilder pending = new StringBuilder();

  /** Trains at most this many ids, special ones included. */
  BpeTrainer(int vocabularySize) {
    if (vocabularySize < MIN_VOCABULARY || vocabularySize > MAX_VOCABULARY) {
      throw new IllegalArgumentException(
          "vocabulary is "
              + vocabularySize
              + "; allowed for bpe: "
              + MIN_VOCABULARY
              + ".."
              + MAX_VOCABULARY);
    }
    this.vocabularySize = vocabularySize;
  }

  @Override
  public void add(String text) {
    pending.append(text);
    String now = pending.toString();
    int cut = UnicodeText.lastCutBeforeSpace(now);
    if (cut == 0 && now.length() > MAX_PENDING_CHARS) {
      cut = UnicodeText.wholeCodePoints(now);
    }
    if (cut > 0) {
      count(now.substring(0, cut));
      pending.delete(0, cut);
    }
  }

  @Override
  public void endDocument() {
    count(pending.toString());
    pending.setLength(0);
  }

  private void count(String text) {
    PreTokens.forEach(UnicodeText.requireWellFormed(text), words::add);
  }

  @Override
  public Tokenizer train() {
    endDocument();
    if (words.size() == 0) {
      throw new IllegalArgumentException("the text to train a tokenizer on is empty");
    }
    String[] distinct = words.words();
    long[] merges =
        new BpeMerges(distinct, words.counts(distinct)).learn(vocabularySize - MIN_VOCABULARY);
    return Tokenizers.ours(TokenizerJson.bpe(merges));
  }
}
