package io.github.dllm4j.eval.metrics;

import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.TokenFile;
import io.github.dllm4j.engine.denoise.CausalModel;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An autoregressive model as judge. Texts are tokenised anew with its own tokenizer; those longer
 * than it reads at once are judged in windows ({@link CausalModel#logProbabilities}).
 */
public final class CausalJudge implements Judge {
  private static final int BATCH = 16;
  private static final int PIECE = 4096;

  private final String name;
  private final CausalModel model;
  private final Tokenizer tokenizer;
  private final double unigramEntropy;

  private CausalJudge(String name, CausalModel model, Tokenizer tokenizer, double unigramEntropy) {
    this.name = name;
    this.model = model;
    this.tokenizer = tokenizer;
    this.unigramEntropy = unigramEntropy;
  }

  /**
   * A judge over an open model, which stays the caller's.
   *
   * @param training the text whose token frequencies it stands for
   */
  public static CausalJudge of(String name, CausalModel model, Tokenizer tokenizer, Corpus training)
      throws IOException {
    Frequencies frequencies = new Frequencies();
    try (TokenFile tokens = TokenFile.of(training, tokenizer)) {
      for (long at = 0; at < tokens.size(); at += PIECE) {
        int[] piece = new int[(int) Math.min(PIECE, tokens.size() - at)];
        tokens.read(at, piece);
        Arrays.stream(piece).forEach(frequencies::add);
      }
    }
    return new CausalJudge(name, model, tokenizer, frequencies.entropy());
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String unit() {
    return "its own tokens";
  }

  @Override
  public List<Judgement> judge(List<String> texts) {
    List<Judgement> judgements = new ArrayList<>();
    for (int from = 0; from < texts.size(); from += BATCH) {
      int[][] tokens =
          texts.subList(from, Math.min(texts.size(), from + BATCH)).stream()
              .map(tokenizer::encode)
              .toArray(int[][]::new);
      for (double[] logs : model.logProbabilities(tokens)) {
        judgements.add(new Judgement(Arrays.stream(logs).map(log -> -log).sum(), logs.length));
      }
    }
    return judgements;
  }

  @Override
  public double unigramEntropy() {
    return unigramEntropy;
  }
}
