package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.tokenizer.AtomicFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Model folders in other forms: published checkpoints in ours, our models as MDLM's and SEDD's code
 * reads them. A folder is written whole or not at all.
 *
 * <p>MDLM and SEDD always have time modules. A network without gets constant ones: weights 0, so
 * that the condition does not matter, and biases that make every gate 1, every scale 0 and every
 * shift the norm's bias, which their norms lack. The numbers stay the same.
 */
public final class Conversion {
  private static final String CONFIG = "config.json";
  private static final String TOKENIZER = "tokenizer.json";
  private static final String WEIGHTS = "model.safetensors";

  private Conversion() {}

  /** What {@link #export} writes. */
  public enum Form {
    /** MDLM's: keys begin with {@code backbone.}, a flat configuration as its hub models have. */
    MDLM,
    /** SEDD's: plain keys, nested configuration; for models whose output is a score. */
    SEDD
  }

  /**
   * Writes a folder, published or ours, in our form.
   *
   * @param renamed what a tensor of the folder's files is called here
   * @param type of the weights in the new file
   * @param label class of a class-conditional network that the new one is for
   * @throws IOException in one line, if the folder is unsound or the new one cannot be written
   */
  public static void convert(
      Path folder, Path out, UnaryOperator<String> renamed, WeightType type, OptionalInt label)
      throws IOException {
    if (FieldFolder.isForeign(folder)) {
      FieldFolder field = FieldFolder.open(folder, "cpu", renamed, label);
      try (Network network = field.network()) {
        if (!(network.shape() instanceof NetworkShape)) {
          throw new IOException(
              folder + " is of " + field.field().family().label() + ": it is run as it is");
        }
        write(folder, out, network, field.config(), type, label.isEmpty());
      } finally {
        field.tokenizer().close();
      }
      return;
    }
    FieldFolder.checkLabel(label, 0);
    ModelConfig config = ModelConfig.read(folder.resolve(CONFIG));
    try (Weights weights = Weights.ofFolder(folder, renamed, FieldFolder.MARKER, Set.of());
        Network network =
            Network.read(PyTorch.newManager("cpu"), Network.architecture(config), weights)
                .told(config)) {
      write(folder, out, network, config, type, true);
    }
  }

  private static void write(
      Path folder,
      Path out,
      Network network,
      ModelConfig config,
      WeightType type,
      boolean information)
      throws IOException {
    NetworkShape shape = network.sizes();
    ModelConfig written =
        ModelConfig.of(
            shape,
            config.representation(),
            config.mask(),
            config.tokenizerSha256(),
            config.provenance());
    AtomicFiles.writeFolder(
        out,
        to -> {
          AtomicFiles.write(to.resolve(CONFIG), written.toJson());
          copy(folder, to, TOKENIZER);
          if (information && Files.exists(folder.resolve(InformationFile.NAME))) {
            copy(folder, to, InformationFile.NAME);
          }
          SafeTensorsWriter.write(
              to.resolve(WEIGHTS),
              Network.items(network, network.weights(), "", type.type()),
              Map.of("format", "pt"));
        });
  }

  private static void copy(Path from, Path to, String name) throws IOException {
    AtomicFiles.write(to.resolve(name), Files.readAllBytes(FolderFile.of(from, name)));
  }

  /**
   * Writes a model as other code reads it, in float32.
   *
   * @throws IllegalArgumentException if that code has no such models
   * @throws IOException in one line, if the new folder cannot be written
   */
  public static void export(Model model, Path out, Form form) throws IOException {
    ModelConfig config = model.config();
    NetworkShape shape = model.shape();
    if (!config.process().equals("masking")) {
      throw new IllegalArgumentException(
          "only models that mask can be exported, this one's process is " + config.process());
    }
    if (form == Form.SEDD) {
      checkScores(config);
    }
    if (shape.timeWidth() > 0 && shape.normBias()) {
      throw new IllegalArgumentException(
          "a network with time modules and norm biases has no place in their code");
    }
    AtomicFiles.writeFolder(
        out,
        to -> {
          AtomicFiles.write(
              to.resolve(CONFIG),
              ModelConfig.JSON.writeValueAsString(
                      form == Form.MDLM ? mdlmConfig(shape) : seddConfig(shape))
                  + "\n");
          model.tokenizer().save(to.resolve(TOKENIZER));
          SafeTensorsWriter.write(
              to.resolve(WEIGHTS),
              items(model.network(), form == Form.MDLM ? "backbone." : ""),
              Map.of("format", "pt"));
        });
  }

