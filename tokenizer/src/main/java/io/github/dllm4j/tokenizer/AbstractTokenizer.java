package io.github.dllm4j.tokenizer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;

/** What all tokenizers share: the file they are, checks of ids and text, closing. */
abstract class AbstractTokenizer implements Tokenizer {

  private final byte[] json;
  private final String sha256;
  private final Vocabulary vocabulary;
  private volatile boolean closed;

  /** Keeps the file's bytes, which must not change afterwards. */
  AbstractTokenizer(byte[] json, Vocabulary vocabulary) {
    this.json = json;
    this.sha256 = hash(json);
    this.vocabulary = vocabulary;
  }

  @Override
  public final int[] encode(String text) {
    requireOpen();
    return encodeText(UnicodeText.requireWellFormed(text));
  }

  /** Encodes a well-formed text. */
  abstract int[] encodeText(String text);

  @Override
  public final String decode(int[] tokens) {
    requireOpen();
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i] < 0 || tokens[i] >= vocabulary.size()) {
        throw new IllegalArgumentException(
            "token " + i + " is " + tokens[i] + "; allowed: 0.." + (vocabulary.size() - 1));
      }
    }
    return decodeIds(tokens);
  }

  /** Decodes ids in range. */
  abstract String decodeIds(int[] tokens);

  @Override
  public final String token(int id) {
    requireId(id);
    return show(id);
  }

  @Override
  public final byte[] bytes(int id) {
    requireId(id);
    return bytesOf(id);
  }

  /** A new array with the bytes of an id in range, none if it stands for no text. */
  abstract byte[] bytesOf(int id);

  private void requireId(int id) {
    if (id < 0 || id >= vocabulary.size()) {
      throw new IllegalArgumentException(
          "token id is " + id + "; allowed: 0.." + (vocabulary.size() - 1));
    }
  }

  /** Shows an id in range. */
  abstract String show(int id);

  @Override
  public final Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public final String sha256() {
    return sha256;
  }

  @Override
  public final void save(Path file) throws IOException {
    Path target = file.toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new WriteException(file, "its folder does not exist");
    }
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new WriteException(file, "it must be a file or not be there");
    }
    // Not a temporary file of Java's, which only its owner could read.
    Path temporary = folder.resolve(".tokenizer." + UUID.randomUUID() + ".tmp");
    try {
      writeForced(temporary, json);
      move(temporary, target);
    } catch (IOException e) {
      boolean denied = e instanceof AccessDeniedException;
      String why = denied ? "no permission" : String.valueOf(e.getMessage());
      throw new WriteException(file, why, e);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Writes a new file onto the disk itself, so that it is whole before it gets its name. */
  private static void writeForced(Path file, byte[] bytes) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer left = ByteBuffer.wrap(bytes);
      while (left.hasRemaining()) {
        channel.write(left);
      }
      channel.force(true);
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  @Override
  public void close() {
    closed = true;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the tokenizer is closed");
    }
  }

  private static String hash(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
