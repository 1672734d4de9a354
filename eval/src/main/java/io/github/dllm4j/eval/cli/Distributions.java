package io.github.dllm4j.eval.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.tokenizer.JsonErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Exact laws by name: {@code family:key=value,key=value}, or a JSON table.
 *
 * <pre>
 * product:d=3,p=0.9                 independent, symbol 0 with probability p, the others alike; S=2
 * dirac:d=4,w=0.5                   all 0 with weight w, else all 1
 * parity:k=3,b=3                    a bit copied k times, and the parity of b more
 * even-parity:d=5                   uniform on the words of even parity
 * zero-sum:d=4,q=3                  uniform on the words that sum to 0 mod q
 * reed-solomon:d=4,k=2,q=5          uniform on the values of polynomials of degree below k
 * markov:d=6,S=2,stay=0.8           a chain that stays, or moves to the others alike
 * potts:d=6,q=3,J=1.2               a Potts chain
 * hmm:d=6,S=3,stay=0.8,p=0.8        hidden states that stay, each shown as itself with probability p
 * </pre>
 */
final class Distributions {
  private static final int LARGEST_FILE = 256 << 20;
  private static final int MOST_TOKENS = 64;

  private Distributions() {}

  /** The families, each with what a key is unless given. */
  static final String NAMES =
      "product:d=3,p=0.9,S=2; dirac:d=4,w=0.5; parity:k=3,b=3; even-parity:d=5; zero-sum:d=4,q=3; "
          + "reed-solomon:d=4,k=2,q=5; markov:d=6,S=2,stay=0.8; potts:d=6,q=3,J=1.2; "
          + "hmm:d=6,S=3,stay=0.8,p=0.8; or a JSON file";

  /** The same for help texts. */
  static final String HELP =
      "Distributions, with what a key is unless given (b is k): " + NAMES + ".";

  /** What a file looks like, for help texts. */
  static final String JSON_HELP =
      "A JSON file lists the probabilities of all words, the last token changing fastest:"
          + " {\"length\":2,\"vocabulary\":2,\"probabilities\":[0.4,0.1,0.1,0.4]}";

  /** What a JSON file says. */
  record Table(int length, int vocabulary, double[] probabilities) {}

  /**
   * The law of a name.
   *
   * @throws IllegalArgumentException if there is none, or a number is impossible
   * @throws IOException if it is a file that cannot be used
   */
  static ExactLaw of(String name) throws IOException {
    return of("--distribution", name);
  }

  /** The same, of another option. */
  static ExactLaw of(String option, String name) throws IOException {
    int colon = name.indexOf(':');
    String family = colon < 0 ? name : name.substring(0, colon);
    Parameters p = new Parameters(name, colon < 0 ? "" : name.substring(colon + 1));
    ExactLaw law =
        switch (family) {
          case "product" -> product(p.tokens("d", 3), p.real("p", 0.9), p.whole("S", 2));
          case "dirac" -> dirac(p.tokens("d", 4), p.real("w", 0.5));
          case "parity" -> {
            int k = p.tokens("k", 3);
            yield ExactLaw.latentParity(k, p.tokens("b", k));
          }
          case "even-parity" -> ExactLaw.zeroSum(p.tokens("d", 5), 2);
          case "zero-sum" -> ExactLaw.zeroSum(p.tokens("d", 4), p.whole("q", 3));
          case "reed-solomon" ->
              ExactLaw.reedSolomon(p.tokens("d", 4), p.whole("k", 2), p.whole("q", 5));
          case "markov" -> markov(p.tokens("d", 6), p.whole("S", 2), p.real("stay", 0.8));
          case "hmm" ->
              hidden(p.tokens("d", 6), p.whole("S", 3), p.real("stay", 0.8), p.real("p", 0.8));
          case "potts" -> ExactLaw.potts(p.tokens("d", 6), p.whole("q", 3), p.real("J", 1.2));
          default -> file(option, name);
        };
    p.requireAllUsed();
    return law;
  }

