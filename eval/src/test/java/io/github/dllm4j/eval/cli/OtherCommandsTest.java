package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands evaluate, inspect, tokenizer and the root. */
class OtherCommandsTest {
  @TempDir static Path folder;
  private static String model;
  private static String corpus;

  @BeforeAll
  static void train() throws IOException {
    model = Dllm.tinyModel(folder).toString();
    corpus = folder.resolve("corpus.txt").toString();
  }

  private static JsonNode evaluate(String... more) throws IOException {
    String[] args =
        java.util.stream.Stream.concat(
                List.of("evaluate", "--model", model, "--corpus", corpus, "--json").stream(),
                java.util.Arrays.stream(more))
            .toArray(String[]::new);
    return done(args).json();
  }

  @Test
  void evaluateSaysWhatItMeasured() throws IOException {
    JsonNode all = evaluate();
    double nats = all.get("nats_per_token").asDouble();
    assertEquals(Math.exp(nats), all.get("perplexity").asDouble(), 1e-9);
    assertEquals(nats / Math.log(2), all.get("bits_per_character").asDouble(), 1e-9);
    assertTrue(all.get("standard_error").asDouble() > 0);
    assertEquals(51 * 40 / 16 * 16, all.get("tokens").asInt());
    assertTrue(all.get("estimator").asText().contains("16"));
    assertTrue(
        done("evaluate", "--model", model, "--corpus", corpus).out().contains("bits/character"));
  }

  @Test
  void everyOptionOfEvaluateChangesSomething() throws IOException {
    JsonNode all = evaluate();
    assertNotEquals(all, evaluate("--seed", "1"));
    assertNotEquals(all, evaluate("--counts", "4"));
    assertEquals(5 * 16, evaluate("--blocks", "5").get("tokens").asInt());
    assertEquals(96, evaluate("--part", "validation").get("tokens").asInt());
    assertEquals(
        192,
        evaluate("--part", "validation", "--validation-fraction", "0.1").get("tokens").asInt());
    assertEquals(1936, evaluate("--part", "train").get("tokens").asInt());
    assertNotEquals(all.get("nats_per_token"), evaluate("--length", "8").get("nats_per_token"));
    assertNotEquals(all, evaluate("--text8"));
  }

  @Test
  void theBaselineIsANgramOfTheOtherPart() throws IOException {
    String[] args = {
      "evaluate",
      "--baseline",
      "ngram:4",
      "--corpus",
      corpus,
      "--part",
      "validation",
      "--validation-fraction",
      "0.6",
      "--json"
    };
    JsonNode said = done(args).json();
    assertEquals(51 * 24, said.get("tokens").asInt());
    // Three characters leave 0.2745 bits open; what has not been seen yet costs the rest.
    double bits = said.get("bits_per_character").asDouble();
    assertTrue(bits > 0.2745 && bits < 1.2 * 0.2745, said.toString());
    args[2] = "ngram:1";
    assertTrue(done(args).json().get("bits_per_character").asDouble() > 2);
    args[2] = "bigram";
    refused(new String[] {"--baseline", "bigram"}, args);
    refused(
        new String[] {"--part validation"},
        "evaluate",
        "--baseline",
        "ngram:4",
        "--corpus",
        corpus);
    refused(
        new String[] {"--model"},
        "evaluate",
        "--baseline",
        "ngram:4",
        "--corpus",
        corpus,
        "--part",
        "validation",
        "--model",
        model);
  }

  @Test
  void badInputOfEvaluateIsRefused() throws IOException {
    refused(new String[] {"--corpus"}, "evaluate", "--model", model);
    refused(new String[] {"nowhere"}, "evaluate", "--model", model, "--corpus", "nowhere");
    refused(
        new String[] {"--out", "must be a name"},
        "evaluate",
        "--model",
        model,
        "--corpus",
        corpus,
        "--out",
        "");
    refused(
        new String[] {"--part", "half"},
        "evaluate",
        "--model",
        model,
        "--corpus",
        corpus,
        "--part",
        "half");
    refused(
        new String[] {"--counts", "0"},
        "evaluate",
        "--model",
        model,
        "--corpus",
        corpus,
        "--counts",
        "0");
    refused(
        new String[] {"--length", "99", "16"},
        "evaluate",
        "--model",
        model,
        "--corpus",
        corpus,
        "--length",
        "99");
    refused(
        new String[] {"--blocks", "0"},
        "evaluate",
        "--model",
        model,
        "--corpus",
        corpus,
        "--blocks",
        "0");
    refused(
        new String[] {"--part"},
        "evaluate",
        "--model",
        model,
        "--corpus",
        corpus,
        "--validation-fraction",
        "0.1");
    String empty = Files.writeString(folder.resolve("empty.txt"), "").toString();
    refused(new String[] {"empty.txt"}, "evaluate", "--model", model, "--corpus", empty);
    String small = Files.writeString(folder.resolve("small.txt"), "the cat").toString();
    refused(new String[] {"7", "32"}, "evaluate", "--model", model, "--corpus", small);
    String binary = Files.write(folder.resolve("b.txt"), new byte[] {0, -1, 7}).toString();
    refused(new String[] {"b.txt"}, "evaluate", "--model", model, "--corpus", binary);
  }

