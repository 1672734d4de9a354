package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.dllm4j.tokenizer.SpecialIds;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.Tokenizers;
import io.github.dllm4j.tokenizer.Vocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The folder of a published checkpoint: {@code config.json}, {@code tokenizer.json} and safetensors
 * weights, each checked against the others. Nothing in it is run, and nothing is guessed: what does
 * not fit is refused with what is missing.
 *
 * @param field what config.json says
 * @param config the same in our terms
 * @param tokenizer with the model's special ids; the caller closes it
 * @param network on a device, folded: without time modules if it is not told the time, without
 *     classes; the caller closes it
 */
record FieldFolder(FieldConfig field, ModelConfig config, Tokenizer tokenizer, Network network) {
  private static final String CONFIG = "config.json";
  private static final String TOKENIZER = "tokenizer.json";

  /** A tensor that every DiT has, which shows what stands before the names. */
  static final String MARKER = "vocab_embed.embedding";

  /** Beside the names of the missing file and of the family: where to get it. */
  private static final String NO_TOKENIZER =
      "no file %s: put the tokenizer.json the %s model was trained with there (OpenWebText: that of"
          + " gpt2; LM1B: that of bert-base-uncased)";

  private static final String NO_FAST_TOKENIZER =
      "no file %s: the %s model's folder has the same in vocab.json and merges.txt; make it with"
          + " python -c \"from transformers import Qwen2TokenizerFast as T;"
          + " T.from_pretrained('.')._tokenizer.save('tokenizer.json')\" in the folder";

  /** What BD3LM saves of its training: between which mask rates it drew. */
  private static final Set<String> CLIPPING = Set.of("sampling_eps_min", "sampling_eps_max");

  private static final String CLASSES = "cond_map.embedding_table.weight";

  /** Whether a directory has somebody else's configuration. */
  static boolean isForeign(Path folder) throws IOException {
    Path file = folder.resolve(CONFIG);
    if (!Files.isRegularFile(file) || Files.size(file) > ModelConfig.LARGEST_FILE) {
      return false;
    }
    byte[] json = Files.readAllBytes(file);
    try {
      return FieldConfig.isForeign(file, json);
    } catch (IOException e) {
      FolderFile.of(folder, CONFIG); // of what lies elsewhere nothing is told
      throw e;
    }
  }

  /**
   * Opens a folder.
   *
   * @param device where the network goes
   * @param renamed what a tensor of the files is called here, before prefixes are taken off
   * @param label class it is run for
   * @throws IOException in one line, if a file is missing, unsound or does not fit the others
   */
  static FieldFolder open(
      Path folder, String device, UnaryOperator<String> renamed, OptionalInt label)
      throws IOException {
    byte[] json = FolderFile.read(folder, CONFIG, ModelConfig.LARGEST_FILE);
    FieldConfig field = FieldConfig.parse(folder.resolve(CONFIG), json);
    checkLabel(label, field.classes());
    boolean llama = field.network() instanceof LlamaShape;
    String marker = llama ? LlamaShape.marker(field.family()) : MARKER;
    Set<String> beside = field.family() == Family.BD3LM ? CLIPPING : Set.of();
    try (Weights weights = Weights.ofFolder(folder, renamed, marker, beside)) {
      Tokenizer tokenizer = tokenizer(folder, field);
      try {
        FieldConfig known = field.known(tokenizer.vocabulary().size());
        OptionalInt mask = field.masking() ? tokenizer.vocabulary().mask() : OptionalInt.empty();
        ModelConfig config =
            known.toModelConfig(
                mask.orElse(-1),
                tokenizer.sha256(),
                ModelConfig.Provenance.notTrainedHere(field.family()));
        return new FieldFolder(
            known, config, tokenizer, network(device, known, config, weights, label));
      } catch (IOException | RuntimeException e) {
        tokenizer.close();
        throw e;
      }
    }
  }

  /**
   * Checks a class.
   *
   * @param classes of the model, 0 for none
   * @throws IllegalArgumentException if there is no such class
   */
  static void checkLabel(OptionalInt label, int classes) {
    if (label.isPresent() && (label.getAsInt() < 0 || label.getAsInt() >= classes)) {
      throw new IllegalArgumentException(
          classes == 0
              ? "the model has no classes: give no class, got " + label.getAsInt()
              : String.format(
                  Locale.ROOT, "class must be 0 to %d, got %d", classes - 1, label.getAsInt()));
    }
  }

