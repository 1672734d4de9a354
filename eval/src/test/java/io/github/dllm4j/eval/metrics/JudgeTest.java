package io.github.dllm4j.eval.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.corpora.Corpora;
import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.CorpusOptions;
import io.github.dllm4j.engine.denoise.CausalModel;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.eval.metrics.Judge.Judgement;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Judges against the closed form of a Markov source of two letters. */
class JudgeTest {
  private static final double STAY = 0.8;

  /** Entropy rate of the source, nats per letter. */
  private static final double RATE = -STAY * Math.log(STAY) - (1 - STAY) * Math.log(1 - STAY);

  /** Standard deviation of -ln p of a letter given the one before. */
  private static final double DEVIATION =
      Math.sqrt(STAY * (1 - STAY)) * Math.log(STAY / (1 - STAY));

  /** Standard deviations that are passed with probability 1e-4, on either side. */
  private static final double Z = 3.891;

  @TempDir Path folder;

  private static String text(int letters, long seed) {
    StringBuilder text = new StringBuilder();
    boolean a = true;
    for (int i = 0; i < letters; i++) {
      if (KeyedRandom.uniform(seed, 0, i, 0, Purpose.OTHER) >= STAY) {
        a = !a;
      }
      text.append(a ? 'a' : 'b');
    }
    return text.toString();
  }

  private Corpus corpus(int letters) throws IOException {
    Path file = Files.writeString(folder.resolve("text"), text(letters, 1));
    return Corpora.open(
        List.of(file.toString()), CorpusOptions.DEFAULT, InputStream.nullInputStream());
  }

  private double natsPerLetter(int order, int letters) throws IOException {
    try (Corpus corpus = corpus(100_000)) {
      Judgement judged = NgramJudge.of(corpus, order).judge(List.of(text(letters, 2))).get(0);
      assertEquals(letters, judged.tokens());
      return judged.nats() / judged.tokens();
    }
  }

  /** False-alarm rate 1e-4; a judge that does not look back must be told apart. */
  @Test
  void anNgramApproachesTheEntropyRate() throws IOException {
    int letters = 20_000;
    double tolerance = Z * DEVIATION / Math.sqrt(letters);
    assertEquals(RATE, natsPerLetter(3, letters), tolerance);
    assertTrue(natsPerLetter(1, letters) > RATE + tolerance);
    assertEquals(Math.log(2), natsPerLetter(1, letters), 0.01);
  }

  @Test
  void everyTextIsJudgedOnItsOwn() throws IOException {
    try (Corpus corpus = corpus(20_000)) {
      NgramJudge judge = NgramJudge.of(corpus, 3);
      List<Judgement> together = judge.judge(List.of("abba", "", "aaab", "abba"));
      assertEquals(together.get(0), together.get(3));
      assertEquals(new Judgement(0, 0), together.get(1));
      assertEquals(together.get(2), judge.judge(List.of("aaab")).get(0));
      assertEquals("characters", judge.unit());
      assertTrue(judge.name().contains("3-gram"));
      assertEquals(Math.log(2), judge.unigramEntropy(), 0.01);
    }
  }

  /** Of what can come, the end of the text is the only thing left out. */
  @Test
  void unseenCharactersAreUnlikelyNotImpossible() throws IOException {
    try (Corpus corpus = corpus(20_000)) {
      NgramJudge judge = NgramJudge.of(corpus, 3);
      double[] p =
          judge.judge(List.of("aba", "abb", "ab\uD83D\uDE00", "ab")).stream()
              .mapToDouble(judged -> Math.exp(-judged.nats()))
              .toArray();
      assertTrue(p[2] > 0 && p[2] < 1e-3 * p[3], String.valueOf(p[2] / p[3]));
      double rest = 1 - (p[0] + p[1] + p[2]) / p[3];
      assertTrue(rest > 0 && rest < 1e-3, String.valueOf(rest));
    }
  }

  /** The source itself as an autoregressive model over the tokenizer's ids. */
  private record Source(int a, int vocabulary) implements CausalModel {

    @Override
    public int length() {
      return 64;
    }

    @Override
    public double[][] logProbabilities(int[][] sequences) {
      return Arrays.stream(sequences)
          .map(
              ids -> {
                double[] logs = new double[ids.length];
                for (int i = 0; i < ids.length; i++) {
                  boolean stays = i == 0 ? ids[0] == a : ids[i] == ids[i - 1];
                  logs[i] = Math.log(stays ? STAY : 1 - STAY);
                }
                return logs;
              })
          .toArray(double[][]::new);
    }

    @Override
    public Reading read(int sequences) {
      throw new UnsupportedOperationException();
    }
  }

  @Test
  void anAutoregressiveModelJudgesInItsOwnTokens() throws IOException {
    try (Corpus corpus = corpus(20_000);
        Tokenizer tokenizer = Tokenizers.character(Stream.of(text(100, 1)))) {
      Source source = new Source(tokenizer.encode("a")[0], tokenizer.vocabulary().size());
      Judge judge = CausalJudge.of("source", source, tokenizer, corpus);
      List<Judgement> judged = judge.judge(List.of("aab", "", text(30, 3)));
      assertEquals(-2 * Math.log(STAY) - Math.log(1 - STAY), judged.get(0).nats(), 1e-12);
      assertEquals(new Judgement(0, 0), judged.get(1));
      assertEquals(30, judged.get(2).tokens());
      assertEquals(Math.log(2), judge.unigramEntropy(), 0.01);
      assertEquals("source", judge.name());
    }
  }
}
