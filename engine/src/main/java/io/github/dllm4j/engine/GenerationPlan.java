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
 * @param predictedKlNats what the steps cost against one token per step, nats per sequence: the
 *     model's expected extra log-loss, with its standard error; empty where nothing can be promised
 * @param predictedPathKlNats of uniform noise: the path KL of the grid with exact scores, nats per
 *     sequence; it bounds the KL of the samples but for the model's own error, and is another thing
 *     than the conditional KL above; empty where nothing can be promised
 * @param planningEvaluations network evaluations, of all planning samples together, that measuring
 *     the request's own curve takes; 0 where none was needed. A generator remembers such curves, so
 *     it may have spent them earlier
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
