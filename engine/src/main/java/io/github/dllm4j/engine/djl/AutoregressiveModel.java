package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.denoise.CausalModel;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A model that judges texts: an autoregressive model of ours, or a GPT-2 in a folder (config.json,
 * model.safetensors, tokenizer.json, as the hub keeps them).
 *
 * <p>The score of a text is -ln p of each of its tokens, by the judge's own tokenizer, the first
 * one included: it is predicted from the start id alone, MASK of our models and the begin-of-text
 * id of GPT-2. (Evaluations by Python libraries often leave the first token out, which has no law
 * there.) What a token of a long text sees is said at {@link CausalModel#logProbabilities}.
 */
public final class AutoregressiveModel implements AutoCloseable {
  private final String name;
  private final String family;
  private final CausalModel causal;
  private final Tokenizer tokenizer;
  private final Runnable closing;

  private AutoregressiveModel(
      String name, String family, CausalModel causal, Tokenizer tokenizer, Runnable closing) {
    this.name = name;
    this.family = family;
    this.causal = causal;
    this.tokenizer = tokenizer;
    this.closing = closing;
  }

  /**
   * Opens a folder.
   *
   * @throws IOException in one line, if a file is missing or unsound, does not fit the others or is
   *     of a model that this engine does not compute
   * @throws IllegalArgumentException if it is a model of ours that denoises
   */
  public static AutoregressiveModel open(Path folder, ModelOptions options) throws IOException {
    if (FieldFolder.isForeign(folder)) {
      return gpt2(folder, options);
    }
    Model model = Model.open(folder, options);
    try {
      return new AutoregressiveModel(
          model.name(), "DiT", model.causal(), model.tokenizer(), model::close);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  private static AutoregressiveModel gpt2(Path folder, ModelOptions options) throws IOException {
    FieldFolder.checkLabel(options.label(), 0);
    Gpt2Folder gpt2 = Gpt2Folder.read(folder);
    Tokenizer tokenizer = Tokenizers.load(FolderFile.of(folder, "tokenizer.json"));
    try {
      if (tokenizer.vocabulary().size() > gpt2.shape().vocabulary()) {
        throw new IOException(
            String.format(
                Locale.ROOT,
                "%s has %d ids, vocab_size is %d: it belongs to another model",
                folder.resolve("tokenizer.json"),
                tokenizer.vocabulary().size(),
                gpt2.shape().vocabulary()));
      }
      Network network = gpt2.network(PyTorch.newManager(options.device()), folder);
      CausalModel causal;
      try {
        causal =
            new CausalNetwork(
                network,
                network.weights(),
                options.precision().orElse(Precision.FP32),
                gpt2.start(),
                -1,
                true);
      } catch (RuntimeException e) {
        network.close();
        throw e;
      }
      return new AutoregressiveModel(
          folder.toString(),
          "GPT-2",
          causal,
          tokenizer,
          () -> {
            causal.close();
            tokenizer.close();
          });
    } catch (IOException | RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** What messages and records call it. */
  public String name() {
    return name;
  }

  /** {@code DiT} or {@code GPT-2}. */
  public String family() {
    return family;
  }

  /** Its law. */
  public CausalModel causal() {
    return causal;
  }

  /** Its tokenizer. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /**
   * -ln p of every token of every text, nats; one array per text, one entry per token of it.
   *
   * @throws IllegalArgumentException if the tokenizer cannot express a text
   */
  public double[][] scores(List<String> texts) {
    double[][] nats =
        causal.logProbabilities(texts.stream().map(tokenizer::encode).toArray(int[][]::new));
    for (double[] text : nats) {
      Arrays.setAll(text, i -> -text[i]);
    }
    return nats;
  }

  @Override
  public void close() {
    closing.run();
  }
}
