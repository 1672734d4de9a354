package io.github.dllm4j.eval.cli;

import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.Split;
import io.github.dllm4j.corpora.TokenFile;
import io.github.dllm4j.engine.djl.Model;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import picocli.CommandLine.Option;

/** Which blocks of a text a model is measured on. */
final class BlockOptions {
  @Option(names = "--part", description = "all, train or validation, as training splits it (all).")
  String part = "all";

  @Option(names = "--validation-fraction", description = "Of that split (0.05).")
  Optional<Double> fraction = Optional.empty();

  @Option(names = "--blocks", description = "At most so many blocks, spread evenly (all).")
  Optional<Integer> most = Optional.empty();

  @Option(names = "--length", description = "Tokens per block (the model's length).")
  Optional<Integer> length = Optional.empty();

  /** Checks what needs no text. */
  void check() {
    if (most.orElse(1) < 1) {
      throw new IllegalArgumentException("--blocks must be at least 1, got " + most.orElse(1));
    }
    if (fraction.isPresent() && part.equals("all")) {
      throw new IllegalArgumentException("--validation-fraction needs --part train or validation");
    }
  }

  /** The share of the text that is held out. */
  double heldOut() {
    return fraction.orElse(Split.DEFAULT_FRACTION);
  }

  /** The part of a corpus. */
  Corpus of(Corpus corpus) throws IOException {
    return switch (part) {
      case "all" -> corpus;
      case "train" -> Split.of(corpus, heldOut()).train();
      case "validation" -> Split.of(corpus, heldOut()).validation();
      default ->
          throw new IllegalArgumentException(
              "--part must be all, train or validation, got " + part);
    };
  }

  /** Tokens per block. */
  int length(Model model) {
    return length(model, length);
  }

  /** The tokens per block that were asked for, or the model's length. */
  static int length(Model model, Optional<Integer> length) {
    int longest = model.config().network().length();
    int d = length.orElse(longest);
    if (d < 1 || d > longest) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "--length must be 1 to %d, the model's, got %d", longest, d));
    }
    return d;
  }

  /**
   * Blocks of a text, spread evenly.
   *
   * @param d tokens per block
   * @param least blocks at least
   */
  Iterator<int[]> of(TokenFile tokens, int d, int least) {
    Passages blocks = passages(tokens, d, Optional.empty(), least);
    return IntStream.range(0, blocks.count()).mapToObj(i -> blocks.at(i).tokens()).iterator();
  }

  /**
   * The passages of a text, spread evenly.
   *
   * @param d tokens per block or window
   * @param stride new tokens of a window, or empty for blocks
   * @param least passages at least
   */
  Passages passages(TokenFile tokens, int d, Optional<Integer> stride, int least) {
    Passages passages = Passages.of(tokens, d, stride, most);
    if (passages.count() >= least) {
      return passages;
    }
    String blocks = most.map(String::valueOf).orElse("all");
    throw new IllegalArgumentException(
        stride.isPresent()
            ? String.format(
                Locale.ROOT,
                "the text has %d tokens, --blocks %s; they make %d windows, %d are needed",
                tokens.size(),
                blocks,
                passages.count(),
                least)
            : String.format(
                Locale.ROOT,
                "the text has %d tokens, --blocks %s; %d blocks of %d need %d tokens",
                tokens.size(),
                blocks,
                least,
                d,
                (long) least * d));
  }
}
