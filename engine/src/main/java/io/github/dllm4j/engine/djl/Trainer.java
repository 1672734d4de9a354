package io.github.dllm4j.engine.djl;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.info.CurveNodes;
import io.github.dllm4j.engine.info.CurveStudy;
import io.github.dllm4j.engine.loss.LikelihoodBound;
import io.github.dllm4j.engine.loss.LikelihoodEstimator;
import io.github.dllm4j.engine.train.TokenData;
import io.github.dllm4j.engine.train.TrainingConfig;
import io.github.dllm4j.engine.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/**
 * Trains a diffusion network, or its autoregressive twin: three program calls per step, loss with
 * its gradient, the gradient's norm, and the update, and one more with Muon.
 *
 * <p>A step's examples, masks and dropout are pure functions of (seed, step), so a run that is
 * stopped or killed and resumed from its last checkpoint ends with the same bits (float32 on a
 * processor, same machine and threads). One trainer may run per process, as PyTorch's generator
 * (dropout) and gradients are global.
 */
public final class Trainer implements AutoCloseable {
  private static final int VALIDATION_COUNTS = 16;
  private static final int VALIDATION_BATCH = 32;

  private final TrainingConfig config;
  private final TrainingRun run;
  private final Network network;
  private final TrainingLoss loss;
  private final Examples examples;
  private final Optimizer optimizer;
  private int step;
  private long tokens;
  private double seconds;
  private double validationNats = Double.NaN; // until the first validation
  private double validationStandardError = Double.NaN;

  /**
   * A trainer at step 0, or where the run's checkpoint stands.
   *
   * @param run what is trained, and where its files are
   * @param resume whether to go on from the checkpoint
   * @throws IOException if the checkpoint cannot be read or belongs to another run
   */
  public Trainer(TrainingRun run, boolean resume) throws IOException {
    this(run, network(run, resume));
    if (resume) {
      try {
        restore();
      } catch (IOException | RuntimeException e) {
        network.close();
        throw e;
      }
    }
  }

  private static Network network(TrainingRun run, boolean resume) {
    Architecture architecture = run.architecture();
    IntFunction<float[]> weights =
        resume ? blank(run) : InitialWeights.of(run.shape(), run.config().seed());
    return Network.of(PyTorch.newManager(run.device()), architecture, weights);
  }

  /** Weights that a checkpoint takes the place of. */
  private static IntFunction<float[]> blank(TrainingRun run) {
    List<Architecture.Tensor> tensors = run.architecture().tensors();
    return i -> new float[Math.toIntExact(tensors.get(i).size())];
  }

