package io.github.dllm4j.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Files that leave ids out. */
class TokenNamesTest {

  private static final int FAR = SpecialIds.LIMIT - 1;

  @Test
  void onlyGivenNamesAreKept() {
    TokenNames names = new TokenNames(Map.of("far", FAR, "b", 1, "a", 0, "gap", 7));
    assertEquals(4, names.count());
    assertEquals(FAR + 1, names.limit());
    assertEquals("a", names.of(0));
    assertEquals("b", names.of(1));
    assertEquals("<2>", names.of(2));
    assertEquals("gap", names.of(7));
    assertEquals("far", names.of(FAR));
    assertNull(names.find(8));
    int[] indices = {names.index(0), names.index(2), names.index(7), names.index(FAR)};
    assertArrayEquals(new int[] {0, -1, 2, 3}, indices);
    assertEquals(0, new TokenNames(Map.of()).limit());
  }

  /** One letter's id is moved far away. */
  private static Tokenizer moved(byte[] json, String letter) throws IOException {
    ObjectNode root = (ObjectNode) TokenizerJson.MAPPER.readTree(json);
    ((ObjectNode) root.path("model").path("vocab")).put(letter, FAR);
    return Tokenizers.load(TokenizerJson.write(root), SpecialIds.FROM_FILE);
  }

  private static void assertFar(TokenizerKind kind, Tokenizer tokenizer, int left) {
    assertEquals(kind, tokenizer.kind());
    assertEquals(FAR + 1, tokenizer.vocabulary().size());
    int[] tokens = tokenizer.encode("bab");
    assertEquals(FAR, tokens[0]);
    int end = tokenizer.vocabulary().end().orElseThrow();
    assertEquals("bab", tokenizer.decode(new int[] {FAR, left, end, tokens[1], FAR - 1, FAR}));
    assertEquals("b", tokenizer.token(FAR));
    assertEquals("<|end|>", tokenizer.token(end));
    assertEquals("<" + left + ">", tokenizer.token(left), "left out");
    assertArrayEquals(new byte[] {'b'}, tokenizer.bytes(FAR));
    assertEquals(0, tokenizer.bytes(left).length);
    assertEquals(0, tokenizer.bytes(end).length);
  }

  @Test
  void everyKindReadsFilesThatLeaveIdsOut() throws IOException {
    try (Tokenizer tokenizer = moved(TokenizerJson.character(new int[] {'a', 'b'}), "b")) {
      assertFar(TokenizerKind.CHAR, tokenizer, 1);
    }
    try (Tokenizer tokenizer = moved(TokenizerJson.bytes(), "b")) {
      assertFar(TokenizerKind.BYTE, tokenizer, 'b');
    }
    try (Tokenizer tokenizer =
        moved(TokenizerJson.bpe(new long[] {((long) 't' << 32) | 'h'}), "b")) {
      assertFar(TokenizerKind.BPE, tokenizer, 'b');
    }
  }

  /** An added token that is not special is text, wherever it stands. */
  @Test
  void addedTokensHaveTheirText() throws IOException {
    ObjectNode root =
        (ObjectNode)
            TokenizerJson.MAPPER.readTree(TokenizerJson.bpe(new long[] {((long) 't' << 32) | 'h'}));
    ((ArrayNode) root.path("added_tokens"))
        .addObject()
        .put("id", 259)
        .put("content", "\u20AC")
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", false);
    try (Tokenizer tokenizer =
        Tokenizers.load(TokenizerJson.write(root), SpecialIds.FROM_FILE.withPad(270))) {
      assertEquals(271, tokenizer.vocabulary().size());
      assertArrayEquals(new int[] {259}, tokenizer.encode("\u20AC"));
      assertEquals("\u20AC", tokenizer.decode(new int[] {259, 270, 265}));
      assertEquals(3, tokenizer.bytes(259).length);
      assertEquals("<270>", tokenizer.token(270));
    }
  }
}
