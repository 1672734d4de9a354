package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.train.Refusal;
import io.github.dllm4j.tokenizer.SpecialIds;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Thousands of spoiled files of each kind that a downloaded folder has: each is read or refused in
 * one line, with an exception for bad input, and without much memory.
 */
class FieldFuzzTest {
  private static final int HEAP = 32 << 20; // bytes that reading one small file may take

  @TempDir Path folder;

  /** Reads something. */
  private interface Reading {
    void read() throws IOException;
  }

  /** Reads one file; whether it was accepted. */
  private static boolean accepted(Reading reading) {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    try {
      reading.read();
      return true;
    } catch (IOException | IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      assertEquals(1, message.lines().count(), () -> message);
      assertTrue(message.length() < 1000, message);
      return false;
    } finally {
      long taken = threads.getCurrentThreadAllocatedBytes() - before;
      assertTrue(taken < HEAP, "a small file took " + taken + " bytes of heap");
    }
  }

  private static void assertBoth(int accepted, int all) {
    assertTrue(accepted > all / 100 && accepted < all, accepted + " of " + all + " were accepted");
  }

  private static String fixture(String name, String file) throws IOException {
    return Files.readString(new FieldFixture(name).folder().resolve(file));
  }

  /** Headers of a network's kind of file, whose data are 40 bytes. */
  private void safeTensors(int count, long seed) throws IOException {
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"backbone.vocab_embed.embedding\":{\"dtype\":\"F32\",\"shape\":[2,3],"
            + "\"data_offsets\":[0,24]},"
            + "\"backbone.norm.weight\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[24,32]},"
            + "\"ids\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[32,40]}}";
    Random random = new Random(seed);
    Path file = folder.resolve("model.safetensors");
    int accepted = 0;
    for (int i = 0; i < count; i++) {
      byte[] json = Mutations.of(header, random);
      long claimed =
          random.nextInt(10) == 0 ? random.nextLong() >> random.nextInt(64) : json.length;
      ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + 40).order(ByteOrder.LITTLE_ENDIAN);
      bytes.putLong(claimed).put(json);
      Files.write(file, bytes.array());
      accepted += accepted(() -> readAll(file)) ? 1 : 0;
    }
    assertBoth(accepted, count);
  }

  /** Every byte of every tensor; reading past the file would kill the process. */
  private static void readAll(Path file) throws IOException {
    try (SafeTensors source = SafeTensors.open(file)) {
      long bytes = 0;
      for (SafeTensors.Entry entry : source.entries().values()) {
        ByteBuffer buffer = source.bytes(entry);
        bytes += buffer.remaining();
        while (buffer.hasRemaining()) {
          buffer.get();
        }
      }
      assertEquals(40, bytes);
    }
  }

  private static void configurations(int count, long seed) throws IOException {
    Random random = new Random(seed);
    Path file = Path.of("config.json");
    for (String name :
        List.of("sedd-absorb", "mdlm", "radd", "udlm-classes", "duo", "llada", "dream")) {
      String config = fixture(name, "config.json");
      int accepted = 0;
      for (int i = 0; i < count; i++) {
        byte[] json = Mutations.of(config, random);
        accepted +=
            accepted(
                    () -> {
                      if (FieldConfig.isForeign(file, json)) {
                        FieldConfig.parse(file, json);
                      }
                    })
                ? 1
                : 0;
      }
      assertBoth(accepted, count);
    }
  }

  private void indexes(int count, long seed) throws IOException {
    StringBuilder index = new StringBuilder("{\"metadata\":{\"total_size\":8},\"weight_map\":{");
    for (String name : List.of("vocab_embed.embedding", "blocks.0.norm1.weight")) {
      String shard = name.substring(0, 5) + "-0.safetensors";
      byte[] bytes =
          SafeTensorsTest.file(
              "{\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4);
      Files.write(folder.resolve(shard), bytes);
      index.append(index.charAt(index.length() - 1) == '{' ? "" : ",");
      index.append('"').append(name).append("\":\"").append(shard).append('"');
    }
    String whole = index.append("}}").toString();
    Random random = new Random(seed);
    int accepted = 0;
    for (int i = 0; i < count; i++) {
      Files.write(folder.resolve("model.safetensors.index.json"), Mutations.of(whole, random));
      accepted +=
          accepted(
                  () ->
                      Weights.ofFolder(
                              folder, UnaryOperator.identity(), FieldFolder.MARKER, Set.of())
                          .close())
              ? 1
              : 0;
    }
    assertBoth(accepted, count);
  }

  /** A character tokenizer, read by us, and a byte-level one, read by the native library. */
  private static void tokenizers(int count, long seed) throws IOException {
    Random random = new Random(seed);
    String letters = fixture("mdlm", "tokenizer.json");
    String merges =
        letters
            .replace("\"merges\": []", "\"merges\": [\"t h\", \"th e\"]")
            .replace("\".\": 27", "\".\": 27, \"th\": 28, \"the\": 29");
    for (String file : List.of(letters, merges)) {
      int accepted = 0;
      for (int i = 0; i < count; i++) {
        byte[] json = Mutations.of(file, random);
        accepted += accepted(() -> read(json)) ? 1 : 0;
      }
      assertBoth(accepted, count);
    }
  }

  private static void read(byte[] json) throws IOException {
    try (Tokenizer tokenizer = Tokenizers.load(json, SpecialIds.FROM_FILE)) {
      for (int id : tokenizer.encode("the")) {
        assertTrue(id < tokenizer.vocabulary().size());
      }
      assertTrue(tokenizer.vocabulary().size() <= 1 << 24);
    }
  }

  /** What a file costs goes by the names in it, not by its largest id. */
  @Test
  void farIdsTakeNoMemory() throws IOException {
    String small =
        "{\"version\":\"1.0\",\"added_tokens\":[],\"decoder\":{\"type\":\"Fuse\"},\"model\":{"
            + "\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":16777214},\"merges\":[]}}";
    String words =
        small
            .replace("\"BPE\"", "\"WordLevel\",\"unk_token\":\"a\"")
            .replace("{\"type\":\"Fuse\"}", "null");
    for (String json : List.of(small, words)) {
      assertTrue(accepted(() -> readFar(json.getBytes(StandardCharsets.UTF_8))));
    }
  }

  private static void readFar(byte[] json) throws IOException {
    try (Tokenizer tokenizer = Tokenizers.load(json, SpecialIds.FROM_FILE)) {
      assertEquals(16_777_215, tokenizer.vocabulary().size());
      assertArrayEquals(new int[] {16_777_214}, tokenizer.encode("b"));
      assertEquals("b", tokenizer.decode(new int[] {16_777_214, 16_777_213}).strip());
      assertEquals("b", tokenizer.token(16_777_214));
      assertEquals("<9>", tokenizer.token(9));
    }
  }

  /** The same by a configuration, which is read before the weights are. */
  @Test
  void aConfigurationsFarMaskTakesNoMemory() throws IOException {
    Path stored = folder.resolve("tokenizer.json");
    Files.writeString(stored, fixture("mdlm", "tokenizer.json"));
    NetworkShape shape = new NetworkShape(10_000_000, 8, 2, 2, Tiny.LENGTH, 0, false);
    try (Tokenizer tokenizer = Tokenizers.load(stored)) {
      String config =
          ModelConfig.of(
                  shape,
                  Representation.DENOISER,
                  9_999_999,
                  tokenizer.sha256(),
                  ModelConfig.Provenance.notTrainedHere(Family.DLLM4J))
              .toJson();
      Files.writeString(folder.resolve("config.json"), config);
    }
    String why =
        Refusal.message(IOException.class, () -> Model.open(folder, ModelOptions.DEFAULT).close());
    assertTrue(why.contains("model.safetensors"), why);
    assertFalse(accepted(() -> Model.open(folder, ModelOptions.DEFAULT).close()));
  }

  @Test
  void spoiledWeightsAreReadOrRefused() throws IOException {
    safeTensors(400, 41);
  }

  @Test
  void spoiledConfigurationsAreReadOrRefused() throws IOException {
    configurations(300, 42);
  }

  @Test
  void spoiledIndexesAreReadOrRefused() throws IOException {
    indexes(150, 43);
  }

  @Test
  void spoiledTokenizersAreReadOrRefused() throws IOException {
    tokenizers(150, 44);
  }

  @Test
  @Tag("slow")
  void tenThousandOfEachAreReadOrRefused() throws IOException {
    safeTensors(10_000, 45);
    Files.delete(folder.resolve("model.safetensors"));
    configurations(10_000, 46);
    indexes(10_000, 47);
    tokenizers(10_000, 48);
  }
}
