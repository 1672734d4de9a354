/** Training objectives in plain double, the references of the tensor versions. */
@NullMarked
package io.github.dllm4j.engine.loss;

import org.jspecify.annotations.NullMarked;
