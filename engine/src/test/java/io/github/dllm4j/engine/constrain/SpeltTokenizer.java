package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.TokenizerKind;
import io.github.dllm4j.tokenizer.Vocabulary;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/** Tokens that spell what a test says, then end (and pad) if asked for, then MASK. */
public final class SpeltTokenizer implements Tokenizer {
  private final List<byte[]> tokens;
  private final Vocabulary vocabulary;

  private SpeltTokenizer(List<byte[]> tokens, Vocabulary vocabulary) {
    this.tokens = tokens;
    this.vocabulary = vocabulary;
  }

  /** Tokens of these bytes; {@code specials} is how many of end and pad there are, 0 to 2. */
  public static SpeltTokenizer of(int specials, List<byte[]> tokens) {
    int n = tokens.size();
    return new SpeltTokenizer(
        tokens,
        new Vocabulary(
            n + specials + 1,
            OptionalInt.of(n + specials),
            specials > 1 ? OptionalInt.of(n + 1) : OptionalInt.empty(),
            OptionalInt.empty(),
            specials > 0 ? OptionalInt.of(n) : OptionalInt.empty()));
  }

  static SpeltTokenizer of(int specials, String... tokens) {
    return of(
        specials, Arrays.stream(tokens).map(t -> t.getBytes(StandardCharsets.UTF_8)).toList());
  }

  @Override
  public byte[] bytes(int id) {
    return id < tokens.size() ? tokens.get(id).clone() : new byte[0];
  }

  @Override
  public String decode(int[] ids) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Arrays.stream(ids).forEach(id -> bytes.writeBytes(bytes(id)));
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public int[] encode(String text) {
    throw new UnsupportedOperationException();
  }

  @Override
  public String token(int id) {
    return decode(new int[] {id});
  }

  @Override
  public int lastCut(String text) {
    return 0;
  }

  @Override
  public TokenizerKind kind() {
    return TokenizerKind.BPE;
  }

  @Override
  public String sha256() {
    return "";
  }

  @Override
  public void save(Path file) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
