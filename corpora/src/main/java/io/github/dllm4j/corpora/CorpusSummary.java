package io.github.dllm4j.corpora;

import java.util.Locale;

/**
 * What a corpus is, in numbers.
 *
 * @param documents number of documents
 * @param characters number of code points, after normalisation
 * @param bytes length in UTF-8, after normalisation
 * @param sha256 hash of the UTF-8 text after normalisation, with one zero byte between documents,
 *     as 64 lower-case hexadecimal digits; for one document it is the hash of its text
 */
public record CorpusSummary(long documents, long characters, long bytes, String sha256) {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException if one is impossible
   */
  public CorpusSummary {
    if (documents < 1 || characters < documents || bytes < characters) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "documents, characters, bytes are %d, %d, %d; allowed: 1 <= documents <= characters"
                  + " <= bytes",
              documents,
              characters,
              bytes));
    }
    if (!sha256.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException(
          "sha256 is '" + sha256 + "'; allowed: 64 lower-case hexadecimal digits");
    }
  }
}
