package io.github.dllm4j.corpora;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Remembers the summary. */
abstract class AbstractCorpus implements Corpus {

  private final String name;
  private @Nullable CorpusSummary summary;

  AbstractCorpus(String name) {
    this.name = name;
  }

  @Override
  public final String name() {
    return name;
  }

  @Override
  public final synchronized CorpusSummary summary() throws IOException {
    CorpusSummary known = summary;
    if (known == null) {
      SummarySink sink = new SummarySink();
      read(sink);
      known = sink.summary();
      summary = known;
    }
    return known;
  }
}
