package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The train command: its files, its options, resuming, and what it refuses. */
class TrainCommandTest {
  @TempDir Path folder;
  private static byte[] plainWeights = {};
  private Path corpus;

  @BeforeEach
  void corpus() throws IOException {
    corpus = Dllm.corpus(folder);
  }

  private String[] args(Path out, String... more) {
    return Stream.concat(
            Stream.of(
                "train",
                "--corpus",
                corpus.toString(),
                "--out",
                out.toString(),
                "--tokenizer",
                "char",
                "--layers",
                "1",
                "--width",
                "16",
                "--heads",
                "2",
                "--length",
                "16",
                "--batch",
                "4",
                "--precision",
                "fp32",
                "--curve-examples",
                "2"),
            Arrays.stream(more))
        .toArray(String[]::new);
  }

  @Test
  void leavesACompleteModelDirectory() throws IOException {
    Path out = folder.resolve("a model");
    JsonNode said = done(args(out, "--steps", "20", "--json")).json();
    assertTrue(said.get("finished").asBoolean());
    assertTrue(said.get("bits_per_character").asDouble() > 0);
    for (String file :
        List.of(
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "information.json",
            "training-log.csv",
            "loss.png",
            "training.json",
            "checkpoint.safetensors")) {
      assertTrue(Files.size(out.resolve(file)) > 0, file);
    }
    List<String> log = Files.readAllLines(out.resolve("training-log.csv"));
    assertTrue(log.get(0).startsWith("step,tokens,seconds,loss"));
    assertEquals(2, log.stream().filter(line -> line.startsWith("20,")).count());
    try (Stream<Path> files = Files.list(out)) {
      assertFalse(files.anyMatch(file -> file.toString().endsWith(".tmp")));
    }
  }

