/**
 * A generator as LangChain4j's models. Needs {@code dev.langchain4j:langchain4j-core}, which is an
 * optional dependency; nothing else in the engine does.
 */
@NullMarked
package io.github.dllm4j.engine.langchain4j;

import org.jspecify.annotations.NullMarked;
