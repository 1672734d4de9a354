/**
 * Text to token ids and back.
 *
 * <p>{@link io.github.dllm4j.tokenizer.Tokenizers} loads or makes a {@link
 * io.github.dllm4j.tokenizer.Tokenizer}; every tokenizer is a Hugging Face {@code tokenizer.json},
 * whoever made it. Ids run from 0 to {@code vocabulary().size() - 1}. Tokenizers made here put the
 * clean tokens first, then {@code <|end|>} and, as the last id, {@code <|mask|>}.
 */
@org.jspecify.annotations.NullMarked
package io.github.dllm4j.tokenizer;
