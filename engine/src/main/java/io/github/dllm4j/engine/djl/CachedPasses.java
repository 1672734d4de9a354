package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import io.github.dllm4j.engine.denoise.CachedContext;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Passes of a {@link LlamaShape} that keep keys and values of whole canvases, and passes over a
 * stretch of a sequence that use them ({@link CachedContext}). A sequence that is its context is
 * computed whole, and exactly; one that is not costs its stretch, and attention to the rest. Where
 * the law at a position is read one before it, a stretch begins one position earlier.
 *
 * <p>Kept are 2 x layers x heads of keys and values x length x features of a head numbers a canvas,
 * in the type of the products. What does not fit into the budget is dropped, the least recently
 * used first, and computed again when it is wanted, so that it changes time, and laws at most in
 * the last bits of a product. Canvases of the batch at hand are always kept. One call at a time.
 */
final class CachedPasses implements AutoCloseable {
  /** Of all that is kept, unless the batch at hand needs more, bytes. */
  static final long BUDGET = 1L << 30;

  private final Network network;
  private final LlamaShape shape;
  private final IValue weights;
  private final int type;
  private final long budget;
  private final NDManager manager;
  private final Map<IntBuffer, NDArray> kept = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  CachedPasses(Network network, IValue weights, Precision precision, long budget) {
    this.network = network;
    shape = (LlamaShape) network.shape();
    this.weights = weights;
    type = precision.scalarType();
    this.budget = budget;
    manager = network.manager().newSubManager();
  }

  /** Sequences that one call computes: whole, whole and kept, or a stretch of each. */
  private record Pass(boolean keeps, boolean among, int length) {}

  /** Whether some sequence may be answered approximately. */
  static boolean wanted(TokenBatch batch) {
    for (int b = 0; b < batch.size(); b++) {
      if (batch.context(b).isPresent()) {
        return true;
      }
    }
    return false;
  }

  /** What the head multiplies, [rows, width], on {@code target}. */
  synchronized NDArray hidden(NDManager target, TokenBatch batch, Rows rows) {
    check(batch, rows);
    try (NDManager step = network.manager().newSubManager()) {
      Map<Pass, List<Integer>> passes = new LinkedHashMap<>();
      Set<IntBuffer> needed = new HashSet<>();
      for (int b = 0; b < batch.size(); b++) {
        batch.context(b).ifPresent(context -> needed.add(key(context)));
        passes.computeIfAbsent(pass(batch, b), p -> new ArrayList<>()).add(b);
      }
      makeRoom(needed, batch.length());
      List<NDArray> parts = new ArrayList<>();
      long[] order = new long[rows.size()];
      int done = 0;
      for (Map.Entry<Pass, List<Integer>> pass : passes.entrySet()) {
        long[] places = places(batch, rows, pass.getKey(), pass.getValue(), order, done);
        if (places.length > 0) {
          parts.add(run(step, batch, pass.getKey(), pass.getValue(), step.create(places)));
          done += places.length;
        }
      }
      if (parts.size() == 1) {
        NDArray whole = parts.get(0);
        whole.attach(target);
        return whole;
      }
      try (IValue all = Program.listOf(parts)) {
        return network.program().call(target, "gathered", all, step.create(order));
      }
    }
  }

  private static void check(TokenBatch batch, Rows rows) {
    for (int r = 0; r < rows.size(); r++) {
      int position = rows.index(r) % batch.length();
      batch
          .context(rows.index(r) / batch.length())
          .filter(context -> position < context.from() || position >= context.to())
          .ifPresent(
              context -> {
                throw new IllegalArgumentException(
                    String.format(
                        Locale.ROOT,
                        "rows must be inside the stretch %d to %d of their context, got position %d",
                        context.from(),
                        context.to(),
                        position));
              });
    }
  }

  private static IntBuffer key(CachedContext context) {
    return IntBuffer.wrap(context.tokens());
  }

  private Pass pass(TokenBatch batch, int sequence) {
    if (batch.context(sequence).isEmpty()) {
      return new Pass(false, false, batch.length());
    }
    CachedContext context = batch.context(sequence).get();
    for (int p = context.from(); p < context.to(); p++) {
      if (batch.token(sequence * batch.length() + p) != context.token(p)) {
        return new Pass(false, true, context.to() - from(context));
      }
    }
    return new Pass(true, false, batch.length());
  }

  /** Where the stretch of a sequence begins that is computed anew. */
  private int from(CachedContext context) {
    return shape.family() == Family.DREAM ? Math.max(0, context.from() - 1) : context.from();
  }

