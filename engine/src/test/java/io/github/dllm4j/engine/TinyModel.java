package io.github.dllm4j.engine;

import io.github.dllm4j.engine.djl.InformationFile;
import io.github.dllm4j.engine.djl.NetworkShape;
import io.github.dllm4j.engine.djl.Precision;
import io.github.dllm4j.engine.djl.Trainer;
import io.github.dllm4j.engine.djl.TrainingRun;
import io.github.dllm4j.engine.djl.WeightType;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.TokenData;
import io.github.dllm4j.engine.train.TrainingConfig;
import io.github.dllm4j.engine.train.TrainingListener;
import io.github.dllm4j.engine.train.Update;
import io.github.dllm4j.tokenizer.SpecialIds;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Models of a few thousand weights and {@value #LENGTH} bytes, trained in a moment. */
public final class TinyModel {
  static final int LENGTH = 16;

  private static final String WORDS =
      """
      {"version":"1.0","truncation":null,"padding":null,
       "added_tokens":[{"id":5,"content":"[MASK]","single_word":false,"lstrip":false,
          "rstrip":false,"normalized":false,"special":true}],
       "normalizer":null,"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":null,
       "decoder":{"type":"WordPiece","prefix":"##","cleanup":false},
       "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##",
         "max_input_chars_per_word":100,
         "vocab":{"[UNK]":0,":":1,"who":2,"abcd":3,"efgh":4,"[MASK]":5}}}
      """;

  private TinyModel() {}

  /** One that masks, with its curves measured. */
  public static void masking(Path folder) throws IOException {
    train(folder, Objective.ELBO, true, true);
  }

  /** One of uniform noise. */
  static void uniform(Path folder) throws IOException {
    train(folder, Objective.ELBO, false, false);
  }

  /** One that reads from left to right. */
  static void autoregressive(Path folder) throws IOException {
    train(folder, Objective.CROSS_ENTROPY, true, false);
  }

  /** One that masks words, whose decoder puts spaces between them and none before the first. */
  static void words(Path folder) throws IOException {
    Tokenizer tokenizer =
        Tokenizers.load(WORDS.getBytes(StandardCharsets.UTF_8), SpecialIds.FROM_FILE);
    train(folder, tokenizer, Objective.ELBO, true, true);
  }

  private static void train(Path folder, Objective objective, boolean masks, boolean curve)
      throws IOException {
    train(folder, Tokenizers.bytes(), objective, masks, curve);
  }

  private static void train(
      Path folder, Tokenizer tokenizer, Objective objective, boolean masks, boolean curve)
      throws IOException {
    tokenizer.save(folder.resolve("tokenizer.json"));
    int vocabulary = tokenizer.vocabulary().size() - (masks ? 0 : 1);
    TokenData text = TokenData.of(tokenizer.encode("abcd efgh ".repeat(50)));
    TrainingConfig config =
        new TrainingConfig(objective, 0, 10, 4, 1, Update.ADAMW, 1e-2, 0, 0, 1, 0, 0.9, 10, 1);
    TrainingRun run =
        new TrainingRun(
            folder,
            new NetworkShape(vocabulary, 16, 1, 2, LENGTH, masks ? 0 : 8, false),
            masks ? vocabulary - 1 : -1,
            config,
            Precision.FP32,
            WeightType.FP32,
            "cpu",
            4,
            tokenizer.sha256(),
            "none",
            "test");
    try (Trainer trainer = new Trainer(run, false)) {
      trainer.train(text, text, new TrainingListener() {});
      if (curve) {
        InformationFile.of(trainer.curve(text, 4)).write(folder);
      }
    }
  }
}
