package io.github.dllm4j.engine.djl.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.inference.Predictor;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.dllm4j.engine.Generation;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.GenerationResult.Finish;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.TinyModel;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model directory behind DJL's Criteria gives what the generator gives. */
class GenerationTranslatorTest {
  private static final String PROPERTIES =
      """
      engine=PyTorch
      translatorFactory=io.github.dllm4j.engine.djl.serving.GenerationTranslatorFactory
      blockFactory=ai.djl.nn.IdentityBlockFactory
      option.hasParameter=false
      """;

  @TempDir static Path folder;
  private static TextGenerator generator;

  @BeforeAll
  static void train() throws IOException {
    TinyModel.masking(folder);
    Files.writeString(folder.resolve("serving.properties"), PROPERTIES);
    generator = TextGenerator.open(folder);
  }

  @AfterAll
  static void close() {
    generator.close();
  }

  private static <I, O> Criteria<I, O> criteria(Class<I> input, Class<O> output, Path directory) {
    return Criteria.builder()
        .setTypes(input, output)
        .optModelPath(directory)
        .optTranslatorFactory(new GenerationTranslatorFactory())
        .build();
  }

  @Test
  void aPromptGivesTheGeneratorsText() throws Exception {
    String twin = generator.generate(GenerationRequest.prompt("ab")).text();
    try (ZooModel<String, String> model = criteria(String.class, String.class, folder).loadModel();
        Predictor<String, String> predictor = model.newPredictor()) {
      assertEquals(twin, predictor.predict("ab"));
      assertEquals(List.of(twin, twin), predictor.batchPredict(List.of("ab", "ab")));
      assertThrows(TranslateException.class, () -> predictor.predict("abcd ".repeat(99)));
      assertEquals(twin, predictor.predict("ab"));
    }
  }

  /** As DJL Serving loads it: everything comes from serving.properties. */
  @Test
  void theFilesPropertiesAreEnough() throws Exception {
    Criteria<Input, Output> criteria =
        Criteria.builder()
            .setTypes(Input.class, Output.class)
            .optModelUrls(folder.toUri().toURL().toString())
            .build();
    try (ZooModel<Input, Output> model = criteria.loadModel();
        Predictor<Input, Output> predictor = model.newPredictor()) {
      Output output =
          predictor.predict(
              json(
                  "{\"inputs\":\"ab\",\"parameters\":{\"max_new_tokens\":9,\"steps\":3,\"seed\":4,"
                      + "\"temperature\":0.9,\"top_p\":0.8}}"));
      GenerationRequest request =
          GenerationRequest.prompt("ab")
              .withLength(generator.model().tokenizer().encode("ab").length + 9)
              .withSteps(3)
              .withSeed(4)
              .withTemperature(0.9)
              .withTopP(0.8);
      assertEquals(200, output.getCode());
      JsonNode answer = tree(output);
      assertEquals(
          generator.generate(request).completion(), answer.path("generated_text").asText());
      assertEquals(9, answer.path("generated_tokens").asInt());
      assertEquals("length", answer.path("finish_reason").asText());
      Input plain = new Input();
      plain.add("ab");
      assertEquals(
          generator.generate(GenerationRequest.prompt("ab")).completion(),
          tree(predictor.predict(plain)).path("generated_text").asText());
    }
  }

  private static Input json(String text) {
    Input input = new Input();
    input.addProperty("Content-Type", "application/json; charset=utf-8");
    input.add(text);
    return input;
  }

  private static JsonNode tree(Output output) throws IOException {
    return new ObjectMapper().readTree(output.getData().getAsString());
  }

  /** One that is wrong does not spoil its batch, and more than the queue holds is no failure. */
  @Test
  void aBatchIsMadeTogetherAndEachAnsweredForItself() throws Exception {
    try (ZooModel<Input, Output> model = criteria(Input.class, Output.class, folder).loadModel();
        Predictor<Input, Output> predictor = model.newPredictor()) {
      List<Input> inputs = new ArrayList<>();
      for (int seed = 0; seed < 100; seed++) {
        inputs.add(json("{\"inputs\":\"a\",\"parameters\":{\"seed\":" + seed + ",\"steps\":2}}"));
      }
      for (String wrong :
          List.of(
              "{\"inputs\":\"a\",\"parameters\":{\"top_k\":4}}",
              "{\"inputs\":5}",
              "{}",
              "[",
              "null",
              "{\"inputs\":\"a\",\"parameters\":{\"stop\":[null]}}",
              "{\"inputs\":\"a\",\"parameters\":{\"max_new_tokens\":0}}",
              "{\"inputs\":\"a\",\"parameters\":{\"max_new_tokens\":2147483647}}",
              "{\"inputs\":\"a\",\"parameters\":{\"steps\":2,\"epsilon\":1}}",
              "{\"inputs\":\"a\",\"parameters\":{\"temperature\":-1}}")) {
        inputs.add(json(wrong));
      }
      inputs.add(new Input());
      List<Output> outputs = predictor.batchPredict(inputs);
      for (int i = 0; i < inputs.size(); i++) {
        assertEquals(
            i < 100 ? 200 : 400, outputs.get(i).getCode(), i + outputs.get(i).getMessage());
        assertEquals(1, outputs.get(i).getMessage().lines().count());
      }
      for (int seed : new int[] {0, 1, 99}) {
        GenerationRequest request = GenerationRequest.prompt("a").withSeed(seed).withSteps(2);
        assertEquals(
            generator.generate(request).completion(),
            tree(outputs.get(seed)).path("generated_text").asText());
      }
    }
  }