  private static ExactLaw product(int length, double first, int symbols) {
    if (!(first >= 0 && first <= 1) || symbols < 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "product: p must be 0 to 1 and S at least 1, got p=%s, S=%d",
              first,
              symbols));
    }
    double[] law = new double[symbols];
    Arrays.fill(law, (1 - first) / Math.max(1, symbols - 1));
    law[0] = symbols == 1 ? 1 : first;
    double[][] marginals = new double[length][];
    Arrays.fill(marginals, law);
    return ExactLaw.product(marginals);
  }

  private static ExactLaw dirac(int length, double weight) {
    if (!(weight > 0 && weight < 1)) {
      throw new IllegalArgumentException("dirac: w must be between 0 and 1, got " + weight);
    }
    int[] ones = new int[length];
    Arrays.fill(ones, 1);
    return ExactLaw.diracMixture(
        new int[][] {new int[length], ones}, new double[] {weight, 1 - weight}, 2);
  }

  private static ExactLaw markov(int length, int symbols, double stay) {
    double[][] transition = kept("markov", "stay", symbols, stay);
    return ExactLaw.markov(length, even(symbols), transition);
  }

  private static ExactLaw hidden(int length, int symbols, double stay, double shown) {
    double[][] transition = kept("hmm", "stay", symbols, stay);
    return ExactLaw.hiddenMarkov(
        length, even(symbols), transition, kept("hmm", "p", symbols, shown));
  }

  private static double[] even(int symbols) {
    double[] law = new double[symbols];
    Arrays.fill(law, 1.0 / symbols);
    return law;
  }

  /** Rows that keep their symbol with a probability and move to the others alike. */
  private static double[][] kept(String family, String key, int symbols, double probability) {
    if (!(probability >= 0 && probability <= 1) || symbols < 2 || symbols > 4096) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s: %s must be 0 to 1 and S 2 to 4096, got %s=%s, S=%d",
              family,
              key,
              key,
              probability,
              symbols));
    }
    double[][] rows = new double[symbols][symbols];
    for (int from = 0; from < symbols; from++) {
      Arrays.fill(rows[from], (1 - probability) / (symbols - 1));
      rows[from][from] = probability;
    }
    return rows;
  }

  private static ExactLaw file(String option, String name) throws IOException {
    Path file = Path.of(name);
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s %s is neither a file nor one of %s", option, name, NAMES));
    }
    if (Files.size(file) > LARGEST_FILE) {
      throw new IOException(file + " is larger than a table can be");
    }
    try {
      Table table = Json.read(file, Table.class);
      return ExactLaw.table(table.length(), table.vocabulary(), table.probabilities());
    } catch (JsonProcessingException e) {
      throw new IOException(file + ": " + JsonErrors.reason(e), e);
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /** The key=value list of a name; every key given must be one that is asked for. */
  private static final class Parameters {
    private final String name;
    private final Map<String, String> given = new LinkedHashMap<>();
    private final List<String> asked = new ArrayList<>();
    private final List<String> unsound = new ArrayList<>();

    Parameters(String name, String list) {
      this.name = name;
      for (String item : list.isEmpty() ? new String[0] : list.split(",", -1)) {
        int equals = Math.max(0, item.indexOf('='));
        // A file name with a colon ends here too: what is wrong is said once a family is known.
        if (equals < 1
            || given.put(item.substring(0, equals), item.substring(equals + 1)) != null) {
          unsound.add(item);
        }
      }
    }

    double real(String key, double fallback) {
      asked.add(key);
      String value = given.get(key);
      if (value == null) {
        return fallback;
      }
      double number;
      try {
        number = Double.parseDouble(value);
      } catch (NumberFormatException e) {
        number = Double.NaN;
      }
      if (!Double.isFinite(number)) {
        throw new IllegalArgumentException(
            String.format(Locale.ROOT, "%s: %s must be a finite number, got %s", name, key, value));
      }
      return number;
    }

    int whole(String key, int fallback) {
      double value = real(key, fallback);
      if (value != Math.rint(value) || Math.abs(value) > 1_000_000) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "%s: %s must be a whole number up to 1,000,000, got %s",
                name,
                key,
                given.get(key)));
      }
      return (int) value;
    }

    int tokens(String key, int fallback) {
      int value = whole(key, fallback);
      if (value < 1 || value > MOST_TOKENS) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "%s: %s must be 1 to %d, got %d", name, key, MOST_TOKENS, value));
      }
      return value;
    }

    void requireAllUsed() {
      if (!asked.isEmpty() && !unsound.isEmpty()) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "%s: %s is no key=value, or a key twice", name, unsound.get(0)));
      }
      for (String key : given.keySet()) {
        if (!asked.contains(key)) {
          throw new IllegalArgumentException(
              String.format(
                  Locale.ROOT, "%s: there is no %s, only %s", name, key, String.join(", ", asked)));
        }
      }
    }
  }
}
