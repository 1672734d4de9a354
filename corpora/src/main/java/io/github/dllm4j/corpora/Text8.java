package io.github.dllm4j.corpora;

import java.io.IOException;
import java.util.List;

/**
 * The normalisation of Mahoney's text8 corpus, without its part that strips wiki markup: A-Z to
 * a-z, digits spelled out between spaces, every run of other characters one space. As in his script
 * a text starts with a space and does not end with one.
 */
final class Text8 implements TextSink {

  private static final List<String> DIGITS =
      List.of("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine");

  private final TextSink documents;
  private boolean space = true;

  /** Hands the normalised documents on. */
  Text8(TextSink documents) {
    this.documents = documents;
  }

  @Override
  public void text(String piece) throws IOException {
    StringBuilder out = new StringBuilder(piece.length() + 16);
    for (int i = 0; i < piece.length(); i++) {
      char c = piece.charAt(i);
      if (c >= '0' && c <= '9') {
        out.append(' ').append(DIGITS.get(c - '0'));
        space = true;
      } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        if (space) {
          out.append(' ');
        }
        out.append((char) (c | 0x20));
        space = false;
      } else {
        space = true;
      }
    }
    if (out.length() > 0) {
      documents.text(out.toString());
    }
  }

  @Override
  public void endDocument() throws IOException {
    space = true;
    documents.endDocument();
  }
}
