package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.tokenizer.JsonErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What {@code config.json} of a model directory says; unknown and missing fields are refused.
 *
 * @param format always {@code dllm4j}
 * @param formatVersion 1
 * @param network sizes; those of a file are a DiT's
 * @param process the noise, {@code masking} or {@code uniform}, or {@code autoregressive}
 * @param representation what the network's output means
 * @param timeConditioning whether the network is told the noise level; false for one without time
 *     modules, and for one whose time modules only ever saw sigma = 0 and are folded away (MDLM)
 * @param mask id of MASK, which an autoregressive model reads before the first token; -1 for
 *     uniform noise, whose vocabulary has none
 * @param tokenizerSha256 hash of the tokenizer.json it was trained with
 * @param provenance how it was made
 */
public record ModelConfig(
    String format,
    int formatVersion,
    @JsonDeserialize(as = NetworkShape.class) Architecture network,
    String process,
    Representation representation,
    boolean timeConditioning,
    int mask,
    String tokenizerSha256,
    Provenance provenance) {

  static final String FORMAT = "dllm4j";
  private static final String AUTOREGRESSIVE = "autoregressive";
  static final int LARGEST_FILE = 1 << 20;

  /**
   * The one way JSON files are read and written: snake case, indented, nothing unknown, missing,
   * twice, null (in lists too) or of another type; NaN, which is not known, is written as null.
   */
  public static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .defaultSetterInfo(JsonSetter.Value.forContentNulls(Nulls.FAIL))
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .addModule(new KnownNumbers())
          .build();

  /**
   * How a model was made.
   *
   * @param versions of dllm4j, DJL and PyTorch
   * @param command that made it
   * @param objective it was trained with
   * @param corpusSha256 hash of the training text
   * @param seed of the run
   * @param steps of the optimiser
   * @param tokens seen
   * @param seconds of training
   * @param precision of the matrix products
   * @param validationNatsPerToken bound on held-out text, nats per token; NaN if not measured
   * @param validationStandardError of that bound, nats per token; NaN if not measured
   */
  public record Provenance(
      String versions,
      String command,
      String objective,
      String corpusSha256,
      long seed,
      int steps,
      long tokens,
      double seconds,
      String precision,
      @Measured double validationNatsPerToken,
      @Measured double validationStandardError) {

    /** Older files say 0 of what was not measured. */
    public Provenance {
      if (validationNatsPerToken == 0) {
        validationNatsPerToken = Double.NaN;
        validationStandardError = Double.NaN;
      }
    }

    /** Of a model that was trained elsewhere: 0 steps, and nothing else that is known. */
    static Provenance notTrainedHere(Family family) {
      String unknown = "not recorded";
      String by = "as " + family.label() + " trains";
      return new Provenance(
          unknown, unknown, by, unknown, 0, 0, 0, 0, unknown, Double.NaN, Double.NaN);
    }

    /** Whether this engine trained the model, so that the rest of this record means something. */
    public boolean trainedHere() {
      return steps > 0;
    }
  }

  /** Checks what can be checked without the other files. */
  public ModelConfig {
    if (!format.equals(FORMAT) || formatVersion != 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "format must be dllm4j version 1, got %s version %d",
              format,
              formatVersion));
    }
    boolean uniform = process.equals("uniform");
    List<Representation> fitting =
        switch (process) {
          case "masking" -> List.of(Representation.SCORE, Representation.DENOISER);
          case "uniform" ->
              List.of(Representation.LEAVE_ONE_OUT, Representation.DENOISER, Representation.SCORE);
          case AUTOREGRESSIVE -> List.of(Representation.NEXT_TOKEN);
          default ->
              throw new IllegalArgumentException(
                  "process must be masking, uniform or autoregressive, got " + process);
        };
    if (!fitting.contains(representation)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s %s model is %s, got %s",
              process.equals(AUTOREGRESSIVE) ? "an" : "a",
              process,
              fitting.stream().map(Enum::name).collect(Collectors.joining(" or ")),
              representation));
    }
    if (process.equals(AUTOREGRESSIVE) && network.timeWidth() > 0) {
      throw new IllegalArgumentException(
          "time width must be 0 for an autoregressive model, got " + network.timeWidth());
    }
    if (timeConditioning && network.timeWidth() == 0) {
      throw new IllegalArgumentException(
          "time conditioning must be false for a network without time modules, got true");
    }
    if (uniform ? mask != -1 : mask < 0 || mask >= network.vocabulary()) {
      throw new IllegalArgumentException(
          uniform
              ? "mask must be -1 for a uniform model, got " + mask
              : String.format(
                  Locale.ROOT, "mask must be 0 to %d, got %d", network.vocabulary() - 1, mask));
    }
  }

  /** A configuration in this version's format, of a network that uses all the modules it has. */
  static ModelConfig of(
      Architecture network,
      Representation representation,
      int mask,
      String tokenizerSha256,
      Provenance provenance) {
    return new ModelConfig(
        FORMAT,
        1,
        network,
        representation == Representation.NEXT_TOKEN
            ? AUTOREGRESSIVE
            : mask < 0 ? "uniform" : "masking",
        representation,
        network.timeWidth() > 0,
        mask,
        tokenizerSha256,
        provenance);
  }

  /** Whether it predicts each token from those before it, instead of from a noisy sequence. */
  public boolean autoregressive() {
    return process.equals(AUTOREGRESSIVE);
  }

  /**
   * Reads and checks a configuration.
   *
   * @throws IOException in one line, if it is missing, no JSON, or says something impossible
   */
  public static ModelConfig read(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException("not a model directory: no file " + file);
    }
    return parse(file, FolderFile.read(file, LARGEST_FILE), ModelConfig.class);
  }

  /**
   * A value out of the JSON of a file.
   *
   * @param file for messages
   * @throws IOException in one line, if it is no JSON or not such a value
   */
  static <T> T parse(Path file, byte[] json, Class<T> type) throws IOException {
    try {
      T value = JSON.readValue(json, type);
      if (value == null) {
        throw new IOException(file + ": a JSON object is wanted, got null");
      }
      return value;
    } catch (JsonProcessingException e) {
      Throwable cause = e.getCause() instanceof IllegalArgumentException why ? why : e;
      String why = cause == e ? JsonErrors.reason(e) : String.valueOf(cause.getMessage());
      throw new IOException(file + ": " + why.lines().findFirst().orElse("no JSON"), e);
    }
  }

  /** The configuration as JSON text. */
  public String toJson() {
    try {
      return JSON.writeValueAsString(this) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
