package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.info.CurveNodes;
import io.github.dllm4j.engine.info.CurveSample;
import io.github.dllm4j.engine.info.CurveStudy;
import io.github.dllm4j.engine.info.DecaySample;
import io.github.dllm4j.engine.info.Functional;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.train.Refusal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The JSON files of a model directory. */
class ModelConfigTest {
  private static final ModelConfig.Provenance PROVENANCE =
      new ModelConfig.Provenance(
          "v", "dllm train", "elbo", "c", 1, 2, 3, 4.5, "fp32", 1.5, Double.NaN);

  @TempDir Path directory;

  private static ModelConfig config(boolean time) {
    return ModelConfig.of(
        Tiny.shape(time, false), Representation.DENOISER, Tiny.MASK, "sha", PROVENANCE);
  }

  private Path write(String json) throws IOException {
    return Files.writeString(directory.resolve("config.json"), json);
  }

  @Test
  void autoregressiveModelsSurviveTheRoundTripAndKnowNoTime() throws IOException {
    ModelConfig config =
        ModelConfig.of(
            Tiny.shape(false, false), Representation.NEXT_TOKEN, Tiny.MASK, "sha", PROVENANCE);
    assertTrue(config.autoregressive());
    assertEquals(config, ModelConfig.read(write(config.toJson())));
    refuses(
        config.toJson().replace("\"time_width\" : 0", "\"time_width\" : 6"),
        "time width must be 0 for an autoregressive model, got 6");
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void survivesTheRoundTrip(boolean time) throws IOException {
    ModelConfig config = config(time);
    assertEquals(time, config.timeConditioning());
    assertEquals(config, ModelConfig.read(write(config.toJson())));
  }

  /** Null in the file, as JSON has no NaN; older files say 0, or NaN in quotes. */
  @Test
  void whatWasNotMeasuredIsNull() throws IOException {
    ModelConfig.Provenance made =
        new ModelConfig.Provenance(
            "v", "dllm train", "elbo", "c", 1, 2, 3, 4.5, "fp32", Double.NaN, Double.NaN);
    ModelConfig config =
        ModelConfig.of(Tiny.shape(false, false), Representation.DENOISER, Tiny.MASK, "sha", made);
    String nothing = "\"validation_nats_per_token\" : null";
    String noError = "\"validation_standard_error\" : null";
    String json = config.toJson();
    assertTrue(json.contains(nothing) && json.contains(noError), json);
    for (String old : new String[] {"null", "0.0", "\"NaN\""}) {
      String file =
          json.replace(nothing, nothing.replace("null", old))
              .replace(noError, noError.replace("null", old));
      assertEquals(config, ModelConfig.read(write(file)));
    }
    refuses(json.replace(nothing, nothing.replace("null", "\"1\"")), "String");
    refuses(json.replace(nothing + ",", ""), "validation_nats_per_token");
    refuses(json.replace("\"seconds\" : 4.5", "\"seconds\" : null"), "null");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"layers\" : 2|\"layers\" : 0|layers must be 1 to 1,000, got 0",
        "\"layers\" : 2|\"layers\" : 2.5|Floating-point value (2.5)",
        "\"layers\" : 2|\"layers\" : \"2\"|String",
        "\"layers\" : 2|\"layers\" : null|null",
        "\"layers\" : 2|\"layers\" : 2, \"layers\" : 2|Duplicate field 'layers'",
        "\"layers\" : 2|\"layers\" : 2, \"depth\" : 2|Unrecognized field",
        "\"layers\" : 2,||Missing creator property 'layers'",
        "\"width\" : 8|\"width\" : 6|width must be a multiple of twice the heads",
        "\"mask\" : 6|\"mask\" : 7|mask must be 0 to 6, got 7",
        "\"format_version\" : 1|\"format_version\" : 2|format must be dllm4j version 1",
        "\"masking\"|\"uniform\"|mask must be -1 for a uniform model, got 6",
        "\"masking\"|\"blurring\"|process must be masking, uniform or autoregressive, got blurring",
        "\"masking\"|\"autoregressive\"|an autoregressive model is NEXT_TOKEN, got DENOISER",
        "\"DENOISER\"|\"NEXT_TOKEN\"|a masking model is SCORE or DENOISER, got NEXT_TOKEN",
        "\"DENOISER\"|\"LEAVE_ONE_OUT\"|a masking model is SCORE or DENOISER",
        "\"DENOISER\"|\"SOMETHING\"|SOMETHING",
        "\"time_conditioning\" : false|\"time_conditioning\" : true|without time modules",
        "\"time_conditioning\" : false,||'time_conditioning'",
      })
  void refusesWhatItDoesNotUnderstand(String part, String instead, String why) throws IOException {
    String json = config(false).toJson();
    assertTrue(json.contains(part), json);
    refuses(json.replace(part, instead == null ? "" : instead), why);
  }

