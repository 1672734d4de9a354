/** Placeholder. */
@org.jspecify.annotations.NullMarked
package io.github.dllm4j.tokenizer;
