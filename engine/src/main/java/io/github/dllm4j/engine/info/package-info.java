/** How much a model's tokens depend on each other, and how many steps that costs. */
@NullMarked
package io.github.dllm4j.engine.info;

import org.jspecify.annotations.NullMarked;
