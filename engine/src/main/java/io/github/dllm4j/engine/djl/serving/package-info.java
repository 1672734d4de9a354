/**
 * A model directory behind DJL's {@code Criteria}, and so behind DJL Serving: {@link
 * io.github.dllm4j.engine.djl.serving.GenerationTranslatorFactory}. The one package besides {@code
 * engine.djl} that knows DJL's types, as it is what DJL calls; it uses the facade and nothing of
 * the network.
 */
@NullMarked
package io.github.dllm4j.engine.djl.serving;

import org.jspecify.annotations.NullMarked;
