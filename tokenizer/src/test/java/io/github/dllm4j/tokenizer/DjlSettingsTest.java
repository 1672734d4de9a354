package io.github.dllm4j.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.util.Utils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;

@DisabledIfEnvironmentVariable(named = "RUST_FLAVOR", matches = ".*")
@DisabledIfEnvironmentVariable(named = "DJL_OFFLINE", matches = ".*")
class DjlSettingsTest {

  @Test
  void setsWhatIsNotSetAndKeepsTheRest() {
    String before = System.getProperty("RUST_FLAVOR");
    try {
      System.setProperty("RUST_FLAVOR", "mine");
      DjlSettings.prepare();
      assertEquals("mine", System.getProperty("RUST_FLAVOR"));
      System.clearProperty("RUST_FLAVOR");
      DjlSettings.prepare();
      assertEquals("cpu", System.getProperty("RUST_FLAVOR"));
    } finally {
      if (before != null) {
        System.setProperty("RUST_FLAVOR", before);
      }
    }
  }

  /** A CUDA build fetches PyTorch, whether a tokenizer was loaded before or after. */
  @Test
  void downloadsAreForbiddenUntilTheyAreAllowed() {
    System.clearProperty("ai.djl.offline");
    DjlSettings.prepare();
    assertEquals("true", System.getProperty("ai.djl.offline"));
    assertTrue(Utils.isOfflineMode());
    try {
      DjlSettings.allowDownloads();
      assertFalse(Utils.isOfflineMode());
      DjlSettings.prepare();
      assertFalse(Utils.isOfflineMode());
      System.clearProperty("ai.djl.offline");
      DjlSettings.allowDownloads(); // before anything else
      DjlSettings.prepare();
      assertFalse(Utils.isOfflineMode());
      System.setProperty("ai.djl.offline", "true"); // the user's word stays
      DjlSettings.allowDownloads();
      assertTrue(Utils.isOfflineMode());
    } finally {
      System.clearProperty("ai.djl.offline");
      DjlSettings.prepare();
    }
  }
}
