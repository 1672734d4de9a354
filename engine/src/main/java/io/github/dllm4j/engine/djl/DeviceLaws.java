package io.github.dllm4j.engine.djl;

import static java.util.Arrays.stream;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import io.github.dllm4j.engine.ctmc.Line;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Laws on the network's device, in float64, computed when they are asked about.
 *
 * <p>What is kept is logits [rows, vocabulary] if they are few, else [rows, width], what the head
 * multiplies, and every question runs the head again, over some rows at a time ({@link LawBudget}).
 * A draw then answers all that a sampler may ask afterwards, so that the head runs once in a step.
 * Each question crosses to the host once, with one number a row; {@link #toArray}, for tests and
 * small vocabularies, with all of them.
 *
 * <p>Logits that are no law (not a number, or infinite) are an {@link IllegalStateException} of the
 * question.
 */
final class DeviceLaws implements TokenLaws {
  private final Source source;
  private final double[] shaping;
  private final DeviceLaws unshaped;
  private @Nullable Survey survey;

  /**
   * Where laws come from.
   *
   * @param manager of the rest, closed with the laws
   * @param rows logits [R, V], or [R, D], what the head multiplies
   * @param head of the latter
   * @param scores what logits of uniform noise say that are scores and no laws
   */
  private record Source(
      Program program,
      NDManager manager,
      NDArray rows,
      Optional<Head> head,
      Optional<Scores> scores,
      LawBudget budget,
      int vocabulary) {}

  /**
   * The head of a network.
   *
   * @param weights of the whole network
   * @param place of its matrix and bias among them, and ids it knows: {@link Architecture#head}
   * @param type that its product runs in
   * @param mask id that it never predicts, -1 for none
   */
  record Head(IValue weights, int vocabulary, long[] place, int type, int mask) {

    /** Of a network whose weights are in a precision. */
    static Head of(Network network, IValue weights, Precision precision, int mask) {
      Architecture shape = network.shape();
      return new Head(weights, shape.vocabulary(), shape.head(), precision.scalarType(), mask);
    }

    /** Float32 logits of what it multiplies. */
    NDArray wide(Program program, NDManager manager, NDArray hidden) {
      try (NDArray logits = logits(program, manager, hidden)) {
        return program.call(manager, "widen", logits, 0);
      }
    }

    /**
     * Logits [rows, vocabulary], in the type of the product, of what it multiplies, [rows, width].
     */
    NDArray logits(Program program, NDManager manager, NDArray hidden) {
      return program.call(manager, "head", hidden, weights, place, type, mask);
    }
  }

  /**
   * Scores of uniform noise.
   *
   * @param own noisy tokens, [R]
   * @param sigmas total noise, nats, [R]
   */
  record Scores(NDArray own, NDArray sigmas) {}

  /** Answers for all rows at once, as they are unshaped. */
  private record Survey(
      int[] drawn,
      double[] logOfDrawn,
      int[] argmax,
      double[] most,
      double[] margin,
      double[] entropy) {}

  /**
   * Laws from logits, float32 or bfloat16.
   *
   * @param manager taken over: closed with the laws
   * @param logits [rows, vocabulary], on that manager
   */
  static DeviceLaws ofLogits(Program program, NDManager manager, NDArray logits) {
    return new DeviceLaws(
        new Source(
            program,
            manager,
            logits,
            Optional.empty(),
            Optional.empty(),
            LawBudget.of(manager),
            (int) logits.getShape().get(1)));
  }

  /**
   * Laws from what the head multiplies; their logits are kept if they fit into the budget.
   *
   * @param manager taken over: closed with the laws
   * @param hidden [rows, width], on that manager
   * @param head must stay open as long as the laws
   * @param scores on that manager, if the head's are scores
   */
  static DeviceLaws ofHidden(
      Program program,
      NDManager manager,
      NDArray hidden,
      Head head,
      Optional<Scores> scores,
      LawBudget budget) {
    int vocabulary = head.vocabulary();
    if (hidden.getShape().get(0) > budget.keptRows(vocabulary)) {
      return new DeviceLaws(
          new Source(program, manager, hidden, Optional.of(head), scores, budget, vocabulary));
    }
    NDArray logits = head.logits(program, manager, hidden);
    hidden.close();
    return new DeviceLaws(
        new Source(program, manager, logits, Optional.empty(), scores, budget, vocabulary));
  }

  /**
   * Laws that are computed on a manager of their own, which is closed if that fails.
   *
   * @throws IllegalStateException if PyTorch could not run the program
   */
  static DeviceLaws computed(Network network, Function<NDManager, DeviceLaws> computation) {
    NDManager manager = network.manager().newSubManager();
    try {
      return computation.apply(manager);
    } catch (EngineException e) {
      manager.close();
      throw Network.failed(e);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  private DeviceLaws(Source source) {
    this.source = source;
    this.shaping = new double[0];
    this.unshaped = this;
  }

  private DeviceLaws(DeviceLaws before, double... more) {
    this.source = before.source;
    this.shaping = DoubleStream.concat(stream(before.shaping), stream(more)).toArray();
    this.unshaped = before.unshaped;
  }

  @Override
  public int rows() {
    return (int) source.rows.getShape().get(0);
  }

  @Override
  public int vocabulary() {
    return source.vocabulary;
  }

  @Override
  public TokenLaws shaped(double temperature, double topP) {
    if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("temperature must be above 0, got " + temperature);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("topP must be in (0, 1], got " + topP);
    }
    boolean same = temperature == 1 && topP == 1;
    return same ? new DeviceLaws(this) : new DeviceLaws(this, temperature, topP);
  }

  @Override
  public double[] logProbabilityOf(int[] tokens) {
    checkRows("tokens", tokens.length);
    for (int token : tokens) {
      if (token < 0 || token >= vocabulary()) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "token ids must be 0 to %d, got %d", vocabulary() - 1, token));
      }
    }
    Survey known = survey;
    if (known != null && Arrays.equals(tokens, known.drawn)) {
      return known.logOfDrawn.clone();
    }
    long[] ids = stream(tokens).asLongStream().toArray();
    return askAndClose("at", source.manager.create(ids));
  }

  @Override
  public double[] probabilityOf(int[] tokens) {
    return stream(logProbabilityOf(tokens)).map(Math::exp).toArray();
  }

  @Override
  public int[] draw(double[] uniforms) {
    checkRows("uniforms", uniforms.length);
    if (source.head.isEmpty()) {
      return ids(askAndClose("draw", source.manager.create(uniforms)));
    }
    double[][] columns = new double[6][rows()];
    double[] flat = askAndClose("survey", source.manager.create(uniforms));
    for (int i = 0; i < flat.length; i++) {
      columns[i % 6][i / 6] = flat[i];
    }
    int[] drawn = ids(columns[0]);
    unshaped.survey =
        new Survey(drawn.clone(), columns[1], ids(columns[2]), columns[3], columns[4], columns[5]);
    return drawn;
  }

  @Override
  public int[] argmax() {
    Survey known = survey;
    return known == null ? ids(numbers("best")) : known.argmax.clone();
  }

  @Override
  public double[] maxProbability() {
    Survey known = survey;
    return known == null ? numbers("top") : known.most.clone();
  }

  @Override
  public double[] margin() {
    Survey known = survey;
    return known == null ? numbers("margin") : known.margin.clone();
  }

  @Override
  public double[] entropyNats() {
    Survey known = survey;
    return known == null ? numbers("entropy") : known.entropy.clone();
  }

  @Override
  public double[] sumLogOnePlus(double[] factors) {
    checkRows("factors", factors.length);
    return askAndClose("log_one_plus", source.manager.create(factors));
  }

  @Override
  public int[] draw(int[] tokens, List<Line> lines, double[] uniforms) {
    checkRows("tokens", tokens.length);
    checkRows("uniforms", uniforms.length);
    double[] flat = new double[5 * tokens.length];
    for (int r = 0; r < tokens.length; r++) {
      Line line = lines.get(r);
      double[] row = {tokens[r], line.scale(), line.shift(), line.own(), uniforms[r]};
      System.arraycopy(row, 0, flat, 5 * r, 5);
    }
    return ids(askAndClose("redraw", source.manager.create(flat, new Shape(tokens.length, 5))));
  }

  @Override
  public double[][] toArray() {
    return toArray(0, rows());
  }

  @Override
  public double[][] toArray(int first, int end) {
    int width = vocabulary();
    double[][] rows = new double[end - first][width];
    int some = source.budget.lawRows(width);
    for (int from = first; from < end; from += some) {
      int to = Math.min(end, from + some);
      double[] flat = ask("probabilities", source.rows, from, to);
      for (int r = from; r < to; r++) {
        System.arraycopy(flat, (r - from) * width, rows[r - first], 0, width);
      }
    }
    return rows;
  }

  private void checkRows(String name, int length) {
    if (length != rows()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s must have one entry for each of %d rows, got %d",
              name,
              rows(),
              length));
    }
  }

  private double[] numbers(String what) {
    return ask(what, source.rows, 0, rows());
  }

  /** Asks about all rows, with an argument for every row, which is closed. */
  private double[] askAndClose(String what, NDArray argument) {
    try (argument) {
      return ask(what, argument, 0, rows());
    }
  }

  /**
   * Asks about rows {@code from} to before {@code to}. A question without an argument, and laws
   * without scores, have the rows themselves in its place: the program looks at an argument only
   * for a question that has one, and at scores only if the plan says that there are some.
   */
  private double[] ask(String what, NDArray argument, int from, int to) {
    long[] place = source.head.map(Head::place).orElse(new long[3]);
    long[] plan = {
      from,
      to,
      source.budget.headRows(vocabulary()),
      source.budget.lawRows(vocabulary()),
      source.head.isPresent() ? 1 : 0,
      place[0],
      place[1],
      place[2],
      source.head.map(Head::type).orElse(0),
      source.head.map(Head::mask).orElse(-1),
      source.scores.isPresent() ? 1 : 0
    };
    NDArray own = source.scores.map(Scores::own).orElse(source.rows);
    NDArray sigmas = source.scores.map(Scores::sigmas).orElse(source.rows);
    try (IValue none = Program.listOf(List.of(source.rows))) {
      IValue weights = source.head.map(Head::weights).orElse(none);
      double[] answer =
          source.program.read(
              source.manager,
              "ask",
              what,
              argument,
              source.rows,
              own,
              sigmas,
              weights,
              plan,
              shaping);
      if (stream(answer).anyMatch(Double::isNaN)) {
        throw broken();
      }
      return answer;
    }
  }

  private static int[] ids(double[] numbers) {
    int[] ids = IntStream.range(0, numbers.length).map(r -> (int) numbers[r]).toArray();
    if (stream(ids).anyMatch(id -> id < 0)) {
      throw broken();
    }
    return ids;
  }

  private static IllegalStateException broken() {
    return new IllegalStateException(
        "the network's output is not a number: its weights are broken");
  }

  /** Frees what the laws came from; of shaped laws nothing, as they share it. */
  @Override
  public void close() {
    if (unshaped == this) {
      source.manager.close();
    }
  }
}