  @Test
  void refusesWhatIsNoObject() throws IOException {
    for (String json : new String[] {"", "null", "[]", "3", "{", config(false).toJson() + "x"}) {
      refuses(json, "config.json: ");
    }
    Path file = directory.resolve("config.json");
    Files.write(file, new byte[] {'{', '"', (byte) 0xff, (byte) 0xfe});
    assertThrows(IOException.class, () -> ModelConfig.read(file));
    Files.write(file, new byte[(1 << 20) + 1]);
    assertThrows(IOException.class, () -> ModelConfig.read(file));
    assertThrows(IOException.class, () -> ModelConfig.read(directory.resolve("none")));
  }

  private void refuses(String json, String why) throws IOException {
    Path file = write(json);
    String message = Refusal.message(IOException.class, () -> ModelConfig.read(file));
    assertTrue(message.contains(why), message);
  }

  /** A file with time modules, of a model that ignores time, is read without them. */
  @Test
  void modelsThatIgnoreTimeAreFoldedWhenRead() throws IOException {
    NetworkShape shape = Tiny.shape(true, false);
    Path file = directory.resolve("model.safetensors");
    try (Network network = Tiny.network(shape, Tiny.weights(shape, 4))) {
      SafeTensorsWriter.write(
          file, Network.items(network, network.weights(), "", SafeTensors.Type.F32), Map.of());
    }
    ModelConfig told = config(true);
    String json =
        told.toJson().replace("\"time_conditioning\" : true", "\"time_conditioning\" : false");
    ModelConfig ignorant = ModelConfig.read(write(json));
    assertFalse(ignorant.timeConditioning());
    try (NDManager first = PyTorch.newManager("cpu");
        NDManager second = PyTorch.newManager("cpu")) {
      assertEquals(shape, Network.read(first, told, file).shape());
      Network folded = Network.read(second, ignorant, file);
      assertEquals(Tiny.shape(false, true), folded.shape());
      assertEquals(folded.shape().tensors().size(), folded.weights().size());
    }
  }

