package io.github.dllm4j.eval.bench;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;

/** Resident memory of this process, where Linux's /proc tells it, and what a thread allocates. */
public final class Memory {
  private Memory() {}

  /** MiB now. */
  public static OptionalDouble residentMib() {
    return status("VmRSS:");
  }

  /** Most MiB since the start, or since {@link #forgetPeak}. */
  public static OptionalDouble peakMib() {
    return status("VmHWM:");
  }

  /** Makes the peak what is resident now, if the system lets it. */
  public static void forgetPeak() {
    try {
      Files.writeString(Path.of("/proc/self/clear_refs"), "5");
    } catch (IOException e) {
      // Then the peak is that since the start, which is said to be so.
    }
  }

  /** MiB that this thread has allocated on the Java heap since it began. */
  static double allocatedMib() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    return threads.getThreadAllocatedBytes(Thread.currentThread().getId()) / 1048576.0;
  }

  private static OptionalDouble status(String name) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith(name)) {
          return OptionalDouble.of(Long.parseLong(line.replaceAll("\\D", "")) / 1024.0);
        }
      }
    } catch (IOException e) {
      return OptionalDouble.empty();
    }
    return OptionalDouble.empty();
  }
}
