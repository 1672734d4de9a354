package io.github.dllm4j.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;

/** Any Hugging Face tokenizer, run by DJL's native library. */
final class HuggingFaceFileTokenizer extends AbstractTokenizer {

  private static final Map<String, String> OPTIONS =
      Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false");

  private final HuggingFaceTokenizer tokenizer;
  private final TokenizerKind kind;
  private final boolean cutsBeforeSpace;
  private final TokenNames names;
  private final Set<Integer> special;

  /**
   * Loads a file.
   *
   * @throws IOException if the library refuses it, in one line
   */
  HuggingFaceFileTokenizer(TokenizerFile file, FileShape shape) throws IOException {
    super(file.json(), file.vocabulary());
    kind = shape.kind();
    cutsBeforeSpace = shape.cutsBeforeSpace();
    names = file.names();
    special = Set.copyOf(file.special().values());
    HiddenSpecials hidden = new HiddenSpecials(file);
    loadLibrary();
    try {
      tokenizer =
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(hidden.json()), OPTIONS);
    } catch (RuntimeException e) {
      throw new IOException(file.origin() + " is not a usable tokenizer.json: " + firstLine(e), e);
    }
    try {
      checkIds(file, hidden);
    } catch (IOException e) {
      tokenizer.close();
      throw e;
    } catch (RuntimeException e) {
      tokenizer.close();
      throw new IOException(file.origin() + " is not a usable tokenizer.json: " + firstLine(e), e);
    }
  }

  private static void loadLibrary() {
    DjlSettings.prepare();
    try {
      LibUtils.checkStatus();
    } catch (RuntimeException e) {
      Throwable why = e.getCause() == null ? e : e.getCause();
      throw new IllegalStateException(
          "the tokenizer library cannot be loaded ("
              + why
              + "); DJL_CACHE_DIR, or .djl.ai in the home folder, must be writable",
          e);
    }
  }

  /** The library numbers added tokens itself and only logs where a file says otherwise. */
  private void checkIds(TokenizerFile file, HiddenSpecials hidden) throws IOException {
    for (Map.Entry<String, Integer> entry : file.special().entrySet()) {
      String decoded = tokenizer.decode(new long[] {entry.getValue()}, false).strip();
      if (!decoded.equals(hidden.nameOf(entry.getKey()))) {
        throw new IOException(
            file.origin()
                + " is not a usable tokenizer.json: added token "
                + entry.getKey()
                + " cannot have id "
                + entry.getValue()
                + "; allowed: the next free id");
      }
    }
  }

  /** Whether an id stands for no text: the file calls it special, or the caller does. */
  private boolean isSpecial(int id) {
    return vocabulary().isSpecial(id) || special.contains(id);
  }

  private static String firstLine(RuntimeException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
  }

  @Override
  int[] encodeText(String text) {
    if (text.isEmpty()) {
      return new int[0];
    }
    long[] ids;
    try {
      ids = tokenizer.encode(text, false, false).getIds();
    } catch (IllegalStateException e) {
      throw e; // it is closed
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(
          "the tokenizer cannot express the text: " + firstLine(e), e);
    }
    int[] tokens = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      tokens[i] = (int) ids[i];
    }
    return tokens;
  }

  @Override
  String decodeIds(int[] tokens) {
    long[] ids = new long[tokens.length];
    int kept = 0;
    for (int id : tokens) {
      if (!isSpecial(id)) {
        ids[kept++] = id;
      }
    }
    return kept == 0 ? "" : tokenizer.decode(Arrays.copyOf(ids, kept), false);
  }

  /** What the decoder of byte-level files does: a name that is not all stand-ins is itself text. */
  @Override
  byte[] bytesOf(int id) {
    if (kind != TokenizerKind.BPE) {
      throw new UnsupportedOperationException(
          "tokens of kind " + kind.label() + " are not bytes; allowed: bpe, char, byte");
    }
    String name = names.find(id);
    if (name == null || isSpecial(id)) {
      return new byte[0];
    }
    byte[] bytes = ByteAlphabet.bytes(name);
    return bytes == null ? name.getBytes(StandardCharsets.UTF_8) : bytes;
  }

  @Override
  String show(int id) {
    String name = names.of(id);
    byte[] bytes = kind == TokenizerKind.BPE && !isSpecial(id) ? ByteAlphabet.bytes(name) : null;
    return bytes == null ? name : Shown.bytes(bytes);
  }

  @Override
  public int lastCut(String text) {
    return cutsBeforeSpace ? UnicodeText.lastCutBeforeSpace(text) : 0;
  }

  @Override
  public TokenizerKind kind() {
    return kind;
  }

  @Override
  public void close() {
    super.close();
    tokenizer.close();
  }
}
