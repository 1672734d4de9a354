package io.github.dllm4j.engine.djl;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * A network on a device: its program and its weights, in the program's order and in float32; those
 * of a {@link LlamaShape} have the type they have in their file, which may be 16 GB large. Weights
 * that have in their file the type they have here are the mapped file itself where the device is
 * the processor: they can be read, not written, and the system may let go of them; not float32 ones
 * on Windows, where a mapped file cannot be replaced.
 *
 * <p>Owns a manager; closing it frees everything, a mapped file at the next garbage collection.
 */
final class Network implements AutoCloseable {
  // What MKL's order is made for. Orders for few rows are a little faster, but with many threads a
  // sum would be shared out among them, by how many rows there are.
  private static final int FEW_THREADS = 8;
  private static final int FEW_ROWS = 256;
  private static final int MANY_ROWS = 1 << 16;

  /** Whether a file may be replaced while it is mapped: not on Windows. */
  private static final boolean KEEPS = File.separatorChar == '/';

  private final NDManager manager;
  private final Architecture shape;
  private final Program program;
  private final List<NDArray> weights;
  private final boolean mapped; // some of them are their file

  /** A network of arrays on a manager, which it takes over. */
  Network(NDManager manager, Architecture shape, Program program, List<NDArray> weights) {
    this(manager, shape, program, weights, /* mapped= */ false);
  }

  private Network(
      NDManager manager,
      Architecture shape,
      Program program,
      List<NDArray> weights,
      boolean mapped) {
    this.manager = manager;
    this.shape = shape;
    this.program = program;
    this.weights = weights;
    this.mapped = mapped;
  }

