package io.github.dllm4j.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of others, and files that are none. */
class ForeignFileTest {

  /** BERT's shape: wraps in [CLS] [SEP], cuts at 4, pads. */
  private static final String WORD_PIECE =
      """
      {"version":"1.0",
       "truncation":{"direction":"Right","max_length":4,"strategy":"LongestFirst","stride":0},
       "padding":{"strategy":{"Fixed":8},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,
                  "pad_type_id":0,"pad_token":"[PAD]"},
       "added_tokens":[
         {"id":0,"content":"[PAD]","single_word":false,"lstrip":false,"rstrip":false,
          "normalized":false,"special":true},
         {"id":1,"content":"[UNK]","single_word":false,"lstrip":false,"rstrip":false,
          "normalized":false,"special":true},
         {"id":2,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,
          "normalized":false,"special":true},
         {"id":3,"content":"[SEP]","single_word":false,"lstrip":false,"rstrip":false,
          "normalized":false,"special":true},
         {"id":4,"content":"[MASK]","single_word":false,"lstrip":false,"rstrip":false,
          "normalized":false,"special":true}],
       "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,
                     "strip_accents":null,"lowercase":true},
       "pre_tokenizer":{"type":"BertPreTokenizer"},
       "post_processor":{"type":"TemplateProcessing",
         "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
                   {"SpecialToken":{"id":"[SEP]","type_id":0}}],
         "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
         "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]},
                           "[SEP]":{"id":"[SEP]","ids":[3],"tokens":["[SEP]"]}}},
       "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
       "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##",
         "max_input_chars_per_word":100,
         "vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"[MASK]":4,"in":5,"the":6,"begin":7,
                  "##ning":8,"[":9,"]":10,"mask":11,".":12}}}
      """;

  private static final String UNIGRAM =
      """
      {"version":"1.0","truncation":null,"padding":null,
       "added_tokens":[{"id":0,"content":"<unk>","single_word":false,"lstrip":false,
          "rstrip":false,"normalized":false,"special":true},
         {"id":1,"content":"</s>","single_word":false,"lstrip":false,
          "rstrip":false,"normalized":false,"special":true}],
       "normalizer":null,
       "pre_tokenizer":{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always",
                        "split":true},
       "post_processor":null,
       "decoder":{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always","split":true},
       "model":{"type":"Unigram","unk_id":0,"byte_fallback":false,
         "vocab":[["<unk>",0.0],["</s>",0.0],["\u2581",-2.0],["a",-2.5],["b",-2.5],["\u2581ab",-3.0],
                  ["<",-5.0],["/",-5.0],["s",-5.0],[">",-5.0]]}}
      """;

  private static Tokenizer load(String json) throws IOException {
    return load(json, SpecialIds.FROM_FILE);
  }

  private static Tokenizer load(String json, SpecialIds ids) throws IOException {
    return Tokenizers.load(json.getBytes(StandardCharsets.UTF_8), ids);
  }

  @Test
  void nothingIsCutPaddedOrWrapped() throws IOException {
    try (Tokenizer tokenizer = load(WORD_PIECE)) {
      assertEquals(TokenizerKind.OTHER, tokenizer.kind());
      assertThrows(UnsupportedOperationException.class, () -> tokenizer.bytes(5));
      assertArrayEquals(new int[] {5, 6, 7, 8}, tokenizer.encode("In the beginning"));
      assertArrayEquals(new int[] {5}, tokenizer.encode("in"));
      assertEquals(0, tokenizer.encode("").length);
      int[] many = tokenizer.encode("in the ".repeat(60_000));
      assertEquals(120_000, many.length);
      assertEquals("in the beginning.", tokenizer.decode(new int[] {2, 5, 6, 7, 8, 12, 3, 0, 4}));
      assertEquals("##ning", tokenizer.token(8));
      assertEquals("[MASK]", tokenizer.token(4));
    }
  }

  @Test
  void specialIdsAreFoundByName() throws IOException {
    try (Tokenizer tokenizer = load(WORD_PIECE)) {
      assertEquals(
          new Vocabulary(
              13, OptionalInt.of(4), OptionalInt.of(0), OptionalInt.of(2), OptionalInt.of(3)),
          tokenizer.vocabulary());
    }
  }

  @Test
  void specialNamesInTextAreText() throws IOException {
    try (Tokenizer tokenizer = load(WORD_PIECE)) {
      assertArrayEquals(new int[] {9, 11, 10, 5}, tokenizer.encode("[MASK] in"));
      assertArrayEquals(new int[] {1}, tokenizer.encode("xyz"), "unknown words still work");
    }
    try (Tokenizer tokenizer = load(UNIGRAM)) {
      assertArrayEquals(new int[] {5, 6, 7, 8, 9}, tokenizer.encode("ab</s>"));
      assertEquals("ab</s>", tokenizer.decode(new int[] {5, 6, 7, 8, 9, 1}));
      assertEquals(0, tokenizer.lastCut("ab ab"), "a piece would get a space in front");
      assertEquals(OptionalInt.of(1), tokenizer.vocabulary().end());
    }
  }