  /**
   * Ctrl-C (a signal the run answers by saving) and kill -9 both end with the bits of the whole
   * run.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anInterruptedRunEndsWithTheSameBits(boolean kill) throws Exception {
    // Threads by name: other tests of this process may have set them, and bits depend on them.
    String[] settings = {
      "--steps", "300", "--dropout", "0.1", "--validate-every", "20", "--threads", "1"
    };
    Path whole = folder.resolve("whole");
    done(args(whole, settings));
    Path broken = folder.resolve("broken");
    Process process = fork(folder, args(broken, settings));
    Path log = broken.resolve("training-log.csv");
    while (process.isAlive() && (!Files.exists(log) || Files.readString(log).lines().count() < 6)) {
      Thread.sleep(5);
    }
    if (kill) {
      process.destroyForcibly();
    } else {
      process.destroy();
    }
    process.waitFor();
    String said = Files.readString(folder.resolve("fork.out"));
    assertFalse(said.contains("without a new checkpoint"), said);
    int step = Integer.parseInt(lastStep(log));
    assertTrue(step < 300, "the run was over before it could be interrupted");
    done("train", "--resume", "--out", broken.toString());
    assertArrayEquals(
        Files.readAllBytes(whole.resolve("model.safetensors")),
        Files.readAllBytes(broken.resolve("model.safetensors")));
    assertEquals(
        Files.readAllLines(whole.resolve("training-log.csv")).size(),
        Files.readAllLines(log).size(),
        "the log has every row once");
  }

  private static String lastStep(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    return lines.get(lines.size() - 1).split(",", -1)[0];
  }

  /** Runs the command in a process of its own, in a folder. */
  private Process fork(Path in, String[] args) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    command.addAll(List.of(args));
    return new ProcessBuilder(command)
        .directory(in.toFile())
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("fork.out").toFile())
        .start();
  }

  /** From another folder, without the model it started from, but never without its text. */
  @Test
  void aRunIsResumedFromAnyFolder() throws Exception {
    Path first = folder.resolve("first");
    done(args(first, "--steps", "3", "--process", "uniform"));
    Path run = Files.createDirectory(folder.resolve("run"));
    Path text = Files.createDirectory(folder.resolve("text"));
    Files.copy(corpus, text.resolve("a.txt"));
    String[] relative = {
      "train",
      "--corpus",
      "../text",
      "--from",
      "../first",
      "--out",
      "out",
      "--steps",
      "3",
      "--curve-examples",
      "2"
    };
    Process process = fork(run, relative);
    assertEquals(0, process.waitFor(), () -> read(folder.resolve("fork.out")));
    Path out = run.resolve("out");
    try (Stream<Path> files = Files.list(first)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    String[] resume = {"train", "--resume", "--out", out.toString()};
    String config = Files.readString(out.resolve("config.json"));
    assertTrue(done(resume).out().contains("finished already"));
    assertEquals(config, Files.readString(out.resolve("config.json")));

    // All moved elsewhere, or a file of an older version: as the current folder has it.
    TrainingSettings began = TrainingSettings.read(out);
    List<String> moved = new ArrayList<>(began.arguments());
    moved.set(2, Path.of("").toAbsolutePath().relativize(text).toString());
    for (String from : List.of("", folder.resolve("gone/".repeat(30)).toString())) {
      new TrainingSettings(from, moved, 3, began.precision(), began.validationFraction())
          .write(out);
      assertTrue(done(resume).out().contains("finished already"));
    }
    began.write(out);
    Files.writeString(text.resolve("a.txt"), "the cat sat on the mat. ".repeat(90));
    refused(new String[] {"checkpoint.safetensors belongs to another run"}, resume);
    Files.delete(text.resolve("a.txt"));
    Files.delete(text);
    refused(new String[] {"corpus " + run.resolve("../text") + " does not exist"}, resume);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "--objective,score-entropy",
    "--learning-rate,0.01",
    "--warmup,3",
    "--weight-decay,0.5",
    "--optimizer,muon",
    "--clip,0.1",
    "--dropout,0.3",
    "--ema,0",
    "--seed,7",
    "--accumulate,2",
    "--time-width,8",
    "--validation-fraction,0.2",
    "--store,fp16",
    "--precision,bf16",
    "--heads,1"
  })
  void everyOptionChangesTheWeights(String option, String value) throws IOException {
    Path changed = folder.resolve("changed");
    String[] all = args(changed, "--steps", "6");
    int at = Arrays.asList(all).indexOf(option);
    if (at >= 0) {
      all[at + 1] = value;
    } else {
      all = args(changed, "--steps", "6", option, value);
    }
    done(all);
    assertFalse(
        Arrays.equals(plainWeights(), Files.readAllBytes(changed.resolve("model.safetensors"))));
  }

  /** The weights of the run without the option, trained once. */
  private byte[] plainWeights() throws IOException {
    if (plainWeights.length == 0) {
      Path plain = folder.resolve("plain");
      done(args(plain, "--steps", "6"));
      plainWeights = Files.readAllBytes(plain.resolve("model.safetensors"));
    }
    return plainWeights;
  }

  @Test
  void theBudgetMayBeTokensOrMinutes() throws IOException {
    done(args(folder.resolve("tokens"), "--tokens", "640"));
    assertEquals(10, TrainingSettings.read(folder.resolve("tokens")).steps());
    done(args(folder.resolve("minutes"), "--minutes", "0.01"));
    assertTrue(TrainingSettings.read(folder.resolve("minutes")).steps() >= 1);
  }

  @Test
  void theMaskPredictorIsTrainedForItsPlan() {
    done(
        args(
            folder.resolve("predictor"),
            "--steps",
            "3",
            "--objective",
            "mask-predictor",
            "--plan-steps",
            "4"));
    refused(
        new String[] {"mask-predictor"},
        args(folder.resolve("x"), "--steps", "3", "--objective", "mask-predictor"));
    refused(
        new String[] {"mask-predictor"},
        args(folder.resolve("x"), "--steps", "3", "--plan-steps", "4"));
  }

  @Test
  void impossibleRunsAreRefused() throws IOException {
    Path out = folder.resolve("out");
    refused(new String[] {"exactly one"}, args(out));
    refused(new String[] {"exactly one"}, args(out, "--steps", "3", "--tokens", "100"));
    refused(new String[] {"steps", "-4"}, args(out, "--steps", "-4"));
    for (String minutes : List.of("-1.0", "0.0", "NaN", "Infinity", "1000000.5")) {
      refused(
          new String[] {"--minutes must be above 0 and at most 1,000,000, got " + minutes},
          args(out, "--minutes", minutes));
    }
    for (String tokens : List.of("-100", "0")) {
      refused(
          new String[] {"--tokens must be at least 1, got " + tokens},
          args(out, "--tokens", tokens));
    }
    refused(
        new String[] {"--tokens must be at most 1,000,000,000 steps of 64 tokens, got 99,999,"},
        args(out, "--tokens", "99999999999999"));
    refused(new String[] {"--process", "smooth"}, args(out, "--steps", "3", "--process", "smooth"));
    refused(new String[] {"objective", "magic"}, args(out, "--steps", "3", "--objective", "magic"));
    refused(
        new String[] {"learning rate", "-1"}, args(out, "--steps", "3", "--learning-rate", "-1"));
    refused(new String[] {"dropout", "1"}, args(out, "--steps", "3", "--dropout", "1.5"));
    refused(new String[] {"checkpoint"}, args(out, "--steps", "3", "--resume"));
    refused(new String[] {"--out"}, "train", "--corpus", corpus.toString(), "--steps", "3");
    refused(new String[] {"--corpus"}, "train", "--out", out.toString(), "--steps", "3");
    refused(
        new String[] {"bpe:x"},
        "train",
        "--corpus",
        corpus.toString(),
        "--out",
        out.toString(),
        "--steps",
        "3",
        "--tokenizer",
        "bpe:x");
    refused(
        new String[] {"width", "heads"},
        "train",
        "--corpus",
        corpus.toString(),
        "--out",
        out.toString(),
        "--steps",
        "3",
        "--tokenizer",
        "char",
        "--width",
        "30",
        "--heads",
        "4");
    refused(
        new String[] {"tokens", "length"},
        "train",
        "--corpus",
        corpus.toString(),
        "--out",
        out.toString(),
        "--steps",
        "3",
        "--tokenizer",
        "char",
        "--length",
        "500");
    Path file = Files.writeString(folder.resolve("file"), "x");
    refused(new String[] {"--out"}, args(file.resolve("below"), "--steps", "3"));
    Path empty = Files.writeString(folder.resolve("empty.txt"), "");
    corpus = empty;
    refused(new String[] {"empty.txt"}, args(out, "--steps", "3"));
  }

  /** What is refused leaves nothing, and a model that is there as it was. */
  @Test
  void aModelIsNotOverwritten() throws IOException {
    Path out = folder.resolve("fresh");
    refused(new String[] {"warmup"}, args(out, "--steps", "3", "--warmup", "4"));
    refused(new String[] {"ema"}, args(out, "--steps", "3", "--ema", "2"));
    assertFalse(Files.exists(out));
    Path model = folder.resolve("model");
    done(args(model, "--steps", "3"));
    Files.delete(model.resolve("checkpoint.safetensors"));
    byte[] before = Files.readAllBytes(model.resolve("tokenizer.json"));
    refused(new String[] {"--out", "already holds a model"}, args(model, "--steps", "3"));
    assertArrayEquals(before, Files.readAllBytes(model.resolve("tokenizer.json")));
  }

  /** What cannot work with a tokenizer file is bad input, said before anything is trained. */
  @Test
  void aTokenizerThatDoesNotServeIsRefusedFirst() throws IOException {
    String json =
        """
        {"version":"1.0","truncation":null,"padding":null,"normalizer":null,
         "pre_tokenizer":{"type":"Whitespace"},"post_processor":null,"decoder":null,
         "added_tokens":[{"id":2,"content":"<|mask|>","single_word":false,"lstrip":false,
           "rstrip":false,"normalized":false,"special":true}],
         "model":{"type":"WordLevel","unk_token":"none","vocab":{"the":0,"cat":1}}}
        """;
    Path file = Files.writeString(folder.resolve("words.json"), json);
    Path out = folder.resolve("words");
    String[] all = args(out, "--steps", "3");
    all[Arrays.asList(all).indexOf("--tokenizer") + 1] = file.toString();
    refused(new String[] {"the tokenizer cannot express the text: "}, all);
    Files.writeString(file, json.substring(0, 300));
    refused(new String[] {"words.json is not valid JSON"}, all);
    assertFalse(Files.exists(out));
    Files.createDirectories(out.resolve("tokenizer.json"));
    Files.delete(corpus); // as it is said before the text is read
    refused(new String[] {"--out", "tokenizer.json, which is no file"}, args(out, "--steps", "3"));
  }

  @Test
  void aRunIsNotOverwrittenAndNotMixedUp() {
    Path out = folder.resolve("run");
    done(args(out, "--steps", "3"));
    refused(new String[] {"--resume"}, args(out, "--steps", "3"));
    refused(
        new String[] {"another run"},
        args(out, "--steps", "3", "--resume", "--learning-rate", "0.1"));
    refused(
        new String[] {"the budget must be --steps 3 as the run began, got --steps 4"},
        args(out, "--steps", "4", "--resume"));
    refused(
        new String[] {"the budget must be --steps 3 as the run began, got --tokens 99"},
        args(out, "--tokens", "99", "--resume"));
    String[] again = args(out, "--steps", "3", "--resume");
    int precision = Arrays.asList(again).indexOf("fp32");
    again[precision] = "bf16";
    refused(new String[] {"--precision must be fp32 as the run began, got bf16"}, again);
    again[precision] = "auto";
    done(again);
  }

  @Test
  void whatIsRefusedLeavesNoFolder() {
    refused(new String[] {"steps", "0"}, args(folder.resolve("one/two/three"), "--steps", "0"));
    assertFalse(Files.exists(folder.resolve("one")));
  }

  @Test
  void trainingStartsFromAModel() throws IOException {
    Path first = folder.resolve("first");
    done(args(first, "--steps", "6", "--store", "fp16"));
    Path second = folder.resolve("second");
    String[] from = {
      "train",
      "--corpus",
      corpus.toString(),
      "--out",
      second.toString(),
      "--from",
      first.toString(),
      "--steps",
      "2",
      "--ema",
      "0",
      "--store",
      "fp16",
      "--learning-rate",
      "1e-30"
    };
    done(from);
    assertArrayEquals(
        Files.readAllBytes(first.resolve("tokenizer.json")),
        Files.readAllBytes(second.resolve("tokenizer.json")));
    // At that rate no weight moves: what comes out is what it started from.
    assertArrayEquals(
        Files.readAllBytes(first.resolve("model.safetensors")),
        Files.readAllBytes(second.resolve("model.safetensors")));
    Path third = folder.resolve("third");
    from[4] = third.toString();
    from[from.length - 1] = "0.01";
    done(from);
    assertFalse(
        Arrays.equals(
            Files.readAllBytes(first.resolve("model.safetensors")),
            Files.readAllBytes(third.resolve("model.safetensors"))));
    String[] again = Arrays.copyOf(from, from.length + 1);
    again[from.length] = "--resume";
    assertTrue(done(again).out().contains("finished already"));
    again[6] = second.toString();
    refused(new String[] {"--from must be", "as the run began", "second"}, again);
    from[4] = folder.resolve("fourth").toString();
    from[6] = folder.resolve("nowhere").toString();
    refused(new String[] {"nowhere"}, from);
    from[6] = first.toString();
    from[11] = "--layers";
    from[12] = "2";
    refused(new String[] {"--layers", "--from"}, from);
    from[11] = "--objective";
    from[12] = "score-entropy";
    refused(new String[] {"score-entropy", "DENOISER"}, from);
  }

  @Test
  void aRunThatOnlyResumesSaysNothingElse() {
    Path out = folder.resolve("only");
    done(args(out, "--steps", "3"));
    for (String option : new String[] {"--steps", "--learning-rate", "--curve-examples"}) {
      refused(
          new String[] {option, "--resume"},
          "train",
          "--resume",
          "--out",
          out.toString(),
          option,
          "9");
    }
    String[] other = args(out, "--steps", "3", "--resume", "--validation-fraction", "0.2");
    refused(new String[] {"--validation-fraction must be"}, other);
    assertTrue(
        done("train", "--resume", "--out", out.toString()).out().contains("finished already"));
    String[] few = args(folder.resolve("few"), "--steps", "3");
    few[Arrays.asList(few).indexOf("--curve-examples") + 1] = "1";
    refused(new String[] {"--curve-examples", "1"}, few);
  }

  @Test
  void aResumedRunKeepsItsThreadsAndDeviceUnlessToldOtherwise() throws IOException {
    List<String> began =
        List.of(
            "train",
            "--corpus",
            "x",
            "--out",
            "x",
            "--threads",
            "1",
            "--device",
            "cpu",
            "--steps",
            "3");
    TrainingSettings settings = TrainingSettings.here(began, 3, "fp32", 0.05);
    String[] plain = {"--resume", "--out", "x"};
    assertEquals("Optional[1] cpu", resumed(settings, plain));
    String[] own = {"--resume", "--out", "x", "--threads", "2", "--device", "auto"};
    assertEquals("Optional[2] auto", resumed(settings, own));
  }

  /** The threads and the device of the command that goes on. */
  private static String resumed(TrainingSettings settings, String... arguments) {
    TrainCommand resuming = new TrainCommand();
    new CommandLine(resuming).parseArgs(arguments);
    TrainCommand restored = settings.restore(resuming);
    return restored.common.threads + " " + restored.common.device;
  }

  @Test
  void aResumedRunKeepsThePrecisionItBeganWith() throws IOException {
    Path measured = folder.resolve("measured");
    String[] all = args(measured, "--steps", "3");
    all[Arrays.asList(all).indexOf("--precision") + 1] = "auto";
    done(all);
    TrainingSettings settings = TrainingSettings.read(measured);
    String other = settings.precision().equals("fp32") ? "bf16" : "fp32";
    TrainingSettings.here(
            settings.arguments(), settings.steps(), other, settings.validationFraction())
        .write(measured);
    refused(new String[] {"another run"}, "train", "--resume", "--out", measured.toString());
  }
}