  @Test
  void inspectSaysWhatTheDirectoryIs() throws IOException {
    JsonNode facts = done("inspect", "--model", model, "--json").json();
    assertEquals("masking", facts.get("process").asText());
    assertEquals("denoiser", facts.get("head").asText());
    assertEquals(16, facts.get("length").asInt());
    assertEquals("char", facts.get("tokenizer").asText());
    assertEquals(20, facts.get("steps").asInt());
    assertTrue(facts.get("command").asText().startsWith("dllm train --corpus"));
    assertTrue(facts.get("total_correlation_nats").isNumber());
    assertTrue(done("inspect", "--model", model).out().contains("parameters"));
    refused(new String[] {"config.json"}, "inspect", "--model", folder.toString());
    refused(new String[] {"--seed"}, "inspect", "--model", model, "--seed", "5");
  }

  /** A run that was stopped early; older files say 0 of it. */
  @Test
  void inspectDoesNotShowWhatWasNotMeasured() throws IOException {
    Path copy = copyOfModel("stopped");
    Path config = copy.resolve("config.json");
    String json = Files.readString(config);
    for (String none : List.of("null", "0.0")) {
      Files.writeString(
          config, json.replaceAll("(\"validation_[a-z_]+\" : )[-0-9.Ee]+", "$1" + none));
      JsonNode facts = done("inspect", "--model", copy.toString(), "--json").json();
      assertTrue(facts.get("validation_nats_per_token").isNull(), facts.toString());
      assertTrue(facts.get("validation_standard_error").isNull(), facts.toString());
      String said = done("inspect", "--model", copy.toString()).out();
      assertTrue(said.matches("(?s).*validation nats per token +not measured\n.*"), said);
    }
    assertTrue(
        done("inspect", "--model", model, "--json")
                .json()
                .get("validation_nats_per_token")
                .asDouble()
            > 0);
  }

