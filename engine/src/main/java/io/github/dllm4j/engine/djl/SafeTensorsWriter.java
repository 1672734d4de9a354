package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.dllm4j.tokenizer.AtomicFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/** Writes safetensors files: header padded with spaces to 8 bytes, tensors one after another. */
final class SafeTensorsWriter {
  private static final JsonMapper JSON = new JsonMapper();

  private SafeTensorsWriter() {}

  /** A tensor to write; its bytes (native order) are asked for when their turn has come. */
  record Item(String name, SafeTensors.Type type, long[] shape, Supplier<ByteBuffer> bytes) {
    long length() {
      long length = type.bytes;
      for (long n : shape) {
        length = Math.multiplyExact(length, n);
      }
      return length;
    }
  }

  /**
   * Writes a file whole or not at all.
   *
   * @param metadata free text for the header, in order
   * @throws IOException in one line, if it cannot be written
   */
  static void write(Path file, List<Item> items, Map<String, String> metadata) throws IOException {
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new IOException("safetensors files are little-endian; this machine is not");
    }
    ObjectNode root = JSON.createObjectNode();
    ObjectNode free = root.putObject("__metadata__");
    metadata.forEach(free::put);
    long at = 0;
    for (Item item : items) {
      ObjectNode node = root.putObject(item.name());
      node.put("dtype", item.type().name());
      for (long n : item.shape()) {
        node.withArray("shape").add(n);
      }
      if (item.shape().length == 0) {
        node.putArray("shape");
      }
      node.putArray("data_offsets").add(at).add(at + item.length());
      at += item.length();
    }
    byte[] json = JSON.writeValueAsString(root).getBytes(StandardCharsets.UTF_8);
    int padded = (json.length + 7) / 8 * 8;
    ByteBuffer head = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    head.putLong(padded).put(json);
    while (head.hasRemaining()) {
      head.put((byte) ' ');
    }
    AtomicFiles.write(
        file,
        channel -> {
          AtomicFiles.writeFully(channel, head.flip());
          for (Item item : items) {
            ByteBuffer bytes = item.bytes().get();
            if (bytes.remaining() != item.length()) {
              throw new IOException(
                  String.format(
                      Locale.ROOT,
                      "tensor %s has %d bytes, its shape needs %d",
                      item.name(),
                      bytes.remaining(),
                      item.length()));
            }
            AtomicFiles.writeFully(channel, bytes);
          }
        });
  }
}
