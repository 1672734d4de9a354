package io.github.dllm4j.tokenizer;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The names of ids. Only those that a file gives are kept, so that a file which names few ids takes
 * little memory however large they are.
 */
final class TokenNames {

  private final int[] ids; // that have a name, ascending
  private final String[] names; // theirs

  /** These tokens and their ids; no two tokens have the same id. */
  TokenNames(Map<String, Integer> tokens) {
    TreeMap<Integer, String> byId = new TreeMap<>();
    tokens.forEach((name, id) -> byId.put(id, name));
    ids = byId.keySet().stream().mapToInt(Integer::intValue).toArray();
    names = byId.values().toArray(String[]::new);
  }

  /** How many ids have a name. */
  int count() {
    return ids.length;
  }

  /** One more than the largest id that has a name, 0 if none has. */
  int limit() {
    return ids.length == 0 ? 0 : ids[ids.length - 1] + 1;
  }

  /** Where an id stands among those that have a name, counted from 0; -1 if it has none. */
  int index(int id) {
    if (id < ids.length && ids[id] == id) {
      return id; // as in a file that leaves no id out
    }
    return Math.max(-1, Arrays.binarySearch(ids, id));
  }

  /** The name of an id as in the file, null if it has none. */
  @Nullable String find(int id) {
    int index = index(id);
    return index < 0 ? null : names[index];
  }

  /** The name of an id, {@code <id>} if it has none. */
  String of(int id) {
    String name = find(id);
    return name == null ? "<" + id + ">" : name;
  }
}