  private static Path copyOfModel(String name) throws IOException {
    Path copy = Files.createDirectories(folder.resolve(name));
    try (Stream<Path> files = Files.list(Path.of(model))) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  /** Weights that spoil what is computed; the rest is described all the same. */
  @Test
  void inspectTellsWeightsThatAreNoNumbers() throws IOException {
    assertEquals(
        "finite", done("inspect", "--model", model, "--json").json().get("weights").asText());
    Path copy = copyOfModel("broken");
    Path file = copy.resolve("model.safetensors");
    byte[] weights = Files.readAllBytes(file);
    byte[][] broken = {{0, 0, -128, 127}, {0, 0, -128, -1}, {0, 0, -64, 127}}; // infinities, NaN
    for (byte[] last : broken) {
      System.arraycopy(last, 0, weights, weights.length - 4, 4);
      Files.write(file, weights);
      JsonNode facts = done("inspect", "--model", copy.toString(), "--json").json();
      assertTrue(facts.get("weights").asText().startsWith("not finite: "), facts.toString());
      assertEquals(20, facts.get("steps").asInt());
      assertTrue(done("inspect", "--model", copy.toString()).out().contains("not finite: "));
    }
    String llada = Dllm.field("llada").toString();
    assertEquals(
        "not checked", done("inspect", "--model", llada, "--json").json().get("weights").asText());
  }

  @Test
  void tokenizersOfEveryKindAreWritten() throws IOException {
    for (String kind : List.of("bpe", "char", "byte")) {
      Path out = folder.resolve(kind + ".json");
      JsonNode said =
          done(
                  "tokenizer",
                  "train",
                  "--corpus",
                  corpus,
                  "--kind",
                  kind,
                  "--out",
                  out.toString(),
                  "--json")
              .json();
      assertEquals(kind, said.get("kind").asText());
      assertTrue(said.get("vocabulary").asInt() > 2);
      assertTrue(Files.size(out) > 100);
    }
    Path small = folder.resolve("small.json");
    assertEquals(
        260,
        done(
                "tokenizer",
                "train",
                "--corpus",
                corpus,
                "--kind",
                "bpe",
                "--vocabulary",
                "260",
                "--out",
                small.toString(),
                "--json")
            .json()
            .get("vocabulary")
            .asInt());
    refused(
        new String[] {"bpe, char, byte", "words"},
        "tokenizer",
        "train",
        "--corpus",
        corpus,
        "--kind",
        "words",
        "--out",
        small.toString());
    refused(
        new String[] {"vocabulary", "12"},
        "tokenizer",
        "train",
        "--corpus",
        corpus,
        "--kind",
        "bpe",
        "--vocabulary",
        "12",
        "--out",
        small.toString());
  }

  @Test
  void aTokenizerIsWrittenOverNoCorpus() throws IOException {
    String[] over = {"tokenizer", "train", "--kind", "char", "--corpus", corpus, "--out", corpus};
    byte[] before = Files.readAllBytes(Path.of(corpus));
    refused(new String[] {"--out", corpus}, over);
    over[5] = folder.toString(); // in which the file is
    refused(new String[] {"--out", corpus}, over);
    over[7] = folder.toString();
    refused(new String[] {"--out", "no file"}, over);
    assertArrayEquals(before, Files.readAllBytes(Path.of(corpus)));
  }

  /** What is known before the training is bad input; what only writing shows is a failure. */
  @Test
  void aTokenizerThatCannotBeWrittenIsRefusedFirst() throws IOException {
    String[] where = {"tokenizer", "train", "--kind", "byte", "--corpus", "none.txt", "--out", ""};
    where[7] = folder.resolve("nowhere").resolve("t.json").toString();
    refused(new String[] {"--out", where[7], "its folder does not exist"}, where);
    where[5] = corpus;
    where[7] = folder.resolve("x".repeat(300)).toString();
    Dllm failed = Dllm.run(where);
    assertEquals(1, failed.code(), failed.err());
    assertTrue(failed.err().startsWith("dllm: cannot write " + where[7] + ": "), failed.err());
    assertEquals(1, failed.err().lines().count());
  }

  /** Before minutes of work, not after. */
  @Test
  void outputsThatCannotBeAreRefusedFirst() {
    Path away = folder.resolve("away/x");
    for (String[] command :
        List.of(
            new String[] {"plan", "--distribution", "parity:k=3", "--plot"},
            new String[] {"evaluate", "--model", model, "--corpus", corpus, "--out"})) {
      for (Path out : List.of(away, folder)) {
        String[] words = Arrays.copyOf(command, command.length + 1);
        words[command.length] = out.toString();
        String why = out.equals(away) ? ": its folder does not exist" : " is there and is no file";
        refused(new String[] {command[command.length - 1] + " " + out + why}, words);
      }
    }
    for (String[] command :
        List.of(
            new String[] {"convert", "--model", "nowhere", "--out"},
            new String[] {"export", "--model", "nowhere", "--to", "mdlm", "--out"})) {
      for (Path out : List.of(away, folder)) {
        String[] words = Arrays.copyOf(command, command.length + 1);
        words[command.length] = out.toString();
        String why = out.equals(away) ? ": its folder does not exist" : " exists already";
        refused(new String[] {"--out " + out + why}, words);
      }
    }
  }

  /** Names of nothing, as of a variable that is not set, would be the current folder. */
  @Test
  void namesOfNothingAreRefused() {
    for (String command :
        List.of(
            "generate|--model",
            "inspect|--model",
            "export|--to|mdlm|--out|x|--model",
            "train|--out|x|--corpus|bundled|--from",
            "train|--out|x|--corpus|bundled|--tokenizer",
            "train|--out|x|--corpus",
            "tokenizer|train|--kind|byte|--out|x|--corpus",
            "steps|--out|x|--corpus|bundled|--samplers|tweedie|--judge",
            "steps|--out|x|--corpus|bundled|--samplers|tweedie|--baseline")) {
      String[] words = (command + "|").split("\\|", -1);
      refused(new String[] {words[words.length - 2], "must be a name, got \"\""}, words);
    }
  }

  /** What the text is read from is not written over; what lies beside it is. */
  @Test
  void aTokenizerMayStandInTheFolderOfItsText() throws IOException {
    Path texts = Files.createDirectories(folder.resolve("texts"));
    Path text = Files.writeString(texts.resolve("a.txt"), "a b c");
    String[] train = {"tokenizer", "train", "--kind", "char", "--corpus", "", "--out", ""};
    train[5] = texts.toString();
    train[7] = texts.resolve("tokenizer.json").toString();
    done(train);
    done(train);
    train[7] = text.toString();
    refused(new String[] {"--out " + text + " is a file of --corpus"}, train);
    train[5] = text.toString();
    refused(new String[] {"--out " + text + " is a file of --corpus"}, train);
  }

  /** Where there are no JSON lines, --field is refused by every command that has it. */
  @Test
  void aFieldNeedsJsonLines() throws IOException {
    String out = folder.resolve("field").toString();
    for (String command :
        List.of(
            "train --steps 3 --out OUT",
            "tokenizer train --kind byte --out OUT",
            "evaluate --model MODEL",
            "evaluate --baseline ngram:2 --part validation",
            "plan --model MODEL",
            "steps --model MODEL --samplers tweedie --out OUT")) {
      String[] words =
          (command + " --corpus CORPUS --field body")
              .replace("OUT", out)
              .replace("MODEL", model)
              .replace("CORPUS", corpus)
              .split(" ");
      refused(new String[] {"field is 'body'", corpus, ".jsonl"}, words);
      assertFalse(Files.exists(Path.of(out)), command);
    }
    Path lines = Files.writeString(folder.resolve("lines.jsonl"), "{\"body\":\"the cat\"}");
    done(
        "tokenizer",
        "train",
        "--kind",
        "char",
        "--field",
        "body",
        "--corpus",
        lines.toString(),
        "--out",
        out);
  }

  /** An argument that begins with @ is a text like any other, not a file of arguments. */
  @Test
  void argumentsAreNotFiles() throws IOException {
    Path file = Files.writeString(folder.resolve("words"), "--steps 3");
    refused(new String[] {"@" + file}, "generate", "@" + file);
  }

  @Test
  void resultsThatCannotBeWrittenAreAFailure() {
    Writer full =
        new Writer() {
          @Override
          public void write(char[] text, int from, int length) throws IOException {
            throw new IOException("full");
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    StringWriter err = new StringWriter();
    String[] version = {"--version"};
    assertEquals(1, Main.run(version, new PrintWriter(full), new PrintWriter(err)));
    assertTrue(err.toString().startsWith("dllm: stdout cannot be written to"), err.toString());
  }

  @Test
  void theRootHelpsAndRefuses() {
    assertTrue(done("--help").out().contains("generate"));
    assertTrue(done("--version").out().contains("dllm4j 0.1.0"));
    assertTrue(done("train", "--help").out().contains("--resume"));
    refused(new String[] {"command is missing"});
    refused(new String[] {"command is missing"}, "tokenizer");
    refused(new String[] {"generate", "inspect", "bench", "got dance"}, "dance");
    refused(new String[] {"train", "got frob"}, "tokenizer", "frob");
    assertFalse(Dllm.run("dance").err().contains("\tat "));
  }

  @Test
  void aListOfNothingIsRefused() {
    String parity = "--distribution parity:k=2 ";
    for (String command :
        List.of(
            "steps " + parity + "--samplers tweedie --out x --steps ,",
            "steps " + parity + "--steps 1 --out x --samplers ,",
            "exact " + parity + "--process masking --sampler mask-predictor --sizes ,",
            "exact " + parity + "--process masking --sampler mask-predictor --sizes 1,1,",
            "bench --section ,")) {
      String option = command.replaceAll(".* (--[a-z]+) [0-9,]+", "$1");
      refused(new String[] {option, "got"}, command.split(" "));
    }
  }

  /** Help and versions are no excuse for what the command does not know. */
  @Test
  void nothingUnknownIsIgnoredBesideHelp() {
    for (String help : List.of("--help", "-V")) {
      refused(new String[] {"got score"}, "score", help);
      refused(new String[] {"got score"}, help, "score");
      refused(new String[] {"--frob"}, "--frob", help);
      refused(new String[] {"got frob"}, "tokenizer", "frob", help);
      for (String command : new CommandLine(new Main()).getSubcommands().keySet()) {
        refused(new String[] {"--frob"}, command, "--frob", help);
        refused(new String[] {"--frob"}, command, help, "--frob");
        refused(new String[] {"extra"}, command, help, "extra");
        assertFalse(done(command, help).out().isEmpty());
      }
      refused(new String[] {"--frob"}, "tokenizer", "train", "--frob", help);
      refused(new String[] {"--frob"}, help, "generate", "--frob");
    }
  }
}
