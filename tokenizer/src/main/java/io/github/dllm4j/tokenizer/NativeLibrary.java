package io.github.dllm4j.tokenizer;

import java.util.Map;

/**
 * Settings DJL reads when its tokenizer library loads. It reads them from the environment or from
 * system properties and offers no other way, so this one class sets properties; whatever the user
 * has set, in either place, stays.
 *
 * <ul>
 *   <li>{@code OPT_OUT_TRACKING}: otherwise DJL reports its use and probes a cloud metadata
 *       address.
 *   <li>{@code ai.djl.offline}: nothing is downloaded behind the user's back.
 *   <li>{@code RUST_FLAVOR}: beside a GPU, DJL would look for a CUDA build of the tokenizers.
 * </ul>
 */
final class NativeLibrary {

  private static final Map<String, String> DEFAULTS =
      Map.of("OPT_OUT_TRACKING", "true", "ai.djl.offline", "true", "RUST_FLAVOR", "cpu");

  private NativeLibrary() {}

  /** Sets what is not set; to be called before the first DJL tokenizer is made. */
  static void prepare() {
    DEFAULTS.forEach(
        (name, value) -> {
          String variable = "ai.djl.offline".equals(name) ? "DJL_OFFLINE" : name;
          if (System.getenv(variable) == null && System.getProperty(name) == null) {
            System.setProperty(name, value);
          }
        });
  }
}