  @Test
  void informationSurvivesTheRoundTrip() throws IOException {
    CurveNodes nodes = new CurveNodes(4, new int[] {0, 1, 3});
    CurveStudy study =
        new CurveStudy(
            curves(InformationCurve.Source.MODEL_CROSS_ENTROPY, nodes, 0),
            curves(InformationCurve.Source.MODEL_ENTROPY, nodes, 0.25),
            12);
    InformationFile.of(study).write(directory);
    InformationFile read = InformationFile.read(directory);
    CurveStudy again = read.study(false);
    for (int e = 0; e < 4; e++) {
      for (boolean cross : new boolean[] {true, false}) {
        CurveSample before = cross ? study.crossEntropy() : study.entropy();
        CurveSample after = cross ? again.crossEntropy() : again.entropy();
        assertEquals(nodes, after.nodes());
        assertEquals(before.source(), after.source());
        assertArrayEquals(before.values().get(e), after.values().get(e), 5e-6);
      }
    }
    assertEquals(12, again.evaluations());
    assertEquals(
        again.crossEntropy().estimate(Functional.ENTROPY), read.functionals().get("entropy"));
    assertEquals(1, read.calibrationGap().mean(), 1e-12);
    Path file = directory.resolve(InformationFile.NAME);
    String json = Files.readString(file);
    for (String bad :
        new String[] {
          "null",
          json.replace("1.5,", "\"NaN\","),
          json.replace("1.5,", ""),
          json.replace("[0,1,3]", "[0,1,2]"),
          json.replace("\"cross_entropies\":[", "\"cross_entropies\":[null,"),
          json.replace("\"entropies\":[", "\"entropies\":[null,"),
          json.replace("\"entropies\":[[", "\"entropies\":[[null,"),
          json.replace("\"functionals\":{", "\"functionals\":{\"more\":null,"),
          json.replaceFirst("\"entropies\":\\[\\[[^]]*],", "\"entropies\":["),
          json.replaceFirst("\"cross_entropies\":\\[\\[[^]]*],", "\"cross_entropies\":["),
          json.replace("masking", "uniform"),
          json.replace("\"version\":2", "\"version\":1"),
          json.replace("\"version\":2,", ""),
          json.substring(1)
        }) {
      assertNotEquals(json, bad);
      Files.write(file, bad.getBytes(StandardCharsets.UTF_8));
      String message = Refusal.message(IOException.class, () -> InformationFile.read(directory));
      assertTrue(message.contains(InformationFile.NAME), message);
    }
    // A curve of a text that nobody can have takes no memory.
    String far = json.replace("[0,1,3]", "[0,1000000000,2000000000]");
    Files.writeString(file, far.replace("\"length\":4", "\"length\":2000000001"));
    assertEquals(2_000_000_001, InformationFile.read(directory).study(false).entropy().length());
  }

  @Test
  void theDecayOfAUniformModelSurvivesTheRoundTrip() throws IOException {
    double[] levels = {1e-3, 0.5, 6};
    List<double[]> rates = List.of(new double[] {31.25, 2, 1.25e-7}, new double[] {30, 2.5, 3e-8});
    DecaySample sample = DecaySample.of(levels, new double[] {40.125, 41}, rates);
    DecayFile.of(sample, 4, 100).write(directory);
    DecayFile read = DecayFile.read(directory);
    assertEquals(100, read.evaluations());
    assertEquals(4, read.length());
    assertEquals(sample.left(), read.klFromUniform());
    assertArrayEquals(levels, read.sample().levels());
    assertArrayEquals(sample.lefts(), read.sample().lefts());
    assertArrayEquals(rates.get(0), read.sample().rates().get(0));
    Refusal.message(IOException.class, () -> InformationFile.read(directory));
    Path file = directory.resolve(InformationFile.NAME);
    String json = Files.readString(file);
    for (String bad :
        new String[] {
          json.replace("[0.001,", "[1,"),
          json.replace("[0.001,", "[null,"),
          json.replace("\"left\":[", "\"left\":[null,"),
          json.replaceFirst("\"rates\":\\[\\[[^]]*]", "\"rates\":[null"),
          json.replace("uniform", "masking")
        }) {
      assertNotEquals(json, bad);
      Files.write(file, bad.getBytes(StandardCharsets.UTF_8));
      String message = Refusal.message(IOException.class, () -> DecayFile.read(directory));
      assertTrue(message.contains(InformationFile.NAME), message);
    }
  }

  /** Four curves, lower by so much everywhere. */
  private static CurveSample curves(
      InformationCurve.Source source, CurveNodes nodes, double lower) {
    List<double[]> curves = new ArrayList<>();
    for (int e = 0; e < 4; e++) {
      curves.add(new double[] {2 + e - lower, 1.5 - lower, 1 + e / 3.0 - lower});
    }
    return CurveSample.of(source, nodes, curves);
  }
}
