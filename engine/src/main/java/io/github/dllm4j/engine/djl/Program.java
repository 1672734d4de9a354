package io.github.dllm4j.engine.djl;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The TorchScript program {@code dit.py}, compiled in memory, whose methods are called from Java.
 *
 * <p>One call runs many operations without crossing to Java, frees what it does not return, and may
 * use bfloat16, which DJL itself cannot name. {@link #call} is for inference and safe from several
 * threads; {@link #train} records gradients and is for the one training thread.
 */
final class Program implements AutoCloseable {
  private static final List<String> PARTS =
      List.of("llama", "blocks", "laws", "learned", "muon", "packed", "rotary");

  private final PtSymbolBlock module;
  private final ProgramUse use = new ProgramUse();

  private Program(PtSymbolBlock module) {
    this.module = module;
  }

  /** Compiles the program for the device of a manager, which owns it. */
  static Program load(NDManager owner) {
    return load(owner, "dit.py", "Dit");
  }

  /** Compiles another program. */
  static Program load(NDManager owner, String resource, String name) {
    try {
      return load(owner, resource, name, "mkl.py");
    } catch (EngineException e) {
      requireUnknown("mkl::", e);
    }
    try {
      return load(owner, resource, name, "packed.py");
    } catch (EngineException e) {
      requireUnknown("mkldnn::", e);
    }
    return load(owner, resource, name, "plain.py");
  }

  /** A PyTorch without a library does not know its operations: that, and nothing else. */
  private static void requireUnknown(String library, EngineException e) {
    if (!String.valueOf(e.getMessage()).contains("Unknown builtin op: " + library)) {
      throw e;
    }
  }

  private static Program load(NDManager owner, String resource, String name, String linear) {
    try {
      Map<String, byte[]> functions = new HashMap<>();
      functions.put("linear", source(linear));
      functions.put("threads", threads().getBytes(StandardCharsets.UTF_8));
      for (String part : PARTS) {
        functions.put(part, source(part + ".py"));
      }
      byte[] archive = archive(name, source(resource), functions);
      return new Program(
          JniUtils.loadModule((PtNDManager) owner, new ByteArrayInputStream(archive), true, false));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The program cannot ask how many threads an operation may use: it is told. */
  private static String threads() {
    return "def count() -> int:\n    return " + PyTorch.threads() + "\n";
  }

  private static byte[] source(String resource) throws IOException {
    try (InputStream source = Program.class.getResourceAsStream(resource)) {
      return source.readAllBytes();
    }
  }

  /**
   * Runs a method without gradients.
   *
   * @param arguments {@link NDArray}, {@link IValue} (stays open), {@code Integer}, {@code Double},
   *     {@code String}, {@code long[]} or {@code double[]}
   * @return its result; the caller closes it
   */
  IValue run(String method, Object... arguments) {
    IValue[] values = new IValue[arguments.length];
    try {
      for (int i = 0; i < arguments.length; i++) {
        values[i] = value(arguments[i]);
      }
      return PyTorchThread.call(() -> timed(method, values));
    } finally {
      for (int i = 0; i < arguments.length; i++) {
        if (values[i] != null && values[i] != arguments[i]) {
          values[i].close();
        }
      }
    }
  }

  private IValue timed(String method, IValue[] values) {
    JniUtils.setGradMode(false);
    JniUtils.setGraphExecutorOptimize(false);
    long begin = System.nanoTime();
    RunningCalls.begin();
    try {
      return IValueUtils.runMethod(module, method, values);
    } finally {
      RunningCalls.end();
      use.ran(method, System.nanoTime() - begin);
    }
  }

  /** As {@link #run}, for a method that returns one tensor, which lands on {@code manager}. */
  NDArray call(NDManager manager, String method, Object... arguments) {
    try (IValue result = run(method, arguments)) {
      return result.toTensor((PtNDManager) manager);
    }
  }

  /**
   * As {@link #call}, for a method whose answer, float64, the host waits for: one synchronisation.
   *
   * @param manager for the answer, for a moment
   */
  double[] read(NDManager manager, String method, Object... arguments) {
    try (NDArray answer = call(manager, method, arguments)) {
      long begin = System.nanoTime();
      double[] numbers = answer.toDoubleArray();
      use.waited(method, System.nanoTime() - begin, numbers.length);
      return numbers;
    }
  }

  /** What its methods have been used for. */
  ProgramUse use() {
    return use;
  }

  /**
   * Runs a method that records and applies gradients.
   *
   * @param manager for the result
   * @param arguments name, then {@link NDArray} or {@code List<NDArray>}, and so on, in the order
   *     of the method's parameters
   * @return the tensor it returns
   */
  NDArray train(NDManager manager, String method, Object... arguments) {
    NDList list = new NDList();
    for (int i = 0; i < arguments.length; i += 2) {
      if (arguments[i + 1] instanceof NDArray array) {
        array.setName((String) arguments[i]);
        list.add(array);
      } else {
        for (Object element : (List<?>) arguments[i + 1]) {
          NDArray array = (NDArray) element;
          array.setName(arguments[i] + "[]");
          list.add(array);
        }
      }
    }
    try (NDManager host = manager.newSubManager(Device.cpu())) {
      NDArray tag = host.create(0f);
      tag.setName("module_method:" + method);
      list.add(tag);
      return PyTorchThread.call(
          () -> {
            JniUtils.setGradMode(true);
            RunningCalls.begin();
            try {
              NDArray result =
                  module.forward(new ParameterStore(manager, false), list, true).singletonOrThrow();
              result.attach(manager);
              return result;
            } finally {
              RunningCalls.end();
            }
          });
    }
  }

  /** A kept list of tensors for {@link #run}; far cheaper than passing them one by one. */
  static IValue listOf(List<NDArray> arrays) {
    return IValue.listFrom(arrays.stream().map(a -> (PtNDArray) a).toArray(PtNDArray[]::new));
  }

  /** The tensors of a list result, on a manager; closes the result. */
  static List<NDArray> unpack(NDManager manager, IValue list) {
    try (list) {
      return new ArrayList<>(List.of(list.toTensorArray((PtNDManager) manager)));
    }
  }

  private static IValue value(Object argument) {
    if (argument instanceof IValue value) {
      return value;
    } else if (argument instanceof NDArray array) {
      return IValue.from((PtNDArray) array);
    } else if (argument instanceof Integer number) {
      return IValue.from(number.longValue());
    } else if (argument instanceof Double number) {
      return IValue.from(number.doubleValue());
    } else if (argument instanceof String text) {
      return IValue.from(text);
    } else if (argument instanceof long[] numbers) {
      return IValue.listFrom(numbers);
    } else if (argument instanceof double[] numbers) {
      return IValue.listFrom(numbers);
    }
    throw new IllegalArgumentException("no TorchScript value for " + argument.getClass());
  }

  /**
   * A TorchScript archive of one class without parameters: a zip of its source, of the functions in
   * {@code __torch__.NAME} and of its empty state.
   */
  private static byte[] archive(String name, byte[] source, Map<String, byte[]> functions)
      throws IOException {
    ByteArrayOutputStream state = new ByteArrayOutputStream();
    state.writeBytes(new byte[] {(byte) 0x80, 2, 'c'});
    state.writeBytes(("__torch__\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    state.writeBytes(new byte[] {')', (byte) 0x81, '}', '(', 'X', 8, 0, 0, 0});
    state.writeBytes("training".getBytes(StandardCharsets.UTF_8));
    state.writeBytes(new byte[] {(byte) 0x89, 'u', 'b', '.'});
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      put(zip, "m/data.pkl", state.toByteArray());
      put(zip, "m/code/__torch__.py", source);
      for (Map.Entry<String, byte[]> part : functions.entrySet()) {
        put(zip, "m/code/__torch__/" + part.getKey() + ".py", part.getValue());
      }
      put(zip, "m/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
      put(zip, "m/version", "10\n".getBytes(StandardCharsets.UTF_8));
    }
    return out.toByteArray();
  }

  private static void put(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(bytes.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }

  @Override
  public void close() {
    module.close();
  }
}
