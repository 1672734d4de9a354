package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.info.InformationCurve;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Values of a random polynomial of degree below k over F_q at 0..d-1: any k tokens are uniform and
 * determine the rest by Lagrange interpolation, O(d k^2). h(j) = ln q for j below k, then 0.
 */
record ReedSolomon(int length, int k, int q) implements ExactLaw {

  ReedSolomon {
    Words.atLeast("length", length, 1);
    if (k < 1 || k > length) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "k must be in [1, %d], got %d", length, k));
    }
    if (q < length || q < 2 || !isPrime(q)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "q must be a prime of at least %d, got %d", Math.max(2, length), q));
    }
  }

  private static boolean isPrime(int n) {
    for (int f = 2; (long) f * f <= n; f++) {
      if (n % f == 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int symbols() {
    return q;
  }

  @Override
  public double[][] conditionals(int[] word) {
    double[][] laws = Words.start(this, word);
    int[] known = new int[k];
    int count = 0;
    for (int i = 0; i < length && count < k; i++) {
      if (word[i] < q) {
        known[count++] = i;
      }
    }
    if (count == k) {
      int[] full = new int[length];
      boolean possible = true;
      for (int i = 0; i < length; i++) {
        full[i] = interpolate(word, known, i);
        possible &= word[i] == q || word[i] == full[i];
      }
      for (int i = 0; i < length && possible; i++) {
        laws[i][full[i]] = 1;
      }
    }
    return Words.finish(laws);
  }

  /** The polynomial through the known tokens, at one point. */
  private int interpolate(int[] word, int[] known, int at) {
    long value = 0;
    for (int i : known) {
      long numerator = word[i];
      long denominator = 1;
      for (int j : known) {
        if (j != i) {
          numerator = numerator * Math.floorMod(at - j, q) % q;
          denominator = denominator * Math.floorMod(i - j, q) % q;
        }
      }
      value = (value + numerator * power(denominator, q - 2)) % q;
    }
    return (int) value;
  }

  /** root^exponent mod q; with exponent q - 2 the inverse (Fermat). */
  private long power(long root, int exponent) {
    long base = root;
    long result = 1;
    for (int bit = exponent; bit > 0; bit >>= 1) {
      result = (bit & 1) == 1 ? result * base % q : result;
      base = base * base % q;
    }
    return result;
  }

  @Override
  public Optional<InformationCurve> curve() {
    double[] curve = new double[length];
    Arrays.fill(curve, 0, k, Math.log(q));
    return Optional.of(InformationCurve.exact(curve));
  }
}
