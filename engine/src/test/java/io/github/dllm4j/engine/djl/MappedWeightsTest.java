package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights of large networks are the file, not a copy of it. */
@EnabledOnOs(OS.LINUX)
class MappedWeightsTest {
  private static final int ROWS = 4096;
  private static final int COLUMNS = 32_768; // 256 MiB in 16 bits

  @TempDir Path folder;

  /** A file of one tensor of zeros, which takes no space, whose first numbers are 1, -2, 3. */
  private Path file(String type, int bytes, int... first) throws IOException {
    long size = (long) ROWS * COLUMNS * bytes;
    String header =
        String.format(
            Locale.ROOT,
            "{\"w\":{\"dtype\":\"%s\",\"shape\":[%d,%d],\"data_offsets\":[0,%d]}}",
            type,
            ROWS,
            COLUMNS,
            size);
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    Path file = folder.resolve(type + ".safetensors");
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.writeLong(Long.reverseBytes(json.length));
      out.write(json);
      for (int number : first) {
        if (bytes == 2) {
          out.writeShort(Short.reverseBytes((short) number));
        } else {
          out.writeInt(Integer.reverseBytes(number));
        }
      }
      out.setLength(8 + json.length + size);
    }
    return file;
  }

  @ParameterizedTest
  @CsvSource({
    "BF16, 2, 0x3f80 0xc000 0x4040",
    "F16, 2, 0x3c00 0xc000 0x4200",
    "F32, 4, 0x3f800000 0xc0000000 0x40400000"
  })
  void areNotCopied(String type, int bytes, String numbers) throws IOException {
    Path file =
        file(
            type,
            bytes,
            Arrays.stream(numbers.split(" ")).mapToInt(n -> Long.decode(n).intValue()).toArray());
    try (NDManager manager = PyTorch.newManager("cpu");
        SafeTensors source = SafeTensors.open(file)) {
      Program program = Program.load(manager);
      double before = ChildProcess.status("RssAnon");
      NDArray kept =
          Network.kept(manager, program, source, Objects.requireNonNull(source.entries().get("w")));
      // Pages arrive on use, so one from each end is used.
      try (NDArray row = kept.get(0);
          NDArray last = kept.get(ROWS - 1);
          NDArray wide = row.toType(DataType.FLOAT32, true);
          NDArray end = last.toType(DataType.FLOAT32, true)) {
        assertArrayEquals(new float[] {1, -2, 3}, Arrays.copyOf(wide.toFloatArray(), 3));
        assertArrayEquals(new float[COLUMNS], end.toFloatArray());
      }
      double more = ChildProcess.status("RssAnon") - before;
      assertTrue(more < 128, type + " took " + more + " MiB of its own");
      // The twin: what is widened is copied, and shows.
      if (bytes == 2) {
        try (NDArray copy =
            Network.load(
                manager, program, source, Objects.requireNonNull(source.entries().get("w")))) {
          assertTrue(
              ChildProcess.status("RssAnon") - before > 400, "must show: " + copy.getShape());
        }
      }
    }
  }

  /** A network of float32 weights for inference: only what is packed is a copy. */
  @Test
  void ofOurOwnNetworksAreNotCopied() throws IOException {
    NetworkShape shape = new NetworkShape(200_000, 256, 1, 4, 16, 0, false); // 2 x 195 MiB
    StringJoiner names = new StringJoiner(",", "{", "}");
    long at = 0;
    for (Architecture.Tensor tensor : shape.tensors()) {
      long end = at + 4 * LongStream.of(tensor.shape()).reduce(1, (a, b) -> a * b);
      names.add(
          String.format(
              Locale.ROOT,
              "\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]}",
              tensor.name(),
              Arrays.toString(tensor.shape()),
              at,
              end));
      at = end;
    }
    byte[] json = names.toString().getBytes(StandardCharsets.UTF_8);
    Path file = folder.resolve("network.safetensors");
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.writeLong(Long.reverseBytes(json.length));
      out.write(json);
      out.setLength(8 + json.length + at);
    }
    NDManager manager = PyTorch.newManager("cpu");
    Program.load(manager).close(); // PyTorch and the program take memory, too, the first time
    double before = ChildProcess.status("RssAnon");
    try (Network network = Network.read(manager, shape, file, "")) {
      for (NDArray weight : network.weights()) {
        try (NDArray sum = weight.sum()) { // every page is read
          assertEquals(0, sum.getFloat());
        }
      }
      double more = ChildProcess.status("RssAnon") - before;
      assertTrue(more < 100, "took " + more + " MiB of its own");
      // The twin: a network that will learn is a copy, and shows.
      try (Network copy = network.copy(PyTorch.newManager("cpu"))) {
        double copied = ChildProcess.status("RssAnon") - before;
        assertTrue(copied > 380, copy.shape() + " took only " + copied);
      }
    }
  }

  /** Some tensors of a folded network are those of the file: it must stay mapped. */
  @Test
  void aFoldedNetworkKeepsItsFile() throws IOException, InterruptedException {
    NetworkShape shape = Tiny.shape(true, false);
    float[][] weights = Tiny.weights(shape, 3);
    Path file = folder.resolve("folded.safetensors");
    Map<String, float[]> expected;
    try (Network network = Tiny.network(shape, weights)) {
      SafeTensorsWriter.write(
          file, Network.items(network, network.weights(), "", SafeTensors.Type.F32), Map.of());
      expected = Tiny.network(shape, weights).withoutTime().toMap();
    }
    try (Network network = Network.read(PyTorch.newManager("cpu"), shape, file, "").withoutTime()) {
      for (int i = 0; i < 5; i++) {
        System.gc();
        Thread.sleep(20);
      }
      String maps = Files.readString(Path.of("/proc/self/maps"));
      assertTrue(maps.contains(file.getFileName().toString()), "unmapped");
      Map<String, float[]> found = network.toMap();
      assertEquals(expected.keySet(), found.keySet());
      expected.forEach((name, values) -> assertArrayEquals(values, found.get(name), name));
    }
  }
}
