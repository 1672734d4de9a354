package io.github.dllm4j.tokenizer;

/** There is nothing to learn about bytes; this only checks the text. */
final class ByteTrainer implements TokenizerTrainer {

  /** Every byte, end and mask. */
  static final int VOCABULARY = 258;

  private final CharacterTrainer checker = new CharacterTrainer(Integer.MAX_VALUE);

  @Override
  public void add(String text) {
    checker.add(text);
  }

  @Override
  public void endDocument() {
    checker.endDocument();
  }

  @Override
  public Tokenizer train() {
    endDocument();
    return Tokenizers.bytes();
  }
}
