package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.CurveSample;
import io.github.dllm4j.tokenizer.SpecialIds;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * An open model directory: configuration, tokenizer, network and information curve. Its files are
 * checked against each other before anything is computed; none of them is code.
 */
public final class Model implements AutoCloseable {
  /** The name of the model that comes with the engine. */
  public static final String BUNDLED = "bundled";

  private final String name;
  private final Optional<FieldConfig> field;
  private final ModelConfig config;
  private final Tokenizer tokenizer;
  private final TransformerDenoiser denoiser;
  private final Optional<CurveSample> information;

  private Model(
      String name,
      Optional<FieldConfig> field,
      ModelConfig config,
      Tokenizer tokenizer,
      TransformerDenoiser denoiser,
      Optional<CurveSample> information) {
    this.name = name;
    this.field = field;
    this.config = config;
    this.tokenizer = tokenizer;
    this.denoiser = denoiser;
    this.information = information;
  }

  /**
   * Opens a directory.
   *
   * @throws IOException in one line, if a file is missing, unsound or does not fit the others
   */
  public static Model open(Path directory, ModelOptions options) throws IOException {
    return open(directory, directory.toString(), options);
  }

  /** Opens the model that comes with the engine. */
  public static Model bundled(ModelOptions options) throws IOException {
    URL url = Model.class.getResource("/io/github/dllm4j/engine/bundled/config.json");
    if (url == null) {
      throw new IOException("this build has no bundled model");
    }
    try {
      URI uri = url.toURI();
      if (uri.getScheme().equals("jar")) {
        // A file system of our own: one by URI would be shared with whoever else opens the jar.
        String jar = uri.getRawSchemeSpecificPart();
        URI file = URI.create(jar.substring(0, jar.indexOf("!/")));
        try (FileSystem files = FileSystems.newFileSystem(Path.of(file))) {
          Path config = files.getPath(jar.substring(jar.indexOf("!/") + 1));
          return open(Objects.requireNonNull(config.getParent()), BUNDLED, options);
        }
      }
      return open(Objects.requireNonNull(Path.of(uri).getParent()), BUNDLED, options);
    } catch (URISyntaxException e) {
      throw new IOException("the bundled model has no sound address", e);
    }
  }

  private static Model open(Path directory, String name, ModelOptions options) throws IOException {
    if (FieldFolder.isForeign(directory)) {
      return foreign(directory, name, options);
    }
    FieldFolder.checkLabel(options.label(), 0);
    ModelConfig config = ModelConfig.read(directory.resolve("config.json"));
    Tokenizer tokenizer = tokenizer(directory, config);
    try {
      Optional<CurveSample> information =
          Files.exists(directory.resolve(InformationFile.NAME))
              ? Optional.of(information(directory, config))
              : Optional.empty();
      Network network =
          Network.read(
              PyTorch.newManager(options.device()), config, directory.resolve("model.safetensors"));
      try {
        return new Model(
            name,
            Optional.empty(),
            config,
            tokenizer,
            TransformerDenoiser.owning(
                network,
                options.precision().orElse(Precision.FP32),
                config.mask(),
                config.representation()),
            information);
      } catch (RuntimeException e) {
        network.close();
        throw e;
      }
    } catch (IOException | RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** A published checkpoint. */
  private static Model foreign(Path directory, String name, ModelOptions options)
      throws IOException {
    FieldFolder folder =
        FieldFolder.open(directory, options.device(), UnaryOperator.identity(), options.label());
    try {
      ModelConfig config = folder.config();
      Optional<CurveSample> information =
          Files.exists(directory.resolve(InformationFile.NAME))
              ? Optional.of(information(directory, config))
              : Optional.empty();
      return new Model(
          name,
          Optional.of(folder.field()),
          config,
          folder.tokenizer(),
          TransformerDenoiser.owning(
              folder.network(),
              options.precision().orElse(Precision.FP32),
              config.mask(),
              config.representation()),
          information);
    } catch (IOException | RuntimeException e) {
      folder.tokenizer().close();
      folder.network().close();
      throw e;
    }
  }

  private static CurveSample information(Path directory, ModelConfig config) throws IOException {
    CurveSample sample = InformationFile.read(directory).sample();
    if (sample.length() != config.network().length()) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s is about %d tokens, the model's length is %d: measure it anew",
              directory.resolve(InformationFile.NAME),
              sample.length(),
              config.network().length()));
    }
    return sample;
  }

  private static Tokenizer tokenizer(Path directory, ModelConfig config) throws IOException {
    Path file = directory.resolve("tokenizer.json");
    if (!Files.isRegularFile(file)) {
      throw new IOException("not a model directory: no file " + file);
    }
    byte[] json = Files.readAllBytes(file);
    Tokenizer tokenizer = Tokenizers.load(json, specialIds(config));
    int last = config.network().vocabulary() - 1;
    if (config.mask() < 0 && tokenizer.vocabulary().size() == last) {
      tokenizer.close(); // Duo's networks have one id more, for padding
      tokenizer = Tokenizers.load(json, SpecialIds.FROM_FILE.withPad(last));
    }
    int size = tokenizer.vocabulary().size();
    int unused = config.mask() < 0 && tokenizer.vocabulary().mask().isPresent() ? 1 : 0;
    if (size - unused > config.network().vocabulary()) {
      tokenizer.close();
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s has %d ids, the network only %d: it belongs to another model",
              file,
              size,
              config.network().vocabulary()));
    }
    if (!tokenizer.sha256().equals(config.tokenizerSha256())) {
      tokenizer.close();
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s is not the tokenizer the model was trained with (its SHA-256 differs)",
              file));
    }
    return tokenizer;
  }

  /** A uniform model's text has no MASK; what its tokenizer calls so is not in the network. */
  private static SpecialIds specialIds(ModelConfig config) {
    return config.mask() < 0 ? SpecialIds.FROM_FILE : SpecialIds.FROM_FILE.withMask(config.mask());
  }

  /** What messages and records call it. */
  public String name() {
    return name;
  }

  /** Whose checkpoint it is. */
  public Family family() {
    return field.map(FieldConfig::family).orElse(Family.DLLM4J);
  }

  /** Classes that it can be run for, 0 for none. */
  public int classes() {
    return field.map(FieldConfig::classes).orElse(0);
  }

  /** What config.json says, in our terms if it is not ours. */
  public ModelConfig config() {
    return config;
  }

  /** Its tokenizer. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** The sizes of its network as it runs, time modules folded away if it is not told the time. */
  public NetworkShape shape() {
    return denoiser.shape();
  }

  /** The weights that run, of {@link #shape}. */
  Network network() {
    return denoiser.network();
  }

  /** Its network. */
  public Denoiser denoiser() {
    return denoiser;
  }

  /** The type its matrix products run in. */
  public Precision precision() {
    return denoiser.precision();
  }

  /** Its information curves on held-out text, if they have been measured. */
  public Optional<CurveSample> information() {
    return information;
  }

  @Override
  public void close() {
    denoiser.close();
    tokenizer.close();
  }
}