  @Test
  void wordsWithoutATokenAreRefused() throws IOException {
    try (Tokenizer tokenizer = load(WORD_PIECE.replace("\"[UNK]\",\"cont", "\"[NONE]\",\"cont"))) {
      assertArrayEquals(new int[] {5}, tokenizer.encode("in"));
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> tokenizer.encode("xyz"));
      assertTrue(
          Texts.message(e).startsWith("the tokenizer cannot express the text: "), e.toString());
      assertEquals(1, Texts.message(e).lines().count());
    }
  }

  @Test
  void theModelMayDecideTheSpecialIds() throws IOException {
    SpecialIds ids = SpecialIds.FROM_FILE.withMask(13).withPad(1).withBegin(3).withEnd(12);
    try (Tokenizer tokenizer = load(WORD_PIECE, ids)) {
      assertEquals(
          new Vocabulary(
              14, OptionalInt.of(13), OptionalInt.of(1), OptionalInt.of(3), OptionalInt.of(12)),
          tokenizer.vocabulary());
      assertEquals("in", tokenizer.decode(new int[] {13, 5, 13}));
      assertEquals("<13>", tokenizer.token(13));
    }
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> SpecialIds.FROM_FILE.withPad(-1));
    assertEquals("pad id is -1; allowed: 0..16777215", e.getMessage());
  }

  @Test
  void savingKeepsTheFileByteForByte(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    try (Tokenizer tokenizer = load(WORD_PIECE)) {
      tokenizer.save(file);
    }
    assertEquals(WORD_PIECE, Files.readString(file));
  }

  /** Merges that spell a special name must not make it, and dropout must not make it random. */
  @Test
  void mergesAndDropoutDoNotLeakSpecials() throws IOException {
    ObjectNode root = (ObjectNode) TokenizerJson.MAPPER.readTree(bpe());
    ObjectNode model = (ObjectNode) root.get("model");
    model.put("dropout", 0.9);
    ((ObjectNode) root.get("pre_tokenizer")).put("use_regex", false);
    ((ArrayNode) model.get("merges")).add("< s").add("<s >");
    ((ObjectNode) model.get("vocab")).put("<s", 257).put("<s>", 258);
    ArrayNode added = (ArrayNode) root.get("added_tokens");
    added.removeAll();
    added.add(special(258, "<s>"));
    try (Tokenizer tokenizer = load(root.toString())) {
      assertEquals(OptionalInt.of(258), tokenizer.vocabulary().begin());
      int[] expected = {'a', 257, '>', 'b', ' ', 256, 'e'};
      for (int i = 0; i < 20; i++) {
        assertArrayEquals(expected, tokenizer.encode("a<s>b the"));
      }
      assertEquals("a<s>b the", tokenizer.decode(expected));
      assertEquals(0, tokenizer.lastCut("a b c"), "this file does not split at spaces");
    }
  }

  /** The library would number this token 257 and only log that the file says otherwise. */
  @Test
  void idsTheLibraryCannotGiveAreRefused() throws IOException {
    ObjectNode root = (ObjectNode) TokenizerJson.MAPPER.readTree(bpe());
    ArrayNode added = (ArrayNode) root.get("added_tokens");
    added.removeAll();
    added.add(special(1000, "<s>"));
    IOException e = assertThrows(IOException.class, () -> load(root.toString()));
    assertEquals(
        "the tokenizer is not a usable tokenizer.json: added token <s> cannot have id 1000;"
            + " allowed: the next free id",
        e.getMessage());
  }

  private static ObjectNode special(int id, String content) {
    return TokenizerJson.MAPPER
        .createObjectNode()
        .put("id", id)
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
  }

  private static String bpe() {
    return new String(
        TokenizerJson.bpe(new long[] {((long) 't' << 32) | 'h'}), StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"a\":1,\"a\":2}",
        "{\"model\":{}}",
        "{\"model\":{\"vocab\":7}}",
        "{\"model\":{\"vocab\":{}}}",
        "{\"model\":{\"vocab\":{\"a\":-1}}}",
        "{\"model\":{\"vocab\":{\"a\":1e9}}}",
        "{\"model\":{\"vocab\":{\"a\":16777216}}}",
        "{\"model\":{\"vocab\":{\"a\":0,\"b\":0}}}",
        "{\"model\":{\"vocab\":[[1,2]]}}",
        "{\"model\":{\"vocab\":{\"a\":0}},\"added_tokens\":3}",
        "{\"model\":{\"vocab\":{\"a\":0}},\"added_tokens\":[{\"id\":1}]}",
        "{\"model\":{\"vocab\":{\"a\":0}},\"added_tokens\":[{\"content\":\"x\"}]}",
        "{\"model\":{\"vocab\":{\"a\":0}},\"added_tokens\":[{\"id\":0,\"content\":\"x\"}]}",
        "{\"model\":{\"vocab\":{\"a\":0}},\"added_tokens\":[{\"id\":9,\"content\":\"a\"}]}",
        "{\"model\":{\"type\":\"Nonsense\",\"vocab\":{\"a\":0}}}",
        "{\"version\":\"1.0\",\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"q z\"]}}",
        "{\"model\":{\"vocab\":{\"a\":0}}} x"
      })
  void nonsenseIsRefusedInOneLine(String json) {
    IOException e = assertThrows(IOException.class, () -> load(json));
    assertEquals(1, Texts.message(e).lines().count(), Texts.message(e));
    assertTrue(Texts.message(e).startsWith("the tokenizer is not "), Texts.message(e));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999})
  void truncatedFilesAreRefused(double share) {
    String json = bpe();
    String cut = json.substring(0, (int) (json.length() * share));
    IOException e = assertThrows(IOException.class, () -> load(cut));
    assertTrue(Texts.message(e).startsWith("the tokenizer is not valid JSON: "), e.toString());
    assertFalse(Texts.message(e).contains("Source"), "what the parser says of itself");
  }

  @Test
  void missingAndOversizedFilesAreRefused(@TempDir Path folder) throws IOException {
    Path missing = folder.resolve("none.json");
    IOException e = assertThrows(IOException.class, () -> Tokenizers.load(missing));
    assertEquals("tokenizer " + missing + " is not a file", e.getMessage());
    assertThrows(IOException.class, () -> Tokenizers.load(folder));
    Path huge = folder.resolve("huge.json");
    try (var channel =
        Files.newByteChannel(
            huge,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE)) {
      channel.position(Tokenizers.MAX_FILE_BYTES);
      channel.write(ByteBuffer.wrap(new byte[1]));
    }
    IOException large = assertThrows(IOException.class, () -> Tokenizers.load(huge));
    assertTrue(Texts.message(large).endsWith("is too large; allowed: 268435456 bytes"));
    byte[] many = new byte[Tokenizers.MAX_FILE_BYTES + 1];
    large = assertThrows(IOException.class, () -> Tokenizers.load(many, SpecialIds.FROM_FILE));
    assertEquals("the tokenizer is too large; allowed: 268435456 bytes", large.getMessage());
  }

  @ParameterizedTest
  @CsvSource({"bpe,BPE", "char,CHAR", "byte,BYTE"})
  void kindsHaveNames(String label, TokenizerKind kind) {
    assertEquals(kind, TokenizerKind.of(label));
    assertEquals(label, kind.label());
  }

  @Test
  void badArgumentsAreRefused() {
    for (String label : new String[] {"other", "BPE", ""}) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> TokenizerKind.of(label));
      assertEquals("tokenizer kind is '" + label + "'; allowed: bpe, char, byte", e.getMessage());
    }
    OptionalInt none = OptionalInt.empty();
    assertThrows(IllegalArgumentException.class, () -> new Vocabulary(0, none, none, none, none));
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new Vocabulary(5, none, none, none, OptionalInt.of(5)));
    assertEquals("end id is 5; allowed: 0..4", e.getMessage());
    assertFalse(new Vocabulary(5, none, none, none, OptionalInt.of(4)).isSpecial(3));
    assertThrows(IllegalArgumentException.class, () -> Tokenizers.trainer(TokenizerKind.OTHER));
    assertThrows(IllegalArgumentException.class, () -> Tokenizers.trainer(TokenizerKind.BPE));
    assertThrows(IllegalArgumentException.class, () -> Tokenizers.trainer(TokenizerKind.OTHER, 9));
    assertThrows(IllegalArgumentException.class, () -> Tokenizers.trainer(TokenizerKind.BYTE, 9));
    assertThrows(IllegalArgumentException.class, () -> Tokenizers.trainer(TokenizerKind.CHAR, 2));
  }

  @Test
  void trainersCheckTheText() {
    TokenizerTrainer small = Tokenizers.trainer(TokenizerKind.CHAR, 4);
    small.add("abc");
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, small::train);
    assertEquals(
        "the text has 3 distinct characters; allowed with vocabulary 4: 2", e.getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> Tokenizers.trainer(TokenizerKind.CHAR).train());
    TokenizerTrainer bytes = Tokenizers.trainer(TokenizerKind.BYTE, 258);
    bytes.add("\uD83D");
    bytes.add("\uDE00");
    bytes.endDocument();
    try (Tokenizer made = bytes.train();
        Tokenizer plain = Tokenizers.bytes()) {
      assertEquals(plain.sha256(), made.sha256());
    }
    TokenizerTrainer half = Tokenizers.trainer(TokenizerKind.BYTE);
    half.add("\uD83D");
    assertThrows(IllegalArgumentException.class, half::endDocument);
  }
}
