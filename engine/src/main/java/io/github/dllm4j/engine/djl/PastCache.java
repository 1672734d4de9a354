package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Keys and values of finished blocks, found by the tokens they are of, so that a caller asks about
 * whole sequences and knows nothing of this. What is kept changes answers at most in the last bits
 * of a product, which in bfloat16 is a rounding.
 *
 * <p>The sequences of one call are one <em>past</em>: [sequences, heads, length, width / heads]
 * twice per layer. The next call about the same sequences goes on with it; one about some of them,
 * or others that begin alike, gets a copy of what is known. The least recently used go when there
 * are more than {@value #MOST} or they take more than 1 GiB. For one thread at a time.
 */
final class PastCache implements AutoCloseable {
  private static final int MOST = 16;
  private static final long BYTES = 1L << 30;

  private final Network network;
  private final IValue weights;
  private final Precision precision;
  private final int block;
  private final List<Past> pasts = new ArrayList<>(); // the least recently used first

  /**
   * Empty.
   *
   * @param weights of the network, in the precision
   * @param block positions of a block
   */
  PastCache(Network network, IValue weights, Precision precision, int block) {
    this.network = network;
    this.weights = weights;
    this.precision = precision;
    this.block = block;
  }

  /** Keys and values of sequences, known up to a length, with room for more. */
  static final class Past {
    private final IValue keys;
    private final int room;
    private int[][] tokens; // [sequences][known]

    private Past(IValue keys, int room, int sequences) {
      this.keys = keys;
      this.room = room;
      tokens = new int[sequences][0];
    }

    /** Positions whose keys are there. */
    int known() {
      return tokens[0].length;
    }

    /** What the program reads and adds to. */
    IValue keys() {
      return keys;
    }

    /** Keys of these tokens, whole blocks, have been added. */
    void know(int[][] more) {
      tokens = more;
    }

    /** Whether it is of the beginnings of these sequences, in their order. */
    private boolean isOf(int[][] wanted) {
      return tokens.length == wanted.length
          && known() <= wanted[0].length
          && commonOfAll(wanted) == known();
    }

    private int commonOfAll(int[][] wanted) {
      int common = known();
      for (int b = 0; b < wanted.length; b++) {
        common = Math.min(common, common(tokens[b], wanted[b]));
      }
      return common;
    }
  }

  /** Where a sequence's beginning is. */
  private record Source(Past past, int sequence, int common) {}

  /** Room for keys and values; the caller closes it. */
  IValue room(int sequences, int length) {
    return network
        .program()
        .run(
            "cache", weights, network.shape().program(), precision.scalarType(), sequences, length);
  }

  /**
   * A past of sequences with as much known as is kept of all of them.
   *
   * @param wanted the positions that will be known when the call is done, in whole blocks,
   *     [sequences][positions]
   * @param room positions there may ever be
   */
  Past of(int[][] wanted, int room) {
    Past same = null;
    for (Past past : pasts) {
      if (past.room >= room && past.isOf(wanted) && (same == null || past.known() > same.known())) {
        same = past;
      }
    }
    List<Optional<Source>> sources = Arrays.stream(wanted).map(this::source).toList();
    int common =
        sources.stream().mapToInt(s -> s.map(Source::common).orElse(0)).min().orElseThrow();
    if (same == null || common > same.known()) {
      same = new Past(room(wanted.length, room), room, wanted.length);
      try {
        if (common > 0) {
          copy(sources.stream().map(Optional::orElseThrow).toList(), wanted, common, same);
        }
      } catch (RuntimeException e) {
        same.keys.close();
        throw e;
      }
    }
    pasts.remove(same);
    pasts.add(same);
    while (pasts.size() > 1 && (pasts.size() > MOST || bytes() > BYTES)) {
      pasts.remove(0).keys.close();
    }
    return same;
  }

  /** Where most of a sequence's beginning is, if any of it. */
  private Optional<Source> source(int[] wanted) {
    Source best = null;
    for (Past past : pasts) {
      for (int b = 0; b < past.tokens.length; b++) {
        int common = common(past.tokens[b], wanted) / block * block;
        if (common > (best == null ? 0 : best.common)) {
          best = new Source(past, b, common);
        }
      }
    }
    return Optional.ofNullable(best);
  }

  private void copy(List<Source> sources, int[][] wanted, int common, Past past) {
    Map<Past, List<Integer>> bySource = new LinkedHashMap<>();
    for (int b = 0; b < wanted.length; b++) {
      bySource.computeIfAbsent(sources.get(b).past, p -> new ArrayList<>()).add(b);
    }
    try (NDManager step = network.manager().newSubManager()) {
      bySource.forEach(
          (from, to) -> {
            NDArray rows =
                step.create(to.stream().mapToLong(b -> sources.get(b).sequence).toArray());
            NDArray into = step.create(to.stream().mapToLong(b -> b).toArray());
            network.program().run("keep", from.keys, rows, common, past.keys, into).close();
          });
    }
    int[][] known = new int[wanted.length][];
    Arrays.setAll(known, b -> Arrays.copyOf(wanted[b], common));
    past.know(known);
  }

  /** How many tokens two sequences begin with alike. */
  private static int common(int[] a, int[] b) {
    int least = Math.min(a.length, b.length);
    int differs = Arrays.mismatch(a, 0, least, b, 0, least);
    return differs < 0 ? least : differs;
  }

  private long bytes() {
    long position = 2L * network.shape().layers() * network.shape().width() * 4;
    return pasts.stream().mapToLong(past -> past.tokens.length * position * past.room).sum();
  }

  @Override
  public void close() {
    pasts.forEach(past -> past.keys.close());
    pasts.clear();
  }
}
