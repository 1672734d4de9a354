/**
 * Exact laws that stand in for a network.
 *
 * <p>{@link io.github.dllm4j.engine.oracle.ExactLaw} has the factories: table, product, Dirac
 * mixture, latent parity, zero-sum, Reed-Solomon, Markov, Potts, hidden Markov, tree. {@link
 * io.github.dllm4j.engine.oracle.OracleDenoiser} makes a denoiser of any of them; {@link
 * io.github.dllm4j.engine.oracle.ExactSampling} computes what a sampler puts out, exactly. {@link
 * io.github.dllm4j.engine.oracle.NoisyOracle} and {@link
 * io.github.dllm4j.engine.oracle.ExactReverse} are the same for uniform noise, {@link
 * io.github.dllm4j.engine.oracle.AbsorbingOracle} and {@link
 * io.github.dllm4j.engine.oracle.ExactAbsorbing} for uniform noise told as absorption; {@link
 * io.github.dllm4j.engine.oracle.ExactPath} and {@link io.github.dllm4j.engine.oracle.ExactDecay}
 * are the terms of the theorem of uniform noise.
 */
@NullMarked
package io.github.dllm4j.engine.oracle;

import org.jspecify.annotations.NullMarked;
