/**
 * The sampler loop and the plans it executes.
 *
 * <p>Read {@link io.github.dllm4j.engine.sample.Sampler} first, then {@link
 * io.github.dllm4j.engine.sample.RevealPlan} with its kinds: {@link
 * io.github.dllm4j.engine.sample.SizePlan} fixes how many holes each step fills, {@link
 * io.github.dllm4j.engine.sample.ChancePlan} how likely each hole is to be filled at each step,
 * {@link io.github.dllm4j.engine.sample.AdaptivePlan} looks at the network's answers, {@link
 * io.github.dllm4j.engine.sample.CorrectedPlan} redraws tokens, {@link
 * io.github.dllm4j.engine.sample.RemaskPlan} masks them again and {@link
 * io.github.dllm4j.engine.sample.TrapezoidalPlan} asks twice per step.
 *
 * <p>Uniform noise has no MASK and every token may change at every step: {@link
 * io.github.dllm4j.engine.sample.ReverseSampler} executes a {@link
 * io.github.dllm4j.engine.sample.ReversePlan}, which is a list of {@link
 * io.github.dllm4j.engine.sample.ReverseMove}s with a {@link
 * io.github.dllm4j.engine.sample.Corrector} between the steps, or jumps at the random times of a
 * {@link io.github.dllm4j.engine.sample.Uniformization}.
 *
 * <p>{@link io.github.dllm4j.engine.sample.LeftToRightSampler} is the loop of autoregressive
 * models. A {@link io.github.dllm4j.engine.sample.JointDraw} draws the holes of a masked step
 * together, where a text must have a form.
 *
 * <p>All randomness comes from {@link io.github.dllm4j.engine.sample.KeyedRandom}.
 */
@NullMarked
package io.github.dllm4j.engine.sample;

import org.jspecify.annotations.NullMarked;
