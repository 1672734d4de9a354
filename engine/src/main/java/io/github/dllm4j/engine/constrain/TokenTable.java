package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.Vocabulary;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What tokens spell, in the order of their bytes, so that tokens that begin alike are neighbours
 * and are followed through an automaton together: the trie of the vocabulary, flat.
 */
final class TokenTable {
  private static final byte[] NOTHING = {};

  private final byte[][] bytes; // by id; empty for what spells nothing
  private final int[] ids; // of tokens that spell something, by their bytes
  private final int[] shared; // bytes that each of them has in common with the one before
  private final int longest;

  /**
   * The tokens of a tokenizer.
   *
   * @param width ids of this and above are never drawn
   */
  TokenTable(Tokenizer tokenizer, int width) {
    Vocabulary vocabulary = tokenizer.vocabulary();
    bytes = new byte[Math.min(width, vocabulary.size())][];
    Arrays.setAll(bytes, id -> vocabulary.isSpecial(id) ? NOTHING : tokenizer.bytes(id));
    ids =
        IntStream.range(0, bytes.length)
            .filter(id -> bytes[id].length > 0)
            .boxed()
            .sorted((a, b) -> Arrays.compareUnsigned(bytes[a], bytes[b]))
            .mapToInt(id -> id)
            .toArray();
    shared = new int[ids.length];
    int most = 0;
    for (int k = 0; k < ids.length; k++) {
      byte[] own = bytes[ids[k]];
      int common = k == 0 ? 0 : Arrays.mismatch(bytes[ids[k - 1]], own);
      shared[k] = common < 0 ? own.length : common;
      most = Math.max(most, own.length);
    }
    longest = most;
  }

  /** The state after a token, or -1. */
  int next(Dfa dfa, int state, int id) {
    return id >= bytes.length || bytes[id].length == 0 ? -1 : dfa.next(state, bytes[id]);
  }

  /** Memory that it takes, bytes: about, as it depends on how arrays are kept. */
  long memory() {
    return Arrays.stream(bytes).mapToLong(own -> 24L + own.length).sum() + 8L * ids.length;
  }

  /** Number of tokens that spell something. */
  int size() {
    return ids.length;
  }

  /**
   * Every token that can follow a state.
   *
   * @param tokens written: ids, [size]
   * @param targets written: the states after them, [size]
   * @return how many
   */
  int follow(Dfa dfa, int state, int[] tokens, int[] targets) {
    int[] path = new int[longest + 1]; // states after the bytes of the token at hand
    path[0] = state;
    int count = 0;
    int alive = 0; // how many bytes of the token at hand the path has
    for (int k = 0; k < ids.length; k++) {
      if (shared[k] > alive) {
        continue; // begins as one that died
      }
      byte[] own = bytes[ids[k]];
      alive = shared[k];
      while (alive < own.length) {
        int next = dfa.next(path[alive], own[alive] & 0xFF);
        if (next < 0) {
          break;
        }
        path[++alive] = next;
      }
      if (alive == own.length) {
        tokens[count] = ids[k];
        targets[count++] = path[alive];
      }
    }
    return count;
  }
}
