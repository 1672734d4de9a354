package io.github.dllm4j.tokenizer;

/**
 * Settings that DJL reads when it is first used. It reads them from the environment or from system
 * properties and offers no other way, so this class sets properties; whatever the user has set, in
 * either place, stays.
 *
 * <ul>
 *   <li>{@code OPT_OUT_TRACKING}: otherwise DJL reports its use and probes a cloud metadata
 *       address.
 *   <li>{@code ai.djl.offline}: nothing is downloaded behind the user's back.
 *   <li>{@code RUST_FLAVOR}: beside a GPU, DJL would look for a CUDA build of the tokenizers.
 * </ul>
 */
public final class DjlSettings {
  private static final String OFFLINE = "ai.djl.offline";

  private static boolean offline; // was set here

  private DjlSettings() {}

  /** Sets what is not set; to be called before DJL is first used, and harmless afterwards. */
  public static synchronized void prepare() {
    setIfAbsent("OPT_OUT_TRACKING", "OPT_OUT_TRACKING", "true");
    setIfAbsent("RUST_FLAVOR", "RUST_FLAVOR", "cpu");
    offline |= setIfAbsent(OFFLINE, "DJL_OFFLINE", "true");
  }

  /** Lets DJL fetch native libraries from now on, unless the user has forbidden it. */
  public static synchronized void allowDownloads() {
    if (offline) {
      System.setProperty(OFFLINE, "false");
      offline = false;
    } else {
      setIfAbsent(OFFLINE, "DJL_OFFLINE", "false");
    }
  }

  /**
   * Sets a property that is set nowhere.
   *
   * @param variable its name in the environment
   * @return whether it was set
   */
  public static boolean setIfAbsent(String property, String variable, String value) {
    boolean absent = System.getenv(variable) == null && System.getProperty(property) == null;
    if (absent) {
      System.setProperty(property, value);
    }
    return absent;
  }
}
