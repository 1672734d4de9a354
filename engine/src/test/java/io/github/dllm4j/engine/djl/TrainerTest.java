package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.info.CurveNodes;
import io.github.dllm4j.engine.info.CurveStudy;
import io.github.dllm4j.engine.info.ModelCurve;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.Refusal;
import io.github.dllm4j.engine.train.TokenData;
import io.github.dllm4j.engine.train.TrainingConfig;
import io.github.dllm4j.engine.train.TrainingListener;
import io.github.dllm4j.engine.train.Update;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that stop, go on, are refused and go wrong. */
class TrainerTest {
  private static final TokenData TRAINING = TinyRun.data(500, 1);
  private static final TokenData VALIDATION = TinyRun.data(60, 2);

  @TempDir Path directory;

  /** Asks a run to stop after so many steps. */
  private record StopAt(int step, int[] done) implements TrainingListener {
    StopAt(int step) {
      this(step, new int[1]);
    }

    @Override
    public void onStep(Progress progress) {
      done[0] = progress.step();
    }

    @Override
    public boolean stopRequested() {
      return done[0] >= step;
    }
  }

  private Path directory(String name) throws IOException {
    return Files.createDirectories(directory.resolve(name));
  }

  /** Every tensor of a checkpoint, bit by bit. */
  static Map<String, byte[]> tensors(Path checkpoint) throws IOException {
    Map<String, byte[]> tensors = new TreeMap<>();
    try (SafeTensors source = SafeTensors.open(checkpoint)) {
      for (SafeTensors.Entry entry : source.entries().values()) {
        ByteBuffer bytes = source.bytes(entry);
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        tensors.put(entry.name(), copy);
      }
    }
    return tensors;
  }

  static void assertSameTensors(Path expected, Path actual) throws IOException {
    Map<String, byte[]> first = tensors(expected);
    Map<String, byte[]> second = tensors(actual);
    assertEquals(first.keySet(), second.keySet());
    first.forEach((name, bytes) -> assertArrayEquals(bytes, second.get(name), name));
  }

  private static boolean train(TrainingRun run, boolean resume, TrainingListener listener)
      throws IOException {
    try (Trainer trainer = new Trainer(run, resume)) {
      return trainer.train(TRAINING, VALIDATION, listener);
    }
  }

