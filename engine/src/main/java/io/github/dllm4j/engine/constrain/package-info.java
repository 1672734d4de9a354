/**
 * Text that must have a form: regular expressions, JSON Schema, choices, tool calls.
 *
 * <p>A {@link io.github.dllm4j.engine.constrain.Constraint} is the smallest automaton over bytes
 * that accepts the texts. With a tokenizer it becomes a {@link
 * io.github.dllm4j.engine.constrain.TokenAutomaton} over token ids, and on a canvas a {@link
 * io.github.dllm4j.engine.sample.JointDraw}: at each step of the sampler all holes are drawn
 * together from the product of their laws, given that the text is accepted.
 */
@NullMarked
package io.github.dllm4j.engine.constrain;

import org.jspecify.annotations.NullMarked;
