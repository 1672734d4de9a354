package io.github.dllm4j.corpora;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Counts and hashes. */
final class SummarySink implements TextSink {

  private final MessageDigest digest;
  private long documents;
  private long characters;
  private long bytes;
  private boolean separate;

  SummarySink() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  @Override
  public void text(String piece) {
    if (separate) {
      digest.update((byte) 0);
      separate = false;
    }
    byte[] utf8 = piece.getBytes(StandardCharsets.UTF_8);
    digest.update(utf8);
    bytes += utf8.length;
    characters += piece.codePointCount(0, piece.length());
  }

  @Override
  public void endDocument() {
    documents++;
    separate = true;
  }

  /** The summary of all that came; to be called once. */
  CorpusSummary summary() {
    return new CorpusSummary(
        documents, characters, bytes, HexFormat.of().formatHex(digest.digest()));
  }
}
