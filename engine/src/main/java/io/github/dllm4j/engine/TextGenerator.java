package io.github.dllm4j.engine;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.Rounds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;

/**
 * Text from a discrete-diffusion language model, or an autoregressive one: the way to use the
 * engine from a program.
 *
 * <pre>{@code
 * try (TextGenerator generator = TextGenerator.bundled()) {
 *   System.out.println(generator.generate(GenerationRequest.prompt("In the beginning")).text());
 * }
 * }</pre>
 *
 * <p>Many requests at a time are <em>submitted</em>: those under way share network calls, and what
 * does not fit waits in a bounded queue.
 *
 * <pre>{@code
 * List<Generation> generations = new ArrayList<>();
 * for (int seed = 0; seed < 8; seed++) {
 *   generations.add(
 *       generator.submit(
 *           GenerationRequest.messages(List.of(Message.user("Who built the ark?")))
 *               .withLength(48)
 *               .withSeed(seed)
 *               .withDeadline(Duration.ofSeconds(30))));
 * }
 * for (Generation generation : generations) {
 *   System.out.println(generation.result().completion());
 * }
 * }</pre>
 *
 * <p>Safe for several threads. A result depends on its request alone, deadlines and cancellation
 * aside, and not on what else runs: every draw is keyed by the request's seed and the place it is
 * for. (Where a network's sums differ in the last bits between batch sizes, a draw differs only if
 * its uniform falls between the two: docs/agents.md says where, and the odds.)
 */
public final class TextGenerator implements AutoCloseable {
  /** Most samples in one network call, unless another number is given. */
  public static final int DEFAULT_BATCH = 16;

  /** Most requests that wait, unless another number is given. */
  public static final int DEFAULT_QUEUE = 64;

  private static final String CLOSED = "the generator is closed";

  private final Model model;
  private final Preparation preparation;
  private final Texts texts;
  private final RequestLoop loop;
  private final Set<Job> called = ConcurrentHashMap.newKeySet();
  private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();
  private volatile boolean closing;
  private boolean closed; // guarded by the write lock

  private TextGenerator(Model model, int maxBatch, int maxQueue) {
    require("maxBatch", maxBatch, 1);
    require("maxQueue", maxQueue, 1);
    this.model = model;
    preparation = new Preparation(model, maxBatch);
    texts = new Texts(model);
    loop = new RequestLoop(preparation, maxBatch, maxQueue);
  }

