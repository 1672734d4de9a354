package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.tokenizer.JsonErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of one safetensors file, or of a sharded set with its {@code
 * model.safetensors.index.json}, by the network's own names. An index is believed in nothing: its
 * shards must be files of the folder and hold exactly the tensors that it says.
 */
final class Weights implements AutoCloseable {
  static final String SINGLE = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";
  private static final int LARGEST_INDEX = 32 << 20;
  private static final int MOST_SHARDS = 1_000;

  /** What wrappers put before a network's names: Lightning and the hub, compile, data parallel. */
  private static final List<String> WRAPPERS =
      List.of("backbone.", "_orig_mod.", "module.", "model.");

  /** A tensor and the file it is in. */
  record Stored(SafeTensors source, SafeTensors.Entry entry) {}

  private final Path origin;
  private final String prefix;
  private final List<SafeTensors> files;
  private final Map<String, Stored> tensors;

  private Weights(
      Path origin, String prefix, List<SafeTensors> files, Map<String, Stored> tensors) {
    this.origin = origin;
    this.prefix = prefix;
    this.files = files;
    this.tensors = tensors;
  }

  /** The tensors of a file whose names begin with a prefix, without it; others are ignored. */
  static Weights of(Path file, String prefix) throws IOException {
    SafeTensors source = SafeTensors.open(file);
    Map<String, Stored> tensors = new LinkedHashMap<>();
    source
        .entries()
        .forEach(
            (name, entry) -> {
              if (name.startsWith(prefix)) {
                tensors.put(name.substring(prefix.length()), new Stored(source, entry));
              }
            });
    return new Weights(file, prefix, List.of(source), tensors);
  }

  /**
   * The weights of a model folder.
   *
   * @param renamed what a name in the files is called here, before prefixes are taken off
   * @param marker a tensor that the network has, which shows the prefix
   * @param beside names of what is saved with the network and is not of it: not read
   * @throws IOException in one line, if there are none, or they are pickled, unsound or ambiguous
   */
  static Weights ofFolder(
      Path folder, UnaryOperator<String> renamed, String marker, Set<String> beside)
      throws IOException {
    boolean single = Files.exists(folder.resolve(SINGLE));
    boolean sharded = Files.exists(folder.resolve(INDEX));
    if (single && sharded) {
      throw new IOException(folder + " has both " + SINGLE + " and " + INDEX + ": remove one");
    }
    if (!single && !sharded) {
      throw missing(folder);
    }
    List<SafeTensors> files = new ArrayList<>();
    try {
      Map<String, Stored> stored = new LinkedHashMap<>();
      if (single) {
        SafeTensors file = SafeTensors.open(FolderFile.of(folder, SINGLE));
        files.add(file);
        file.entries().forEach((name, entry) -> stored.put(name, new Stored(file, entry)));
      } else {
        shards(folder, files, stored);
      }
      Path origin = folder.resolve(single ? SINGLE : INDEX);
      Map<String, Stored> named = renamed(origin, stored, renamed);
      named.keySet().removeAll(beside);
      String prefix = prefix(origin, named.keySet(), marker);
      Map<String, Stored> tensors = new LinkedHashMap<>();
      named.forEach((name, tensor) -> tensors.put(name.substring(prefix.length()), tensor));
      return new Weights(origin, prefix, files, tensors);
    } catch (IOException | RuntimeException e) {
      close(files);
      throw e;
    }
  }

