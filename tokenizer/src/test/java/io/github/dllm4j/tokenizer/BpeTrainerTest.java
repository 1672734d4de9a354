package io.github.dllm4j.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BpeTrainerTest {

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void preTokensAreThoseOfThePattern(long seed) {
    Texts.random(seed, 300)
        .forEach(
            text -> {
              List<String> words = new ArrayList<>();
              PreTokens.forEach(text, words::add);
              assertEquals(PlainBpe.preTokens(text), words);
            });
    for (String text : Texts.hostile()) {
      List<String> words = new ArrayList<>();
      PreTokens.forEach(text, words::add);
      assertEquals(PlainBpe.preTokens(text), words);
    }
  }

  /** Few letters give many ties and overlapping pairs such as aaa. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void mergesAreThoseOfThePlainAlgorithm(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 3000; i++) {
      text.append("aaab bc d".charAt(random.nextInt(9)));
    }
    assertEquals(PlainBpe.train(text.toString(), 80).merges(), merges(text.toString(), 80));
  }

  @Test
  void mergesOfRealTextToo() {
    assertEquals(PlainBpe.train(Texts.genesis(), 300).merges(), merges(Texts.genesis(), 300));
  }

  private static List<List<Integer>> merges(String text, int wanted) {
    WordCounter counter = new WordCounter(1_000_000);
    PreTokens.forEach(text, counter::add);
    String[] words = counter.words();
    List<List<Integer>> merges = new ArrayList<>();
    for (long merge : new BpeMerges(words, counter.counts(words)).learn(wanted)) {
      merges.add(List.of((int) (merge >>> 32), (int) merge));
    }
    return merges;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 1000})
  void piecesMakeNoDifference(int length) {
    String text = Texts.genesis().substring(0, 20_000) + "\uD83D\uDE00 ".repeat(50);
    TokenizerTrainer whole = Tokenizers.trainer(TokenizerKind.BPE, 400);
    whole.add(text);
    TokenizerTrainer pieces = Tokenizers.trainer(TokenizerKind.BPE, 400);
    for (int from = 0; from < text.length(); from += length) {
      pieces.add(text.substring(from, Math.min(from + length, text.length())));
    }
    try (Tokenizer one = whole.train();
        Tokenizer other = pieces.train()) {
      assertEquals(one.sha256(), other.sha256());
    }
  }

  @Test
  void noMergeReachesAcrossDocuments() {
    TokenizerTrainer trainer = Tokenizers.trainer(TokenizerKind.BPE, 300);
    for (int i = 0; i < 10; i++) {
      trainer.add("x");
      trainer.endDocument();
    }
    try (Tokenizer tokenizer = trainer.train()) {
      assertEquals(258, tokenizer.vocabulary().size(), "nothing to merge");
    }
  }

  @Test
  void giantWordsDoNotBreakIt() {
    TokenizerTrainer trainer = Tokenizers.trainer(TokenizerKind.BPE, 300);
    for (int i = 0; i < 50; i++) {
      trainer.add("ab\uD83D\uDE00".repeat(10_000));
    }
    try (Tokenizer tokenizer = trainer.train()) {
      String text = "ab\uD83D\uDE00".repeat(100);
      assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
    }
  }

  @Test
  void rareWordsAreForgottenWhenThereAreTooMany() {
    WordCounter counter = new WordCounter(100);
    for (int i = 0; i < 10_000; i++) {
      counter.add("rare" + i);
      counter.add("often");
      counter.add("also");
      assertTrue(counter.size() <= 100);
    }
    String[] words = counter.words();
    long[] counts = counter.counts(words);
    List<String> list = List.of(words);
    assertEquals(10_000, counts[list.indexOf("often")]);
    assertEquals(10_000, counts[list.indexOf("also")]);
  }

  @Test
  void badInputIsRefused() {
    for (int size : new int[] {-1, 0, 257, 1_000_001}) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class, () -> Tokenizers.trainer(TokenizerKind.BPE, size));
      assertEquals("vocabulary is " + size + "; allowed for bpe: 258..1000000", e.getMessage());
    }
    TokenizerTrainer empty = Tokenizers.trainer(TokenizerKind.BPE, 300);
    assertThrows(IllegalArgumentException.class, empty::train);
    TokenizerTrainer half = Tokenizers.trainer(TokenizerKind.BPE, 300);
    half.add("a\uD83D");
    assertThrows(IllegalArgumentException.class, half::train);
  }
}
