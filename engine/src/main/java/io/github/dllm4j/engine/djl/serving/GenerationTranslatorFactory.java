package io.github.dllm4j.engine.djl.serving;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Pair;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.djl.ModelOptions;
import java.io.IOException;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Opens the model directory that DJL was given as a {@link TextGenerator}, for DJL's {@code
 * Criteria} and for DJL Serving. DJL's own model has no weights; it is there to be asked and to be
 * closed, which closes the generator. The directory's {@code serving.properties} must say
 *
 * <pre>
 * engine=PyTorch
 * translatorFactory=io.github.dllm4j.engine.djl.serving.GenerationTranslatorFactory
 * blockFactory=ai.djl.nn.IdentityBlockFactory
 * option.hasParameter=false
 * </pre>
 *
 * <p>Types: a prompt in, the whole text out ({@code String}), or {@link Input} and {@link Output},
 * see {@link ServedRequest}. All predictors share the generator, so what they are asked at the same
 * time, and what one batch holds, is made together; results are those of the same requests alone.
 */
public final class GenerationTranslatorFactory implements TranslatorFactory {

  @Override
  public Set<Pair<Type, Type>> getSupportedTypes() {
    return Set.of(new Pair<>(String.class, String.class), new Pair<>(Input.class, Output.class));
  }

  /**
   * A translator over the model's directory.
   *
   * @throws TranslateException in one line, if it is no sound model directory
   */
  @Override
  @SuppressWarnings("unchecked") // the types are compared
  public <I, O> Translator<I, O> newInstance(
      Class<I> input, Class<O> output, Model model, Map<String, ?> arguments)
      throws TranslateException {
    if (!isSupported(input, output)) {
      throw new TranslateException(
          "types must be String and String or Input and Output, got " + input + " and " + output);
    }
    TextGenerator generator = open(model);
    try {
      model.getNDManager().attachInternal("generator " + UUID.randomUUID(), generator);
    } catch (RuntimeException e) {
      generator.close();
      throw e;
    }
    return input == String.class
        ? (Translator<I, O>) new PromptTranslator(generator)
        : (Translator<I, O>) new ServingTranslator(generator);
  }

  private static TextGenerator open(Model model) throws TranslateException {
    Device device = model.getNDManager().getDevice();
    String name = device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu";
    try {
      return TextGenerator.of(
          io.github.dllm4j.engine.djl.Model.open(
              model.getModelPath(), new ModelOptions(name, Optional.empty())));
    } catch (IOException | IllegalArgumentException e) {
      throw new TranslateException(e.getMessage(), e);
    }
  }
}
