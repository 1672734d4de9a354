package io.github.dllm4j.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Texts to test with. */
final class Texts {

  private Texts() {}

  /** The first 400 lines of the King James text. */
  static String genesis() {
    try (InputStream in = Texts.class.getResourceAsStream("genesis.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Texts that break careless tokenizers. */
  static List<String> hostile() {
    return List.of(
        "",
        " ",
        "\n",
        "a",
        "family \uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67\u200D\uD83D\uDC66 and flag"
            + " \uD83C\uDDEB\uD83C\uDDF7",
        "e\u0301 and \u00e9, a\u030A\u0323, \u1E9B\u0323, Zalgo z\u0351\u036B\u0343\u036A",
        "\u05E9\u05DC\u05D5\u05DD \u202Eabc\u202C \u0645\u0631\u062D\u0628\u0627",
        "nul \u0000 in \u0000\u0000 text",
        "\uFEFFbom first \uFEFF bom inside",
        "\uFFFE \uFFFF \uFDD0 \uDBFF\uDFFF \uFFFD",
        "\uD835\uDD73\uD835\uDD8A\uD835\uDD91\uD835\uDD91\uD835\uDD94 \uD842\uDFB7\u91CE\u5BB6",
        "dos\r\nline\r\n\r\nmac\rline\u0085next\u2028line\u2029para",
        "tabs\t\t\tand" + " ".repeat(3000) + "spaces   \n   \n\n  end  ",
        "\u00a0nbsp\u2003em\u3000wide\u1680ogham\u180Emvs\u200Bzwsp",
        "<|mask|><|end|> <|mask|> [MASK] <mask> <|endoftext|> </s> <s> [PAD] <pad>",
        "<|ma" + "sk|> <|<|mask|>mask|> <|mask|>" + "<|mask|>".repeat(50) + "|mask|> <|mask",
        "it's they're I'VE we'll'd ''s 'tis",
        "1234567890 \u0661\u0662\u0663 \u2167 \u00BD",
        "word".repeat(5000));
  }

  /** Seeded random well-formed texts over all of Unicode, with many spaces and quotes. */
  static Stream<String> random(long seed, int count) {
    SplittableRandom random = new SplittableRandom(seed);
    return Stream.generate(() -> random(random)).limit(count);
  }

  private static String random(SplittableRandom random) {
    StringBuilder text = new StringBuilder();
    String common = " '\n\tsdtrevmlABZ059.,-<|>\u00a0\u3000\u0085\r";
    for (int i = random.nextInt(60); i >= 0; i--) {
      int codePoint =
          switch (random.nextInt(4)) {
            case 0 -> random.nextInt(0x3000);
            case 1 -> random.nextInt(0x110000);
            default -> common.charAt(random.nextInt(common.length()));
          };
      text.appendCodePoint(codePoint >= 0xD800 && codePoint <= 0xDFFF ? 'x' : codePoint);
    }
    return text.toString();
  }

  /** What an error says. */
  static String message(Throwable error) {
    return String.valueOf(error.getMessage());
  }

  /** Everything above in one text. */
  static String all() {
    StringBuilder all = new StringBuilder(genesis());
    hostile().forEach(all::append);
    random(1, 200).forEach(all::append);
    return all.toString();
  }
}
