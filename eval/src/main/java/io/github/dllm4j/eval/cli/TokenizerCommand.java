package io.github.dllm4j.eval.cli;

import io.github.dllm4j.corpora.Corpora;
import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.TokenizerKind;
import io.github.dllm4j.tokenizer.TokenizerTrainer;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code dllm tokenizer}: tokenizers from text. */
@Command(
    name = "tokenizer",
    description = "Makes tokenizers.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = TokenizerCommand.Train.class)
final class TokenizerCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing: tokenizer train");
  }

  /** {@code dllm tokenizer train}. */
  @Command(
      name = "train",
      description = "Trains a tokenizer and writes a Hugging Face tokenizer.json.",
      mixinStandardHelpOptions = true,
      versionProvider = Main.Version.class)
  static final class Train implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private CorpusOptionsMixin corpusOptions;

    @Option(names = "--kind", required = true, description = "bpe, char or byte.")
    private String kind;

    @Option(names = "--vocabulary", description = "Ids, special ones included (bpe: 2048).")
    private Optional<Integer> vocabulary = Optional.empty();

    @Option(names = "--out", required = true, description = "The file to write.")
    private Path out;

    @Option(names = "--json", description = "One JSON document on stdout and nothing else.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      TokenizerKind wanted = TokenizerKind.of(kind);
      TokenizerTrainer trainer =
          wanted == TokenizerKind.BPE || vocabulary.isPresent()
              ? Tokenizers.trainer(wanted, vocabulary.orElse(2048))
              : Tokenizers.trainer(wanted);
      requireFile();
      try (Corpus corpus = corpusOptions.open();
          Tokenizer tokenizer = Corpora.train(corpus, trainer)) {
        tokenizer.save(out);
        int size = tokenizer.vocabulary().size();
        if (json) {
          Map<String, Object> document = new LinkedHashMap<>();
          document.put("file", out.toString());
          document.put("kind", kind);
          document.put("vocabulary", size);
          document.put("sha256", tokenizer.sha256());
          spec.commandLine().getOut().println(Json.text(document));
        } else {
          spec.commandLine()
              .getOut()
              .printf(Locale.ROOT, "%s: %s tokenizer of %,d ids%n", out, kind, size);
        }
      }
      return 0;
    }

    /**
     * Before the training: there must be a folder, and what is there already must be a file, and
     * not what the tokenizer is made from.
     */
    private void requireFile() throws IOException {
      CommonOptions.requireFile("--out", out);
      for (String source : corpusOptions.sources) {
        if (Corpora.reads(source, out)) {
          throw new IllegalArgumentException("--out " + out + " is a file of --corpus");
        }
      }
    }
  }
}
