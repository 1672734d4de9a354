package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.TrainingConfig;
import io.github.dllm4j.tokenizer.AtomicFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What is trained, on what, and where its files go. With a MASK and cross-entropy it is an
 * autoregressive model, whose sequences begin with MASK.
 *
 * @param directory of the model: config.json and model.safetensors are written there
 * @param shape of the network
 * @param mask id of MASK; -1 for uniform noise, which has none
 * @param config how it is trained
 * @param precision of the matrix products
 * @param storage type of the weights in model.safetensors
 * @param device auto, cpu or cuda:N
 * @param validationBlocks most blocks a validation evaluates
 * @param tokenizerSha256 of the tokenizer.json in the directory
 * @param corpusSha256 of the text
 * @param command that started the run, for provenance
 */
public record TrainingRun(
    Path directory,
    NetworkShape shape,
    int mask,
    TrainingConfig config,
    Precision precision,
    WeightType storage,
    String device,
    int validationBlocks,
    String tokenizerSha256,
    String corpusSha256,
    String command) {
  private static final String CHECKPOINT = "checkpoint.safetensors";

  /** Checks what the network itself does not. */
  public TrainingRun {
    if (mask < -1 || mask >= shape.vocabulary()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "mask must be -1 to %d, got %d", shape.vocabulary() - 1, mask));
    }
    if (mask < 0 && config.objective() == Objective.MASK_PREDICTOR) {
      throw new IllegalArgumentException("objective mask-predictor is not for uniform noise");
    }
    if (validationBlocks < 2) {
      throw new IllegalArgumentException(
          "validation blocks must be at least 2, got " + validationBlocks);
    }
  }

  /**
   * What a run takes over from the model it starts from: its network and its noise.
   *
   * @param shape of the network
   * @param mask id of MASK; -1 for uniform noise
   * @param process masking, uniform or autoregressive
   */
  public record Kind(NetworkShape shape, int mask, String process) {

    /**
     * Of a model to start from.
     *
     * @throws IllegalArgumentException if its network cannot be trained here
     */
    public static Kind of(Model start) {
      return new Kind(start.shape(), start.config().mask(), start.config().process());
    }

    /**
     * Of a run that has begun, as its checkpoint says.
     *
     * @param directory of the run
     * @throws IOException in one line, if there is no checkpoint or it is unsound
     */
    public static Kind ofCheckpoint(Path directory) throws IOException {
      Path file = directory.resolve(CHECKPOINT);
      if (!Files.isRegularFile(file)) {
        throw new IOException("nothing to resume: no checkpoint " + file);
      }
      byte[] run = Checkpoint.readState(file).run().getBytes(StandardCharsets.UTF_8);
      Fingerprint of = ModelConfig.parse(file, run, Fingerprint.class);
      return new Kind(of.shape, of.mask, processOf(of.mask, of.config.objective()));
    }
  }

  /** What must agree for a checkpoint to be continued; a list in JSON. */
  @JsonFormat(shape = JsonFormat.Shape.ARRAY)
  private record Fingerprint(
      TrainingConfig config,
      NetworkShape shape,
      int mask,
      Precision precision,
      String tokenizerSha256,
      String corpusSha256) {}

  private static String processOf(int mask, Objective objective) {
    if (mask < 0) {
      return "uniform";
    }
    return objective == Objective.CROSS_ENTROPY ? "autoregressive" : "masking";
  }

  /** Whether the noise is uniform, else it masks. */
  boolean uniform() {
    return mask < 0;
  }

  /** Whether each token is predicted from those before it. */
  public boolean autoregressive() {
    return processOf(mask, config.objective()).equals("autoregressive");
  }

  /** The network that is trained. */
  Architecture architecture() {
    return autoregressive() ? new CausalShape(shape) : shape;
  }

  /** What the network's output will mean. */
  Representation representation() {
    if (autoregressive()) {
      return Representation.NEXT_TOKEN;
    }
    if (uniform() && config.objective() != Objective.CROSS_ENTROPY) {
      return Representation.LEAVE_ONE_OUT;
    }
    return !uniform() && config.objective() == Objective.SCORE_ENTROPY
        ? Representation.SCORE
        : Representation.DENOISER;
  }

  /** Where the state of the run is kept. */
  public Path checkpointFile() {
    return directory.resolve(CHECKPOINT);
  }

  /** What must agree for a checkpoint to be continued. */
  String fingerprint() {
    try {
      return ModelConfig.JSON
          .writer()
          .without(SerializationFeature.INDENT_OUTPUT)
          .writeValueAsString(
              new Fingerprint(config, shape, mask, precision, tokenizerSha256, corpusSha256));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Writes weights and configuration, each whole or not at all. */
  void writeModel(Network network, List<NDArray> weights, Checkpoint.State state)
      throws IOException {
    ModelConfig.Provenance provenance =
        new ModelConfig.Provenance(
            PyTorch.versions(),
            command,
            config.objective().label(),
            corpusSha256,
            config.seed(),
            state.step(),
            state.tokens(),
            state.seconds(),
            precision.label(),
            state.validationNats(),
            state.validationStandardError());
    SafeTensorsWriter.write(
        directory.resolve("model.safetensors"),
        Network.items(network, weights, "", storage.type()),
        Map.of("format", "pt"));
    AtomicFiles.write(
        directory.resolve("config.json"),
        ModelConfig.of(shape, representation(), mask, tokenizerSha256, provenance).toJson());
  }
}
