package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.train.Refusal;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafeTensorsTest {
  @TempDir Path directory;

  /** A file's bytes: length, header, data. */
  static byte[] file(String header, int dataBytes) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer all = ByteBuffer.allocate(8 + json.length + dataBytes);
    all.order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json);
    for (int i = 0; all.hasRemaining(); i++) {
      all.put((byte) i);
    }
    return all.array();
  }

  private Path write(byte[] bytes) throws IOException {
    return Files.write(directory.resolve("t.safetensors"), bytes);
  }

  private static SafeTensors.Entry entry(SafeTensors source, String name) {
    return Objects.requireNonNull(source.entries().get(name), name);
  }

  private float[] values(Path file, String name) throws IOException {
    try (SafeTensors source = SafeTensors.open(file);
        NDManager manager = PyTorch.newManager("cpu");
        Program program = Program.load(manager)) {
      return Network.load(manager, program, source, entry(source, name)).toFloatArray();
    }
  }

  @Test
  void readsAFileWrittenByHand() throws IOException {
    byte[] bytes =
        file(
            "{\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[6,14]},"
                + "\"__metadata__\":{\"format\":\"pt\"},"
                + "\"a\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]}}  ",
            14);
    ByteBuffer data = ByteBuffer.wrap(bytes, bytes.length - 14, 14).order(ByteOrder.LITTLE_ENDIAN);
    data.putShort((short) 0x3c00).putShort((short) 0xc000).putShort((short) 0x0001);
    data.putFloat(1.5f).putFloat(-0f);
    Path file = write(bytes);
    try (SafeTensors source = SafeTensors.open(file)) {
      assertEquals(Map.of("format", "pt"), source.metadata());
      assertEquals(List.of("b", "a"), List.copyOf(source.entries().keySet()));
      assertArrayEquals(new long[] {2, 1}, entry(source, "b").shape());
    }
    // F32 at an odd place: 6 bytes after a header of any length.
    assertArrayEquals(new float[] {1.5f, -0f}, values(file, "b"));
    assertArrayEquals(new float[] {1, -2, 0x1p-24f}, values(file, "a"));
  }

  @Test
  void readsBfloat16() throws IOException {
    byte[] bytes = file("{\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4);
    ByteBuffer data = ByteBuffer.wrap(bytes, bytes.length - 4, 4).order(ByteOrder.LITTLE_ENDIAN);
    data.putShort((short) 0x4049).putShort((short) 0xff7f);
    float[] expected = {Float.intBitsToFloat(0x40490000), Float.intBitsToFloat(0xff7f0000)};
    assertArrayEquals(expected, values(write(bytes), "a"));
  }

  @ParameterizedTest
  @EnumSource(WeightType.class)
  void networksSurviveTheRoundTrip(WeightType type) throws IOException {
    NetworkShape shape = Tiny.shape(true, true);
    Path file = directory.resolve("n.safetensors");
    float[][] weights = Tiny.weights(shape, 4);
    try (Network network = Tiny.network(shape, weights)) {
      SafeTensorsWriter.write(
          file,
          Network.items(network, network.weights(), "backbone.", type.type()),
          Map.of("format", "pt"));
    }
    assertEquals(0, headerLength(file) % 8, "the header is padded");
    try (Network read = Network.read(PyTorch.newManager("cpu"), shape, file, "backbone.")) {
      int i = 0;
      for (float[] actual : read.toMap().values()) {
        float[] expected = weights[i++];
        double bits = type == WeightType.FP32 ? 0 : type == WeightType.FP16 ? 0x1p-11 : 0x1p-8;
        for (int k = 0; k < expected.length; k++) {
          double allowed = bits * Math.abs(expected[k]) + (type == WeightType.FP16 ? 0x1p-25 : 0);
          assertEquals(expected[k], actual[k], allowed);
        }
      }
      assertEquals(weights.length, i);
    }
  }

  private static long headerLength(Path file) throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  @Test
  void scalarsAndEmptyTensorsAreTensors() throws IOException {
    Path file =
        write(
            file(
                "{\"none\":{\"dtype\":\"F32\",\"shape\":[3,0],\"data_offsets\":[4,4]},"
                    + "\"one\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
                    + "\"also none\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[0,0]}}",
                4));
    try (SafeTensors source = SafeTensors.open(file)) {
      assertEquals(0, source.bytes(entry(source, "none")).remaining());
      assertEquals(4, source.bytes(entry(source, "one")).remaining());
    }
    assertEquals(1, values(file, "one").length);
    assertEquals(0, values(file, "none").length);
  }

  @Test
  void readsOutOfAJar() throws IOException {
    NetworkShape shape = Tiny.shape(false, false);
    float[][] weights = Tiny.weights(shape, 4);
    URI jar = URI.create("jar:" + directory.resolve("m.jar").toUri());
    try (FileSystem files = FileSystems.newFileSystem(jar, Map.of("create", "true"));
        Network network = Tiny.network(shape, weights)) {
      Path plain = directory.resolve("plain.safetensors");
      SafeTensorsWriter.write(
          plain, Network.items(network, network.weights(), "", SafeTensors.Type.BF16), Map.of());
      Path inside = Files.copy(plain, files.getPath("/m.safetensors"));
      try (Network onDisk = Network.read(PyTorch.newManager("cpu"), shape, plain, "");
          Network inJar = Network.read(PyTorch.newManager("cpu"), shape, inside, "")) {
        assertFalse(onDisk.toMap().isEmpty());
        onDisk
            .toMap()
            .forEach((name, values) -> assertArrayEquals(values, inJar.toMap().get(name)));
      }
    }
  }

  private void refuses(byte[] bytes, String... parts) throws IOException {
    Path file = write(bytes);
    String message = Refusal.message(IOException.class, () -> SafeTensors.open(file));
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  @Test
  void refusesFilesCutAnywhere() throws IOException {
    byte[] whole = file("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}", 12);
    for (int length = 0; length < whole.length; length++) {
      refuses(Arrays.copyOf(whole, length), "t.safetensors");
    }
    refuses(Arrays.copyOf(whole, whole.length + 1), "13 bytes of data, tensors cover 12");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE, Integer.MAX_VALUE, 63, 1L << 32})
  void refusesHeaderLengthsOutOfRange(long length) throws IOException {
    byte[] bytes = file("{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
    refuses(bytes, "its header claims " + length + " bytes");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[0,4],[3,7]", // overlapping
        "[0,4],[5,9]", // a gap
        "[0,4],[8,12]", // outside the file
        "[4,8],[0,4],", // three numbers missing: see below
        "[0,4],[8,4]", // backwards
        "[0,4],[4,9]", // not as long as the shape says
        "[0,4],[0,4]", // the same place
        "[0,4],[-4,0]", // before the data
        "[0,4],[4.0,8.0]", // not integers
        "[0,4],[4,9223372036854775808]", // no long
        "[0,4],[9223372036854775803,9223372036854775807]",
        "[0,4],[4]",
        "[0,4],[4,8,12]",
        "[0,4],null",
        "[0,4],\"4,8\"",
      })
  void refusesOffsetsThatDoNotFit(String offsets) throws IOException {
    int comma = offsets.indexOf("],") + 1;
    refuses(
        file(
            String.format(
                    Locale.ROOT,
                    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":%s},",
                    offsets.substring(0, comma))
                + String.format(
                    Locale.ROOT,
                    "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":%s}}",
                    offsets.substring(comma + 1)),
            8));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[-1]",
        "[-1,-1]",
        "[1.0]",
        "[2]",
        "1",
        "{}",
        "[4294967296,4294967296]",
        "[9223372036854775807]",
        "[9223372036854775808]",
        "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]",
        "null"
      })
  void refusesShapesThatDoNotFit(String shape) throws IOException {
    refuses(
        file(
            String.format(
                Locale.ROOT,
                "{\"a\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[0,4]}}",
                shape),
            4),
        "tensor a");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":7,\"shape\":[],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"shape\":[],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
            + "\"a\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,8]}}",
        "{\"a\":{\"dtype\":\"I64\\nnext line\",\"shape\":[],\"data_offsets\":[0,8]}}",
        "{\"line\\u2028\\u001b[2J\\n\":{}}",
        "{\"a\":null}",
        "{\"a\":[]}",
        "{\"__metadata__\":3}",
        "{\"a\"",
        "{]",
        "[]",
        "3",
        "null",
        "        ",
        "\u0000\u0001\u0002\u0003\u0004",
        "{}",
      })
  void refusesHeadersThatAreNoHeaders(String header) throws IOException {
    refuses(file(header, 8));
  }

  @Test
  void refusesWhatFollowsTheHeadersObject() throws IOException {
    String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}";
    for (String more : new String[] {"{}", " x", ",", "}"}) {
      refuses(file(header + more, 4), "its header is not JSON");
    }
  }

  @Test
  void refusesDeepNestingAndInvalidText() throws IOException {
    refuses(file("{\"a\":" + "[".repeat(100_000), 8));
    refuses(file("{\"a\":" + "{\"a\":".repeat(100_000), 8));
    refuses(file("{\"" + "a".repeat(100_000) + "\":{}}", 8));
    byte[] invalid = file("{\"xx\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 8);
    invalid[10] = (byte) 0xff;
    invalid[11] = (byte) 0xc0;
    refuses(invalid);
  }

  @Test
  void refusesWhatIsNotThere() {
    assertThrows(IOException.class, () -> SafeTensors.open(directory.resolve("none")));
    assertThrows(IOException.class, () -> SafeTensors.open(directory));
  }

  /** Every byte of every tensor that an accepted file has can be read. */
  @Test
  void mutatedFilesAreReadOrRefusedInOneLine() throws IOException {
    byte[] whole =
        file(
            "{\"__metadata__\":{\"format\":\"pt\"},"
                + "\"weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                + "\"bias\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[24,30]}}",
            30);
    Random random = new Random(31);
    byte[] alphabet = "0123456789-[]{},:\"eE.+ntf\\ \n".getBytes(StandardCharsets.US_ASCII);
    int read = 0;
    for (int i = 0; i < 2000; i++) {
      byte[] mutant = whole.clone();
      for (int n = 1 + random.nextInt(3); n > 0; n--) {
        int at = random.nextInt(i % 4 == 0 ? 16 : mutant.length);
        mutant[at] =
            random.nextBoolean()
                ? alphabet[random.nextInt(alphabet.length)]
                : (byte) random.nextInt(256);
      }
      if (i % 5 == 0) {
        mutant = Arrays.copyOf(mutant, random.nextInt(mutant.length + 20));
      }
      Path file = write(mutant);
      try (SafeTensors source = SafeTensors.open(file)) {
        for (SafeTensors.Entry entry : source.entries().values()) {
          ByteBuffer bytes = source.bytes(entry);
          while (bytes.hasRemaining()) {
            bytes.get();
          }
        }
        read++;
      } catch (IOException e) {
        assertEquals(1, String.valueOf(e.getMessage()).lines().count(), e.getMessage());
      }
    }
    assertTrue(read > 100 && read < 1900, read + " of 2000 were sound");
  }

  @Test
  void networksRefuseFilesOfOtherNetworks() throws IOException {
    NetworkShape shape = Tiny.shape(false, false);
    Path file = directory.resolve("n.safetensors");
    try (Network network = Tiny.network(shape, Tiny.weights(shape, 4))) {
      SafeTensorsWriter.write(
          file, Network.items(network, network.weights(), "", SafeTensors.Type.F32), Map.of());
    }
    refusesNetwork(Tiny.shape(true, false), file, "has no tensor sigma_map.mlp.0.weight");
    refusesNetwork(new NetworkShape(8, 8, 2, 2, 5, 0, false), file, "[7, 8]");
    refusesNetwork(
        new NetworkShape(7, 8, 1, 2, 5, 0, false), file, "no place for: blocks.1.attn_out.weight");
  }

  private static void refusesNetwork(NetworkShape shape, Path file, String part) {
    NDManager manager = PyTorch.newManager("cpu");
    String message =
        Refusal.message(IOException.class, () -> Network.read(manager, shape, file, ""));
    assertTrue(message.contains(part), message);
    assertFalse(manager.isOpen(), "the manager is closed");
  }

  @Test
  void integersAreNoWeights() throws IOException {
    Path file = write(file("{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8));
    String message = Refusal.message(IOException.class, () -> values(file, "a"));
    assertEquals("tensor a holds integers, weights are wanted", message);
  }
}
