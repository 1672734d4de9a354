package io.github.dllm4j.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;

@DisabledIfEnvironmentVariable(named = "RUST_FLAVOR", matches = ".*")
class NativeLibraryTest {

  @Test
  void setsWhatIsNotSetAndKeepsTheRest() {
    String before = System.getProperty("RUST_FLAVOR");
    try {
      System.setProperty("RUST_FLAVOR", "mine");
      NativeLibrary.prepare();
      assertEquals("mine", System.getProperty("RUST_FLAVOR"));
      System.clearProperty("RUST_FLAVOR");
      NativeLibrary.prepare();
      assertEquals("cpu", System.getProperty("RUST_FLAVOR"));
    } finally {
      if (before != null) {
        System.setProperty("RUST_FLAVOR", before);
      }
    }
  }
}
