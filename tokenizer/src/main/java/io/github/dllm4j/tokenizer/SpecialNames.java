package io.github.dllm4j.tokenizer;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * The usual names of special tokens in published {@code tokenizer.json} files; the first name that
 * a file declares wins.
 */
final class SpecialNames {

  private static final List<String> MASK =
      List.of("<|mask|>", "[MASK]", "<mask>", "<|mdm_mask|>", "<|mask_token|>", "<MASK>");
  private static final List<String> PAD =
      List.of("<|pad|>", "[PAD]", "<pad>", "<|padding|>", "<PAD>", "<|pad_token|>");
  private static final List<String> BEGIN =
      List.of(
          "<|begin|>",
          "<|startoftext|>",
          "<|begin_of_text|>",
          "<s>",
          "[BOS]",
          "<bos>",
          "<|bos|>",
          "[CLS]");
  private static final List<String> END =
      List.of(
          "<|endoftext|>",
          "<|end_of_text|>",
          "</s>",
          "[EOS]",
          "<eos>",
          "<|eos|>",
          "[SEP]",
          "<|end|>");

  private static final Set<String> ALL = new TreeSet<>();

  static {
    ALL.addAll(MASK);
    ALL.addAll(PAD);
    ALL.addAll(BEGIN);
    ALL.addAll(END);
  }

  private SpecialNames() {}

  /** Whether an added token of this name is special even if its file does not say so. */
  static boolean contains(String name) {
    return ALL.contains(name);
  }

  /** The special ids: what the caller decided, else what the file's added tokens are called. */
  static SpecialIds resolve(Map<String, Integer> added, SpecialIds decided) {
    return new SpecialIds(
        first(decided.mask(), MASK, added),
        first(decided.pad(), PAD, added),
        first(decided.begin(), BEGIN, added),
        first(decided.end(), END, added));
  }

  private static OptionalInt first(
      OptionalInt decided, List<String> names, Map<String, Integer> added) {
    if (decided.isPresent()) {
      return decided;
    }
    return names.stream().filter(added::containsKey).mapToInt(added::get).findFirst();
  }
}
