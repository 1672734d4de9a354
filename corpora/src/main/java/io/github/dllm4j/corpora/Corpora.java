package io.github.dllm4j.corpora;

import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.TokenizerTrainer;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/** Opens corpora. */
public final class Corpora {

  /** The source name of the bundled text. */
  public static final String BUNDLED = "bundled";

  /** The source name of standard input. */
  public static final String STANDARD_INPUT = "-";

  private static final String KJV = "kjv.txt.gz";

  private Corpora() {}

  /** The King James Version of the Bible, one document of 4,139,035 characters. */
  public static Corpus bundled() {
    return new SourceCorpus(BUNDLED, List.of(bundledSource()), CorpusOptions.DEFAULT, null);
  }

  /** Files and folders, see {@link #open(List, CorpusOptions, InputStream)}. */
  public static Corpus open(List<Path> paths, CorpusOptions options) throws IOException {
    List<Source> sources = new ArrayList<>();
    for (Path path : paths) {
      sources.addAll(Sources.of(path));
    }
    return corpus(paths.stream().map(Path::toString).toList(), sources, options, null);
  }

  /**
   * Opens sources, one after the other: text files ({@code .gz} is unpacked), JSONL files ({@code
   * .jsonl}, {@code .ndjson}), folders (all files below that end in {@code .txt}, {@code .text},
   * {@code .md}, {@code .jsonl} or {@code .ndjson}, plain or with {@code .gz}, in the order of
   * their relative paths), {@code bundled} for the King James text, and once {@code -} for standard
   * input, which is read to its end at once into a temporary file. A text file is one document, a
   * JSONL line is one document.
   *
   * @param standardInput read only if some source is {@code -}
   * @throws IOException if a source is missing or unreadable, in one line
   * @throws IllegalArgumentException if there is no source, standard input twice, or a field is
   *     named and no source is JSONL
   */
  public static Corpus open(List<String> sources, CorpusOptions options, InputStream standardInput)
      throws IOException {
    if (sources.stream().filter(STANDARD_INPUT::equals).count() > 1) {
      throw new IllegalArgumentException("corpus - (standard input) is given twice; allowed: once");
    }
    Map<String, List<Source>> found = new HashMap<>();
    for (String source : sources) {
      if (source.equals(BUNDLED)) {
        found.put(source, List.of(bundledSource()));
      } else if (!source.equals(STANDARD_INPUT)) {
        found.put(source, Sources.of(path(source)));
      }
    }
    // Last, so that a misspelt file name is reported before a long input is read.
    Spool spool = null;
    if (sources.contains(STANDARD_INPUT)) {
      Spool kept = spool(standardInput, options);
      boolean jsonLines = options.field().isPresent();
      found.put(STANDARD_INPUT, List.of(new Source("standard input", jsonLines, kept::open)));
      spool = kept;
    }
    List<Source> ordered = new ArrayList<>();
    sources.forEach(source -> ordered.addAll(found.getOrDefault(source, List.of())));
    return corpus(sources, ordered, options, spool);
  }

  private static Spool spool(InputStream in, CorpusOptions options) throws IOException {
    try {
      return Spool.of(in, options.temporaryFolder());
    } catch (EOFException | ZipException e) {
      throw new IOException(
          "standard input: damaged or incomplete gzip data: " + e.getMessage(), e);
    }
  }

  /**
   * Trains a tokenizer on all of a corpus.
   *
   * @throws IOException if the corpus cannot be read
   */
  public static Tokenizer train(Corpus corpus, TokenizerTrainer trainer) throws IOException {
    corpus.read(
        new TextSink() {
          @Override
          public void text(String piece) {
            trainer.add(piece);
          }

          @Override
          public void endDocument() {
            trainer.endDocument();
          }
        });
    return trainer.train();
  }

  private static Corpus corpus(
      List<String> names, List<Source> sources, CorpusOptions options, @Nullable Spool spool) {
    if (sources.isEmpty()) {
      throw new IllegalArgumentException("corpus has 0 sources; allowed: 1 or more");
    }
    String name = String.join(", ", names) + (options.text8() ? " (text8)" : "");
    if (options.field().isPresent() && sources.stream().noneMatch(Source::jsonLines)) {
      throw new IllegalArgumentException(
          "field is '"
              + options.field().get()
              + "', but nothing in corpus "
              + name
              + " is JSON lines; allowed with .jsonl and .ndjson files, plain or with .gz, and"
              + " standard input");
    }
    return new SourceCorpus(name, sources, options, spool);
  }

  /**
   * Whether a corpus reads a file: it is it, or a text file in a folder that is it.
   *
   * @param source of a corpus
   * @param file that may be there or not
   */
  public static boolean reads(String source, Path file) throws IOException {
    boolean named = source.equals(BUNDLED) || source.equals(STANDARD_INPUT);
    return !named && Files.exists(file) && Sources.read(path(source), file);
  }

  private static Path path(String source) throws IOException {
    if (source.isEmpty()) {
      throw new IllegalArgumentException("a corpus must be a name, got \"\"");
    }
    try {
      return Path.of(source);
    } catch (InvalidPathException e) {
      throw new IOException("corpus '" + source + "' is not a path", e);
    }
  }

  private static Source bundledSource() {
    return new Source(
        BUNDLED,
        false,
        () -> {
          InputStream in = Corpora.class.getResourceAsStream(KJV);
          if (in == null) {
            throw new IOException("the bundled corpus is missing from the program");
          }
          return Sources.gunzip(in);
        });
  }
}
