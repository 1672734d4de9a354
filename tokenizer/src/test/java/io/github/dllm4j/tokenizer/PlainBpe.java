package io.github.dllm4j.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Slow, obvious byte-pair encoding: the reference for trainer and encoder. */
final class PlainBpe {

  private static final String SPACE =
      "\\x09-\\x0D \\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}"
          + "\\x{205F}\\x{3000}";

  /** GPT-2's pattern, with white space spelled out. */
  private static final Pattern GPT2 =
      Pattern.compile(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^S\\p{L}\\p{N}]+|[S]+(?![^S])|[S]+"
              .replace("S", SPACE));

  private final List<List<Integer>> merges = new ArrayList<>();

  private PlainBpe() {}

  static List<String> preTokens(String text) {
    List<String> words = new ArrayList<>();
    Matcher matcher = GPT2.matcher(text);
    while (matcher.find()) {
      words.add(matcher.group());
    }
    return words;
  }

  static PlainBpe train(String text, int wanted) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    preTokens(text).forEach(word -> counts.merge(word, 1, Integer::sum));
    List<List<Integer>> words = new ArrayList<>();
    counts.keySet().forEach(word -> words.add(bytes(word)));
    List<Integer> times = new ArrayList<>(counts.values());
    PlainBpe bpe = new PlainBpe();
    while (bpe.merges.size() < wanted) {
      TreeMap<Long, Integer> pairs = new TreeMap<>();
      for (int w = 0; w < words.size(); w++) {
        List<Integer> word = words.get(w);
        for (int i = 0; i + 1 < word.size(); i++) {
          pairs.merge(((long) word.get(i) << 32) | word.get(i + 1), times.get(w), Integer::sum);
        }
      }
      long best = -1;
      int most = 1;
      for (Map.Entry<Long, Integer> pair : pairs.entrySet()) {
        if (pair.getValue() > most) {
          best = pair.getKey();
          most = pair.getValue();
        }
      }
      if (best < 0) {
        break;
      }
      List<Integer> merge = List.of((int) (best >>> 32), (int) best);
      int symbol = 256 + bpe.merges.size();
      bpe.merges.add(merge);
      words.replaceAll(word -> replace(word, merge, symbol));
    }
    return bpe;
  }

  List<List<Integer>> merges() {
    return merges;
  }

  int[] encode(String text) {
    List<Integer> tokens = new ArrayList<>();
    for (String word : preTokens(text)) {
      List<Integer> symbols = bytes(word);
      for (int rank = 0; rank < merges.size(); rank++) {
        symbols = replace(symbols, merges.get(rank), 256 + rank);
      }
      tokens.addAll(symbols);
    }
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }

  private static List<Integer> bytes(String word) {
    List<Integer> bytes = new ArrayList<>();
    for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
      bytes.add(b & 0xff);
    }
    return bytes;
  }

  private static List<Integer> replace(List<Integer> word, List<Integer> pair, int symbol) {
    List<Integer> result = new ArrayList<>();
    int i = 0;
    while (i < word.size()) {
      boolean here = i + 1 < word.size() && word.subList(i, i + 2).equals(pair);
      result.add(here ? Integer.valueOf(symbol) : word.get(i));
      i += here ? 2 : 1;
    }
    return result;
  }
}
