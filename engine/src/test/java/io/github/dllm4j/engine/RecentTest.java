package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class RecentTest {
  private int computed;

  private String get(Recent<String, String> recent, String key) {
    return recent.get(
        key,
        () -> {
          computed++;
          return key;
        });
  }

  @Test
  void theLastOnesAreRemembered() {
    Recent<String, String> recent = new Recent<>(2);
    for (String key : new String[] {"a", "b", "a", "c", "a", "b"}) {
      assertEquals(key, get(recent, key));
    }
    assertEquals(4, computed);
  }

  @Test
  void noMoreThanTheirWeight() {
    Recent<String, String> recent = new Recent<>(9, String::length, 4);
    for (String key : new String[] {"aa", "bb", "aa", "bb", "ccc", "ccc", "bb", "aa", "ddddd"}) {
      assertEquals(key, get(recent, key));
    }
    assertEquals(6, computed);
    assertEquals("ddddd", get(recent, "ddddd"));
    assertEquals(7, computed);
    assertEquals("aa", get(recent, "aa")); // what is not kept takes nobody's place
    assertEquals("bb", get(recent, "bb"));
    assertEquals(7, computed);
  }
}