  @Test
  void aValidationThatFailsLosesNoTraining() throws IOException {
    TrainingRun run = TinyRun.run(directory("run"), TinyRun.config(8, 0, 5));
    TokenData unreadable =
        new TokenData() {
          @Override
          public long size() {
            return VALIDATION.size();
          }

          @Override
          public void read(long offset, int[] into) {
            throw new IllegalStateException("the text is gone");
          }
        };
    StopAt never = new StopAt(Integer.MAX_VALUE);
    try (Trainer trainer = new Trainer(run, false)) {
      assertThrows(IllegalStateException.class, () -> trainer.train(TRAINING, unreadable, never));
    }
    assertTrue(never.done[0] > 0);
    assertEquals(never.done[0], Checkpoint.readState(run.checkpointFile()).step());
    assertTrue(train(run, true, new TrainingListener() {}));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.2})
  void resumingGoesOnBitForBit(double dropout) throws IOException {
    TrainingConfig config = TinyRun.config(8, dropout, 5);
    TrainingRun straight = TinyRun.run(directory("straight"), config);
    TrainingRun halved = TinyRun.run(directory("halved"), config);
    assertTrue(train(straight, false, new TrainingListener() {}));
    assertFalse(train(halved, false, new StopAt(3)));
    assertEquals(3, Checkpoint.readState(halved.checkpointFile()).step());
    assertTrue(train(halved, true, new TrainingListener() {}));
    assertSameTensors(straight.checkpointFile(), halved.checkpointFile());
    assertSameTensors(model(straight), model(halved));
    Checkpoint.State first = Checkpoint.readState(straight.checkpointFile());
    Checkpoint.State second = Checkpoint.readState(halved.checkpointFile());
    assertEquals(first.validationNats(), second.validationNats());
    assertEquals(first.tokens(), second.tokens());
  }

  private static Path model(TrainingRun run) {
    return run.directory().resolve("model.safetensors");
  }

  @Test
  void anotherSeedGivesAnotherModel() throws IOException {
    TrainingRun one = TinyRun.run(directory("one"), TinyRun.config(2, 0, 5));
    TrainingRun two = TinyRun.run(directory("two"), TinyRun.config(2, 0, 6));
    train(one, false, new TrainingListener() {});
    train(two, false, new TrainingListener() {});
    assertNotEquals(
        Arrays.toString(tensors(model(one)).get("vocab_embed.embedding")),
        Arrays.toString(tensors(model(two)).get("vocab_embed.embedding")));
  }

  /** Every tensor, the ends of the branches behind their gates included, leaves its start. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyWeightIsTrained(boolean time) throws IOException {
    NetworkShape shape = Tiny.shape(time, true);
    TrainingRun run = TinyRun.run(directory("run"), TinyRun.config(4, 0, 5), shape);
    train(run, false, new TrainingListener() {});
    float[][] start = initial(shape);
    try (Network trained = Network.read(PyTorch.newManager("cpu"), shape, model(run), "")) {
      int i = 0;
      for (Map.Entry<String, float[]> tensor : trained.toMap().entrySet()) {
        double moved = 0;
        for (int k = 0; k < start[i].length; k++) {
          moved = Math.max(moved, Math.abs(tensor.getValue()[k] - start[i][k]));
        }
        assertTrue(moved > 1e-4, tensor.getKey() + " moved by " + moved);
        i++;
      }
    }
  }

  private static float[][] initial(NetworkShape shape) {
    return IntStream.range(0, shape.tensors().size())
        .mapToObj(InitialWeights.of(shape, 5))
        .toArray(float[][]::new);
  }

  @Test
  void aFreshNetworkHasTheUniformLaw() throws IOException {
    NetworkShape shape = Tiny.shape(true, true);
    float[][] start = initial(shape);
    double[][] logits = new ReferenceTransformer(shape, start).logits(new int[] {1, 6, 2, 6, 0}, 1);
    for (double[] row : logits) {
      assertArrayEquals(new double[Tiny.VOCABULARY], row);
    }
  }

  @Test
  void aCheckpointOfAnotherRunIsRefused() throws IOException {
    TrainingRun run = TinyRun.run(directory("run"), TinyRun.config(2, 0, 5));
    train(run, false, new TrainingListener() {});
    TrainingRun other = TinyRun.run(directory("run"), TinyRun.config(2, 0, 6));
    refusesToResume(other, "belongs to another run");
    TrainingRun none = TinyRun.run(directory("none"), TinyRun.config(2, 0, 5));
    refusesToResume(none, "nothing to resume: no checkpoint");
  }

  @Test
  void aCheckpointSaysTheKindOfItsRun() throws IOException {
    TrainingRun run = TinyRun.run(directory("run"), TinyRun.config(2, 0, 5));
    String nothing =
        Refusal.message(IOException.class, () -> TrainingRun.Kind.ofCheckpoint(run.directory()));
    assertEquals("nothing to resume: no checkpoint " + run.checkpointFile(), nothing);
    train(run, false, new TrainingListener() {});
    assertEquals(
        new TrainingRun.Kind(run.shape(), run.mask(), "masking"),
        TrainingRun.Kind.ofCheckpoint(run.directory()));
    String sound = run.fingerprint();
    for (String other : new String[] {"", "7", "[]", "{}", sound.replace("\"ELBO\"", "null")}) {
      Checkpoint.State state = new Checkpoint.State(other, 1, 1, 1, 0, Double.NaN);
      String json = ModelConfig.JSON.writeValueAsString(state);
      SafeTensorsWriter.write(run.checkpointFile(), List.of(), Map.of("state", json));
      String message =
          Refusal.message(IOException.class, () -> TrainingRun.Kind.ofCheckpoint(run.directory()));
      assertTrue(message.startsWith(run.checkpointFile() + ": "), message);
      assertEquals(1, message.lines().count());
    }
  }

  private static void refusesToResume(TrainingRun run, String part) {
    String message = Refusal.message(IOException.class, () -> new Trainer(run, true));
    assertTrue(message.contains(part), message);
  }

  @Test
  void aBrokenCheckpointIsRefused() throws IOException {
    TrainingRun run = TinyRun.run(directory("run"), TinyRun.config(2, 0, 5));
    train(run, false, new TrainingListener() {});
    byte[] whole = Files.readAllBytes(run.checkpointFile());
    for (int length : new int[] {0, 7, 8, 2000, whole.length / 2, whole.length - 1}) {
      Files.write(run.checkpointFile(), Arrays.copyOf(whole, length));
      refusesToResume(run, "not a sound safetensors file");
    }
    for (String state : new String[] {"", "null", "{}", "{\"step\":-1}", "[", "3"}) {
      SafeTensorsWriter.write(run.checkpointFile(), List.of(), Map.of("state", state));
      refusesToResume(run, "checkpoint.safetensors");
    }
    Files.copy(model(run), run.checkpointFile(), StandardCopyOption.REPLACE_EXISTING);
    refusesToResume(run, "is not a checkpoint: it has no state");
    String sound =
        ModelConfig.JSON.writeValueAsString(
            new Checkpoint.State(run.fingerprint(), 1, 1, 1, 0, Double.NaN));
    SafeTensorsWriter.write(run.checkpointFile(), List.of(), Map.of("state", sound));
    refusesToResume(run, "does not belong to this run: tensor weights.vocab_embed.embedding");
  }

  @Test
  void aLossThatIsNoNumberEndsTheRunAndKeepsTheCheckpoint() throws IOException {
    TrainingRun run = TinyRun.run(directory("run"), TinyRun.config(9, 0, 5));
    assertFalse(train(run, false, new StopAt(4)));
    Path checkpoint = run.checkpointFile();
    Checkpoint.State state = Checkpoint.readState(checkpoint);
    float[][] broken = Tiny.weights(run.shape(), 1);
    Arrays.fill(broken[0], Float.NaN);
    try (Network network = Tiny.network(run.shape(), broken)) {
      Checkpoint.write(
          checkpoint, network, new Optimizer(network, Update.ADAMW, Precision.FP32).parts(), state);
    }
    byte[] before = Files.readAllBytes(checkpoint);
    String message =
        Refusal.message(
            IllegalStateException.class, () -> train(run, true, new TrainingListener() {}));
    assertTrue(
        message.startsWith("the loss is NaN and its gradient's norm NaN at step 5"), message);
    assertArrayEquals(before, Files.readAllBytes(checkpoint));
  }

  @Test
  void aRunStoppedBeforeItsFirstValidationHasMeasuredNothing() throws IOException {
    TrainingRun run = TinyRun.run(directory("run"), TinyRun.config(4, 0, 5));
    assertFalse(train(run, false, new StopAt(1)));
    assertTrue(Double.isNaN(Checkpoint.readState(run.checkpointFile()).validationNats()));
    Path config = run.directory().resolve("config.json");
    assertTrue(Double.isNaN(ModelConfig.read(config).provenance().validationNatsPerToken()));
    assertTrue(train(run, true, new TrainingListener() {}));
    assertTrue(ModelConfig.read(config).provenance().validationNatsPerToken() > 0);
  }

  @Test
  void oneValidationBlockHasNoStandardErrorAndCanBeResumed() throws IOException {
    TrainingRun run = TinyRun.run(directory("run"), TinyRun.config(4, 0, 5));
    TokenData oneBlock = TinyRun.data(Tiny.LENGTH, 3);
    try (Trainer trainer = new Trainer(run, false)) {
      trainer.train(TRAINING, oneBlock, new StopAt(2));
    }
    assertTrue(Double.isNaN(Checkpoint.readState(run.checkpointFile()).validationStandardError()));
    Path config = run.directory().resolve("config.json");
    assertTrue(Double.isNaN(ModelConfig.read(config).provenance().validationStandardError()));
    try (Trainer trainer = new Trainer(run, true)) {
      assertTrue(trainer.train(TRAINING, oneBlock, new TrainingListener() {}));
    }
  }

  @Test
  void tooLittleTextIsRefused() throws IOException {
    TrainingRun run = TinyRun.run(directory("run"), TinyRun.config(2, 0, 5));
    TokenData four = TinyRun.data(4, 3);
    try (Trainer trainer = new Trainer(run, false)) {
      String message =
          Refusal.message(
              IllegalArgumentException.class,
              () -> trainer.train(four, VALIDATION, new TrainingListener() {}));
      assertEquals(
          "the training text has 4 tokens, one block needs 5: give more text or a smaller length",
          message);
      assertThrows(
          IllegalArgumentException.class,
          () -> trainer.train(TRAINING, four, new TrainingListener() {}));
    }
  }

  @Test
  void aDirectoryThatCannotBeWrittenIsNamed() throws IOException {
    TrainingRun run = TinyRun.run(directory.resolve("gone"), TinyRun.config(2, 0, 5));
    String message =
        Refusal.message(IOException.class, () -> train(run, false, new TrainingListener() {}));
    assertTrue(message.startsWith("cannot write " + run.checkpointFile()), message);
  }

  @ParameterizedTest
  @EnumSource(value = Objective.class, mode = EnumSource.Mode.EXCLUDE, names = "CROSS_ENTROPY")
  void everyObjectiveTrainsAndSaysWhatItMeans(Objective objective) throws IOException {
    int planSteps = objective == Objective.MASK_PREDICTOR ? 2 : 0;
    TrainingConfig config =
        new TrainingConfig(objective, planSteps, 2, 4, 1, Update.ADAMW, 1e-2, 1, 0, 1, 0, 0, 2, 5);
    TrainingRun run = TinyRun.run(directory("run"), config);
    try (Trainer trainer = new Trainer(run, false)) {
      assertTrue(trainer.train(TRAINING, VALIDATION, new TrainingListener() {}));
      assertEquals(2, trainer.step());
    }
    ModelConfig written = ModelConfig.read(run.directory().resolve("config.json"));
    assertEquals(objective.label(), written.provenance().objective());
    assertEquals(2 * 4 * Tiny.LENGTH, written.provenance().tokens());
    assertTrue(written.timeConditioning());
    Representation expected =
        objective == Objective.SCORE_ENTROPY ? Representation.SCORE : Representation.DENOISER;
    assertEquals(expected, written.representation());
  }

  @Test
  void theCurveIsThatOfTheModelWritten() throws IOException {
    TrainingRun run = TinyRun.run(directory("run"), TinyRun.config(4, 0, 5));
    CurveStudy study;
    try (Trainer trainer = new Trainer(run, false)) {
      trainer.train(TRAINING, VALIDATION, new TrainingListener() {});
      study = trainer.curve(VALIDATION, 12);
    }
    List<double[]> expected = new ArrayList<>();
    try (TransformerDenoiser denoiser =
        TransformerDenoiser.owning(
            Network.read(PyTorch.newManager("cpu"), run.shape(), model(run), ""),
            Precision.FP32,
            Tiny.MASK,
            Representation.DENOISER)) {
      for (int b = 0; b < 12; b++) {
        int[] block = new int[Tiny.LENGTH];
        VALIDATION.read((long) b * Tiny.LENGTH, block);
        CurveNodes nodes = CurveNodes.all(Tiny.LENGTH);
        expected.add(ModelCurve.of(denoiser, block, nodes, b, 7, 5).crossEntropy());
      }
    }
    assertEquals(12, study.crossEntropy().examples());
    for (int b = 0; b < 12; b++) {
      assertArrayEquals(expected.get(b), study.crossEntropy().values().get(b), 1e-5);
    }
  }

  @Test
  void measuringTheSpeedLeavesNothing() throws IOException {
    TrainingRun run = TinyRun.run(directory("run"), TinyRun.config(4, 0, 5));
    assertTrue(Trainer.stepsPerSecond(run, TRAINING, 0.01) > 0);
    try (Stream<Path> files = Files.list(run.directory())) {
      assertEquals(0, files.count());
    }
  }
}