  /**
   * A network with given weights.
   *
   * @param manager where they go; taken over, and closed if it fails
   * @param weights of a tensor by its index, asked for one after the other: the heap holds one
   */
  static Network of(NDManager manager, Architecture shape, IntFunction<float[]> weights) {
    try {
      Program program = Program.load(manager);
      List<NDArray> arrays = new ArrayList<>();
      List<Architecture.Tensor> tensors = shape.tensors();
      for (int i = 0; i < tensors.size(); i++) {
        arrays.add(manager.create(weights.apply(i), new Shape(tensors.get(i).shape())));
      }
      return new Network(manager, shape, program, arrays);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /**
   * Reads weights by name.
   *
   * @param manager where they go; taken over, and closed if reading fails
   * @param prefix what stands before the network's own names in the file
   * @throws IOException in one line, if the file is unsound or its tensors are not those of the
   *     shape
   */
  static Network read(NDManager manager, Architecture shape, Path file, String prefix)
      throws IOException {
    try (Weights weights = Weights.of(file, prefix)) {
      return read(manager, shape, weights);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /** As {@link #read(NDManager, Architecture, Path, String)}, from weights that are open. */
  static Network read(NDManager manager, Architecture shape, Weights source) throws IOException {
    try {
      List<Architecture.Tensor> tensors = shape.tensors();
      Set<String> unknown = new TreeSet<>(source.names());
      List<Weights.Stored> found = new ArrayList<>();
      for (Architecture.Tensor tensor : tensors) {
        found.add(source.need(tensor.name(), tensor.shape()));
        unknown.remove(tensor.name());
      }
      unknown.remove("rotary_emb.inv_freq");
      if (!unknown.isEmpty()) {
        throw new IOException(
            source.origin()
                + " has a tensor the network has no place for: "
                + FolderFile.shown(unknown.iterator().next()));
      }
      Program program = Program.load(manager);
      List<NDArray> weights = new ArrayList<>();
      boolean mapped = false;
      for (Weights.Stored stored : found) {
        boolean keep =
            shape instanceof LlamaShape || (KEEPS && stored.entry().type() == SafeTensors.Type.F32);
        mapped |= keep && !manager.getDevice().isGpu();
        weights.add(
            keep
                ? kept(manager, program, stored.source(), stored.entry())
                : load(manager, program, stored.source(), stored.entry()));
      }
      return new Network(manager, shape, program, weights, mapped);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /** The network that a configuration describes. */
  static Architecture architecture(ModelConfig config) {
    return config.autoregressive()
        ? new CausalShape((NetworkShape) config.network())
        : config.network();
  }

  /** The sizes of a network of our own kind. */
  NetworkShape sizes() {
    return shape instanceof SeenShape seen ? seen.dit() : (NetworkShape) shape;
  }

  /**
   * Reads the network of a configuration; one that is not told the noise level loses its time
   * modules, which then are constants of the other weights.
   *
   * @param manager as in {@link #read(NDManager, Architecture, Path, String)}
   */
  static Network read(NDManager manager, ModelConfig config, Path file) throws IOException {
    return read(manager, architecture(config), file, "").told(config);
  }

  /**
   * This network as a configuration says that it is run: itself, or {@link #withoutTime} if it has
   * time modules but is not told the noise level. Closed if that fails.
   */
  Network told(ModelConfig config) {
    if (config.network().timeWidth() == 0 || config.timeConditioning()) {
      return this;
    }
    try {
      return withoutTime();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * The same network with its noise level held at 0 and no time modules: adaLN with a constant
   * condition folds into norm weights and biases, attn_out and mlp.2 (MDLM with time conditioning
   * off). Takes the manager over; this network must not be used afterwards.
   */
  Network withoutTime() {
    try (IValue all = Program.listOf(weights)) {
      List<NDArray> folded = Program.unpack(manager, program.run("fold", all, shape.program()));
      // Some of the new ones are the same memory. PyTorch counts who uses its own; a mapped file is
      // let go of when the array that mapped it is closed.
      if (!mapped) {
        weights.forEach(NDArray::close);
      }
      Architecture left =
          shape instanceof BlockShape blocks
              ? blocks.withoutTime()
              : ((NetworkShape) shape).withoutTime();
      return new Network(manager, left, program, folded, mapped);
    }
  }

  /**
   * A network with the same weights.
   *
   * @param other its manager, taken over, and closed if copying fails; of any device
   */
  Network copy(NDManager other) {
    try {
      List<NDArray> copies = new ArrayList<>();
      for (NDArray weight : weights) {
        // Twice: what inference made can never get a gradient, its duplicate can.
        try (NDArray moved = weight.toDevice(other.getDevice(), true)) {
          NDArray copy = PyTorchThread.call(moved::duplicate);
          copy.attach(other);
          copies.add(copy);
        }
      }
      return new Network(other, shape, Program.load(other), copies);
    } catch (RuntimeException e) {
      other.close();
      throw e;
    }
  }

  /** One tensor of a file as float32 on a device. */
  static NDArray load(
      NDManager manager, Program program, SafeTensors source, SafeTensors.Entry entry)
      throws IOException {
    ByteBuffer bytes = source.bytes(entry);
    Shape shape = new Shape(entry.shape());
    if (entry.type() == SafeTensors.Type.F32) {
      try (NDArray mapped = manager.create(bytes, shape, DataType.FLOAT32)) {
        return PyTorchThread.call(mapped::duplicate);
      }
    }
    requireFloats(entry);
    try (NDArray mapped = manager.create(bytes, shape, DataType.FLOAT16)) {
      return program.call(manager, "widen", mapped, entry.type() == SafeTensors.Type.BF16 ? 1 : 0);
    }
  }

  private static void requireFloats(SafeTensors.Entry entry) throws IOException {
    if (entry.type() != SafeTensors.Type.F32
        && entry.type() != SafeTensors.Type.F16
        && entry.type() != SafeTensors.Type.BF16) {
      throw new IOException("tensor " + entry.name() + " holds integers, weights are wanted");
    }
  }

  /**
   * One tensor of a file in its own type: on the processor the mapped file itself, not a copy.
   * bfloat16, which DJL cannot name, is carried there as float16, which stays on the manager as the
   * owner of the memory.
   */
  static NDArray kept(
      NDManager manager, Program program, SafeTensors source, SafeTensors.Entry entry)
      throws IOException {
    requireFloats(entry);
    ByteBuffer bytes = source.bytes(entry);
    Shape shape = new Shape(entry.shape());
    if (entry.type() == SafeTensors.Type.F32) {
      return manager.create(bytes, shape, DataType.FLOAT32);
    }
    NDArray mapped = manager.create(bytes, shape, DataType.FLOAT16);
    return entry.type() == SafeTensors.Type.F16
        ? mapped
        : program.call(manager, "reinterpreted", mapped);
  }

  /** Items for a file, in this network's names, converted to a type when they are written. */
  static List<SafeTensorsWriter.Item> items(
      Network network, List<NDArray> arrays, String prefix, SafeTensors.Type type) {
    return IntStream.range(0, arrays.size())
        .mapToObj(i -> item(network, i, arrays.get(i), prefix, type))
        .toList();
  }

  /** One of them, of a tensor by its index. */
  static SafeTensorsWriter.Item item(
      Network network, int tensor, NDArray array, String prefix, SafeTensors.Type type) {
    Architecture.Tensor of = network.shape.tensors().get(tensor);
    return new SafeTensorsWriter.Item(
        prefix + of.name(), type, of.shape(), () -> network.bytes(array, type));
  }

  private ByteBuffer bytes(NDArray array, SafeTensors.Type type) {
    // From a GPU DJL copies by way of a manager below the array's own, which only that one closes.
    try (NDManager step = manager.newSubManager()) {
      String method = type == SafeTensors.Type.F32 ? "widen" : "narrow";
      return program
          .call(step, method, array, type == SafeTensors.Type.BF16 ? 1 : 0)
          .toByteBuffer();
    }
  }

  /** The weights by name as float arrays; for tests and small networks. */
  Map<String, float[]> toMap() {
    Map<String, float[]> map = new LinkedHashMap<>();
    List<Architecture.Tensor> tensors = shape.tensors();
    for (int i = 0; i < weights.size(); i++) {
      map.put(tensors.get(i).name(), weights.get(i).toFloatArray());
    }
    return map;
  }

  /** Whether the weights may be many gigabytes, which nobody should read without need. */
  boolean large() {
    return shape instanceof LlamaShape;
  }

  /** The names of tensors that hold infinite numbers or what is no number; reads all weights. */
  List<String> notFinite() {
    List<Architecture.Tensor> tensors = shape.tensors();
    return IntStream.range(0, tensors.size())
        .filter(i -> !PyTorchThread.call(() -> isFinite(weights.get(i))))
        .mapToObj(i -> tensors.get(i).name())
        .toList();
  }

  private static boolean isFinite(NDArray array) {
    try (NDArray least = array.min();
        NDArray most = array.max()) {
      return Float.isFinite(least.getFloat()) && Float.isFinite(most.getFloat());
    }
  }

  /** Gives every weight a gradient, of zeros: {@link TrainingLoss} writes its own there. */
  void learn() {
    weights.forEach(weight -> weight.setRequiresGradient(true));
    program.train(manager, "start", "ws", weights).close();
  }

  /**
   * A kept list of weights, matrices in the type of a precision and, on a processor, in its order,
   * which is a copy; those of a {@link LlamaShape} keep their order, and in float32 their type, so
   * that they are not copied. The caller closes it.
   */
  IValue inferenceWeights(List<NDArray> arrays, Precision precision) {
    boolean packed = !(shape instanceof LlamaShape) && !manager.getDevice().isGpu();
    if (precision == Precision.FP32 && !packed) {
      return Program.listOf(arrays);
    }
    List<Architecture.Tensor> tensors = shape.tensors();
    long[] products =
        IntStream.range(0, tensors.size())
            .filter(i -> tensors.get(i).isProduct())
            .asLongStream()
            .toArray();
    try (IValue all = Program.listOf(arrays)) {
      try {
        int rows = PyTorch.threads() <= FEW_THREADS ? FEW_ROWS : MANY_ROWS;
        return cast(all, precision, products, packed ? rows : 0);
      } catch (EngineException e) {
        if (!packed || precision == Precision.FP32) {
          throw e;
        }
        // oneDNN refuses bfloat16 on processors without its instructions.
        return cast(all, precision, products, 0);
      }
    }
  }

  private IValue cast(IValue all, Precision precision, long[] products, int rows) {
    return program.run("cast", all, precision.scalarType(), products, rows, shape.program());
  }

  /**
   * Checks that a token is one the network has.
   *
   * @throws IllegalArgumentException if not
   */
  void requireId(int token) {
    if (token < 0 || token >= shape.vocabulary()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "token ids must be 0 to %d, got %d", shape.vocabulary() - 1, token));
    }
  }

  /**
   * Checks a question: its length, that its rows are inside it, and its tokens.
   *
   * @throws IllegalArgumentException if the network cannot be asked it
   */
  void check(TokenBatch batch, Rows rows) {
    if (batch.length() > shape.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "sequences must have at most %d tokens, got %d",
              shape.length(),
              batch.length()));
    }
    if (rows.size() == 0 || rows.index(rows.size() - 1) >= batch.size() * batch.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "rows must be 1 or more inside %d sequences of %d tokens",
              batch.size(),
              batch.length()));
    }
    for (int i = 0; i < batch.size() * batch.length(); i++) {
      requireId(batch.token(i));
    }
  }

  /** What is thrown when PyTorch could not run the program: its first line, and why. */
  static IllegalStateException failed(EngineException e) {
    String first = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    return new IllegalStateException("the network failed: " + first, e);
  }

  NDManager manager() {
    return manager;
  }

  Architecture shape() {
    return shape;
  }

  Program program() {
    return program;
  }

  List<NDArray> weights() {
    return weights;
  }

  /** After the call that is under way, which may be reading a mapped file. */
  @Override
  public void close() {
    PyTorchThread.run(manager::close);
  }
}
