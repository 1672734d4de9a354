/**
 * How much a model's tokens depend on each other, and how many steps that costs.
 *
 * <p>Everything is linear in one curve, {@link io.github.dllm4j.engine.info.InformationCurve}:
 * {@link io.github.dllm4j.engine.info.SamplingCost} reads the error of a plan off it, {@link
 * io.github.dllm4j.engine.info.StepPlanner} finds the best plan. A model's curve is measured on
 * examples, {@link io.github.dllm4j.engine.info.CurveStudy}, and {@link
 * io.github.dllm4j.engine.info.CurvePlanner} plans on it without being taken in by their noise.
 * What the curve is to masking, {@link io.github.dllm4j.engine.info.InformationDecay} is to uniform
 * noise: {@link io.github.dllm4j.engine.info.ReverseCost} and {@link
 * io.github.dllm4j.engine.info.ReverseGridPlanner} read it, {@link
 * io.github.dllm4j.engine.info.DecaySample} measures it and {@link
 * io.github.dllm4j.engine.info.ReversePlanner} plans on that. {@link
 * io.github.dllm4j.engine.info.DependenceProbe} measures what single tokens say about each other,
 * for plans that decide at run time.
 */
@NullMarked
package io.github.dllm4j.engine.info;

import org.jspecify.annotations.NullMarked;
