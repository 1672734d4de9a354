/**
 * The network and its training step on DJL; with its subpackage serving the only part of the engine
 * that imports ai.djl.
 *
 * <p>{@link io.github.dllm4j.engine.djl.Model} opens a model directory, ours or a published
 * checkpoint of a {@link io.github.dllm4j.engine.djl.Family}, {@link
 * io.github.dllm4j.engine.djl.AutoregressiveModel} one that judges texts, GPT-2 among them. {@link
 * io.github.dllm4j.engine.djl.Trainer} makes one, {@link io.github.dllm4j.engine.djl.Conversion}
 * turns theirs into ours and ours into theirs.
 */
@NullMarked
package io.github.dllm4j.engine.djl;

import org.jspecify.annotations.NullMarked;