  /** DJL's context as far as the translators need it, with one attachment. */
  private static TranslatorContext context() {
    AtomicReference<Object> attached = new AtomicReference<>();
    return (TranslatorContext)
        Proxy.newProxyInstance(
            TranslatorContext.class.getClassLoader(),
            new Class<?>[] {TranslatorContext.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "setAttachment" -> {
                    attached.set(arguments[1]);
                    yield null;
                  }
                  case "getAttachment" -> attached.get();
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  /** The generator is busy until the batch has failed, so nothing of it can be done before. */
  @Test
  void aPromptThatFailsCancelsTheRestOfItsBatch() throws Exception {
    CountDownLatch failed = new CountDownLatch(1);
    try (TextGenerator own =
        TextGenerator.of(
            Model.open(folder, ModelOptions.DEFAULT), 1, TextGenerator.DEFAULT_QUEUE)) {
      Generation busy =
          own.submit(
              GenerationRequest.prompt("a").withSteps(1),
              step -> {
                try {
                  return failed.await(5, TimeUnit.MINUTES);
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              });
      PromptTranslator translator = new PromptTranslator(own);
      TranslatorContext context = context();
      NDList none = translator.batchProcessInput(context, List.of("abcd ".repeat(99), "ab", "cd"));
      assertThrows(TranslateException.class, () -> translator.batchProcessOutput(context, none));
      failed.countDown();
      assertEquals(Finish.LENGTH, busy.result().samples().get(0).finish());
      List<?> parts = (List<?>) Objects.requireNonNull(context.getAttachment("generations"));
      assertEquals(3, parts.size());
      for (Object part : parts.subList(1, 3)) {
        GenerationResult rest =
            ((GenerationTranslator.Part) part).generation().orElseThrow().result();
        assertEquals(Finish.CANCELLED, rest.samples().get(0).finish());
      }
    }
  }

  @Test
  void predictorsOfSeveralThreadsAgree() throws Exception {
    String twin = generator.generate(GenerationRequest.prompt("cd")).text();
    try (ZooModel<String, String> model =
        criteria(String.class, String.class, folder).loadModel()) {
      List<CompletableFuture<String>> all =
          IntStream.range(0, 8)
              .mapToObj(
                  i ->
                      CompletableFuture.supplyAsync(
                          () -> {
                            try (Predictor<String, String> own = model.newPredictor()) {
                              return own.predict("cd");
                            } catch (TranslateException e) {
                              throw new IllegalStateException(e);
                            }
                          }))
              .toList();
      for (CompletableFuture<String> one : all) {
        assertEquals(twin, one.get());
      }
    }
  }

  /** With the model all is closed: the generator, the predictors' managers, the model's own. */
  @Test
  void closingTheModelClosesTheGenerator() throws Exception {
    ZooModel<String, String> model = criteria(String.class, String.class, folder).loadModel();
    NDManager manager = model.getNDManager();
    Predictor<String, String> predictor = model.newPredictor();
    predictor.predict("a");
    model.close();
    assertFalse(manager.isOpen());
    TranslateException e = assertThrows(TranslateException.class, () -> predictor.predict("a"));
    assertTrue(String.valueOf(e).contains("closed"), e.toString());
  }

  /** Asked for again, there is another generator, which the model closes too. */
  @Test
  void allGeneratorsOfAModelAreClosedWithIt() throws Exception {
    ZooModel<String, String> model = criteria(String.class, String.class, folder).loadModel();
    GenerationTranslatorFactory factory = new GenerationTranslatorFactory();
    List<Translator<String, String>> translators = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      translators.add(factory.newInstance(String.class, String.class, model, Map.of()));
    }
    TranslatorContext context = context();
    for (Translator<String, String> translator : translators) {
      translator.processOutput(context, translator.processInput(context, "a"));
    }
    model.close();
    for (Translator<String, String> translator : translators) {
      NDList none = translator.processInput(context, "a");
      TranslateException e =
          assertThrows(TranslateException.class, () -> translator.processOutput(context, none));
      assertEquals("the generator is closed", e.getMessage());
    }
    assertThrows(
        RuntimeException.class,
        () -> factory.newInstance(String.class, String.class, model, Map.of()));
  }

  @Test
  void whatIsNoModelIsRefused() throws Exception {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Files.writeString(empty.resolve("serving.properties"), PROPERTIES);
    ModelNotFoundException e =
        assertThrows(
            ModelNotFoundException.class,
            () -> criteria(String.class, String.class, empty).loadModel());
    Throwable reason = Objects.requireNonNull(e.getCause()).getCause();
    assertTrue(String.valueOf(reason).contains("config.json"), String.valueOf(reason));
    assertThrows(Exception.class, () -> criteria(String.class, Integer.class, folder).loadModel());
  }
}
