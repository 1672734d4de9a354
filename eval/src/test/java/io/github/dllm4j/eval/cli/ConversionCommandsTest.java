package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Model folders into our form and out of it: what a model says stays the same. */
class ConversionCommandsTest {
  @TempDir Path folder;
  private String corpus;

  @BeforeEach
  void text() throws IOException {
    corpus = Dllm.corpus(folder).toString();
  }

  private double nats(Path model) throws IOException {
    return done(
            "evaluate", "--model", model.toString(), "--corpus", corpus, "--blocks", "8", "--json")
        .json()
        .get("nats_per_token")
        .asDouble();
  }

  private static Set<String> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return new TreeSet<>(all.map(file -> file.getFileName().toString()).toList());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"sedd-absorb", "sedd-uniform", "mdlm", "mdlm-time", "radd", "udlm-classes", "duo"})
  void convertedModelsSayTheSame(String name) throws IOException {
    Path out = folder.resolve("ours");
    Path model = Dllm.field(name);
    done("convert", "--model", model.toString(), "--out", out.toString());
    assertEquals(Set.of("config.json", "model.safetensors", "tokenizer.json"), files(out));
    assertEquals(nats(model), nats(out), 1e-5);
    JsonNode facts = done("inspect", "--model", out.toString(), "--json").json();
    assertEquals("DiT", facts.get("family").asText());
    JsonNode text = done("generate", "--model", out.toString(), "--steps", "3", "--json").json();
    assertEquals(12, text.get("samples").get(0).get("tokens").size());
    assertEquals(Set.of("corpus.txt", "ours"), files(folder), "nothing else is left");
  }

  @ParameterizedTest
  @CsvSource({
    "mdlm, mdlm",
    "mdlm-time, mdlm",
    "radd, mdlm",
    "sedd-absorb, mdlm",
    "sedd-absorb, sedd"
  })
  void exportedModelsSayTheSame(String name, String form) throws IOException {
    Path out = folder.resolve("theirs");
    Path model = Dllm.field(name);
    done("export", "--model", model.toString(), "--to", form, "--out", out.toString());
    assertEquals(nats(model), nats(out), 1e-5);
    JsonNode facts = done("inspect", "--model", out.toString(), "--json").json();
    assertEquals(form, facts.get("family").asText());
  }

  @Test
  void aTrainedModelComesBack() throws IOException {
    Path trained = Dllm.tinyModel(folder, "--objective", "score-entropy");
    Path sedd = folder.resolve("sedd");
    Path mdlm = folder.resolve("mdlm");
    Path back = folder.resolve("back");
    done("export", "--model", trained.toString(), "--to", "sedd", "--out", sedd.toString());
    done("export", "--model", trained.toString(), "--to", "mdlm", "--out", mdlm.toString());
    done("convert", "--model", sedd.toString(), "--out", back.toString(), "--store", "fp16");
    double nats = nats(trained);
    assertEquals(nats, nats(sedd), 1e-5);
    assertEquals(nats, nats(mdlm), 1e-5);
    assertEquals(nats, nats(back), 1e-2);
    assertNotEquals(nats, nats(back), "half precision changes something");
  }

  private Path copied(String name) throws IOException {
    Path copy = Files.createDirectory(folder.resolve("copy"));
    for (String file : List.of("config.json", "tokenizer.json", "model.safetensors")) {
      Files.copy(Dllm.field(name).resolve(file), copy.resolve(file));
    }
    return copy;
  }

  @Test
  void ourModelThatIsNotToldTheTimeIsNotToldItAfterwards() throws IOException {
    Path ours = folder.resolve("ours");
    Path again = folder.resolve("again");
    Path time = Dllm.field("mdlm-time");
    done("convert", "--model", time.toString(), "--out", ours.toString());
    Path config = ours.resolve("config.json");
    String told = Files.readString(config);
    Files.writeString(
        config, told.replace("\"time_conditioning\" : true", "\"time_conditioning\" : false"));
    assertNotEquals(told, Files.readString(config));
    assertNotEquals(nats(time), nats(ours));
    done("convert", "--model", ours.toString(), "--out", again.toString());
    assertEquals(nats(ours), nats(again), 1e-5);
  }

  @Test
  void informationIsAboutTheModelWithoutAClass() throws IOException {
    String model = copied("udlm-classes").toString();
    done("plan", "--model", model, "--corpus", corpus, "--blocks", "4", "--save");
    String[] auto = {"generate", "--model", model, "--epsilon", "1000", "--json"};
    assertFalse(done(auto).json().get("predicted_path_kl_nats").isNull());
    String[] ofClass = java.util.Arrays.copyOf(auto, auto.length + 2);
    ofClass[auto.length] = "--class";
    ofClass[auto.length + 1] = "1";
    refused(new String[] {"information.json"}, ofClass);
    Path all = folder.resolve("all");
    Path one = folder.resolve("one");
    done("convert", "--model", model, "--out", all.toString());
    done("convert", "--model", model, "--class", "1", "--out", one.toString());
    assertTrue(files(all).contains("information.json"));
    assertFalse(files(one).contains("information.json"));
  }

  @Test
  void otherNamesAreRenamed() throws IOException {
    Path mdlm = Dllm.field("mdlm");
    Path odd = folder.resolve("odd");
    Files.createDirectory(odd);
    for (String name : List.of("config.json", "tokenizer.json")) {
      Files.copy(mdlm.resolve(name), odd.resolve(name));
    }
    byte[] weights = Files.readAllBytes(mdlm.resolve("model.safetensors"));
    String header = new String(weights, java.nio.charset.StandardCharsets.ISO_8859_1);
    // Names of the same length, so that the header stays as long.
    header =
        header.replace("backbone.blocks.", "denoiser.layers.").replace("backbone.", "denoiser.");
    Files.write(
        odd.resolve("model.safetensors"),
        header.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
    Path out = folder.resolve("ours");
    String[] plain = {"convert", "--model", odd.toString(), "--out", out.toString()};
    refused(new String[] {"vocab_embed.embedding", "0 tensors"}, plain);
    String[] args = java.util.Arrays.copyOf(plain, plain.length + 4);
    System.arraycopy(
        new String[] {"--rename", "denoiser.=", "--rename", "layers.=blocks."},
        0,
        args,
        plain.length,
        4);
    done(args);
    assertEquals(nats(mdlm), nats(out), 1e-5);
    args[args.length - 1] = "layers";
    refused(new String[] {"--rename", "OLD=NEW"}, args);
  }

  @Test
  void whatCannotBeIsRefused() throws IOException {
    String out = folder.resolve("new").toString();
    String mdlm = Dllm.field("mdlm").toString();
    refused(
        new String[] {"export to mdlm"}, "export", "--model", mdlm, "--to", "sedd", "--out", out);
    refused(
        new String[] {"uniform"},
        "export",
        "--model",
        Dllm.field("udlm").toString(),
        "--to",
        "mdlm",
        "--out",
        out);
    refused(new String[] {"gpt"}, "export", "--model", mdlm, "--to", "gpt", "--out", out);
    refused(
        new String[] {"exists already"},
        "convert",
        "--model",
        mdlm,
        "--out",
        folder.resolve("corpus.txt").toString());
    refused(new String[] {"--store"}, "convert", "--model", mdlm, "--out", out, "--store", "int8");
    assertEquals(Set.of("corpus.txt"), files(folder));
  }
}
