package io.github.dllm4j.eval.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/** Runs a command in this process: exit code, stdout and stderr. */
record Dllm(int code, String out, String err) {

  static Dllm run(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(args, new PrintWriter(out), new PrintWriter(err));
    return new Dllm(code, out.toString(), err.toString());
  }

  /** Runs a command that must succeed. */
  static Dllm done(String... args) {
    Dllm run = run(args);
    assertEquals(0, run.code, run.err);
    return run;
  }

  /** Runs a command that must be refused in one line on stderr that says all the given things. */
  static void refused(String[] says, String... args) {
    Dllm run = run(args);
    assertEquals(2, run.code, run.err);
    assertEquals("", run.out);
    String last = run.err.strip();
    last = last.substring(last.lastIndexOf('\n') + 1);
    assertTrue(last.startsWith("dllm: "), run.err);
    for (String part : says) {
      assertTrue(last.contains(part), "'" + last + "' should say " + part);
    }
  }

  /** Its stdout as the one JSON document it must be. */
  JsonNode json() throws IOException {
    return Json.MAPPER.readTree(out);
  }

  /** The folder of a small published network, with random weights. */
  static Path field(String name) {
    return Path.of("..", "engine", "src", "test", "resources", "field", name);
  }

  /** A short text that a tiny model can be trained on. */
  static Path corpus(Path folder) throws IOException {
    return Files.writeString(
        folder.resolve("corpus.txt"),
        "the cat sat on the mat and the dog sat on the log. ".repeat(40));
  }

  /** Trains a tiny model and returns its directory. */
  static Path tinyModel(Path folder, String... more) throws IOException {
    Path out = folder.resolve("model");
    String[] args = {
      "train",
      "--corpus",
      corpus(folder).toString(),
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
      "8",
      "--steps",
      "20",
      "--precision",
      "fp32",
      "--curve-examples",
      "4"
    };
    String[] all = java.util.Arrays.copyOf(args, args.length + more.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    done(all);
    return out;
  }
}
