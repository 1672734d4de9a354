package io.github.dllm4j.engine;

import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.Tools;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Requests to the bundled model that differ in all that requests may differ in. */
final class SoakRequests {
  private static final List<String> PROMPTS =
      List.of("And the LORD", "In the beginning", "And David said, ", "The words of ", "Blessed");

  private static final List<String> TEMPLATES =
      List.of(
          "In the {6} of the LORD {8} said",
          "{4} and Noah {10}.", "The king of {3} went {5} unto {7}", "Behold, {20}");

  private static final List<Constraint> CONSTRAINTS =
      List.of(
          Constraint.regex("[A-Z][a-z ,]{3,60}"),
          Constraint.choices(List.of("yes", "no", "it is not said")),
          Constraint.jsonSchema(
              "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":12}}}"),
          Constraint.toolCall(Tools.TOOLS));

  /** Samplers whose plan needs no curve. */
  private static final List<SamplerChoice> SAMPLERS =
      List.of(
          PlanChoice.OPTIMAL.withPlan("balanced"),
          PlanChoice.OPTIMAL.withPlan("cosine"),
          PlanChoice.OPTIMAL.withPlan("geometric"),
          PlanChoice.OPTIMAL.withPlan("front").withCorrector(1),
          PlanChoice.ofSampler("tau-leaping"),
          PlanChoice.ofSampler("modified-tau-leaping"),
          PlanChoice.ofSampler("euler"),
          PlanChoice.ofSampler("tweedie"),
          PlanChoice.ofSampler("confidence").withPlan("balanced"),
          PlanChoice.ofSampler("margin").withPlan("cosine"),
          PlanChoice.ofSampler("entropy").withPlan("balanced"),
          PlanChoice.ofSampler("confidence").withPlan("balanced").withBlocks(8),
          PlanChoice.ofSampler("threshold:0.5"),
          PlanChoice.ofSampler("entropy-bound:2"),
          PlanChoice.ofSampler("remask-cap"),
          PlanChoice.ofSampler("remask-loop"),
          PlanChoice.ofSampler("theta-trapezoidal"));

  private SoakRequests() {}

  /** So many different ones. */
  static List<GenerationRequest> pool(int count, long seed) {
    Random random = new Random(seed);
    List<GenerationRequest> pool = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      GenerationRequest request = kind(i % 5, random).withSeed(i);
      if (random.nextInt(4) == 0) {
        request = request.withTemperature(0.7).withTopP(0.95);
      }
      pool.add(request.withSamples(random.nextInt(4) == 0 ? 2 : 1));
    }
    return pool;
  }

  private static GenerationRequest kind(int kind, Random random) {
    int length = 24 + 8 * random.nextInt(6);
    int steps = 8 + random.nextInt(9);
    return switch (kind) {
      case 0 -> GenerationRequest.template(one(TEMPLATES, random)).withSteps(steps);
      case 1 ->
          GenerationRequest.messages(List.of(Message.user("Who built the ark?")))
              .withLength(length)
              .withStop(List.of(".", "\n"))
              .withSampler(one(SAMPLERS, random))
              .withSteps(steps);
      case 2 ->
          GenerationRequest.prompt(one(PROMPTS, random))
              .withLength(96)
              .withSteps(1 + random.nextInt(4))
              .withSampler(PlanChoice.OPTIMAL.withPlan("balanced"))
              .withConstraint(one(CONSTRAINTS, random));
      case 3 -> // planned on a curve: the known one of the whole canvas, or one that is measured
          random.nextBoolean()
              ? GenerationRequest.unconditional().withEpsilon(100)
              : GenerationRequest.prompt(one(PROMPTS, random)).withLength(32).withSteps(steps);
      default ->
          GenerationRequest.prompt(one(PROMPTS, random))
              .withLength(length)
              .withSampler(one(SAMPLERS, random))
              .withSteps(steps);
    };
  }

  private static <T> T one(List<T> all, Random random) {
    return all.get(random.nextInt(all.size()));
  }
}
