/**
 * dllm4j's engine: discrete diffusion language models, trained and sampled on the JVM.
 *
 * <h2>The way from request to text</h2>
 *
 * <pre>
 * GenerationRequest (prompt or template, length, steps or error budget, seed)
 *   -&gt; Tokenizer.encode -&gt; Canvas (fixed tokens + holes)
 *   -&gt; CurvePlanner: information curve + budget -&gt; RevealPlan
 *   -&gt; Sampler, for each step
 *        choose WHERE  (host, from the plan and the seed; adaptive plans ask first)
 *        ask WHAT      (Denoiser: one network call, head evaluated only for the chosen rows)
 *        draw          (inverse CDF in double, one uniform per row)
 *   -&gt; Tokenizer.decode -&gt; GenerationResult
 * </pre>
 *
 * <h2>Conventions</h2>
 *
 * <ul>
 *   <li>Natural logarithms and nats everywhere; bits only at output. {@code sigma} is total noise,
 *       {@code alpha = exp(-sigma)} the probability that a token is still clean, t = 0 is data.
 *   <li>{@code Q[from][to]}, rows sum to zero. Scores have the numerator first: s(y, x) = q(y) /
 *       q(x).
 *   <li>Plans are listed in <em>sampling</em> order: the first entry is revealed first.
 *   <li>Positions are 0..d-1; a word's index is row-major, position 0 most significant; MASK is the
 *       id after the last clean token.
 *   <li>{@code 1 - alpha} is {@code -expm1(-sigma)}; probabilities meet only in log space; draws
 *       are inverse CDF in double.
 *   <li>Randomness is a seed in the request; streams are keyed by (seed, sample, step, position),
 *       so batch size, threads and skipped steps never change a draw.
 *   <li>Three divergences that are never mixed: <em>conditional</em> KL (given the reveal sets;
 *       what the theorems bound), <em>path</em> KL (of trajectories) and <em>marginal</em> KL (of
 *       the samples).
 *   <li>A guarantee is printed only where it holds; everything else is labelled heuristic.
 * </ul>
 *
 * <h2>Where to read on</h2>
 *
 * {@link io.github.dllm4j.engine.sample} has the sampler loop and its plans, and the loop of
 * uniform noise, whose steps {@link io.github.dllm4j.engine.ctmc} computes; {@link
 * io.github.dllm4j.engine.denoise} is the contract of a network, {@link
 * io.github.dllm4j.engine.info} the planner, {@link io.github.dllm4j.engine.oracle} exact laws,
 * {@link io.github.dllm4j.engine.steer} guidance, rewriting and rewards, {@link
 * io.github.dllm4j.engine.constrain} text that must have a form. What training minimises is in
 * {@link io.github.dllm4j.engine.loss} and {@link io.github.dllm4j.engine.train}, at the noise of
 * {@link io.github.dllm4j.engine.schedule}. {@link io.github.dllm4j.engine.djl} is the network
 * itself; only it, {@code engine.djl.serving} and, for tokenizers, {@code tokenizer} import DJL.
 */
@NullMarked
package io.github.dllm4j.engine;

import org.jspecify.annotations.NullMarked;
