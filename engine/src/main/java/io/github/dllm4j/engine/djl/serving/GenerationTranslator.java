package io.github.dllm4j.engine.djl.serving;

import ai.djl.ndarray.NDList;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import io.github.dllm4j.engine.Generation;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.TextGenerator;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;

/**
 * Submits the inputs of a batch and waits for their results; no array passes through DJL's model.
 * For several threads.
 */
abstract class GenerationTranslator<I, O> implements Translator<I, O> {
  private static final String UNDER_WAY = "generations";

  private final TextGenerator generator;

  GenerationTranslator(TextGenerator generator) {
    this.generator = generator;
  }

  /** What an input asks for. */
  abstract GenerationRequest request(I input, TextGenerator generator);

  /** What is answered. */
  abstract O answer(GenerationResult result);

  /** What is answered instead of a result. */
  abstract O failed(RuntimeException failure) throws TranslateException;

  /** One input: under way, or failed before it was. */
  record Part(Optional<Generation> generation, Optional<RuntimeException> failure) {}

  @Override
  public final NDList batchProcessInput(TranslatorContext context, List<I> inputs)
      throws TranslateException {
    List<Part> parts = new ArrayList<>();
    try {
      for (I input : inputs) {
        parts.add(submit(input, parts));
      }
    } catch (InterruptedException e) {
      throw interrupted(parts, e);
    }
    context.setAttachment(UNDER_WAY, parts);
    return new NDList();
  }

  /**
   * Takes an input in; while the queue is full, waits for those of the batch that are under way.
   */
  private Part submit(I input, List<Part> parts) throws InterruptedException {
    try {
      GenerationRequest request = request(input, generator);
      while (true) {
        try {
          return new Part(Optional.of(generator.submit(request)), Optional.empty());
        } catch (RejectedExecutionException full) {
          Generation own =
              parts.stream()
                  .flatMap(part -> part.generation.stream())
                  .filter(generation -> !generation.done())
                  .findFirst()
                  .orElseThrow(() -> full);
          result(own);
        }
      }
    } catch (RuntimeException e) {
      return new Part(Optional.empty(), Optional.of(e));
    }
  }

  /** Waits; what it failed with is told when its turn comes. */
  private static void result(Generation generation) throws InterruptedException {
    try {
      generation.result();
    } catch (RuntimeException e) {
      return;
    }
  }

  @Override
  @SuppressWarnings("unchecked") // attached above
  public final List<O> batchProcessOutput(TranslatorContext context, NDList none)
      throws TranslateException {
    List<Part> parts =
        (List<Part>) Objects.requireNonNull(context.getAttachment(UNDER_WAY), "no batch");
    List<O> answers = new ArrayList<>();
    try {
      for (Part part : parts) {
        answers.add(answered(part));
      }
    } catch (InterruptedException e) {
      throw interrupted(parts, e);
    } catch (TranslateException e) {
      cancel(parts);
      throw e;
    }
    return answers;
  }

  private O answered(Part part) throws InterruptedException, TranslateException {
    if (part.failure.isPresent()) {
      return failed(part.failure.get());
    }
    try {
      return answer(part.generation.orElseThrow().result());
    } catch (RuntimeException e) {
      return failed(e);
    }
  }

  /** Nobody waits for them any more. */
  private static void cancel(List<Part> parts) {
    parts.forEach(part -> part.generation.ifPresent(Generation::cancel));
  }

  private static TranslateException interrupted(List<Part> parts, InterruptedException reason) {
    cancel(parts);
    Thread.currentThread().interrupt();
    return new TranslateException("interrupted", reason);
  }

  @Override
  public final NDList processInput(TranslatorContext context, I input) throws TranslateException {
    return batchProcessInput(context, List.of(input));
  }

  @Override
  public final O processOutput(TranslatorContext context, NDList none) throws TranslateException {
    return batchProcessOutput(context, none).get(0);
  }
}
