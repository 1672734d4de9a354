package io.github.dllm4j.engine;

import io.github.dllm4j.engine.SoakWatch.Fate;
import io.github.dllm4j.engine.djl.ChildProcess;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * The program of {@link SoakStudyTest}: clients keep the queue of one generator full for some
 * minutes; what ends by itself is compared with its twin, what is ended is counted in steps. Prints
 * one table; the exit code is 1 if anything is not as promised.
 */
final class Soak {
  private static final int BATCH = 16;
  private static final int QUEUE = 32;
  private static final int CLIENTS = 4;
  private static final int REQUESTS = 200;

  private final List<GenerationRequest> pool = SoakRequests.pool(REQUESTS, 0);
  private final List<GenerationResult> twins = new ArrayList<>();
  private final Tally tally = new Tally();
  private volatile boolean over;

  private Soak() {}

  /** How requests of one fate ended. */
  private static final class Ends {
    int complete;
    int before;
    final int[] late = new int[3]; // by steps after the signal: 0, 1, more
  }

  /** What happened; for several threads. */
  private static final class Tally {
    private final Map<Fate, Ends> ends = new EnumMap<>(Fate.class);
    final List<String> faults = new ArrayList<>();
    long refused;
    long steps;
    long undetected;

    Ends ends(Fate fate) {
      return ends.computeIfAbsent(fate, f -> new Ends());
    }

    synchronized void refused() {
      refused++;
    }

    synchronized void add(SoakWatch watch, GenerationResult result, int late) {
      boolean complete = watch.compare(result);
      Ends own = ends(watch.fate);
      own.complete += complete ? 1 : 0;
      own.before += complete ? 0 : 1;
      own.late[Math.min(2, late)]++;
      steps += result.samples().stream().mapToLong(GenerationResult.Text::evaluations).sum();
      if (watch.fate == Fate.WRONG) {
        undetected += watch.faults.isEmpty() ? 1 : 0;
      } else if (faults.size() < 10) {
        faults.addAll(watch.faults);
      }
    }

    synchronized void fault(Throwable e) {
      faults.add(e.toString());
    }
  }

  /** A client that submits until it is refused, then waits for its oldest request. */
  private final class Client implements Runnable {
    private final TextGenerator generator;
    private final Random random;
    private final Deque<Sent> sent = new ArrayDeque<>();

    /** One request under way, with the latest moment that its deadline can be. */
    private record Sent(SoakWatch watch, long deadline) {}

    Client(TextGenerator generator, long seed) {
      this.generator = generator;
      random = new Random(seed);
    }

    @Override
    public void run() {
      try {
        while (!over) {
          if (!submit() && !sent.isEmpty()) {
            take(sent.remove());
          } else if (random.nextInt(4) == 0) {
            sent.stream()
                .filter(one -> one.watch.fate == Fate.CANCEL)
                .skip(random.nextInt(4))
                .findFirst()
                .ifPresent(one -> one.watch.cancel());
          }
        }
        while (!sent.isEmpty()) {
          take(sent.remove());
        }
      } catch (InterruptedException | RuntimeException e) {
        tally.fault(e);
      }
    }

    private boolean submit() throws InterruptedException {
      int which = random.nextInt(REQUESTS);
      int chance = random.nextInt(100);
      Fate fate =
          chance < 60
              ? Fate.COMPLETE
              : chance < 68
                  ? Fate.CANCEL_IN_STEP
                  : chance < 76
                      ? Fate.CANCEL
                      : chance < 84 ? Fate.STOP : chance < 98 ? Fate.DEADLINE : Fate.WRONG;
      GenerationRequest request = pool.get(which);
      SoakWatch watch = new SoakWatch(fate, twins.get(which), 1 + random.nextInt(8));
      Duration time = Duration.ofMillis(1 + random.nextInt(random.nextBoolean() ? 500 : 8000));
      if (fate == Fate.DEADLINE) {
        request = request.withDeadline(time);
      } else if (fate == Fate.WRONG) {
        // A long text without a constraint: another seed must show.
        which = 4 + 5 * random.nextInt(REQUESTS / 5);
        watch = new SoakWatch(fate, twins.get(which), 0);
        request = pool.get(which).withSeed(REQUESTS + which);
      }
      try {
        watch.watch(generator.submit(request, watch));
      } catch (RejectedExecutionException e) {
        tally.refused();
        if (sent.isEmpty()) {
          Thread.sleep(20);
        }
        return false;
      }
      sent.add(new Sent(watch, System.nanoTime() + time.toNanos()));
      return true;
    }

