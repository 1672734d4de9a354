package io.github.dllm4j.engine.djl;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import io.github.dllm4j.tokenizer.DjlSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * The PyTorch runtime behind DJL: its settings, version and devices. Unless the user says how many
 * threads there are to be, there are no more than the JVM may use processors.
 *
 * <p>The settings are made before DJL is first touched, and only where the user has not made them:
 * no downloads (except in a CUDA build, which has to fetch its libraries), no usage tracking, no
 * profiling graph executor (it stalls the first calls and breaks evaluation after training).
 */
public final class PyTorch {
  private static final Properties BUILD = buildProperties();
  private static final boolean CUDA = "cuda".equals(BUILD.getProperty("natives"));
  private static final AtomicBoolean FITTED = new AtomicBoolean();

  static {
    DjlSettings.prepare();
    if (CUDA) {
      DjlSettings.allowDownloads();
    }
    DjlSettings.setIfAbsent("ai.djl.default_engine", "DJL_DEFAULT_ENGINE", "PyTorch");
    DjlSettings.setIfAbsent(
        "ai.djl.pytorch.graph_optimizer", "ai.djl.pytorch.graph_optimizer", "false");
  }

  private PyTorch() {}

  private static Properties buildProperties() {
    try (InputStream in =
        PyTorch.class.getResourceAsStream("/io/github/dllm4j/engine/build.properties")) {
      Properties properties = new Properties();
      properties.load(in);
      return properties;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The version of dllm4j. */
  public static String dllmVersion() {
    return BUILD.getProperty("version");
  }

  /** The versions of DJL and PyTorch this build runs on, for provenance. */
  public static String versions() {
    return String.format(
        Locale.ROOT,
        "dllm4j %s, DJL %s, PyTorch %s",
        dllmVersion(),
        BUILD.getProperty("djl"),
        BUILD.getProperty("pytorch"));
  }

  /**
   * A new manager of native memory on a device.
   *
   * @param device {@code auto} (the first GPU, else the CPU), {@code cpu} or {@code cuda:N}
   * @return the manager; the caller closes it
   * @throws IllegalArgumentException if there is no such device here
   */
  static NDManager newManager(String device) {
    Engine engine = engine();
    return engine.newBaseManager(device(device, engine.getGpuCount(), CUDA));
  }

  /**
   * A device by its name.
   *
   * @param gpus how many there are
   * @param cuda whether this build is for them: then a processor is taken only by its name
   */
  static Device device(String name, int gpus, boolean cuda) {
    boolean gpu = name.matches("cuda:\\d{1,3}");
    if (name.equals("cpu") || (name.equals("auto") && gpus == 0 && !cuda)) {
      return Device.cpu();
    }
    int index = gpu ? Integer.parseInt(name.substring(5)) : 0;
    if ((gpu || name.equals("auto")) && index < gpus) {
      return Device.gpu(index);
    }
    if (!gpu && !name.equals("auto")) {
      throw new IllegalArgumentException("device must be auto, cpu or cuda:N, got " + name);
    }
    throw new IllegalArgumentException(
        "device "
            + name
            + " is not here: this machine offers "
            + gpus
            + " CUDA devices"
            + (cuda && gpus == 0
                ? "; it needs a driver and the CUDA runtime, 12.8 or newer, where libraries are"
                    + " looked for (Linux: libcudart in ldconfig -p). cpu runs on the processor"
                : ""));
  }

  /**
   * Sets how many threads one operation may use, for the whole process. Models are to be opened
   * afterwards: their weights are put in an order for so many, and what a network says of a text
   * does not depend on its batch with that number.
   *
   * @param threads at least 1
   */
  public static void setThreads(int threads) {
    if (threads < 1 || threads > 1024) {
      throw new IllegalArgumentException("threads must be 1 to 1024, got " + threads);
    }
    engine();
    useThreads(threads);
  }

  private static void useThreads(int threads) {
    PyTorchThread.call(
        () -> {
          JniUtils.setNumThreads(threads);
          return threads;
        });
  }

  /**
   * The faster precision here: bfloat16 only where a matrix product is at least 1.3 times as fast
   * in it (processors without the instructions can be a hundred times slower). Takes about 60 ms.
   */
  public static Precision fastest(String device) {
    try (NDManager manager = newManager(device);
        Program program = Program.load(manager)) {
      // A GPU needs less for a small product than its call takes.
      int size = manager.getDevice().isGpu() ? 4096 : 512;
      NDArray a = manager.randomUniform(-1, 1, new Shape(size, size));
      long fp32 = Long.MAX_VALUE;
      long bf16 = Long.MAX_VALUE;
      for (int round = 0; round < 4; round++) {
        fp32 = Math.min(fp32, nanosOfProduct(manager, program, a, Precision.FP32));
        bf16 = Math.min(bf16, nanosOfProduct(manager, program, a, Precision.BF16));
      }
      return bf16 * 13 < fp32 * 10 ? Precision.BF16 : Precision.FP32;
    }
  }

  private static long nanosOfProduct(
      NDManager manager, Program program, NDArray a, Precision precision) {
    return PyTorchThread.call(
        () -> {
          long begin = System.nanoTime();
          try (NDArray product = program.call(manager, "product", a, precision.scalarType())) {
            product.getFloat(0, 0);
          }
          return System.nanoTime() - begin;
        });
  }

  /**
   * How fast matrix products of 1024 x 1024 float32 numbers are with so many threads of one
   * operation; leaves the fastest setting in place, the smaller of two that differ by less than 3
   * %.
   *
   * @param most threads at most, usually the processors; 1, 2, 4 and so on and this are tried
   * @return GFLOP/s by threads, medians of five, interleaved
   */
  public static Map<Integer, Double> tuneThreads(int most) {
    TreeSet<Integer> settings = new TreeSet<>(List.of(most));
    for (int threads = 1; threads < most; threads *= 2) {
      settings.add(threads);
    }
    Map<Integer, List<Double>> seconds = new TreeMap<>();
    try (NDManager manager = newManager("cpu");
        Program program = Program.load(manager)) {
      NDArray a = manager.randomUniform(-1, 1, new Shape(1024, 1024));
      for (int round = 0; round < 6; round++) {
        for (int threads : settings) {
          setThreads(threads);
          double nanos = nanosOfProduct(manager, program, a, Precision.FP32);
          if (round > 0) {
            seconds.computeIfAbsent(threads, t -> new ArrayList<>()).add(nanos * 1e-9);
          }
        }
      }
    }
    Map<Integer, Double> speeds = new TreeMap<>();
    seconds.forEach((t, s) -> speeds.put(t, 2 * 1.024 * 1.024 * 1.024 / Benchmark.median(s)));
    double best = speeds.values().stream().max(Double::compare).orElseThrow();
    setThreads(
        speeds.keySet().stream()
            .filter(t -> speeds.getOrDefault(t, 0.0) > 0.97 * best)
            .findFirst()
            .orElse(most));
    return speeds;
  }

  /** How many threads one operation may use now. */
  public static int threads() {
    engine();
    return PyTorchThread.call(JniUtils::getNumThreads);
  }

  private static Engine engine() {
    try {
      Engine engine = Engine.getEngine("PyTorch");
      if (FITTED.compareAndSet(false, true)) {
        fitThreads();
      }
      return engine;
    } catch (EngineException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IllegalStateException("PyTorch could not be started: " + cause.getMessage(), e);
    }
  }

  /**
   * At first use: PyTorch knows of no share of the machine's processors, as a container's or {@code
   * -XX:ActiveProcessorCount}, and threads without a processor keep all others waiting.
   */
  private static void fitThreads() {
    boolean given =
        Stream.of("OMP_NUM_THREADS", "MKL_NUM_THREADS").anyMatch(n -> System.getenv(n) != null)
            || System.getProperty("ai.djl.pytorch.num_threads") != null;
    int processors = Runtime.getRuntime().availableProcessors();
    if (!given && PyTorchThread.call(JniUtils::getNumThreads) > processors) {
      useThreads(processors);
    }
  }
}
