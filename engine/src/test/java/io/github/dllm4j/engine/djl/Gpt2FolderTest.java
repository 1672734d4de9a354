package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import io.github.dllm4j.engine.denoise.CausalModel;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.train.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Parity with the reference implementation on a small random GPT-2 (resources gpt2, made by {@code
 * make_fixture.py}, which says with what), and what is refused.
 */
class Gpt2FolderTest {
  private static final int[] LENGTHS = {1, 2, 9, 33, 64};
  private static final int VOCABULARY = 101;
  private static final int START = 0;
  private static final float[] MASK = {1};

  @TempDir Path folder;

  @BeforeEach
  void copy() throws IOException {
    for (String name :
        List.of("config.json", "model.safetensors", "tokenizer.json", "expected.safetensors")) {
      try (InputStream in =
          Objects.requireNonNull(Gpt2FolderTest.class.getResourceAsStream("/gpt2/" + name))) {
        Files.copy(in, folder.resolve(name));
      }
    }
  }

  private int[][] ids() throws IOException {
    int[][] ids = new int[LENGTHS.length][];
    try (SafeTensors expected = SafeTensors.open(folder.resolve("expected.safetensors"))) {
      for (int k = 0; k < ids.length; k++) {
        ByteBuffer bytes = bytes(expected, "ids." + k);
        ids[k] = new int[LENGTHS[k]];
        Arrays.setAll(ids[k], i -> (int) bytes.getLong(8 * i));
      }
    }
    return ids;
  }

  /** Logits of the reference for the tokens after each prefix of sequence k, [n][vocabulary]. */
  private double[][] logits(int k) throws IOException {
    try (SafeTensors expected = SafeTensors.open(folder.resolve("expected.safetensors"))) {
      ByteBuffer bytes = bytes(expected, "logits." + k);
      double[][] logits = new double[LENGTHS[k]][VOCABULARY];
      for (int i = 0; i < logits.length; i++) {
        for (int v = 0; v < VOCABULARY; v++) {
          logits[i][v] = bytes.getFloat(4 * (i * VOCABULARY + v));
        }
      }
      return logits;
    }
  }

  private static ByteBuffer bytes(SafeTensors source, String name) throws IOException {
    SafeTensors.Entry entry = Objects.requireNonNull(source.entries().get(name), name);
    return source.bytes(entry).order(ByteOrder.LITTLE_ENDIAN);
  }

  private AutoregressiveModel open() throws IOException {
    return AutoregressiveModel.open(folder, ModelOptions.DEFAULT);
  }

  /** All sequences in one padded batch, and each alone: 1e-4 relative, 1 being the unit below 1. */
  @Test
  void logitsAreThoseOfTheReference(TestReporter reporter) throws IOException {
    int[][] ids = ids();
    long[] padded = new long[LENGTHS.length * 64];
    long[] rows = new long[padded.length];
    for (int b = 0; b < LENGTHS.length; b++) {
      for (int i = 0; i < 64; i++) {
        int at = b * 64 + i;
        rows[at] = at;
        padded[at] = i < LENGTHS[b] ? ids[b][i] : 7;
      }
    }
    double worst = 0;
    try (Network network = Gpt2Folder.read(folder).network(PyTorch.newManager("cpu"), folder)) {
      float[] together = logits(network, padded, rows, LENGTHS.length);
      for (int b = 0; b < LENGTHS.length; b++) {
        double[][] expected = logits(b);
        int n = LENGTHS[b];
        long[] own = Arrays.copyOfRange(padded, b * 64, b * 64 + n);
        float[] alone = logits(network, own, Arrays.copyOf(rows, n), 1);
        for (int i = 0; i < n; i++) {
          for (int v = 0; v < VOCABULARY; v++) {
            double unit = Math.max(1, Math.abs(expected[i][v]));
            double batched = together[(b * 64 + i) * VOCABULARY + v] - expected[i][v];
            double single = alone[i * VOCABULARY + v] - expected[i][v];
            worst = Math.max(worst, Math.max(Math.abs(batched), Math.abs(single)) / unit);
          }
        }
      }
    }
    reporter.publishEntry(
        "GPT-2 parity", String.format(Locale.ROOT, "largest relative difference %.2e", worst));
    assertTrue(worst < 1e-4, "largest relative difference " + worst);
  }

  private static float[] logits(Network network, long[] ids, long[] rows, int sequences) {
    try (NDManager m = network.manager().newSubManager();
        IValue weights = network.inferenceWeights(network.weights(), Precision.FP32)) {
      return network
          .program()
          .call(
              m,
              "forward_pass",
              m.create(ids, new Shape(sequences, ids.length / sequences)),
              m.zeros(new Shape(sequences)),
              m.create(rows),
              weights,
              network.shape().program(),
              Precision.FP32.scalarType(),
              -1,
              rows.length)
          .toFloatArray();
    }
  }

  private static double logLaw(double[] logits, int token) {
    double sum = Arrays.stream(logits).map(v -> Math.exp(v - logits[token])).sum();
    return -Math.log(sum);
  }

