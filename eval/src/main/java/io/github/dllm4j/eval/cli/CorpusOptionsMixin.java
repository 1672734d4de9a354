package io.github.dllm4j.eval.cli;

import io.github.dllm4j.corpora.Corpora;
import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.CorpusOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which text is read, and how. */
final class CorpusOptionsMixin {
  @Option(
      names = "--corpus",
      converter = Name.class,
      arity = "1..*",
      description =
          "Text files, folders, .gz, .jsonl, - for standard input, or bundled (King James Bible).")
  List<String> sources = new ArrayList<>();

  @Option(names = "--field", description = "Field of JSONL files that holds the text (text).")
  Optional<String> field = Optional.empty();

  @Option(names = "--text8", description = "Normalise to the 27 letters of text8.")
  boolean text8;

  /**
   * From now on relative paths begin in a folder, unless only the current folder has such a file.
   */
  void startFrom(Path folder) {
    sources.replaceAll(
        source -> {
          boolean path = !List.of(Corpora.BUNDLED, Corpora.STANDARD_INPUT).contains(source);
          Path there = path ? folder.resolve(source) : folder;
          return path && (Files.exists(there) || !Files.exists(Path.of(source)))
              ? there.toString()
              : source;
        });
  }

  /** Opens the corpus. */
  Corpus open() throws IOException {
    if (sources.isEmpty()) {
      throw new IllegalArgumentException("--corpus is missing: files, folders, - or bundled");
    }
    CorpusOptions options = CorpusOptions.DEFAULT.withText8(text8);
    return Corpora.open(sources, field.map(options::withField).orElse(options), System.in);
  }
}
