package io.github.dllm4j.corpora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.TokenizerKind;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory stays bounded, whatever the file. */
class StreamingTest {

  @TempDir private Path folder;

  /** Bytes of a repeated unit, made as they are read. */
  private static InputStream generated(byte[] unit, long length) {
    return new InputStream() {
      private long position;

      @Override
      public int read() {
        return position < length ? unit[(int) (position++ % unit.length)] : -1;
      }

      @Override
      public int read(byte[] into, int offset, int wanted) {
        int count = (int) Math.min(wanted, length - position);
        for (int i = 0; i < count; i++) {
          into[offset + i] = unit[(int) (position++ % unit.length)];
        }
        return count == 0 ? -1 : count;
      }
    };
  }

  /** A tokenizer that notes the longest text it was given. */
  private static Tokenizer watched(Tokenizer tokenizer, AtomicInteger longest) {
    InvocationHandler handler =
        (Object proxy, Method method, Object[] arguments) -> {
          if (method.getName().equals("encode")) {
            longest.accumulateAndGet(((String) arguments[0]).length(), Math::max);
          }
          return method.invoke(tokenizer, arguments);
        };
    return (Tokenizer)
        Proxy.newProxyInstance(
            Tokenizer.class.getClassLoader(), new Class<?>[] {Tokenizer.class}, handler);
  }

  /** 20 MB: many lines, one line of many words, one giant word. */
  @ParameterizedTest
  @ValueSource(strings = {"two words\n", "two words ", "giantword"})
  void noMoreThanAMegabyteIsEncodedAtOnce(String unit) throws IOException {
    long length = 20_000_000 / unit.length() * (long) unit.length();
    InputStream in = generated(unit.getBytes(java.nio.charset.StandardCharsets.US_ASCII), length);
    AtomicInteger longest = new AtomicInteger();
    try (Tokenizer bytes = Tokenizers.bytes();
        Corpus corpus =
            Corpora.open(List.of("-"), CorpusOptions.DEFAULT.withTemporaryFolder(folder), in);
        TokenFile tokens = TokenFile.of(corpus, watched(bytes, longest), folder)) {
      assertEquals(length, tokens.size());
      assertTrue(longest.get() <= EncodingSink.CHUNK * 2, "encoded " + longest + " chars at once");
      int[] last = new int[unit.length()];
      tokens.read(length - unit.length(), last);
      assertEquals(unit, bytes.decode(last));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"two words\n", "giantword"})
  void bpeGetsBoundedTextsToo(String unit) throws IOException {
    AtomicInteger longest = new AtomicInteger();
    String text = unit.repeat(2_000_000 / unit.length());
    try (Tokenizer bpe =
            Corpora.train(
                Collected.corpus(9, unit.repeat(50)), Tokenizers.trainer(TokenizerKind.BPE, 270));
        TokenFile tokens =
            TokenFile.of(Collected.corpus(32_768, text), watched(bpe, longest), folder)) {
      assertEquals(text.length(), tokens.characters());
      int limit =
          unit.contains(" ") ? 2 * EncodingSink.CHUNK : EncodingSink.LIMIT + EncodingSink.CHUNK;
      assertTrue(longest.get() <= limit, "encoded " + longest + " chars at once");
    }
  }

  /** 300 MB in one line through a 64 MB heap, in a process of its own. */
  @Test
  @Tag("slow")
  void aGiantLineFitsIntoASmallHeap() throws Exception {
    Path file = folder.resolve("giant.txt");
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (int i = 0; i < 30_000_000; i++) {
        out.write("ten chars ");
      }
    }
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                SmallHeap.class.getName(),
                file.toString())
            .redirectErrorStream(true)
            .redirectOutput(new File(folder.toFile(), "log"))
            .start();
    assertEquals(0, process.waitFor(), () -> log());
    assertTrue(log().contains("300000000 characters"), log());
  }

  private String log() {
    try {
      return Files.readString(folder.resolve("log"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** What the small process does: everything a training run does with its text. */
  static final class SmallHeap {

    private SmallHeap() {}

    public static void main(String[] arguments) throws IOException {
      try (Corpus corpus = Corpora.open(List.of(Path.of(arguments[0])), CorpusOptions.DEFAULT);
          Tokenizer tokenizer = Corpora.train(corpus, Tokenizers.trainer(TokenizerKind.BPE, 270))) {
        Split split = Split.of(corpus, 0.05);
        try (TokenFile train = TokenFile.of(split.train(), tokenizer);
            TokenFile validation = TokenFile.of(split.validation(), tokenizer)) {
          System.out.println(train.characters() + validation.characters() + " characters");
        }
      }
    }
  }
}