  /** What is scored after the start id, by whole evaluations and by reading with kept keys. */
  @Test
  void logProbabilitiesAreThoseOfTheReference() throws IOException {
    int[][] ids = ids();
    List<int[]> texts = new ArrayList<>();
    List<Integer> which = new ArrayList<>();
    for (int k = 0; k < ids.length; k++) {
      if (ids[k][0] == START && ids[k].length > 1) {
        texts.add(Arrays.copyOfRange(ids[k], 1, ids[k].length));
        which.add(k);
      }
    }
    assertTrue(texts.size() >= 2, "the fixture has sequences that begin with the start id");
    try (AutoregressiveModel model = open()) {
      double[][] scores = model.causal().logProbabilities(texts.toArray(int[][]::new));
      for (int t = 0; t < scores.length; t++) {
        double[][] logits = logits(which.get(t));
        int[] text = texts.get(t);
        try (CausalModel.Reading reading = model.causal().read(1)) {
          for (int i = 0; i < text.length; i++) {
            double expected = logLaw(logits[i], text[i]);
            assertEquals(expected, scores[t][i], 1e-4 * Math.max(1, -expected));
            int[][] more = {i == 0 ? new int[0] : new int[] {text[i - 1]}};
            try (TokenLaws laws = reading.next(more)) {
              double read = laws.logProbabilityOf(new int[] {text[i]})[0];
              assertEquals(expected, read, 1e-4 * Math.max(1, -expected));
            }
          }
        }
      }
    }
  }

  @Test
  void textsAreScoredByTheirOwnTokens() throws IOException {
    try (AutoregressiveModel model = open()) {
      assertEquals("GPT-2", model.family());
      assertEquals(folder.toString(), model.name());
      List<String> texts = List.of("the cat", "", "the dog sat on the log. ".repeat(9));
      double[][] scores = model.scores(texts);
      for (int t = 0; t < scores.length; t++) {
        int[] ids = model.tokenizer().encode(texts.get(t));
        assertEquals(ids.length, scores[t].length);
        double[] logs = model.causal().logProbabilities(new int[][] {ids})[0];
        for (int i = 0; i < logs.length; i++) {
          assertEquals(-logs[i], scores[t][i], 1e-5);
        }
      }
      assertTrue(scores[2].length > 64, "longer than the context");
    }
  }

  @Test
  void bfloat16IsNear() throws IOException {
    int[][] ids = ids();
    ModelOptions bf16 = new ModelOptions("cpu", java.util.Optional.of(Precision.BF16));
    try (AutoregressiveModel wide = open();
        AutoregressiveModel narrow = AutoregressiveModel.open(folder, bf16)) {
      double[] expected = wide.causal().logProbabilities(ids)[3];
      double[] actual = narrow.causal().logProbabilities(ids)[3];
      assertArrayEquals(expected, actual, 0.2);
      assertNotEquals(expected[5], actual[5]);
    }
  }

  /** Rewrites the weights file: names, what is kept, and what is added. */
  private void rewrite(
      UnaryOperator<String> name, Predicate<String> keep, SafeTensorsWriter.Item... more)
      throws IOException {
    Path file = folder.resolve("model.safetensors");
    Path old = Files.move(file, folder.resolve("old.safetensors"));
    try (SafeTensors source = SafeTensors.open(old)) {
      List<SafeTensorsWriter.Item> items = new ArrayList<>(List.of(more));
      for (SafeTensors.Entry entry : source.entries().values()) {
        if (keep.test(entry.name())) {
          ByteBuffer bytes = source.bytes(entry);
          items.add(
              new SafeTensorsWriter.Item(
                  name.apply(entry.name()), entry.type(), entry.shape(), () -> bytes));
        }
      }
      SafeTensorsWriter.write(file, items, Map.of("format", "pt"));
    }
    Files.delete(old);
  }

