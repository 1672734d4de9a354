package io.github.dllm4j.eval.plot;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Diagrams with few colours as small files: the 256 most frequent colours stay, each other becomes
 * the closest of them. Lines have few colours, what is lost are shades of their edges.
 */
final class Palette {
  private static final int SIZE = 256;

  private Palette() {}

  /** The image with at most 256 colours, one byte a pixel. */
  static BufferedImage reduce(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    int[] pixels = image.getRGB(0, 0, width, height, null, 0, width);
    int[] sorted = pixels.clone();
    Arrays.sort(sorted);
    int[] different = Arrays.stream(sorted).distinct().toArray();
    long[] counts = new long[different.length];
    for (int pixel : sorted) {
      counts[Arrays.binarySearch(different, pixel)]++;
    }
    int[] colours =
        IntStream.range(0, different.length)
            .boxed()
            .sorted(Comparator.comparingLong(i -> -counts[i]))
            .limit(SIZE)
            .mapToInt(i -> different[i])
            .toArray();
    int[] indices = Arrays.stream(different).map(colour -> closest(colours, colour)).toArray();
    IndexColorModel model =
        new IndexColorModel(8, colours.length, colours, 0, false, -1, DataBuffer.TYPE_BYTE);
    BufferedImage reduced =
        new BufferedImage(width, height, BufferedImage.TYPE_BYTE_INDEXED, model);
    for (int i = 0; i < pixels.length; i++) {
      int index = indices[Arrays.binarySearch(different, pixels[i])];
      reduced.getRaster().setSample(i % width, i / width, 0, index);
    }
    return reduced;
  }

  private static int closest(int[] colours, int colour) {
    int best = 0;
    int least = Integer.MAX_VALUE;
    for (int i = 0; i < colours.length; i++) {
      int distance = 0;
      for (int shift = 0; shift < 24; shift += 8) {
        int difference = (colours[i] >> shift & 255) - (colour >> shift & 255);
        distance += difference * difference;
      }
      if (distance < least) {
        least = distance;
        best = i;
      }
    }
    return best;
  }
}
