package io.github.dllm4j.corpora;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/** A corpus made of sources, one after the other. */
final class SourceCorpus extends AbstractCorpus {

  private final List<Source> sources;
  private final CorpusOptions options;
  private final @Nullable Spool spool;

  /** Owns the spool, if there is one. */
  SourceCorpus(String name, List<Source> sources, CorpusOptions options, @Nullable Spool spool) {
    super(name);
    this.sources = List.copyOf(sources);
    this.options = options;
    this.spool = spool;
  }

  @Override
  public void read(TextSink sink) throws IOException {
    NonEmpty documents = new NonEmpty(sink);
    TextSink normalised = options.text8() ? new Text8(documents) : documents;
    for (Source source : sources) {
      TextSink whole =
          source.jsonLines()
              ? new JsonLines(source.name(), options.fieldName(), normalised)
              : normalised;
      try (InputStream in = source.opener().open()) {
        Utf8.read(source.name(), in, whole);
      } catch (EOFException | ZipException e) {
        throw new IOException(
            source.name() + ": damaged or incomplete gzip data: " + e.getMessage(), e);
      }
      whole.endDocument();
    }
    if (documents.count() == 0) {
      throw new IOException("corpus " + name() + " is empty");
    }
  }

  @Override
  public void close() throws IOException {
    if (spool != null) {
      spool.close();
    }
  }
}
