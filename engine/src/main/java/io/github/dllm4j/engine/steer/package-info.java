/**
 * Kernels that steer a denoiser: rewriting by U-turns, classifier-free guidance, and particles that
 * follow a reward. They work with masking and uniform noise, any {@link
 * io.github.dllm4j.engine.denoise.Denoiser} and any canvas with fixed tokens.
 *
 * <ol>
 *   <li>{@link io.github.dllm4j.engine.steer.StepModel}: what tokens become in a reverse step, with
 *       guidance or without.
 *   <li>{@link io.github.dllm4j.engine.steer.ReverseChain}: the steps on a canvas, with densities.
 *   <li>{@link io.github.dllm4j.engine.steer.SequenceScorer}: what steering raises.
 *   <li>{@link io.github.dllm4j.engine.steer.UTurn}: noise, denoise, accept: improves a finished
 *       sequence.
 *   <li>{@link io.github.dllm4j.engine.steer.ParticleSampler} with {@link
 *       io.github.dllm4j.engine.steer.Twist} and {@link io.github.dllm4j.engine.steer.Resampling}:
 *       makes sequences of high reward.
 *   <li>{@link io.github.dllm4j.engine.steer.TwistLearner} and {@link
 *       io.github.dllm4j.engine.steer.TrustRegion}: learn where to look.
 * </ol>
 *
 * <p>For example, with a uniform-noise denoiser of 27 characters:
 *
 * <pre>{@code
 * StepModel model = StepModel.of(denoiser, NoiseProcess.uniform(27), 64);
 * Canvas canvas = Canvas.of(tokens, 27);                    // 27 marks the holes
 *
 * // infill: samples of the holes
 * TimeGrid grid = TimeGrid.logLinear(1e-3, 32);
 * ReverseChain chain = ReverseChain.of(model, canvas, grid, ReverseKernel.tweedie());
 * List<int[]> infilled = chain.run(8, seed);
 *
 * // improve what is there: noise by 0.5 nats, denoise, keep what scores better
 * ReverseChain back =
 *     ReverseChain.of(model, canvas, TimeGrid.uniform(0.5, 8), ReverseKernel.tweedie());
 * List<UTurn.Outcome> improved = UTurn.metropolis(back, scorer).run(infilled, 100, seed);
 *
 * // steer towards a reward with 64 particles that look ahead by a learned twist
 * Twist twist = new TwistLearner(chain, scorer, 0.5, 0.01).learn(5, 256, seed).twist();
 * ParticleSampler.Particles particles =
 *     ParticleSampler.lookAhead(chain, scorer, twist).run(64, seed, 0);
 * }</pre>
 *
 * <p>{@code SteerExampleTest} runs this. What is exact and what is a heuristic is said at each
 * class.
 */
@NullMarked
package io.github.dllm4j.engine.steer;

import org.jspecify.annotations.NullMarked;