    private void take(Sent one) throws InterruptedException {
      SoakWatch watch = one.watch;
      if (watch.fate == Fate.CANCEL && random.nextBoolean()) {
        watch.cancel();
      }
      GenerationResult result = watch.generation().result();
      int late = watch.fate == Fate.DEADLINE ? watch.lateSince(one.deadline) : watch.late();
      tally.add(watch, result, late);
    }
  }

  /** Runs for so many minutes. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    new Soak().run(Double.parseDouble(arguments[0]));
  }

  private void run(double minutes) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    try (TextGenerator alone = TextGenerator.bundled()) {
      pool.forEach(request -> twins.add(alone.generate(request)));
    }
    System.out.printf(
        Locale.ROOT, "%d twins in %.0f s%n", REQUESTS, (System.nanoTime() - begin) * 1e-9);
    List<double[]> memory = new ArrayList<>(); // minutes, MiB
    begin = System.nanoTime();
    try (TextGenerator generator =
        TextGenerator.of(Model.bundled(ModelOptions.DEFAULT), BATCH, QUEUE)) {
      List<Thread> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(new Thread(new Client(generator, i), "client-" + i));
      }
      clients.forEach(Thread::start);
      for (double at = 0; at < minutes; at = (System.nanoTime() - begin) / 60e9) {
        memory.add(new double[] {at, ChildProcess.status("VmRSS")});
        Thread.sleep(TimeUnit.SECONDS.toMillis(minutes < 10 ? 1 : 10));
      }
      over = true;
      for (Thread client : clients) {
        client.join();
      }
    }
    report(minutes, (System.nanoTime() - begin) * 1e-9, memory);
  }

  private void report(double minutes, double seconds, List<double[]> memory) {
    System.out.printf(
        Locale.ROOT,
        "%.0f minutes, %d clients, %d under way, %d waiting, %d different requests%n%n",
        minutes,
        CLIENTS,
        BATCH,
        QUEUE,
        REQUESTS);
    System.out.println("| meant to end | complete | ended before | late 0 | 1 | more steps |");
    System.out.println("|---|---|---|---|---|---|");
    boolean sound = tally.faults.isEmpty() && tally.undetected == 0;
    long all = 0;
    for (Fate fate : Fate.values()) {
      Ends ends = tally.ends(fate);
      all += ends.complete + ends.before;
      sound &= ends.late[2] == 0 && ends.complete + ends.before > 0;
      sound &= (fate != Fate.COMPLETE && fate != Fate.WRONG) || ends.before == 0;
      System.out.printf(
          Locale.ROOT,
          "| %s | %,d | %,d | %,d | %,d | %,d |%n",
          fate.name().toLowerCase(Locale.ROOT).replace('_', ' '),
          ends.complete,
          ends.before,
          ends.late[0],
          ends.late[1],
          ends.late[2]);
    }
    double growth = growth(memory.subList(memory.size() / 2, memory.size()));
    System.out.printf(
        Locale.ROOT,
        "%n%,d taken, %,d refused, %.1f requests/s, %.0f steps/s, %d faults, %d wrong twins taken"
            + " for right ones%nresident %.0f MiB at first, %.0f at half time, %.0f at the end;"
            + " second half by regression %+.2f %%%n",
        all,
        tally.refused,
        all / seconds,
        tally.steps / seconds,
        tally.faults.size(),
        tally.undetected,
        memory.get(0)[1],
        memory.get(memory.size() / 2)[1],
        memory.get(memory.size() - 1)[1],
        100 * growth);
    tally.faults.forEach(System.out::println);
    System.exit(sound && growth < 0.02 ? 0 : 1);
  }

  /** How much the regression line rises from the first to the last point, of its mean. */
  static double growth(List<double[]> points) {
    double x = points.stream().mapToDouble(p -> p[0]).average().orElseThrow();
    double y = points.stream().mapToDouble(p -> p[1]).average().orElseThrow();
    double xy = points.stream().mapToDouble(p -> (p[0] - x) * (p[1] - y)).sum();
    double xx = points.stream().mapToDouble(p -> (p[0] - x) * (p[0] - x)).sum();
    return xy / xx * (points.get(points.size() - 1)[0] - points.get(0)[0]) / y;
  }
}
