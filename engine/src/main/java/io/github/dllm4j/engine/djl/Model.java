package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.denoise.BlockDenoiser;
import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.denoise.CausalModel;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.CurveStudy;
import io.github.dllm4j.engine.info.DecaySample;
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
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

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
  private final Network network;
  private final Precision precision;
  private final @Nullable Denoiser denoiser;
  private final @Nullable CausalNetwork causal;
  private final Information information;
  private final Optional<ChatTemplate> chat;
  private Optional<CurvePlanner> planner = Optional.empty();

  private Model(
      String name,
      Optional<FieldConfig> field,
      Optional<ChatTemplate> chat,
      ModelConfig config,
      Tokenizer tokenizer,
      Network network,
      Precision precision,
      Information information) {
    this.name = name;
    this.field = field;
    this.chat = chat;
    this.config = config;
    this.tokenizer = tokenizer;
    this.network = network;
    this.precision = precision;
    int mask = config.mask();
    this.causal =
        config.autoregressive()
            ? new CausalNetwork(network, network.weights(), precision, mask, mask, true)
            : null;
    this.denoiser = causal == null ? denoiser(network, precision, config, tokenizer) : null;
    this.information = information;
  }

  private static Denoiser denoiser(
      Network network, Precision precision, ModelConfig config, Tokenizer tokenizer) {
    if (network.shape() instanceof BlockShape) {
      int begin = tokenizer.vocabulary().begin().orElseThrow();
      return new BlockNetwork(network, precision, config.mask(), begin, true);
    }
    return TransformerDenoiser.owning(network, precision, config.mask(), config.representation());
  }

  /**
   * Opens a directory.
   *
   * @throws IOException in one line, if a file is missing, unsound or does not fit the others
   */
  public static Model open(Path directory, ModelOptions options) throws IOException {
    String name = directory.toString();
    // A folder of that name is not the one that comes with the engine.
    return open(directory, name.equals(BUNDLED) ? "./" + name : name, options);
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
      if (Gpt2Folder.isGpt2(directory)) {
        throw new IOException(directory + " is a GPT-2: it can judge texts, and nothing else");
      }
      return foreign(directory, name, options);
    }
    FieldFolder.checkLabel(options.label(), 0);
    ModelConfig config = ModelConfig.read(directory.resolve("config.json"));
    Tokenizer tokenizer = tokenizer(directory, config);
    try {
      Information information = Information.read(directory, config, options);
      Network network =
          Network.read(
              PyTorch.newManager(options.device()), config, directory.resolve("model.safetensors"));
      try {
        Precision precision = options.precision().orElse(Precision.FP32);
        return new Model(
            name,
            Optional.empty(),
            Optional.empty(),
            config,
            tokenizer,
            network,
            precision,
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
      return new Model(
          name,
          Optional.of(folder.field()),
          Optional.of(ChatTemplate.read(directory)),
          config,
          folder.tokenizer(),
          folder.network(),
          options.precision().orElse(Precision.FP32),
          Information.read(directory, config, options));
    } catch (IOException | RuntimeException e) {
      folder.tokenizer().close();
      folder.network().close();
      throw e;
    }
  }

  /** What has been measured of a model: of a masking one its curves, of a uniform one the decay. */
  private record Information(Optional<CurveStudy> study, Optional<DecaySample> decay) {

    static Information read(Path directory, ModelConfig config, ModelOptions options)
        throws IOException {
      boolean measured =
          options.information()
              && options.label().isEmpty() // the file is about the model without a class
              && Files.exists(directory.resolve(InformationFile.NAME));
      boolean masks = config.process().equals("masking");
      boolean uniform = config.process().equals("uniform");
      return new Information(
          measured && masks ? Optional.of(curves(directory, config)) : Optional.empty(),
          measured && uniform ? Optional.of(decay(directory, config)) : Optional.empty());
    }

    private static CurveStudy curves(Path directory, ModelConfig config) throws IOException {
      InformationFile file = InformationFile.read(directory);
      checkLength(directory, file.length(), config);
      return file.study(config.network() instanceof BlockShape);
    }

    private static DecaySample decay(Path directory, ModelConfig config) throws IOException {
      DecayFile file = DecayFile.read(directory);
      checkLength(directory, file.length(), config);
      return file.sample();
    }

    /** A curve is about the model's texts, or about its blocks if it writes in blocks. */
    private static void checkLength(Path directory, int length, ModelConfig config)
        throws IOException {
      boolean blocks = config.network() instanceof BlockShape;
      int wanted =
          config.network() instanceof BlockShape shape ? shape.block() : config.network().length();
      if (length == wanted) {
        return;
      }
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s is about %d tokens, the model's %s %d: measure it anew",
              directory.resolve(InformationFile.NAME),
              length,
              blocks ? "blocks have" : "length is",
              wanted));
    }
  }

  private static Tokenizer tokenizer(Path directory, ModelConfig config) throws IOException {
    Path file = directory.resolve("tokenizer.json");
    if (!Files.isRegularFile(file)) {
      throw new IOException("not a model directory: no file " + file);
    }
    byte[] json = FolderFile.read(file, Tokenizers.MAX_FILE_BYTES);
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

  /**
   * One turn of a conversation.
   *
   * @param role as chat templates name it: system, user, assistant, tool
   */
  public record Turn(String role, String content) {}

  /**
   * A conversation as the model's chat template writes it, up to where the answer begins.
   *
   * @return its tokens; empty if the model has no chat template
   * @throws IllegalArgumentException if it has one that is not known here
   */
  public Optional<int[]> conversation(List<Turn> turns) {
    return chat.flatMap(template -> template.tokens(turns, tokenizer));
  }

  /**
   * The token that ends an answer in a {@link #conversation}, beside the end of the text.
   *
   * @throws IllegalArgumentException if the model has no chat template
   */
  public int turnEnd() {
    return chat.orElseThrow(() -> new IllegalArgumentException(name + " has no chat template"))
        .turnEnd(tokenizer);
  }

  /** What config.json says, in our terms if it is not ours. */
  public ModelConfig config() {
    return config;
  }

  /** Its tokenizer. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /**
   * The sizes of its network as it runs, time modules folded away if it is not told the time.
   *
   * @throws IllegalArgumentException if its network is no DiT
   */
  public NetworkShape shape() {
    if ((denoiser == null ? config.network() : network.shape()) instanceof NetworkShape shape) {
      return shape;
    }
    throw new IllegalArgumentException(
        String.format(
            Locale.ROOT,
            "%s has the network of %s, which is run here, but not trained and not written",
            name,
            family().label()));
  }

  /**
   * The names of weights that hold infinite numbers or what is no number, which spoil what is
   * computed with them, as the network is run (folded, for a class); it takes a look at all of
   * them.
   *
   * @return empty if nobody looked: those of LLaDA and Dream may be 16 GB
   */
  public Optional<List<String>> brokenWeights() {
    return network.large() ? Optional.empty() : Optional.of(network.notFinite());
  }

  /** The weights that run, of {@link #shape}. */
  Network network() {
    return network;
  }

  /**
   * Its network.
   *
   * @throws IllegalArgumentException if the model is autoregressive
   */
  public Denoiser denoiser() {
    if (denoiser == null) {
      throw new IllegalArgumentException(
          name + " is autoregressive: it predicts left to right and denoises nothing");
    }
    return denoiser;
  }

  /**
   * Its network, if it is autoregressive.
   *
   * @throws IllegalArgumentException if the model denoises
   */
  public CausalModel causal() {
    if (causal == null) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "%s is a %s model, not autoregressive", name, config.process()));
    }
    return causal;
  }

  /** Its blocks, if it writes block after block. */
  public Optional<Blocks> blocks() {
    return denoiser instanceof BlockDenoiser block ? Optional.of(block.blocks()) : Optional.empty();
  }

  /** The type its matrix products run in. */
  public Precision precision() {
    return precision;
  }

  /** A masking model's information curves on held-out text, if they have been measured. */
  public Optional<CurveStudy> information() {
    return information.study();
  }

  /**
   * What plans on those curves: {@link CurvePlanner#of(CurveStudy)}, made when it is first asked
   * for.
   *
   * @throws IllegalArgumentException if no plan can be made on them
   */
  public synchronized Optional<CurvePlanner> planner() {
    if (planner.isEmpty()) {
      planner = information().map(CurvePlanner::of);
    }
    return planner;
  }

  /** How noise forgets a uniform model's held-out text, if it has been measured. */
  public Optional<DecaySample> decay() {
    return information.decay();
  }

  @Override
  public void close() {
    if (denoiser != null) {
      denoiser.close();
    }
    if (causal != null) {
      causal.close();
    }
    tokenizer.close();
  }
}
