package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.TextGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Constraints of {@code dllm generate}. */
class ConstraintCommandTest {
  private static final String SCHEMA =
      """
      {"type":"object","additionalProperties":false,
       "properties":{"name":{"type":"string","maxLength":12},
                     "age":{"type":"integer","minimum":1,"maximum":120},
                     "king":{"type":"boolean"}},
       "required":["name","age"]}
      """;

  @TempDir static Path folder;
  private static Path model;
  private static String schema;

  @BeforeAll
  static void prepare() throws IOException {
    model = Dllm.tinyModel(folder);
    schema = Files.writeString(folder.resolve("schema.json"), SCHEMA).toString();
  }

  private static String[] args(String... more) {
    List<String> all = new ArrayList<>(List.of("generate", "--model", model.toString()));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private static String text(String... more) {
    return done(args(more)).out().strip();
  }

  /** The bundled model writes what the schema asks for, at every number of steps. */
  @ParameterizedTest
  @ValueSource(strings = {"1", "4", "auto"})
  void theBundledModelWritesJson(String steps) throws IOException {
    Assumptions.assumeTrue(
        TextGenerator.class.getResource("/io/github/dllm4j/engine/bundled/config.json") != null);
    String prompt = "And David said, ";
    List<String> args =
        new ArrayList<>(List.of("generate", "--prompt", prompt, "--length", "40", "--json"));
    args.addAll(List.of("--json-schema", schema, "--steps", steps));
    if (steps.equals("auto")) {
      args.addAll(List.of("--epsilon", "20"));
    }
    Dllm run = done(args.toArray(String[]::new));
    for (JsonNode sample : run.json().get("samples")) {
      JsonNode document =
          Json.MAPPER.readTree(sample.get("text").asText().substring(prompt.length()));
      assertTrue(document.isObject() && document.size() >= 2, document.toString());
      document
          .fieldNames()
          .forEachRemaining(name -> assertTrue(Set.of("name", "age", "king").contains(name)));
      String name = document.get("name").textValue();
      assertTrue(name.codePointCount(0, name.length()) <= 12);
      assertTrue(document.get("age").isInt());
      assertTrue(document.get("age").intValue() >= 1 && document.get("age").intValue() <= 120);
      assertTrue(!document.has("king") || document.get("king").isBoolean());
    }
    assertTrue(run.json().get("predicted_kl_nats").isNull());
    assertTrue(run.json().get("note").asText().startsWith("the constraint changes the law"));
  }

  @Test
  void theTextIsWhatTheOptionsSay() throws IOException {
    assertTrue(text("--regex", "(cat|dog) [a-o]{1,3}").matches("(cat|dog) [a-o]{1,3}"));
    assertTrue(Set.of("the cat", "a dog").contains(text("--choices", "the cat,a dog")));
    assertTrue(
        text("--template", "the {8} sat", "--regex", "[a-t]+").matches("the [a-t]{1,8} sat"));
    JsonNode sample = done(args("--choices", "the cat", "--json")).json().get("samples").get(0);
    assertEquals("end", sample.get("finish").asText());
    assertEquals("the cat", sample.get("text").asText());
  }

  @Test
  void greedyDoesNotDependOnTheSeed() {
    String[] first = {"--regex", "[a-t ]{4,16}", "--steps", "1", "--seed", "1"};
    String[] second = {"--regex", "[a-t ]{4,16}", "--steps", "1", "--seed", "2"};
    assertNotEquals(text(first), text(second));
    assertEquals(text(with(first, "--greedy")), text(with(second, "--greedy")));
  }

  private static String[] with(String[] args, String more) {
    List<String> all = new ArrayList<>(List.of(args));
    all.add(more);
    return all.toArray(String[]::new);
  }

  @Test
  void whatCannotBeIsRefusedInOneLine() throws IOException {
    refused(
        new String[] {"at most one of --regex, --json-schema and --choices", "2"},
        args("--regex", "a", "--choices", "a,b"));
    refused(new String[] {"--greedy is for"}, args("--greedy"));
    refused(new String[] {"regular expression, character 3"}, args("--regex", "a**"));
    refused(new String[] {"--json-schema: no file"}, args("--json-schema", "none.json"));
    Path bytes = Files.write(folder.resolve("bytes"), new byte[] {(byte) 0xFF});
    refused(new String[] {"not UTF-8"}, args("--json-schema", bytes.toString()));
    Path bad = Files.writeString(folder.resolve("bad.json"), "{\"type\":\"date\"}");
    refused(
        new String[] {"schema needs a type", "got 'date'"}, args("--json-schema", bad.toString()));
    refused(
        new String[] {"regular expression, character 3"},
        "generate",
        "--model",
        folder.resolve("none").toString(),
        "--regex",
        "a**");
    Path marked = Files.writeString(folder.resolve("marked.json"), "\uFEFF{\"const\":7}");
    refused(new String[] {"can be spelt"}, args("--json-schema", marked.toString()));
    refused(new String[] {"needs 20 tokens or more, the holes have 16"}, args("--regex", "a{20}"));
    refused(new String[] {"can be spelt"}, args("--regex", "QQQ"));
    refused(
        new String[] {"a constraint draws holes together"},
        args("--regex", "a*", "--sampler", "theta-trapezoidal"));
  }
}