  private static SafeTensorsWriter.Item floats(String name, float[] values, long... shape) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.nativeOrder());
    bytes.asFloatBuffer().put(values);
    return new SafeTensorsWriter.Item(name, SafeTensors.Type.F32, shape, () -> bytes);
  }

  /** Names without the prefix, masks of old files and a head that is the embedding are the same. */
  @Test
  void bothWaysOfNamingAreRead() throws IOException {
    double[][] expected;
    float[] embedding;
    try (AutoregressiveModel model = open()) {
      expected = model.causal().logProbabilities(ids());
    }
    try (SafeTensors source = SafeTensors.open(folder.resolve("model.safetensors"));
        NDManager m = PyTorch.newManager("cpu");
        NDArray array =
            Network.load(
                m,
                Program.load(m),
                source,
                Objects.requireNonNull(source.entries().get("transformer.wte.weight")))) {
      embedding = array.toFloatArray();
    }
    rewrite(
        name -> name.replace("transformer.", ""),
        name -> true,
        floats("h.0.attn.bias", MASK, 1, 1, 1, 1),
        floats("h.1.attn.masked_bias", MASK),
        floats("lm_head.weight", embedding, VOCABULARY, 32));
    try (AutoregressiveModel model = open()) {
      double[][] actual = model.causal().logProbabilities(ids());
      for (int k = 0; k < expected.length; k++) {
        assertArrayEquals(expected[k], actual[k]);
      }
    }
    embedding[3] += 0.5f;
    rewrite(
        name -> name,
        name -> !name.startsWith("lm_head"),
        floats("lm_head.weight", embedding, VOCABULARY, 32));
    refuses("lm_head.weight must be the same as wte.weight, it differs");
  }

  private void refuses(String why) {
    String message = Refusal.message(IOException.class, () -> open().close());
    assertTrue(message.contains(why), message);
  }

  @Test
  void missingAndUnknownTensorsAreRefused() throws IOException {
    Map<String, String> says = new HashMap<>();
    says.put("transformer.h.1.mlp.c_proj.bias", "has no tensor transformer.h.1.mlp.c_proj.bias");
    says.put("transformer.wte.weight", "must have either wte.weight or transformer.wte.weight");
    for (Map.Entry<String, String> missing : says.entrySet()) {
      Path backup = Files.copy(folder.resolve("model.safetensors"), folder.resolve("b"));
      rewrite(name -> name, name -> !name.equals(missing.getKey()));
      refuses(missing.getValue());
      Files.move(
          backup,
          folder.resolve("model.safetensors"),
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }
    rewrite(name -> name, name -> true, floats("transformer.h.2.ln_1.weight", MASK, 1));
    refuses("has a tensor a GPT-2 has no place for: transformer.h.2.ln_1.weight");
    rewrite(name -> name, name -> !name.contains("h.2"), floats("wte.weight", MASK, 1));
    refuses("it has both");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"gpt2\"|\"llama\"|model_type must be gpt2, got \"llama\"",
        "\"gelu_new\"|\"relu\"|activation_function must be gelu_new, got \"relu\"",
        "\"activation_function\"|\"ignored\"|activation_function must be gelu_new, got nothing",
        "1e-05|1e-06|layer_norm_epsilon must be 1e-5, got",
        "\"layer_norm_epsilon\"|\"ignored\"|layer_norm_epsilon must be 1e-5, got nothing",
        "\"scale_attn_weights\": true|\"scale_attn_weights\": false|must be true, got false",
        "inverse_layer_idx\": false|inverse_layer_idx\": true|must be false, got true",
        "\"use_cache\"|\"add_cross_attention\"|add_cross_attention must be false, got true",
        "\"use_cache\": true|\"tie_word_embeddings\": false|tie_word_embeddings must be true",
        "\"use_cache\": true|\"n_ctx\": 32|n_ctx must be n_positions, 64, got 32",
        "\"n_layer\": 2|\"n_layer\": \"2\"|n_layer must be a whole number, got \"2\"",
        "\"n_layer\": 2|\"n_layer\": 1|has a tensor a GPT-2 has no place for",
        "\"n_layer\": 2|\"n_layer\": 3|has no tensor transformer.h.2.ln_1.weight",
        "\"n_head\": 4|\"n_head\": 5|width must be a multiple of twice the heads",
        "\"n_inner\": null|\"n_inner\": 64|has shape [32, 128], the configuration needs [32, 64]",
        "\"n_inner\": null|\"n_inner\": 0|n_inner must be 1 to",
        "\"n_positions\": 64|\"n_positions\": 32|has shape [64, 32], the configuration needs",
        "\"bos_token_id\": 0|\"bos_token_id\": null|bos_token_id must be a whole number, got null",
        "\"bos_token_id\": 0|\"bos_token_id\": 101|must be an id below vocab_size, 101, got 101",
        "\"vocab_size\": 101|\"vocab_size\": 99|it belongs to another model",
        "\"vocab_size\": 101|\"vocab_size\": 102|the configuration needs [102, 32]",
      })
  void configurationsOfOtherModelsAreRefused(String part, String instead, String why)
      throws IOException {
    Path file = folder.resolve("config.json");
    String json = Files.readString(file);
    assertTrue(json.contains(part), json);
    Files.writeString(file, json.replace(part, instead));
    refuses(why);
  }

  @Test
  void whatIsNotThereIsNamed() throws IOException {
    assertTrue(
        Refusal.message(IOException.class, () -> Model.open(folder, ModelOptions.DEFAULT))
            .contains("is a GPT-2"));
    Path weights = folder.resolve("model.safetensors");
    Files.move(weights, folder.resolve("pytorch_model.bin"));
    refuses("has pickled weights only, which are code: convert them to model.safetensors");
    Files.delete(folder.resolve("pytorch_model.bin"));
    refuses("no file " + weights);
    Path elsewhere = Files.createTempFile("elsewhere", ".safetensors");
    Files.createSymbolicLink(weights, elsewhere);
    refuses("is a link out of its folder");
    Files.delete(elsewhere);
    Files.delete(folder.resolve("tokenizer.json"));
    refuses("no file " + folder.resolve("tokenizer.json"));
    Files.write(folder.resolve("config.json"), new byte[(1 << 20) + 1]);
    refuses("has 1,048,577 bytes; allowed: 1,048,576");
    Files.delete(folder.resolve("config.json"));
    refuses("not a model directory");
  }
}