  private static IOException missing(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(file -> file.getFileName().toString())
          .filter(name -> name.matches("(?i).*\\.(bin|pt|pth|ckpt)"))
          .sorted()
          .findFirst()
          .map(name -> pickled(folder.resolve(name)))
          .orElse(new IOException("no weights file " + folder.resolve(SINGLE)));
    }
  }

  /** Pickles are programs: they are never read, only their owner can decide to. */
  private static IOException pickled(Path file) {
    String name = file.getFileName().toString();
    if (!FolderFile.isPlain(name)) { // it would be part of a command
      return new IOException(
          String.format(
              Locale.ROOT,
              "%s/%s is pickled, which can run code: give it a plain name first, such as"
                  + " pytorch_model.bin",
              file.getParent(),
              FolderFile.shown(name)));
    }
    return new IOException(
        String.format(
            Locale.ROOT,
            "%s is pickled, which can run code: convert it with python -c \"import torch,"
                + " safetensors.torch as s; d = torch.load('%s', map_location='cpu',"
                + " weights_only=True); d = d.get('state_dict', d.get('model', d));"
                + " s.save_file({k: v.clone().contiguous() for k, v in d.items()}, '%s')\"",
            file,
            name,
            SINGLE));
  }

  private static void shards(Path folder, List<SafeTensors> files, Map<String, Stored> stored)
      throws IOException {
    Path index = folder.resolve(INDEX);
    Map<String, Set<String>> shards = new TreeMap<>();
    for (Map.Entry<String, JsonNode> item :
        weightMap(index, FolderFile.read(folder, INDEX, LARGEST_INDEX)).properties()) {
      if (!item.getValue().isTextual()) {
        throw new IOException(index + ": a tensor's file must be a text");
      }
      String name = item.getValue().textValue();
      if (!name.endsWith(".safetensors")) {
        throw new IOException(index + ": a shard must be a .safetensors file");
      }
      shards.computeIfAbsent(name, n -> new TreeSet<>()).add(item.getKey());
      if (shards.size() > MOST_SHARDS) {
        throw new IOException(index + " has more than " + MOST_SHARDS + " shards");
      }
    }
    for (Map.Entry<String, Set<String>> shard : shards.entrySet()) {
      SafeTensors file = SafeTensors.open(FolderFile.of(folder, shard.getKey()));
      files.add(file);
      Set<String> odd = new TreeSet<>(file.entries().keySet());
      odd.removeAll(shard.getValue());
      Set<String> absent = new TreeSet<>(shard.getValue());
      absent.removeAll(file.entries().keySet());
      if (!odd.isEmpty() || !absent.isEmpty()) {
        throw new IOException(
            String.format(
                Locale.ROOT,
                absent.isEmpty() ? "%s: %s has tensor %s beside" : "%s: %s has no tensor %s",
                index,
                shard.getKey(),
                FolderFile.shown((absent.isEmpty() ? odd : absent).iterator().next())));
      }
      file.entries().forEach((name, entry) -> stored.put(name, new Stored(file, entry)));
    }
  }

  private static JsonNode weightMap(Path index, byte[] json) throws IOException {
    try {
      JsonNode root = ModelConfig.JSON.readTree(json);
      JsonNode map = root == null ? null : root.get("weight_map");
      if (map != null && map.isObject() && !map.isEmpty()) {
        return map;
      }
    } catch (JsonProcessingException e) {
      throw new IOException(index + " is not JSON: " + JsonErrors.reason(e), e);
    }
    throw new IOException(index + " has no weight_map");
  }

  private static Map<String, Stored> renamed(
      Path origin, Map<String, Stored> stored, UnaryOperator<String> renamed) throws IOException {
    Map<String, Stored> named = new LinkedHashMap<>();
    for (Map.Entry<String, Stored> tensor : stored.entrySet()) {
      if (named.put(renamed.apply(tensor.getKey()), tensor.getValue()) != null) {
        throw new IOException(
            origin
                + ": two tensors would be called "
                + FolderFile.shown(renamed.apply(tensor.getKey())));
      }
    }
    return named;
  }

  /** The one prefix that every tensor has and after which the marker is found. */
  private static String prefix(Path origin, Set<String> names, String marker) throws IOException {
    List<String> found =
        names.stream()
            .filter(name -> name.endsWith(marker))
            .map(name -> name.substring(0, name.length() - marker.length()))
            .filter(Weights::isWrapper)
            .toList();
    if (found.size() != 1) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s has %d tensors called %s, with nothing or %s before it; 1 is wanted",
              origin,
              found.size(),
              marker,
              String.join(" ", WRAPPERS)));
    }
    for (String name : names) {
      if (!name.startsWith(found.get(0))) {
        throw new IOException(
            String.format(
                Locale.ROOT,
                "%s: tensor %s has no prefix %s, others have",
                origin,
                FolderFile.shown(name),
                found.get(0)));
      }
    }
    return found.get(0);
  }

  private static boolean isWrapper(String prefix) {
    String left = prefix;
    while (!left.isEmpty()) {
      String now = left;
      String wrapper = WRAPPERS.stream().filter(now::startsWith).findFirst().orElse("");
      if (wrapper.isEmpty()) {
        return false;
      }
      left = left.substring(wrapper.length());
    }
    return true;
  }

  /** The file, or the index, for messages. */
  Path origin() {
    return origin;
  }

  /** The names that are there. */
  Set<String> names() {
    return tensors.keySet();
  }

  /**
   * A tensor by name.
   *
   * @throws IOException in one line, if it is not there or has another shape
   */
  Stored need(String name, long[] shape) throws IOException {
    Stored stored = tensors.get(name);
    if (stored == null) {
      throw new IOException(origin + " has no tensor " + prefix + name);
    }
    SafeTensors.Entry entry = stored.entry();
    if (!Arrays.equals(entry.shape(), shape)) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s: tensor %s has shape %s, the configuration needs %s",
              origin,
              entry.name(),
              Arrays.toString(entry.shape()),
              Arrays.toString(shape)));
    }
    return stored;
  }

  /** Takes a tensor out, which then is not there any more; null if it was not. */
  @Nullable Stored take(String name) {
    return tensors.remove(name);
  }

  private static void close(List<SafeTensors> files) throws IOException {
    for (SafeTensors file : files) {
      file.close();
    }
  }

  @Override
  public void close() throws IOException {
    close(files);
  }
}
