package io.github.dllm4j.engine.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.info.InformationCurve;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

class DistributionsGoldenTest {

  @Test
  void everyLawMatchesTheGoldenFile(TestReporter reporter) {
    Golden golden = new Golden("distributions");
    Iterator<String> names = Golden.file("distributions").fieldNames();
    while (names.hasNext()) {
      String name = names.next();
      JsonNode entry = Golden.file("distributions").get(name);
      ExactLaw law = Golden.law(name);
      curve(golden, name, law.curve().orElseThrow(), entry);
      if (entry.has("H_bound_d_log_S")) {
        double bound = law.length() * Math.log(law.symbols());
        golden.close(name + " most entropy", bound, entry.get("H_bound_d_log_S").asDouble());
      }
      curve(golden, name + " by enumeration", Enumeration.curve(law).orElseThrow(), entry);
      for (JsonNode conditional : entry.path("conditionals")) {
        conditional(golden, name, law, conditional);
      }
      for (JsonNode word : entry.path("p")) {
        golden.probability(name, law.table()[word.get(0).asInt()], word.get(1).asDouble());
        int[] tokens = digits(word.get(0).asInt(), law);
        golden.close(name, Math.exp(law.logProbability(tokens)), word.get(1).asDouble());
      }
    }
    golden.report(reporter, 1750);
  }

  private static void curve(Golden golden, String name, InformationCurve curve, JsonNode entry) {
    golden.close(name + " h", curve.values(), entry.get("h"));
    golden.close(name + " H", curve.entropy(), entry.get("H").asDouble());
    golden.close(name + " TC", curve.totalCorrelation(), entry.get("TC").asDouble());
    golden.close(name + " DTC", curve.dualTotalCorrelation(), entry.get("DTC").asDouble());
    golden.close(name + " D", curve.effectiveTotalCorrelation(), entry.get("D").asDouble());
    if (entry.has("sum_MI")) {
      golden.close(name + " SMI", curve.sumOfMutualInformation(), entry.get("sum_MI").asDouble());
    }
    for (JsonNode rate : entry.path("I_t")) {
      double actual = curve.informationRate(rate.get(0).asDouble());
      golden.close(name + " I(" + rate.get(0) + ")", actual, rate.get(1).asDouble());
    }
  }

  private static void conditional(Golden golden, String name, ExactLaw law, JsonNode expected) {
    int[] word = Words.hidden(law);
    for (Map.Entry<String, JsonNode> token : expected.get("revealed").properties()) {
      word[Integer.parseInt(token.getKey())] = token.getValue().asInt();
    }
    double[] actual = law.conditionals(word)[expected.get("target").asInt()];
    golden.probability(name + " given " + Arrays.toString(word), actual, expected.get("probs"));
  }

  private static int[] digits(int index, ExactLaw law) {
    int[] word = new int[law.length()];
    int rest = index;
    for (int i = word.length - 1; i >= 0; i--) {
      word[i] = rest % law.symbols();
      rest /= law.symbols();
    }
    return word;
  }
}