  /** Refuses a number that is too small. */
  static void require(String name, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be at least %d, got %d", name, least, value));
    }
  }

  /** The model that comes with the engine, on the best device here. */
  public static TextGenerator bundled() throws IOException {
    return of(Model.bundled(ModelOptions.DEFAULT));
  }

  /**
   * A model directory.
   *
   * @throws IOException in one line, if a file is missing or unsound
   */
  public static TextGenerator open(Path directory) throws IOException {
    return of(Model.open(directory, ModelOptions.DEFAULT));
  }

  /** A generator over an open model, which it takes over. */
  public static TextGenerator of(Model model) {
    return of(model, DEFAULT_BATCH, DEFAULT_QUEUE);
  }

  /**
   * The same with other limits.
   *
   * @param maxBatch most samples in one network call, and of submitted requests under way at once
   *     (one with more samples goes alone); at least 1
   * @param maxQueue most submitted requests that wait, at least 1
   */
  public static TextGenerator of(Model model, int maxBatch, int maxQueue) {
    return new TextGenerator(model, maxBatch, maxQueue);
  }

  /** The model. */
  public Model model() {
    return model;
  }

  /** As {@link #generate(GenerationRequest, GenerationListener)}, unwatched. */
  public GenerationResult generate(GenerationRequest request) {
    return generate(request, GenerationListener.NONE);
  }

  /**
   * Generates text now: request to canvas, canvas to plan, plan to samples, samples to text.
   * Nothing is shared with other requests; their network calls take turns. An interrupt ends
   * nothing and stays set; {@link #submit}, a listener or a deadline can end a generation.
   *
   * @param listener called on this thread
   * @throws IllegalArgumentException if the request does not fit the model
   * @throws IllegalStateException if the generator is closed
   */
  public GenerationResult generate(GenerationRequest request, GenerationListener listener) {
    use.readLock().lock();
    try {
      Job job = job(request, listener);
      called.add(job);
      try {
        if (closing) {
          job.cancel();
        }
        job.prepare(preparation);
        Rounds rounds = preparation.rounds();
        rounds.repeat(
            () -> {
              if (job.going()) {
                rounds.round(List.of(job.run()));
              }
              return job.going();
            },
            listener != GenerationListener.NONE || request.constraint().isPresent());
        return job.result();
      } finally {
        job.release();
        called.remove(job);
      }
    } finally {
      use.readLock().unlock();
    }
  }

  /** As {@link #submit(GenerationRequest, GenerationListener)}, unwatched. */
  public Generation submit(GenerationRequest request) {
    return submit(request, GenerationListener.NONE);
  }

  /**
   * Takes a request in, to be made together with others on a thread of the generator.
   *
   * @param listener called on that thread: while it is busy, nothing else goes on
   * @throws IllegalArgumentException if the request does not fit the model, as far as is known
   *     before it is planned
   * @throws RejectedExecutionException if the queue is full
   * @throws IllegalStateException if the generator is closed
   */
  public Generation submit(GenerationRequest request, GenerationListener listener) {
    use.readLock().lock();
    try {
      return loop.submit(job(request, listener));
    } finally {
      use.readLock().unlock();
    }
  }

  /**
   * Works with the model's denoiser, which gives up when the generator is to be closed.
   *
   * @throws IllegalStateException if it is closed, or is to be meanwhile
   */
  <T> T using(Function<Denoiser, T> work) {
    use.readLock().lock();
    try {
      Watched.check(() -> closing);
      return work.apply(new Watched(model.denoiser(), () -> closing));
    } catch (Watched.EndedException e) {
      throw new IllegalStateException(CLOSED, e);
    } finally {
      use.readLock().unlock();
    }
  }

  /** Submitted requests that wait to be made. */
  public int waiting() {
    return loop.waiting();
  }

  private void checkOpen() {
    if (closing) {
      throw new IllegalStateException(CLOSED);
    }
  }

  private Job job(GenerationRequest request, GenerationListener listener) {
    Objects.requireNonNull(request, "request");
    Objects.requireNonNull(listener, "listener");
    checkOpen();
    Opening opening = Opening.of(request, model);
    Canvas canvas = preparation.canvas(request, opening);
    return new Job(request, opening, listener, canvas, texts, model.name());
  }

  /**
   * Plans a request without making it: how many steps it needs and what error is left. What was
   * measured for it is remembered; generating it then costs no more for having been planned.
   *
   * @throws IllegalArgumentException if the request does not fit the model
   * @throws IllegalStateException if the generator is closed, or is to be meanwhile
   */
  public GenerationPlan plan(GenerationRequest request) {
    use.readLock().lock();
    try {
      Objects.requireNonNull(request, "request");
      checkOpen();
      Canvas canvas = preparation.canvas(request, Opening.of(request, model));
      return preparation.prepare(request, canvas, () -> closing).plan();
    } catch (Watched.EndedException e) {
      throw new IllegalStateException(CLOSED, e);
    } finally {
      use.readLock().unlock();
    }
  }

  /**
   * How many tokens a request gives: of its prompt, its conversation, or its template's text.
   *
   * @throws IllegalArgumentException if the request does not fit the model
   * @throws IllegalStateException if the generator is closed
   */
  public int given(GenerationRequest request) {
    use.readLock().lock();
    try {
      checkOpen();
      Opening opening = Opening.of(request, model);
      if (request.template().isEmpty()) {
        return opening.given().length;
      }
      Canvas canvas = preparation.canvas(request, opening);
      return canvas.length() - canvas.holeCount();
    } finally {
      use.readLock().unlock();
    }
  }

  /**
   * Ends what is under way after the step that is being made, with what is there, and frees the
   * model. May be called twice, but not by a listener.
   */
  @Override
  public void close() {
    if (use.getReadHoldCount() > 0 || loop.isOwnThread()) {
      throw new IllegalStateException("a generator cannot be closed by its own listener");
    }
    closing = true;
    called.forEach(Job::cancel);
    loop.close();
    use.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        model.close();
      }
    } finally {
      use.writeLock().unlock();
    }
  }
}
