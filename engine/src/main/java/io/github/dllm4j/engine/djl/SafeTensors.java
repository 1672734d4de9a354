package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.dllm4j.tokenizer.JsonErrors;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A safetensors file: an 8-byte little-endian header length, a JSON header, then raw row-major
 * tensors.
 *
 * <p>Nothing is believed: the header's length and every shape and offset are checked against the
 * size of the file before anything is allocated, and the tensors must fill the file without overlap
 * or gap. Files on disk are memory-mapped tensor by tensor (READ_ONLY, so tensors past 2 GiB of
 * file are fine); files inside a jar are read.
 */
final class SafeTensors implements AutoCloseable {
  /** Far above any real header; bounds what reading one may take from the heap. */
  private static final int MAX_HEADER = 8 << 20;

  private static final int LONGEST_MESSAGE = 300;
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** Element types this engine reads: name in the file and bytes per element. */
  enum Type {
    F32(4),
    F16(2),
    BF16(2),
    I64(8),
    /** Masks that some files keep; nothing here reads them. */
    U8(1),
    /** As U8. */
    BOOL(1);

    final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }
  }

  /** A tensor's place in the file; offsets count from the end of the header. */
  record Entry(String name, Type type, long[] shape, long begin, long end) {}

  private final Path file;
  private final long dataStart;
  private final Source source;
  private final Map<String, Entry> entries;
  private final Map<String, String> metadata;

  private SafeTensors(
      Path file,
      long dataStart,
      Source source,
      Map<String, Entry> entries,
      Map<String, String> metadata) {
    this.file = file;
    this.dataStart = dataStart;
    this.source = source;
    this.entries = entries;
    this.metadata = metadata;
  }

  /**
   * Opens and checks a file.
   *
   * @throws IOException in one line, if it cannot be read or is not a sound safetensors file
   */
  static SafeTensors open(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException("no weights file " + file);
    }
    if (file.getFileSystem() == FileSystems.getDefault()) {
      FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
      try {
        return parse(file, new OnDisk(channel), channel.size());
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readAllBytes();
      ByteBuffer content = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
      return parse(file, new InMemory(content), bytes.length);
    }
  }

  private static SafeTensors parse(Path file, Source source, long size) throws IOException {
    if (size < 10) {
      throw bad(file, "it has only " + size + " bytes");
    }
    long headerLength = source.read(0, 8).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    if (headerLength < 2 || headerLength > MAX_HEADER || headerLength > size - 8) {
      throw bad(
          file, String.format(Locale.ROOT, "its header claims %d bytes of %d", headerLength, size));
    }
    ByteBuffer header = source.read(8, (int) headerLength);
    byte[] text = new byte[header.remaining()];
    header.get(text);
    JsonNode root;
    try {
      root = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw bad(file, "its header is not JSON: " + JsonErrors.reason(e));
    }
    if (root == null || !root.isObject()) {
      throw bad(file, "its header is not a JSON object");
    }
    Map<String, Entry> entries = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      if (field.getKey().equals("__metadata__")) {
        if (!field.getValue().isObject()) {
          throw bad(file, "its __metadata__ is not a JSON object");
        }
        for (Map.Entry<String, JsonNode> item : field.getValue().properties()) {
          metadata.put(item.getKey(), item.getValue().asText());
        }
      } else {
        entries.put(field.getKey(), entry(file, field.getKey(), field.getValue()));
      }
    }
    checkLayout(file, entries, size - 8 - headerLength);
    return new SafeTensors(file, 8 + headerLength, source, entries, metadata);
  }

  private static Entry entry(Path file, String name, JsonNode node) throws IOException {
    Type type = null;
    String typeName = node.path("dtype").asText();
    for (Type t : Type.values()) {
      if (t.name().equals(typeName)) {
        type = t;
      }
    }
    if (type == null) {
      throw bad(
          file,
          String.format(
              Locale.ROOT,
              "tensor %s has type '%s'; F32, F16, BF16, I64 are read, U8 and BOOL passed over",
              name,
              typeName));
    }
    long[] shape = longs(file, name, "shape", node.path("shape"));
    long[] offsets = longs(file, name, "data_offsets", node.path("data_offsets"));
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw bad(file, "tensor " + name + " has bad data_offsets");
    }
    long bytes = type.bytes;
    try {
      for (long n : shape) {
        bytes = Math.multiplyExact(bytes, n);
      }
    } catch (ArithmeticException e) {
      throw bad(file, "tensor " + name + " is impossibly large");
    }
    if (bytes != offsets[1] - offsets[0]) {
      throw bad(
          file,
          String.format(
              Locale.ROOT,
              "tensor %s needs %d bytes, has %d",
              name,
              bytes,
              offsets[1] - offsets[0]));
    }
    if (bytes > Integer.MAX_VALUE - 8) {
      throw bad(
          file,
          String.format(Locale.ROOT, "tensor %s has %d bytes; at most 2 GiB each", name, bytes));
    }
    return new Entry(name, type, shape, offsets[0], offsets[1]);
  }

  private static long[] longs(Path file, String name, String field, JsonNode node)
      throws IOException {
    if (!node.isArray() || node.size() > 16) {
      throw bad(file, "tensor " + name + " has no sound " + field);
    }
    long[] values = new long[node.size()];
    for (int i = 0; i < values.length; i++) {
      JsonNode value = node.get(i);
      if (!value.isIntegralNumber() || !value.canConvertToLong() || value.asLong() < 0) {
        throw bad(file, "tensor " + name + " has no sound " + field);
      }
      values[i] = value.asLong();
    }
    return values;
  }

  private static void checkLayout(Path file, Map<String, Entry> entries, long bytes)
      throws IOException {
    List<Entry> sorted = new ArrayList<>(entries.values());
    sorted.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    long at = 0;
    for (Entry entry : sorted) {
      if (entry.begin() != at || entry.end() > bytes) {
        throw bad(
            file,
            String.format(
                Locale.ROOT,
                "tensor %s at bytes %d to %d does not fit (expected start %d, data %d bytes)",
                entry.name(),
                entry.begin(),
                entry.end(),
                at,
                bytes));
      }
      at = entry.end();
    }
    if (at != bytes) {
      throw bad(file, String.format(Locale.ROOT, "%d bytes of data, tensors cover %d", bytes, at));
    }
  }

  /** One line of bounded length, whatever the file's names contain. */
  private static IOException bad(Path file, String why) {
    String line = why.replaceAll("\\p{Cntrl}|[\\u2028\\u2029]", "?");
    return new IOException(
        String.format(
            Locale.ROOT,
            "not a sound safetensors file %s: %s",
            file,
            line.substring(0, Math.min(LONGEST_MESSAGE, line.length()))));
  }

  /** The tensors by name, in the order of the header. */
  Map<String, Entry> entries() {
    return Collections.unmodifiableMap(entries);
  }

  /** The free text of the header. */
  Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  /**
   * The raw bytes of a tensor, native order, as a direct buffer: mapped where the file is on disk.
   */
  ByteBuffer bytes(Entry entry) throws IOException {
    int length = (int) (entry.end() - entry.begin());
    return source.map(dataStart + entry.begin(), length).order(ByteOrder.nativeOrder());
  }

  /** Where the bytes are. */
  private interface Source extends Closeable {
    ByteBuffer read(long at, int length) throws IOException;

    ByteBuffer map(long at, int length) throws IOException;
  }

  private record OnDisk(FileChannel channel) implements Source {
    @Override
    public ByteBuffer read(long at, int length) throws IOException {
      ByteBuffer bytes = ByteBuffer.allocate(length);
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, at + bytes.position()) < 0) {
          throw new EOFException("a weights file became shorter while it was read");
        }
      }
      return bytes.flip();
    }

    @Override
    public ByteBuffer map(long at, int length) throws IOException {
      return channel.map(FileChannel.MapMode.READ_ONLY, at, length);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  private record InMemory(ByteBuffer content) implements Source {
    @Override
    public ByteBuffer read(long at, int length) {
      return content.slice((int) at, length);
    }

    @Override
    public ByteBuffer map(long at, int length) {
      return read(at, length);
    }

    @Override
    public void close() {}
  }

  @Override
  public void close() throws IOException {
    source.close();
  }

  @Override
  public String toString() {
    return "SafeTensors[" + file + ", " + entries.size() + " tensors]";
  }
}
