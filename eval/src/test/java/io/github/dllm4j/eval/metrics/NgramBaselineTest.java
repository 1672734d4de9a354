package io.github.dllm4j.eval.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.dllm4j.corpora.Corpora;
import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.CorpusOptions;
import io.github.dllm4j.corpora.Split;
import io.github.dllm4j.corpora.TextSink;
import io.github.dllm4j.engine.loss.LikelihoodBound;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NgramBaselineTest {
  private static final int END = -1;

  @TempDir private Path folder;

  /** Documents of 40 to 59 letters each, some of them outside the basic plane. */
  private Corpus documents(int count) throws IOException {
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < count; i++) {
      int[] letters = random.ints(40 + random.nextInt(20), 0, 6).map(x -> 0x1F600 + x).toArray();
      Path file = folder.resolve((1000 + i) + ".txt");
      Files.writeString(file, new String(letters, 0, letters.length));
    }
    return Corpora.open(List.of(folder), CorpusOptions.DEFAULT);
  }

  /** Every character of every document, and the end between documents. */
  private static List<Integer> symbols(Corpus corpus) throws IOException {
    List<Integer> symbols = new ArrayList<>();
    corpus.read(
        new TextSink() {
          private boolean another;

          @Override
          public void text(String piece) {
            if (another) {
              symbols.add(END);
            }
            another = false;
            piece.codePoints().forEach(symbols::add);
          }

          @Override
          public void endDocument() {
            another = true;
          }
        });
    return symbols;
  }

  /** Documents are joined as a model's are: n characters in all, and the nats of k - 1 ends. */
  @ParameterizedTest
  @CsvSource({"1", "2", "4"})
  void endsCostNatsAndAreNoCharacters(int order) throws IOException {
    try (Corpus corpus = documents(60)) {
      Split split = Split.of(corpus, 0.5);
      KneserNey model = new KneserNey(order, 7);
      symbols(split.train()).forEach(model::learn);
      model.learn(END);
      List<Double> nats = new ArrayList<>(); // of each character and the end before it
      double end = 0;
      for (int symbol : symbols(split.validation())) {
        double loss = -Math.log(model.probability(symbol));
        if (symbol == END) {
          end = loss;
        } else {
          nats.add(end + loss);
          end = 0;
        }
      }
      LikelihoodBound bound = NgramBaseline.evaluate(split, order);
      assertEquals(split.validation().summary().characters(), bound.tokens());
      assertEquals(nats.size(), bound.tokens());
      double mean = sum(nats) / nats.size();
      assertEquals(mean, bound.natsPerToken(), 1e-12);
      double squares = 0;
      int blocks = 0;
      for (int from = 0; from < nats.size(); from += 512, blocks++) {
        List<Double> block = nats.subList(from, Math.min(from + 512, nats.size()));
        squares += Math.pow(sum(block) - mean * block.size(), 2);
      }
      assertEquals(blocks, bound.blocks());
      double error = Math.sqrt(squares * blocks / (blocks - 1)) / nats.size();
      assertEquals(error, bound.standardError(), 1e-12);
    }
  }

  private static double sum(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).sum();
  }

  /** Blocks that cost the same have no error at all, which differences of squares do not say. */
  @Test
  void equalBlocksHaveNoError() throws IOException {
    Files.writeString(folder.resolve("a.txt"), "abcd".repeat(1024));
    try (Corpus corpus = Corpora.open(List.of(folder), CorpusOptions.DEFAULT)) {
      LikelihoodBound bound = NgramBaseline.evaluate(Split.of(corpus, 0.5), 1);
      assertEquals(4, bound.blocks());
      assertEquals(0, bound.standardError(), 1e-15);
    }
  }

  @Test
  void twoWholeBlocksAreNeeded() throws IOException {
    Files.writeString(folder.resolve("a.txt"), "ab".repeat(1023));
    try (Corpus corpus = Corpora.open(List.of(folder), CorpusOptions.DEFAULT)) {
      Split split = Split.of(corpus, 0.5);
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> NgramBaseline.evaluate(split, 2));
      assertEquals(
          "the held-out text has 1023 characters, two blocks of 512 need 1024", e.getMessage());
      assertEquals(1026, NgramBaseline.evaluate(Split.of(corpus, 0.501), 2).tokens());
    }
  }
}