  private static Tokenizer tokenizer(Path folder, FieldConfig field) throws IOException {
    if (!Files.exists(folder.resolve(TOKENIZER))) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              field.family() == Family.DREAM ? NO_FAST_TOKENIZER : NO_TOKENIZER,
              folder.resolve(TOKENIZER),
              field.family().label()));
    }
    byte[] json = FolderFile.read(folder, TOKENIZER, Tokenizers.MAX_FILE_BYTES);
    SpecialIds ids;
    try (Tokenizer plain = Tokenizers.load(json, SpecialIds.FROM_FILE)) {
      ids =
          field.network() instanceof LlamaShape
              ? namedIds(folder.resolve(TOKENIZER), field, plain)
              : specialIds(folder.resolve(TOKENIZER), field, plain.vocabulary());
      if (field.family() == Family.BD3LM) {
        ids = ids.withBegin(begin(folder.resolve(TOKENIZER), plain.vocabulary()));
      }
    }
    return Tokenizers.load(json, ids);
  }

  /**
   * The id after the tokenizer's last is MASK where it has none (GPT-2's), and Duo's [PAD]; SEDD
   * and RADD have MASK last in any case.
   */
  private static SpecialIds specialIds(Path file, FieldConfig field, Vocabulary vocabulary)
      throws IOException {
    int ids = field.network().vocabulary();
    int extra = ids - vocabulary.size();
    OptionalInt mask = vocabulary.mask();
    if (field.masking()) {
      if (mask.isEmpty() && extra == 1) {
        return SpecialIds.FROM_FILE.withMask(ids - 1);
      }
      boolean anywhere = field.family() == Family.MDLM || field.family() == Family.BD3LM;
      if (mask.isPresent() && extra == 0 && (anywhere || mask.getAsInt() == ids - 1)) {
        return SpecialIds.FROM_FILE;
      }
    } else if (extra == 0) {
      return SpecialIds.FROM_FILE;
    } else if (extra == 1 && field.family() == Family.DUO) {
      return SpecialIds.FROM_FILE.withPad(ids - 1);
    }
    throw other(file, field, vocabulary);
  }

  /** What stands before a text: BERT's [CLS], or what GPT-2 has for begin and end. */
  private static int begin(Path file, Vocabulary vocabulary) throws IOException {
    OptionalInt begin = vocabulary.begin().isPresent() ? vocabulary.begin() : vocabulary.end();
    return begin.orElseThrow(
        () ->
            new IOException(
                file
                    + " has no token that begins a text, as <|endoftext|> or [CLS], which bd3lm's"
                    + " first position always holds"));
  }

  /** The ids that the configuration names, each of which must be a special token. */
  private static SpecialIds namedIds(Path file, FieldConfig field, Tokenizer plain)
      throws IOException {
    Vocabulary vocabulary = plain.vocabulary();
    int mask = field.ids().mask().orElseThrow();
    if (vocabulary.size() > field.network().vocabulary()
        || vocabulary.mask().orElse(mask) != mask) {
      throw other(file, field, vocabulary);
    }
    requireSpecial(file, "mask_token_id", mask, plain);
    requireSpecial(file, "eos_token_id", field.ids().end().orElseThrow(), plain);
    return field.ids();
  }

  private static void requireSpecial(Path file, String key, int id, Tokenizer plain)
      throws IOException {
    String name = id < plain.vocabulary().size() ? plain.token(id) : "nothing";
    boolean named = id < plain.vocabulary().size() && !name.equals("<" + id + ">");
    if (!named || !plain.decode(new int[] {id}).isEmpty()) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s: the configuration's %s, %d, must be a special token, it is %s",
              file,
              key,
              id,
              named ? "the text " + FolderFile.shown(name) : "none"));
    }
  }

  private static IOException other(Path file, FieldConfig field, Vocabulary vocabulary) {
    OptionalInt mask = vocabulary.mask();
    return new IOException(
        String.format(
            Locale.ROOT,
            "%s has %d ids and %s, the %s network has %d ids%s: it belongs to another model",
            file,
            vocabulary.size(),
            mask.isPresent() ? "MASK " + mask.getAsInt() : "no MASK",
            field.family().label(),
            field.network().vocabulary(),
            field.ids().mask().isPresent() ? " and MASK " + field.ids().mask().getAsInt() : ""));
  }

  private static Network network(
      String device, FieldConfig field, ModelConfig config, Weights weights, OptionalInt label)
      throws IOException {
    Weights.Stored table = field.classes() == 0 ? null : weights.take(CLASSES);
    if (field.classes() > 0 && table == null) {
      throw new IOException(weights.origin() + " has no tensor " + CLASSES);
    }
    NDManager manager = PyTorch.newManager(device);
    Network network = Network.read(manager, field.network(), weights);
    try {
      if (table != null) {
        addClass(network, field, weights, table, label.orElse(field.classes()));
      }
      return network.told(config);
    } catch (IOException | RuntimeException e) {
      network.close();
      throw e;
    }
  }

  /**
   * Runs for one class: the condition is c + SiLU(E[class]), and enters only through linear maps W
   * c + b, whose b thus becomes b + W SiLU(E[class]).
   */
  private static void addClass(
      Network network, FieldConfig field, Weights weights, Weights.Stored table, int label)
      throws IOException {
    int width = field.network().timeWidth();
    if (!List.of((long) field.classes() + 1, (long) width).equals(boxed(table.entry().shape()))) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s: tensor %s has shape %s, the configuration needs [%d, %d]",
              weights.origin(),
              table.entry().name(),
              boxed(table.entry().shape()),
              field.classes() + 1,
              width));
    }
    float[] condition = new float[width];
    try (NDManager step = network.manager().newSubManager()) {
      float[] all =
          Network.load(step, network.program(), table.source(), table.entry()).toFloatArray();
      for (int i = 0; i < width; i++) {
        double x = all[label * width + i];
        condition[i] = (float) (x / (1 + Math.exp(-x)));
      }
      NDArray column = step.create(condition, new Shape(width, 1));
      List<NDArray> arrays = network.weights();
      List<String> names = field.network().tensors().stream().map(tensor -> tensor.name()).toList();
      for (int i = 0; i < arrays.size(); i++) {
        if (names.get(i).endsWith("adaLN_modulation.bias")) {
          NDArray matrix = arrays.get(i - 1);
          NDArray product = PyTorchThread.call(() -> matrix.matMul(column));
          product.attach(step);
          NDArray shift = product.flatten();
          shift.attach(step);
          NDArray bias = arrays.get(i);
          arrays.set(i, PyTorchThread.call(() -> bias.add(shift)));
          bias.close();
        }
      }
    }
  }

  private static List<Long> boxed(long[] shape) {
    return java.util.Arrays.stream(shape).boxed().toList();
  }
}
