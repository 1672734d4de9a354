package io.github.dllm4j.engine;

import io.github.dllm4j.engine.info.Estimate;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a request will be made and what that will cost, known before the first step.
 *
 * @param sampler that will make it
 * @param schedule the sampler's plan or grid
 * @param steps of each sample, empty ones included; of a sampler that decides as it goes the most
 *     there can be, of uniformization nothing
 * @param predictedKlNats as {@link GenerationResult#predictedKlNats}
 * @param predictedPathKlNats as {@link GenerationResult#predictedPathKlNats}
 * @param planningEvaluations as {@link GenerationResult#planningEvaluations}
 * @param note what the prediction rests on, unless it is held-out text, or why there is none
 */
public record GenerationPlan(
    String sampler,
    String schedule,
    OptionalInt steps,
    Optional<Estimate> predictedKlNats,
    Optional<Estimate> predictedPathKlNats,
    int planningEvaluations,
    String note) {}
