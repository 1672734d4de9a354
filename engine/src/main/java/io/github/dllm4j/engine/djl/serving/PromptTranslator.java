package io.github.dllm4j.engine.djl.serving;

import ai.djl.translate.TranslateException;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.TextGenerator;

/** A prompt in, the text that begins with it out. */
final class PromptTranslator extends GenerationTranslator<String, String> {
  PromptTranslator(TextGenerator generator) {
    super(generator);
  }

  @Override
  GenerationRequest request(String prompt, TextGenerator generator) {
    return GenerationRequest.prompt(prompt);
  }

  @Override
  String answer(GenerationResult result) {
    return result.text();
  }

  @Override
  String failed(RuntimeException failure) throws TranslateException {
    throw new TranslateException(failure.getMessage(), failure);
  }
}
