package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.train.AtomicFiles;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.TrainingConfig;
import java.io.IOException;
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

  /** Whether the noise is uniform, else it masks. */
  boolean uniform() {
    return mask < 0;
  }

  /** Whether each token is predicted from those before it. */
  public boolean autoregressive() {
    return !uniform() && config.objective() == Objective.CROSS_ENTROPY;
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
    return directory.resolve("checkpoint.safetensors");
  }

  /** What must agree for a checkpoint to be continued. */
  String fingerprint() {
    try {
      return ModelConfig.JSON
          .writer()
          .without(com.fasterxml.jackson.databind.SerializationFeature.INDENT_OUTPUT)
          .writeValueAsString(
              List.of(config, shape, mask, precision, tokenizerSha256, corpusSha256));
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