  private static void checkScores(ModelConfig config) {
    if (config.representation() != Representation.SCORE) {
      throw new IllegalArgumentException(
          "SEDD's code reads scores, this model's output is not scaled to be one: export to mdlm");
    }
    if (config.mask() != config.network().vocabulary() - 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "SEDD's mask is the last id, %d, this model's is %d",
              config.network().vocabulary() - 1,
              config.mask()));
    }
  }

  private static ObjectNode mdlmConfig(NetworkShape shape) {
    ObjectNode root = ModelConfig.JSON.createObjectNode();
    root.putArray("architectures").add("MDLM");
    return root.put("model_type", "mdlm")
        .put("vocab_size", shape.vocabulary())
        .put("model_length", shape.length())
        .put("hidden_dim", shape.width())
        .put("cond_dim", Math.max(1, shape.timeWidth()))
        .put("n_blocks", shape.layers())
        .put("n_heads", shape.heads())
        .put("dropout", 0.1)
        .put("time_conditioning", shape.timeWidth() > 0)
        .put("torch_dtype", "float32")
        .put("return_dict", false);
  }

  private static ObjectNode seddConfig(NetworkShape shape) {
    ObjectNode root = ModelConfig.JSON.createObjectNode();
    root.put("tokens", shape.vocabulary() - 1);
    root.putObject("graph").put("type", "absorb").put("file", "data").put("report_all", false);
    root.putObject("noise").put("type", "loglinear").put("sigma_min", 1e-4).put("sigma_max", 20);
    root.putObject("model")
        .put("name", "dllm4j")
        .put("type", "ddit")
        .put("hidden_size", shape.width())
        .put("cond_dim", Math.max(1, shape.timeWidth()))
        .put("length", shape.length())
        .put("n_blocks", shape.layers())
        .put("n_heads", shape.heads())
        .put("scale_by_sigma", true)
        .put("dropout", 0.1);
    return root;
  }

  /** The tensors of a network with time modules, made up where this one has none. */
  private static List<SafeTensorsWriter.Item> items(Network network, String prefix) {
    NetworkShape shape = network.sizes();
    Map<String, SafeTensorsWriter.Item> own = new HashMap<>();
    for (SafeTensorsWriter.Item item :
        Network.items(network, network.weights(), prefix, SafeTensors.Type.F32)) {
      own.put(item.name(), item);
    }
    NetworkShape theirs =
        new NetworkShape(
            shape.vocabulary(),
            shape.width(),
            shape.layers(),
            shape.heads(),
            shape.length(),
            Math.max(1, shape.timeWidth()),
            false);
    List<SafeTensorsWriter.Item> items = new ArrayList<>();
    for (var tensor : theirs.tensors()) {
      String name = prefix + tensor.name();
      SafeTensorsWriter.Item item = own.get(name);
      if (item == null) {
        item =
            new SafeTensorsWriter.Item(
                name,
                SafeTensors.Type.F32,
                tensor.shape(),
                () -> constant(tensor.name(), (int) tensor.size(), prefix, own));
      }
      items.add(item);
    }
    int pairs = shape.width() / shape.heads() / 2;
    items.add(
        new SafeTensorsWriter.Item(
            prefix + "rotary_emb.inv_freq",
            SafeTensors.Type.F32,
            new long[] {pairs},
            () -> frequencies(pairs)));
    return items;
  }

  /** A time module that says nothing but the norms' biases. */
  private static ByteBuffer constant(
      String name, int size, String prefix, Map<String, SafeTensorsWriter.Item> own) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(4 * size).order(ByteOrder.nativeOrder());
    if (!name.endsWith("adaLN_modulation.bias")) {
      return bytes;
    }
    String place = name.substring(0, name.indexOf("adaLN_modulation"));
    boolean last = place.startsWith("output_layer");
    int width = size / (last ? 2 : 6);
    String[] norms = last ? new String[] {"norm_final"} : new String[] {"norm1", "norm2"};
    for (int branch = 0; branch < norms.length; branch++) {
      int shift = 3 * branch * width;
      SafeTensorsWriter.Item bias = own.get(prefix + place + norms[branch] + ".bias");
      if (bias != null) {
        bytes.put(4 * shift, bias.bytes().get(), 0, 4 * width);
      }
      for (int i = 0; i < width && !last; i++) {
        bytes.putFloat(4 * (shift + 2 * width + i), 1); // the gate
      }
    }
    return bytes;
  }

  private static ByteBuffer frequencies(int pairs) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(4 * pairs).order(ByteOrder.nativeOrder());
    for (int i = 0; i < pairs; i++) {
      bytes.putFloat(4 * i, (float) Math.pow(10_000, -(double) i / pairs));
    }
    return bytes;
  }
}