  private Trainer(TrainingRun run, Network network) {
    this.run = run;
    this.config = run.config();
    this.examples = new Examples(run);
    this.network = network;
    try {
      this.optimizer = new Optimizer(network, config.update(), run.precision());
      this.loss =
          new TrainingLoss(
              network, run.precision(), run.mask(), config.objective(), config.dropout());
      network.learn();
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
  }

  /**
   * A trainer at step 0 that starts from a model's weights.
   *
   * @param run what is trained; of the model's shape and noise
   * @param start the model; it may be closed afterwards
   * @throws IllegalArgumentException if the model is of another shape or its output means something
   *     else than what the run trains
   */
  public static Trainer from(TrainingRun run, Model start) {
    if (!start.shape().equals(run.shape()) || start.config().mask() != run.mask()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the model to start from must have shape %s and mask %d, got %s and %d",
              run.shape(),
              run.mask(),
              start.shape(),
              start.config().mask()));
    }
    if (start.config().representation() != run.representation()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "objective %s trains a %s, the model to start from is a %s",
              run.config().objective().label(),
              run.representation(),
              start.config().representation()));
    }
    return new Trainer(run, start.network().copy(PyTorch.newManager(run.device())));
  }

  /**
   * Trains until the last step or until the listener asks to stop; a checkpoint and the model are
   * written at every validation and at the end.
   *
   * @return whether the last step was reached
   * @throws IOException if a file cannot be written; the last checkpoint is then still whole
   * @throws IllegalStateException if the loss or its gradient is no longer finite
   */
  public boolean train(TokenData training, TokenData validation, TrainingListener listener)
      throws IOException {
    requireBlock("training", training);
    requireBlock("validation", validation);
    long begin = System.nanoTime();
    double before = seconds;
    while (step < config.steps()) {
      double[] lossAndNorm;
      try {
        lossAndNorm = step(training);
      } catch (EngineException e) {
        throw new IllegalStateException(
            "training failed at step " + step + ": " + e.getMessage(), e);
      }
      step++;
      tokens += (long) config.batch() * config.accumulation() * run.shape().length();
      seconds = before + (System.nanoTime() - begin) * 1e-9;
      if (!Double.isFinite(lossAndNorm[0]) || !Double.isFinite(lossAndNorm[1])) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "the loss is %s and its gradient's norm %s at step %d: lower the learning rate",
                lossAndNorm[0],
                lossAndNorm[1],
                step));
      }
      listener.onStep(
          new TrainingListener.Progress(step, tokens, seconds, lossAndNorm[0], lossAndNorm[1]));
      boolean stop = listener.stopRequested();
      if (step % config.validateEvery() == 0 || step == config.steps()) {
        try {
          validate(validation);
        } catch (RuntimeException | OutOfMemoryError e) {
          save(); // what was trained is not lost with it
          throw e;
        }
        seconds = before + (System.nanoTime() - begin) * 1e-9;
        save();
        listener.onValidation(
            new TrainingListener.Validation(
                step, seconds, validationNats, validationStandardError));
      } else if (stop) {
        save();
      }
      if (stop) {
        return step == config.steps();
      }
    }
    return true;
  }

  /** One optimiser step; returns its loss (nats per token) and gradient norm. */
  private double[] step(TokenData data) {
    double sum = 0;
    int parts = config.accumulation();
    if (config.dropout() > 0) {
      Engine.getInstance().setRandomSeed((int) (config.seed() * 1_000_003L + step));
    }
    for (int part = 0; part < parts; part++) {
      try (NDManager m = network.manager().newSubManager()) {
        sum += loss.backward(m, examples.of(data, step, part), part > 0);
      }
    }
    try (NDManager m = network.manager().newSubManager()) {
      double norm =
          optimizer.update(
              m,
              config.learningRateAt(step),
              config.weightDecay(),
              config.clip() * parts,
              config.emaAt(step));
      return new double[] {sum / parts, norm / parts};
    }
  }

  private void validate(TokenData validation) {
    Iterator<int[]> blocks = blocks(validation, run.shape().length(), run.validationBlocks());
    LikelihoodBound bound = run.autoregressive() ? exact(blocks) : bound(blocks);
    validationNats = bound.natsPerToken();
    validationStandardError = bound.standardError();
  }

  private LikelihoodBound exact(Iterator<int[]> blocks) {
    try (CausalNetwork causal =
        new CausalNetwork(network, model(), run.precision(), run.mask(), run.mask(), false)) {
      return LikelihoodBound.ofBlocks(LikelihoodEstimator.leftToRight(causal), blocks);
    }
  }

  private LikelihoodBound bound(Iterator<int[]> blocks) {
    try (TransformerDenoiser denoiser =
        TransformerDenoiser.borrowing(
            network, model(), run.precision(), run.mask(), run.representation())) {
      return LikelihoodBound.estimate(
          denoiser, blocks, VALIDATION_COUNTS, VALIDATION_BATCH, config.seed());
    }
  }

  /** Blocks spread evenly over the data, at most so many. */
  static Iterator<int[]> blocks(TokenData data, int length, int most) {
    int count = (int) Math.min(most, data.size() / length);
    return new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return next < count;
      }

      @Override
      public int[] next() {
        int[] block = new int[length];
        data.read((data.size() / length) * next / count * length, block);
        next++;
        return block;
      }
    };
  }

  private List<NDArray> model() {
    return config.ema() > 0 ? optimizer.average() : network.weights();
  }

  private void save() throws IOException {
    Checkpoint.State state =
        new Checkpoint.State(
            run.fingerprint(), step, tokens, seconds, validationNats, validationStandardError);
    Checkpoint.write(run.checkpointFile(), network, optimizer.parts(), state);
    run.writeModel(network, model(), state);
  }

  private void restore() throws IOException {
    Path file = run.checkpointFile();
    if (!Files.isRegularFile(file)) {
      throw new IOException("nothing to resume: no checkpoint " + file);
    }
    Checkpoint.State state = Checkpoint.readState(file);
    if (!state.run().equals(run.fingerprint())) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s belongs to another run: it has %s, wanted is %s",
              file,
              state.run(),
              run.fingerprint()));
    }
    Checkpoint.restore(file, network, optimizer.parts());
    optimizer.goOnAt(state.step());
    step = state.step();
    tokens = state.tokens();
    seconds = state.seconds();
    validationNats = state.validationNats();
    validationStandardError = state.validationStandardError();
  }

  private void requireBlock(String name, TokenData data) {
    if (data.size() < run.shape().length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the %s text has %d tokens, one block needs %d: give more text or a smaller length",
              name,
              data.size(),
              run.shape().length()));
    }
  }

  /**
   * The information curves of the model on held-out blocks, spread evenly over the data.
   *
   * @param examples how many blocks at most, at least 2
   * @throws IllegalArgumentException for an autoregressive model, which has none
   */
  public CurveStudy curve(TokenData data, int examples) {
    if (run.autoregressive()) {
      throw new IllegalArgumentException("an autoregressive model has no information curve");
    }
    try (TransformerDenoiser denoiser =
        TransformerDenoiser.borrowing(
            network, model(), Precision.FP32, run.mask(), run.representation())) {
      int length = run.shape().length();
      return CurveStudy.of(
          denoiser,
          blocks(data, length, examples),
          CurveNodes.spread(length, CurveStudy.DEFAULT_NODES),
          VALIDATION_BATCH,
          config.seed());
    }
  }

  /**
   * How noise forgets held-out blocks, spread evenly over the data, of a uniform model.
   *
   * @param examples how many blocks at most, at least 2
   */
  public DecayFile decay(TokenData data, int examples) {
    try (TransformerDenoiser denoiser =
        TransformerDenoiser.borrowing(
            network, model(), Precision.FP32, run.mask(), run.representation())) {
      int length = run.shape().length();
      return DecayFile.measured(
          denoiser,
          blocks(data, length, examples),
          length,
          CurveStudy.DEFAULT_NODES,
          VALIDATION_BATCH,
          config.seed());
    }
  }

  /**
   * Measures the speed of a run without keeping anything of it.
   *
   * @param seconds how long to measure, after the first steps
   */
  public static double stepsPerSecond(TrainingRun run, TokenData training, double seconds)
      throws IOException {
    try (Trainer trainer = new Trainer(run, false)) {
      trainer.requireBlock("training", training);
      int warm = 3;
      long begin = System.nanoTime();
      while (trainer.step <= warm || (System.nanoTime() - begin) * 1e-9 < seconds) {
        if (trainer.step == warm) {
          begin = System.nanoTime();
        }
        trainer.step(training);
        trainer.step++;
      }
      return (trainer.step - warm) / ((System.nanoTime() - begin) * 1e-9);
    }
  }

  /** Steps done so far. */
  public int step() {
    return step;
  }

  @Override
  public void close() {
    network.close();
  }
}
