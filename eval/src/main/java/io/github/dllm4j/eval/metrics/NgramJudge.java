package io.github.dllm4j.eval.metrics;

import io.github.dllm4j.corpora.Corpus;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * The quick judge: a character n-gram ({@link KneserNey}) of the training text. Its tokens are
 * characters; characters that the training text does not have are one symbol together, so it is a
 * little too kind to them. A millionth of every law is spread evenly, so that nothing is
 * impossible.
 */
public final class NgramJudge implements Judge {
  private static final int UNKNOWN = -2;

  /** This share of every law is spread evenly: smoothing alone may leave a symbol out. */
  private static final double SPREAD = 1e-6;

  private final String name;
  private final KneserNey model;
  private final Frequencies symbols;

  private NgramJudge(String name, KneserNey model, Frequencies symbols) {
    this.name = name;
    this.model = model;
    this.symbols = symbols;
  }

  /**
   * Learns a text.
   *
   * @param training is read twice
   * @param order n, 1 to 16
   */
  public static NgramJudge of(Corpus training, int order) throws IOException {
    Frequencies symbols = new Frequencies();
    Symbols.read(training, symbols::add);
    KneserNey model = new KneserNey(order, symbols.different() + 1);
    Symbols.read(training, model::learn);
    return new NgramJudge(
        String.format(
            Locale.ROOT, "Kneser-Ney %d-gram over characters of the training part", order),
        model,
        symbols);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String unit() {
    return "characters";
  }

  @Override
  public synchronized List<Judgement> judge(List<String> texts) {
    return texts.stream().map(this::judge).toList();
  }

  private Judgement judge(String text) {
    model.forget();
    double nats = 0;
    int[] characters = text.codePoints().toArray();
    for (int character : characters) {
      double p = model.probability(symbols.has(character) ? character : UNKNOWN);
      nats -= Math.log((1 - SPREAD) * p + SPREAD / (symbols.different() + 1));
    }
    return new Judgement(nats, characters.length);
  }

  @Override
  public double unigramEntropy() {
    return symbols.entropy();
  }
}
