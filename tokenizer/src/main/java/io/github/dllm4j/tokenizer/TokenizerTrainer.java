package io.github.dllm4j.tokenizer;

/**
 * Makes a tokenizer from text that arrives in pieces. Where the pieces are cut makes no difference,
 * not even inside a surrogate pair. Not safe for concurrent use.
 */
public interface TokenizerTrainer {

  /**
   * Takes the next piece of the current document.
   *
   * @throws IllegalArgumentException if a lone surrogate comes to light
   */
  void add(String text);

  /**
   * Ends the current document: the next piece starts a new one.
   *
   * @throws IllegalArgumentException if the document ends inside a surrogate pair
   */
  void endDocument();

  /**
   * Ends the current document and makes the tokenizer.
   *
   * @throws IllegalArgumentException if there was no text, or more characters than fit
   */
  Tokenizer train();
}