  private int begin(TokenBatch batch, Pass pass, int sequence) {
    return pass.among() ? from(batch.context(sequence).orElseThrow()) : 0;
  }

  /** Rows of the sequences of a pass, as flat indices of what it computes; in order's terms too. */
  private long[] places(
      TokenBatch batch, Rows rows, Pass pass, List<Integer> sequences, long[] order, int done) {
    long[] places = new long[rows.size()];
    int count = 0;
    for (int r = 0; r < rows.size(); r++) {
      int sequence = rows.index(r) / batch.length();
      int slot = sequences.indexOf(sequence);
      if (slot >= 0) {
        int position = rows.index(r) % batch.length() - begin(batch, pass, sequence);
        order[r] = (long) done + count;
        places[count++] = (long) slot * pass.length() + position;
      }
    }
    return Arrays.copyOf(places, count);
  }

  private NDArray run(
      NDManager step, TokenBatch batch, Pass pass, List<Integer> sequences, NDArray places) {
    long[] ids = new long[sequences.size() * pass.length()];
    for (int i = 0; i < ids.length; i++) {
      int sequence = sequences.get(i / pass.length());
      int position = begin(batch, pass, sequence) + i % pass.length();
      ids[i] = batch.token(sequence * batch.length() + position);
    }
    NDArray tokens = step.create(ids, new Shape(sequences.size(), pass.length()));
    if (pass.among()) {
      return among(step, batch, pass, sequences, tokens, places);
    }
    if (!pass.keeps()) {
      return network.program().call(step, "llama_hidden", arguments(tokens, places));
    }
    List<NDArray> out = kept(step, tokens, places);
    for (int i = 0; i < sequences.size(); i++) {
      keep(key(batch.context(sequences.get(i)).orElseThrow()), out.get(i + 1));
    }
    return out.get(0);
  }

  private Object[] arguments(Object... first) {
    List<Object> all = new ArrayList<>(List.of(first));
    all.addAll(List.of(weights, shape.program(), shape.theta(), shape.epsilon(), type));
    return all.toArray();
  }

  private List<NDArray> kept(NDManager step, NDArray tokens, NDArray places) {
    return Program.unpack(step, network.program().run("llama_kept", arguments(tokens, places)));
  }

  private NDArray among(
      NDManager step,
      TokenBatch batch,
      Pass pass,
      List<Integer> sequences,
      NDArray tokens,
      NDArray places) {
    List<NDArray> past = new ArrayList<>();
    long[] at = new long[sequences.size()];
    for (int i = 0; i < at.length; i++) {
      past.add(ofContext(step, batch.context(sequences.get(i)).orElseThrow()));
      at[i] = begin(batch, pass, sequences.get(i));
    }
    try (IValue list = Program.listOf(past)) {
      return network.program().call(step, "llama_among", arguments(tokens, places, list, at));
    }
  }

  /** Keys and values of a canvas, computed again if they were dropped. */
  private NDArray ofContext(NDManager step, CachedContext context) {
    IntBuffer key = key(context);
    if (!kept.containsKey(key)) {
      long[] ids = Arrays.stream(context.tokens()).asLongStream().toArray();
      NDArray tokens = step.create(ids, new Shape(1, ids.length));
      keep(key, kept(step, tokens, step.create(new long[] {context.from()})).get(1));
    }
    return Objects.requireNonNull(kept.get(key));
  }

  private void keep(IntBuffer key, NDArray keysAndValues) {
    if (kept.containsKey(key)) {
      return; // another sequence of the same tokens; what is there is as good
    }
    keysAndValues.attach(manager);
    kept.put(key, keysAndValues);
    bytes += size(key.remaining());
  }

  private long size(int length) {
    long width = 2L * shape.layers() * shape.keyHeads() * (shape.width() / shape.heads());
    return width * length * (type == Precision.BF16.scalarType() ? 2 : 4);
  }

  /** Drops what is not needed until what is fits, the least recently used first. */
  private void makeRoom(Collection<IntBuffer> needed, int length) {
    long more = needed.stream().filter(key -> !kept.containsKey(key)).count() * size(length);
    for (Iterator<Map.Entry<IntBuffer, NDArray>> all = kept.entrySet().iterator();
        all.hasNext() && bytes + more > budget; ) {
      Map.Entry<IntBuffer, NDArray> entry = all.next();
      if (!needed.contains(entry.getKey())) {
        bytes -= size(entry.getKey().remaining());
        entry.getValue().close();
        all.remove();
      }
    }
  }

  /** Canvases that are kept. */
  synchronized int count() {
    return kept.size();
  }

  @Override
  public synchronized void close() {
    manager.close();
  }
}
