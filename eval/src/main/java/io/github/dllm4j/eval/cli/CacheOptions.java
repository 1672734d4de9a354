package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.sample.ApproximateCache;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** What is kept of the network's work while a block is filled. */
final class CacheOptions {
  @Option(
      names = "--cache",
      description =
          "Approximate, LLaDA and Dream in blocks: keep keys and values of what is before the block"
              + " (prefix), or before and behind it (dual), from its first step (none).")
  private Optional<String> cache = Optional.empty();

  @Option(
      names = "--cache-refresh",
      description =
          "Steps after which they are computed anew (at the first step of each block only).")
  private Optional<Integer> refresh = Optional.empty();

  /** The option that was given, if any asks for a cache. */
  Optional<String> given() {
    return cache.filter(name -> !name.equals("none")).isPresent()
        ? Optional.of("--cache")
        : refresh.map(steps -> "--cache-refresh");
  }

  /** A choice with this cache. */
  PlanChoice on(PlanChoice choice) {
    Optional<ApproximateCache.Kind> kind = kind();
    if (kind.isEmpty()) {
      if (refresh.isPresent()) {
        throw new IllegalArgumentException(
            "--cache-refresh needs --cache prefix or dual, got --cache none and --cache-refresh "
                + refresh.get());
      }
      return choice;
    }
    if (choice.blockLength() == 0) {
      throw new IllegalArgumentException(
          "--cache "
              + kind.get().label()
              + " keeps what is outside a block: it needs --block-length");
    }
    int steps = refresh.orElse(ApproximateCache.EACH_BLOCK);
    if (steps < 1) {
      throw new IllegalArgumentException("--cache-refresh must be at least 1, got " + steps);
    }
    return choice.withCache(Optional.of(new ApproximateCache(kind.get(), steps)));
  }

  private Optional<ApproximateCache.Kind> kind() {
    String name = cache.orElse("none");
    Optional<ApproximateCache.Kind> kind =
        Stream.of(ApproximateCache.Kind.values()).filter(k -> k.label().equals(name)).findFirst();
    if (kind.isEmpty() && !name.equals("none")) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "--cache must be none, prefix or dual, got %s", name));
    }
    return kind;
  }
}
