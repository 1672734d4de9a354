package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.TrainingRun;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.train.TrainingListener;
import io.github.dllm4j.eval.plot.LossPlot;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * Shows a training run: a progress bar on a terminal, a line per validation otherwise, both on
 * stderr; the log and its plot in the model directory. Ctrl-C asks the run to stop and waits for
 * its checkpoint.
 */
final class TrainingDisplay implements TrainingListener, AutoCloseable {
  private static final int SECONDS_TO_SAVE = 60;

  private final TrainingRun run;
  private final double charactersPerToken;
  private final PrintWriter err;
  private final TrainingLog log;
  private final CountDownLatch finished = new CountDownLatch(1);
  private final Runnable onInterrupt = this::stopAndWait;
  private volatile boolean stop;
  private @Nullable ProgressBar bar;
  private @Nullable Validation last;
  private long tokensAtStart = -1;
  private double secondsAtStart;

  TrainingDisplay(TrainingRun run, double charactersPerToken, boolean resume, PrintWriter err)
      throws IOException {
    this.run = run;
    this.charactersPerToken = charactersPerToken;
    this.err = err;
    this.log = new TrainingLog(run.directory(), resume);
  }

  /** Begins at a step, after what the log says beyond it is cut off. */
  void begin(int step) throws IOException {
    log.begin(step);
    err.printf(
        Locale.ROOT,
        "training %,d weights for %,d steps of %,d tokens, %s, in %s%n",
        run.shape().parameters(),
        run.config().steps(),
        (long) run.config().batch() * run.config().accumulation() * run.shape().length(),
        run.precision().label(),
        run.directory());
    if (Terminal.isInteractive()) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("train")
              .setInitialMax(run.config().steps())
              .startsFrom(step, java.time.Duration.ZERO)
              .setStyle(ProgressBarStyle.ASCII)
              .setConsumer(new ConsoleProgressBarConsumer(System.err))
              .build();
    }
    Ending.saves(onInterrupt);
  }

  @Override
  public void onStep(Progress progress) {
    if (tokensAtStart < 0) {
      tokensAtStart = progress.tokens();
      secondsAtStart = progress.seconds();
    }
    log.step(progress, run.config().learningRateAt(progress.step() - 1));
    if (bar != null) {
      bar.stepTo(progress.step());
      bar.setExtraMessage(
          String.format(Locale.ROOT, "loss %.3f, %,.0f tok/s", progress.loss(), rate(progress)));
    }
  }

  private double rate(Progress progress) {
    return (progress.tokens() - tokensAtStart)
        / Math.max(1e-9, progress.seconds() - secondsAtStart);
  }

  @Override
  public void onValidation(Validation validation) {
    last = validation;
    try {
      log.validation(validation, bits(validation.nats()));
      LossPlot.write(
          run.directory(),
          log.rows().stream().map(r -> new double[] {r.step(), r.loss(), r.validation()}).toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
    note(
        String.format(
            Locale.ROOT,
            "step %,d of %,d, %.0f s: held-out %s %s nats/token, %.4f bits/character",
            validation.step(),
            run.config().steps(),
            validation.seconds(),
            run.autoregressive() ? "loss" : "bound",
            Estimate.text(validation.nats(), validation.standardError(), 4),
            bits(validation.nats())));
  }

  private double bits(double natsPerToken) {
    return natsPerToken / charactersPerToken / Math.log(2);
  }

  /** Says something on stderr without disturbing the bar. */
  void note(String text) {
    if (bar != null) {
      err.print("\r\033[K");
    }
    err.println(text);
  }

  /** What the run came to, to be printed where the bar was. */
  String summary(boolean json, boolean done) {
    end();
    Validation validation = last;
    if (json) {
      Map<String, Object> document = new LinkedHashMap<>();
      document.put("model", run.directory().toString());
      document.put("finished", done);
      document.put("steps", log.lastStep());
      if (validation != null) {
        document.put("nats_per_token", validation.nats());
        document.put("standard_error", validation.standardError());
        document.put("bits_per_character", bits(validation.nats()));
      }
      return Json.text(document);
    }
    if (done) {
      return validation == null
          ? String.format(Locale.ROOT, "%s: was finished already", run.directory())
          : String.format(
              Locale.ROOT,
              "%s: %.4f bits/character on the held-out text",
              run.directory(),
              bits(validation.nats()));
    }
    return String.format(
        Locale.ROOT,
        "%s: stopped at step %,d, go on with --resume",
        run.directory(),
        log.lastStep());
  }

  @Override
  public boolean stopRequested() {
    return stop;
  }

  private void stopAndWait() {
    stop = true;
    try {
      if (!finished.await(SECONDS_TO_SAVE, TimeUnit.SECONDS)) {
        err.println("dllm: stopped without a new checkpoint; the last one is whole");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void end() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }

  @Override
  public void close() {
    end();
    log.close();
    finished.countDown();
    Ending.hasSaved(onInterrupt);
  }
}
