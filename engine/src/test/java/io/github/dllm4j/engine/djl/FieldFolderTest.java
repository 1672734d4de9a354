package io.github.dllm4j.engine.djl;

import static io.github.dllm4j.engine.train.Refusal.message;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.TokenBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders of published checkpoints: every layout that is read, and what is refused and why. */
class FieldFolderTest {
  private static final OptionalInt NONE = OptionalInt.empty();

  @TempDir Path folder;

  /** A copy of a fixture to spoil. */
  private void copy(String name) throws IOException {
    for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
      Files.copy(new FieldFixture(name).folder().resolve(file), folder.resolve(file));
    }
  }

  private void replace(String file, String old, String now) throws IOException {
    String text = Files.readString(folder.resolve(file));
    assertTrue(text.contains(old), file + " should say " + old);
    Files.writeString(folder.resolve(file), text.replace(old, now));
  }

  private String refusal() {
    return message(IOException.class, () -> Model.open(folder, ModelOptions.DEFAULT).close());
  }

  /** Writes the tensors of a fixture anew, those whose new names are not empty. */
  private static void weights(String fixture, Path to, UnaryOperator<String> names)
      throws IOException {
    Path from = new FieldFixture(fixture).folder().resolve("model.safetensors");
    try (SafeTensors source = SafeTensors.open(from)) {
      List<SafeTensorsWriter.Item> items = new ArrayList<>();
      for (SafeTensors.Entry entry : source.entries().values()) {
        String name = names.apply(entry.name());
        if (!name.isEmpty()) {
          ByteBuffer bytes = source.bytes(entry);
          items.add(new SafeTensorsWriter.Item(name, entry.type(), entry.shape(), () -> bytes));
        }
      }
      SafeTensorsWriter.write(to, items, Map.of("format", "pt"));
    }
  }

  private static double[][] logits(Path folder, TokenBatch batch) throws IOException {
    try (Model model = Model.open(folder, ModelOptions.DEFAULT)) {
      return FieldFixture.logits(model, batch);
    }
  }

  private void assertSame(String fixture) throws IOException {
    TokenBatch batch = new FieldFixture(fixture).batch(0);
    double[][] expected = logits(new FieldFixture(fixture).folder(), batch);
    double[][] actual = logits(folder, batch);
    for (int r = 0; r < expected.length; r++) {
      assertArrayEquals(expected[r], actual[r], 0);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "mdlm, backbone., ''",
    "mdlm, backbone., _orig_mod.",
    "mdlm, backbone., backbone._orig_mod.",
    "mdlm, backbone., module.model.",
    "udlm-classes, backbone., _orig_mod.backbone."
  })
  void prefixesAreTakenOff(String fixture, String old, String now) throws IOException {
    copy(fixture);
    weights(fixture, folder.resolve("model.safetensors"), name -> name.replace(old, now));
    assertSame(fixture);
  }

  /** Two shards and their index: odd tensors here, even ones there. */
  private void shard(String fixture) throws IOException {
    copy(fixture);
    Files.delete(folder.resolve("model.safetensors"));
    List<String> index = new ArrayList<>();
    int[] turn = {0};
    for (int shard = 0; shard < 2; shard++) {
      String file = "model-0000" + (shard + 1) + "-of-00002.safetensors";
      int mine = shard;
      turn[0] = 0;
      weights(
          fixture,
          folder.resolve(file),
          name -> {
            if (turn[0]++ % 2 != mine) {
              return "";
            }
            index.add("\"" + name + "\":\"" + file + "\"");
            return name;
          });
    }
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"metadata\":{\"total_size\":1},\"weight_map\":{" + String.join(",", index) + "}}");
  }

  @Test
  void shardsAreReadAsOne() throws IOException {
    shard("mdlm");
    assertSame("mdlm");
    String weights = ModelHash.ofWeights(folder.toString());
    try (Model model = Model.open(folder, ModelOptions.DEFAULT)) {
      assertNotEquals(weights, ModelHash.of(model));
    }
    Path second = folder.resolve("model-00002-of-00002.safetensors");
    Files.write(second, new byte[] {0}, StandardOpenOption.APPEND);
    assertNotEquals(weights, ModelHash.ofWeights(folder.toString()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "model-00002-of-00002.safetensors|../other.safetensors|no file name",
        "model-00002-of-00002.safetensors|/etc/x.safetensors|no file name",
        "model-00002-of-00002.safetensors|sub/x.safetensors|no file name",
        "model-00002-of-00002.safetensors|..safetensors|no file name",
        "model-00002-of-00002.safetensors|absent.safetensors|no file",
        "model-00002-of-00002.safetensors|tokenizer.json|.safetensors file",
        "\"backbone.output_layer.linear.bias\"|\"backbone.unheard.of\"|no tensor",
        "weight_map|weights|no weight_map",
        "{\"metadata\"|\"metadata\"|not JSON"
      })
  void anIndexIsNotBelieved(String old, String now, String says) throws IOException {
    shard("mdlm");
    replace("model.safetensors.index.json", old, now);
    String refusal = refusal();
    assertTrue(refusal.contains(says), refusal);
  }

  @Test
  void aShardMayHoldNothingElse() throws IOException {
    shard("mdlm");
    String index = Files.readString(folder.resolve("model.safetensors.index.json"));
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        index.replaceFirst("\"backbone.blocks.0.norm1.weight\":\"[^\"]*\",?", ""));
    String refusal = refusal();
    assertTrue(refusal.contains("backbone.blocks.0.norm1.weight beside"), refusal);
  }

  @Test
  void linksOutOfTheFolderAreRefused() throws IOException {
    copy("mdlm");
    for (String name : List.of("config.json", "model.safetensors", "tokenizer.json")) {
      Path file = folder.resolve(name);
      byte[] kept = Files.readAllBytes(file);
      Files.delete(file);
      Files.createSymbolicLink(file, new FieldFixture("mdlm").folder().resolve(name));
      String refusal = refusal();
      assertTrue(refusal.contains(name) && refusal.contains("link"), refusal);
      Files.delete(file);
      Files.write(file, kept);
    }
    Files.move(folder.resolve("model.safetensors"), folder.resolve("real.safetensors"));
    Files.createSymbolicLink(folder.resolve("model.safetensors"), Path.of("real.safetensors"));
    assertSame("mdlm");
  }

  /** Not even what is no JSON about it. */
  @Test
  void whatAConfigurationLinksToIsNotTold(@TempDir Path elsewhere) throws IOException {
    copy("mdlm");
    Path secret = Files.writeString(elsewhere.resolve("secret"), "sesame opens");
    Files.delete(folder.resolve("config.json"));
    Files.createSymbolicLink(folder.resolve("config.json"), secret);
    String refusal = refusal();
    assertTrue(refusal.contains("link") && !refusal.contains("sesame"), refusal);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pytorch_model.bin", "a.pt", "checkpoint.pth", "last.ckpt"})
  void picklesAreRefusedWithTheRecipe(String name) throws IOException {
    copy("mdlm");
    Files.move(folder.resolve("model.safetensors"), folder.resolve(name));
    String refusal = refusal();
    assertTrue(refusal.contains("weights_only=True") && refusal.contains("save_file"), refusal);
    assertTrue(refusal.contains(name), refusal);
  }

  /** What is told to run is never made of a name that a shell would run. */
  @ParameterizedTest
  @ValueSource(strings = {"$(touch x).bin", "a';b.pt", "`x`.pth", "a\u001b.ckpt"})
  void namesThatAreCommandsAreNotPartOfTheRecipe(String name) throws IOException {
    copy("mdlm");
    Path named = folder.resolve(name);
    Files.move(folder.resolve("model.safetensors"), named);
    String refusal = refusal();
    assertTrue(refusal.contains("plain name") && !refusal.contains("python"), refusal);
    assertFalse(refusal.contains("\u001b"), refusal);
  }

  @Test
  void twoSetsOfWeightsAreAmbiguous() throws IOException {
    copy("mdlm");
    Files.writeString(folder.resolve("model.safetensors.index.json"), "{}");
    assertTrue(refusal().contains("both"), refusal());
    Files.delete(folder.resolve("model.safetensors.index.json"));
    Files.delete(folder.resolve("model.safetensors"));
    assertTrue(refusal().contains("no weights file"), refusal());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mdlm|\"model_type\": \"mdlm\"|\"model_type\": \"bd3lm\"|cross_attn must be true, got null",
        "mdlm|\"model_type\": \"mdlm\"|\"model_type\": \"llama\"|must be mdlm, udlm, duo, llada, dream or bd3lm, got llama",
        "bd3lm|\"cross_attn\": true|\"cross_attn\": false|cross_attn must be true, got false",
        "bd3lm|\"causal\": false|\"causal\": true|causal must be false, got true",
        "bd3lm|\"time_conditioning\": false|\"time_conditioning\": true|time_conditioning must be false",
        "bd3lm|\"block_size\": 4,|''|block_size is missing",
        "bd3lm|\"block_size\": 4|\"block_size\": 5|block_size must divide model_length 16, got 5",
        "bd3lm|\"block_size\": 4|\"block_size\": 0|block_size must be 1 to",
        "bd3lm|\"adaln\": true,|''|adaln is missing",
        "bd3lm|\"adaln\": true|\"adaln\": false|no place for: blocks.0.adaLN_modulation",
        "bd3lm-plain|\"adaln\": false|\"adaln\": true|no tensor backbone.sigma_map",
        "bd3lm|\"vocab_size\": 30|\"vocab_size\": 31|29 ids and no MASK, the bd3lm network has 31",
        "mdlm|\"model_type\": \"mdlm\"|\"kind\": \"mdlm\"|names no family",
        "mdlm|\"model_type\": \"mdlm\"|\"model_type\": 3|model_type must be a text",
        "mdlm|\"n_heads\": 2|\"n_head\": 2|n_heads is missing",
        "mdlm|\"n_heads\": 2|\"n_heads\": 3|heads",
        "mdlm|\"n_heads\": 2|\"n_heads\": 2.5|n_heads must be an integer",
        "mdlm|\"n_blocks\": 2|\"n_blocks\": 3|blocks.2.norm1.weight",
        "mdlm|\"n_blocks\": 2|\"n_blocks\": 1|no place for: blocks.1",
        "mdlm|\"hidden_dim\": 16|\"hidden_dim\": 99999999999|hidden_dim must be 1 to",
        "mdlm|\"hidden_dim\": 16|\"hidden_dim\": 32|shape",
        "mdlm|\"cond_dim\": 8|\"cond_dim\": 129|sigma_map.mlp.0.weight",
        "mdlm|\"time_conditioning\": false,|''|time_conditioning is missing",
        "mdlm|\"vocab_size\": 29|\"vocab_size\": 30|28 ids and no MASK",
        "duo|\"causal\": false|\"causal\": true|causal must be false",
        "duo|\"vocab_size\": 29|\"vocab_size\": 31|31 ids",
        "udlm|\"cfg\": false|\"cfg\": true|cfg_num_classes must be 1",
        "udlm-classes|\"cfg\": true|\"cfg\": false|no place for: cond_map",
        "udlm-classes|\"cfg_num_classes\": 3|\"cfg_num_classes\": 4|needs [5, 8]",
        "radd|ddit_wot|ddit|graph.type is missing",
        "sedd-absorb|ddit|ddit_wot|no tensor blocks.0.norm1.bias",
        "sedd-absorb|absorb|roulette|graph.type must be absorb or uniform",
        "sedd-absorb|\"type\": \"absorb\"|\"type\": \"uniform\"|scale_by_sigma must be false",
        "sedd-absorb|\"scale_by_sigma\": true|\"scale_by_sigma\": false|scale_by_sigma must be true for an",
        "sedd-absorb|\"tokens\": 28|\"model_type\": \"mdlm\", \"tokens\": 28|which family",
        "sedd-uniform|\"scale_by_sigma\": false|\"scale_by_sigma\": 0|scale_by_sigma must be true or",
        "llada|\"rope_theta\": 500000.0,|''|rope_theta is missing",
        "llada|\"rms_norm_eps\": 1e-05|\"rms_norm_eps\": \"small\"|rms_norm_eps must be a number",
        "llada|\"rms_norm_eps\": 1e-05|\"rms_norm_eps\": 0|epsilon must be in (0, 1), got 0.0",
        "llada|\"mask_token_id\": 31,|''|mask_token_id is missing",
        "llada|\"include_bias\": false|\"include_bias\": true|include_bias must be false, got true",
        "llada|\"scale_logits\": false,|''|scale_logits must be false, got null",
        "llada|\"block_type\": \"llama\"|\"block_type\": \"sequential\"|block_type must be \"llama\", got",
        "llada|\"n_kv_heads\": 4|\"n_kv_heads\": 2|k_proj.weight has shape [32, 32]",
        "llada|\"n_kv_heads\": 4|\"n_kv_heads\": 3|multiple of the heads of keys, got 4 and 3",
        "llada|\"include_qkv_bias\": false|\"include_qkv_bias\": true|no tensor model.transformer.blocks.0.q_proj.bias",
        "llada|\"weight_tying\": false|\"weight_tying\": true|no place for: transformer.ff_out.weight",
        "llada-grouped|\"weight_tying\": true|\"weight_tying\": false|no tensor model.transformer.ff_out.weight",
        "llada|\"mask_token_id\": 31|\"mask_token_id\": 30|MASK 31, the llada network has 40 ids and MASK 30",
        "llada|\"eos_token_id\": 30|\"eos_token_id\": 3|eos_token_id, 3, must be a special token, it is the text d",
        "llada|\"eos_token_id\": 30|\"eos_token_id\": 38|eos_token_id, 38, must be a special token, it is none",
        "llada|\"embedding_size\": 40|\"embedding_size\": 34|vocab_size must be 1 to 34, got 40",
        "llada|\"model_type\": \"llada\"|\"model_type\": \"Dream\"|hidden_act must be \"silu\", got null"
      })
  void configurationsThatDoNotFitAreRefused(String name, String old, String now, String says)
      throws IOException {
    copy(name);
    replace("config.json", old, now);
    String refusal = refusal();
    assertTrue(refusal.contains(says), refusal);
  }

  /** BD3LM's first position is the begin of the text, which its tokenizer must know. */
  @Test
  void blocksNeedABeginOfTheText() throws IOException {
    copy("bd3lm");
    replace("tokenizer.json", "<|endoftext|>", "<|unknown|>");
    assertTrue(refusal().contains("no token that begins a text"), refusal());
    replace("tokenizer.json", "<|unknown|>", "[CLS]");
    try (Model model = Model.open(folder, ModelOptions.DEFAULT)) {
      assertEquals(28, model.tokenizer().vocabulary().begin().orElseThrow());
      assertEquals(29, model.config().mask());
      assertEquals(15, model.config().network().length());
    }
  }

  /** A tokenizer that knows MASK decides which id it is; SEDD's is the last in any case. */
  @Test
  void maskMayBeInTheTokenizer() throws IOException {
    copy("mdlm");
    replace("tokenizer.json", "\"added_tokens\": []", added(28, "[MASK]"));
    try (Model model = Model.open(folder, ModelOptions.DEFAULT)) {
      assertEquals(28, model.config().mask());
    }
    Files.copy(
        new FieldFixture("mdlm").folder().resolve("tokenizer.json"),
        folder.resolve("tokenizer.json"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    replace("tokenizer.json", "\"added_tokens\": []", added(29, "[MASK]"));
    assertTrue(refusal().contains("MASK 29"), refusal());
    Files.delete(folder.resolve("tokenizer.json"));
    assertTrue(refusal().contains("gpt2"), refusal());
  }

  private static String added(int id, String name) {
    return "\"added_tokens\": [{\"id\": "
        + id
        + ", \"content\": \""
        + name
        + "\", \"special\": true, \"single_word\": false, \"lstrip\": false, \"rstrip\": false,"
        + " \"normalized\": false}]";
  }

  @Test
  void strayTensorsAreRefused() throws IOException {
    copy("mdlm");
    Path file = folder.resolve("model.safetensors");
    weights("mdlm", file, n -> n.endsWith("inv_freq") ? "noise.empty" : n);
    assertTrue(refusal().contains("tensor noise.empty has no prefix backbone."), refusal());
    weights("mdlm", file, n -> n.endsWith("inv_freq") ? "backbone.extra" : n);
    assertTrue(refusal().contains("no place for: extra"), refusal());
    weights("mdlm", file, n -> n.endsWith("norm_final.weight") ? "" : n);
    assertTrue(refusal().contains("no tensor backbone.output_layer.norm_final.weight"), refusal());
    weights("mdlm", file, n -> n.endsWith("inv_freq") ? "model.vocab_embed.embedding" : n);
    assertTrue(refusal().contains("2 tensors"), refusal());
    weights("mdlm", file, n -> "teacher." + n);
    assertTrue(refusal().contains("0 tensors"), refusal());
  }

  /** Weights of 16 bits and of 32 mean the same up to their precision. */
  @Test
  void halfPrecisionIsWidened() throws IOException {
    Path out = folder.resolve("half");
    Path back = folder.resolve("back");
    Conversion.convert(
        new FieldFixture("radd").folder(), out, UnaryOperator.identity(), WeightType.BF16, NONE);
    Conversion.convert(out, back, UnaryOperator.identity(), WeightType.FP32, NONE);
    TokenBatch batch = new FieldFixture("radd").batch(0);
    double[][] exact = logits(new FieldFixture("radd").folder(), batch);
    double[][] half = logits(out, batch);
    assertTrue(Math.abs(exact[0][0] - half[0][0]) > 0);
    assertEquals(exact[0][0], half[0][0], 0.2);
    assertArrayEquals(half[0], logits(back, batch)[0], 0);
  }
}
