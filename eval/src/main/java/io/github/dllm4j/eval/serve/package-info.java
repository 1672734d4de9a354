/**
 * A model behind HTTP, as OpenAI's clients expect one: {@code dllm serve}.
 *
 * <p>{@link io.github.dllm4j.eval.serve.GenerationServer} is the server (Jetty); a request is read
 * whole, understood or refused, submitted to a {@link io.github.dllm4j.engine.TextGenerator} and
 * answered when it is done, or step by step. No thread waits for a client or for a generation, so
 * slow clients cost a connection and nothing else.
 */
@NullMarked
package io.github.dllm4j.eval.serve;

import org.jspecify.annotations.NullMarked;
