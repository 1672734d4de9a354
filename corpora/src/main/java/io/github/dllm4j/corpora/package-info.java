/**
 * Text in files to blocks of token ids, streaming.
 *
 * <p>{@link io.github.dllm4j.corpora.Corpora} opens a {@link io.github.dllm4j.corpora.Corpus};
 * {@link io.github.dllm4j.corpora.Split} cuts it into training and validation text; {@link
 * io.github.dllm4j.corpora.TokenFile} holds its tokens in a temporary file; {@link
 * io.github.dllm4j.corpora.TokenBlocks} hands them out in blocks. Nothing holds more than a few
 * megabytes of text at a time. A character is a Unicode code point everywhere.
 */
@org.jspecify.annotations.NullMarked
package io.github.dllm4j.corpora;
