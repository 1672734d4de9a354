package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import io.github.dllm4j.engine.denoise.BlockDenoiser;
import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * A network with block-causal attention as a denoiser. It reads BEGIN, x_0 .. x_{n-1}: the first
 * position of its first block always holds the begin of the text.
 *
 * <p>Cost of {@link #predict}: one pass over the blocks of the rows alone, whose earlier blocks'
 * keys and values are {@link PastCache kept} from the calls before or, once per block, computed
 * along. Nothing is approximated: no position sees a later block, so these keys are what a pass
 * over the whole sequence would compute. Cost of {@link #predictGiven}: one pass over the clean
 * text and one over every noisy one. Laws can differ in the last float32 bits with what is asked
 * together.
 */
final class BlockNetwork implements BlockDenoiser {
  private final Network network;
  private final IValue weights;
  private final DeviceLaws.Head head;
  private final Precision precision;
  private final int mask;
  private final int begin;
  private final Blocks blocks;
  private final LawBudget budget;
  private final boolean keeping;
  private final PastCache pasts;
  private final ReentrantLock lock = new ReentrantLock();

  /** What some sequences of a batch are asked about: positions [from, to) of the network. */
  private record Stretch(int from, int to) {}

  /**
   * A denoiser that owns its network.
   *
   * @param network of a {@link BlockShape}
   * @param begin id that stands before a text
   * @param keeping whether keys and values of earlier blocks are kept between calls
   */
  BlockNetwork(Network network, Precision precision, int mask, int begin, boolean keeping) {
    this.network = network;
    this.precision = precision;
    this.mask = mask;
    this.begin = begin;
    this.keeping = keeping;
    blocks = new Blocks(((BlockShape) network.shape()).block(), 1);
    budget = LawBudget.of(network.manager());
    weights = network.inferenceWeights(network.weights(), precision);
    head = DeviceLaws.Head.of(network, weights, precision, mask);
    pasts = new PastCache(network, weights, precision, blocks.length());
  }

  @Override
  public int vocabulary() {
    return network.shape().vocabulary();
  }

  @Override
  public OptionalInt mask() {
    return OptionalInt.of(mask);
  }

  @Override
  public Representation representation() {
    return Representation.DENOISER;
  }

  @Override
  public Blocks blocks() {
    return blocks;
  }

  /** The network with its weights. */
  Network network() {
    return network;
  }

  @Override
  public TokenLaws predict(TokenBatch batch, Rows rows) {
    network.check(batch, rows);
    return laws(manager -> hidden(manager, batch, rows));
  }

  @Override
  public void repeat(BooleanSupplier step) {
    PyTorchThread.repeat(step);
  }

  @Override
  public TokenLaws predictGiven(int[] clean, TokenBatch noisy, Rows rows) {
    network.check(noisy, rows);
    if (clean.length != noisy.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "noisy sequences must have the %d tokens of the clean one, got %d",
              clean.length,
              noisy.length()));
    }
    Arrays.stream(clean).forEach(network::requireId);
    return laws(
        manager -> {
          int n = clean.length + 1;
          try (IValue past = pasts.room(1, n)) {
            pass(manager, positions(new int[][] {clean}, 0, n), n, new long[] {0}, past, 0, 0)
                .close();
            int[][] all = sequences(noisy);
            return pass(manager, positions(all, 0, n), n, places(noisy, rows), past, 0, 1);
          }
        });
  }

  /**
   * The laws of what the head multiplies.
   *
   * @param hidden computes it, [rows, width], on a manager
   */
  private TokenLaws laws(Function<NDManager, NDArray> hidden) {
    return PyTorchThread.call(
        () ->
            DeviceLaws.computed(
                network,
                manager ->
                    DeviceLaws.ofHidden(
                        network.program(),
                        manager,
                        hidden.apply(manager),
                        head,
                        Optional.empty(),
                        budget)));
  }

  /** The network's own numbers, float32, [rows, V]; MASK is at -infinity. */
  NDArray logits(NDManager manager, TokenBatch batch, Rows rows) {
    return PyTorchThread.call(
        () -> {
          try (NDArray hidden = hidden(manager, batch, rows)) {
            return head.wide(network.program(), manager, hidden);
          }
        });
  }

  /** All of the network but its head, [rows, width], stretch by stretch. */
  private NDArray hidden(NDManager manager, TokenBatch batch, Rows rows) {
    int[][] sequences = sequences(batch);
    Map<Stretch, List<Integer>> alike = new LinkedHashMap<>();
    int[] first = new int[batch.size() + 1]; // of each sequence's rows
    for (int b = 0; b < batch.size(); b++) {
      int end = first[b];
      while (end < rows.size() && rows.index(end) < (b + 1) * batch.length()) {
        end++;
      }
      first[b + 1] = end;
      if (end > first[b]) {
        int offset = b * batch.length();
        int low = blocks.of(rows.index(first[b]) - offset);
        int high = blocks.of(rows.index(end - 1) - offset);
        Stretch stretch =
            new Stretch(keeping ? low * blocks.length() : 0, blocks.to(high, batch.length()) + 1);
        alike.computeIfAbsent(stretch, s -> new ArrayList<>()).add(b);
      }
    }
    NDList parts = new NDList();
    long[] order = new long[rows.size()];
    int done = 0;
    for (Map.Entry<Stretch, List<Integer>> group : alike.entrySet()) {
      Stretch stretch = group.getKey();
      int[] members = group.getValue().stream().mapToInt(b -> b).toArray();
      List<Integer> asked = new ArrayList<>();
      for (int g = 0; g < members.length; g++) {
        int b = members[g];
        for (int r = first[b]; r < first[b + 1]; r++) {
          asked.add(g * stretch.to + rows.index(r) - b * batch.length() + 1);
          order[r] = done++;
        }
      }
      int[][] own = Arrays.stream(members).mapToObj(b -> sequences[b]).toArray(int[][]::new);
      parts.add(stretch(manager, own, stretch, asked));
    }
    if (parts.size() == 1) {
      return parts.get(0);
    }
    try (NDArray all = NDArrays.concat(parts);
        NDArray index = manager.create(order)) {
      parts.forEach(NDArray::close);
      return all.get(new NDIndex("{}", index));
    }
  }

  /**
   * One stretch of some sequences.
   *
   * @param asked rows, as flat indices sequence * to + position
   */
  private NDArray stretch(
      NDManager manager, int[][] sequences, Stretch stretch, List<Integer> asked) {
    if (stretch.from == 0) {
      long[] places = asked.stream().mapToLong(r -> r).toArray();
      return pass(manager, positions(sequences, 0, stretch.to), stretch.to, places);
    }
    lock.lock();
    try {
      int[][] wanted = new int[sequences.length][];
      Arrays.setAll(wanted, b -> read(sequences[b], 0, stretch.from));
      PastCache.Past past = pasts.of(wanted, sequences[0].length + 1);
      int at = past.known();
      int n = stretch.to - at;
      long[] places =
          asked.stream()
              .mapToLong(r -> (long) (r / stretch.to) * n + r % stretch.to - at)
              .toArray();
      NDArray hidden =
          pass(manager, positions(sequences, at, stretch.to), n, places, past.keys(), at, 0);
      past.know(wanted);
      return hidden;
    } finally {
      lock.unlock();
    }
  }

  /**
   * One pass over sequences of n positions.
   *
   * @param past nothing, or the kept keys and values, how many positions they are known at, and
   *     whether they are given and not added to (1)
   */
  private NDArray pass(NDManager manager, long[] tokens, int n, long[] rows, Object... past) {
    try (NDManager step = manager.newSubManager()) {
      List<Object> arguments = new ArrayList<>();
      arguments.add(step.create(tokens, new Shape(tokens.length / n, n)));
      arguments.add(step.zeros(new Shape(tokens.length / n)));
      arguments.add(step.create(rows));
      arguments.add(weights);
      arguments.add(network.shape().program());
      arguments.add(precision.scalarType());
      arguments.addAll(List.of(past));
      return network.program().call(manager, "hidden", arguments.toArray());
    }
  }

  /** Positions [from, to) of BEGIN and a text. */
  private int[] read(int[] text, int from, int to) {
    int[] ids = new int[to - from];
    Arrays.setAll(ids, i -> from + i == 0 ? begin : text[from + i - 1]);
    return ids;
  }

  private long[] positions(int[][] texts, int from, int to) {
    return Arrays.stream(texts)
        .flatMapToInt(text -> Arrays.stream(read(text, from, to)))
        .asLongStream()
        .toArray();
  }

  private static int[][] sequences(TokenBatch batch) {
    int[] tokens = batch.toArray();
    int[][] sequences = new int[batch.size()][];
    Arrays.setAll(
        sequences, b -> Arrays.copyOfRange(tokens, b * batch.length(), (b + 1) * batch.length()));
    return sequences;
  }

  /** Rows of texts as rows of what the network reads. */
  private static long[] places(TokenBatch batch, Rows rows) {
    long[] places = new long[rows.size()];
    Arrays.setAll(places, r -> rows.index(r) + rows.index(r) / batch.length() + 1L);
    return places;
  }

  @Override
  public void close() {
    PyTorchThread.run(
        () -> {
          pasts.close();
          weights.close();
        });
    network.close();
  }
}
