package io.github.dllm4j.engine.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The golden file of uniform noise and the laws it speaks of. */
public final class UniformGolden {
  /** All cases of the file. */
  public static final List<String> CASES =
      List.of(
          "product_S3_d3",
          "twodirac_S2_d4",
          "twodirac_S3_d3",
          "evenparity_S2_d5",
          "markov_S3_d4",
          "generic_S4_d2",
          "latentparity_S2_d4");

  private static final JsonNode FILE = read();

  private UniformGolden() {}

  private static JsonNode read() {
    try (InputStream in =
        Objects.requireNonNull(
            UniformGolden.class.getResourceAsStream("/golden/golden_uniform.json"))) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A group of the file. */
  public static JsonNode file(String group) {
    return Objects.requireNonNull(FILE.get("golden").get(group), group);
  }

  /** The values of one case in a group. */
  public static JsonNode values(String group, String name) {
    return Objects.requireNonNull(file(group).get("values").get(name), name);
  }

  /** The cases that a group has. */
  public static List<String> cases(String group) {
    List<String> names = new ArrayList<>();
    file(group).get("values").fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** The law of a case. */
  public static ExactLaw law(String name) {
    JsonNode entry = Objects.requireNonNull(FILE.get("cases").get(name), name);
    double[] p = Golden.doubles(entry.get("p0"));
    return ExactLaw.table(entry.get("d").asInt(), entry.get("S").asInt(), p);
  }

  /** The grid of a name in the file. */
  public static TimeGrid grid(String name, int steps) {
    return switch (name) {
      case "sigma_uniform_T8" -> TimeGrid.uniform(8, steps);
      case "loglinear", "loglinear_eps1e-3" -> TimeGrid.logLinear(1e-3, steps);
      case "geom_T6_1e-2" -> TimeGrid.geometric(6, 0.01, steps);
      default -> throw new IllegalArgumentException(name);
    };
  }

  /** The word of an index. */
  public static int[] word(ExactLaw law, int index) {
    int[] word = new int[law.length()];
    int rest = index;
    for (int i = word.length - 1; i >= 0; i--) {
      word[i] = rest % law.symbols();
      rest /= law.symbols();
    }
    return word;
  }
}
