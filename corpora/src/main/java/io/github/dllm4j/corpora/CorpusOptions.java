package io.github.dllm4j.corpora;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How sources are read.
 *
 * @param field the field that holds the text in JSONL files ({@code .jsonl}, {@code .ndjson});
 *     "text" if absent. If present, standard input is JSONL too, and some source must be
 * @param text8 whether to normalise to 27 letters, see {@link #withText8(boolean)}
 * @param temporaryFolder where standard input is kept; the system's temporary folder if absent
 */
public record CorpusOptions(Optional<String> field, boolean text8, Optional<Path> temporaryFolder) {

  /** Text as it is, JSONL field "text". */
  public static final CorpusOptions DEFAULT =
      new CorpusOptions(Optional.empty(), false, Optional.empty());

  /**
   * Checks the field.
   *
   * @throws IllegalArgumentException if its name is empty
   */
  public CorpusOptions {
    if (field.isPresent() && field.get().isEmpty()) {
      throw new IllegalArgumentException("field is ''; allowed: a name of at least one character");
    }
  }

  /** The same with this JSONL field. */
  public CorpusOptions withField(String name) {
    return new CorpusOptions(Optional.of(name), text8, temporaryFolder);
  }

  /**
   * The same with or without the normalisation of the text8 corpus: A-Z to a-z, digits spelled out,
   * every run of anything else one space, a space in front and none at the end of each document.
   */
  public CorpusOptions withText8(boolean normalise) {
    return new CorpusOptions(field, normalise, temporaryFolder);
  }

  /** The same with this folder for temporary files. */
  public CorpusOptions withTemporaryFolder(Path folder) {
    return new CorpusOptions(field, text8, Optional.of(folder));
  }

  /** The JSONL field in force. */
  String fieldName() {
    return field.orElse("text");
  }
}
