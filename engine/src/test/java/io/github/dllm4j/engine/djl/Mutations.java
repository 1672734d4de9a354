package io.github.dllm4j.engine.djl;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** JSON that is nearly right: numbers at the edges, names changed, pieces lost, twice or moved. */
final class Mutations {
  private static final Pattern NUMBER = Pattern.compile("-?\\d+");
  private static final Pattern TEXT = Pattern.compile("\"[^\"]*\"");
  private static final List<String> NUMBERS =
      List.of(
          "0",
          "-1",
          "1",
          "2",
          "7",
          "16",
          "2147483647",
          "2147483648",
          "4294967296",
          "1e99",
          "1.5",
          "9223372036854775807",
          "9223372036854775808",
          "-9223372036854775808",
          "null",
          "[]",
          "{}",
          "\"7\"",
          "true",
          "1" + "0".repeat(400));
  private static final List<String> TEXTS =
      List.of(
          "\"\"",
          "\"F32\"",
          "\"I64\"",
          "\"../x\"",
          "\"..\"",
          "\"/etc/passwd\"",
          "\"a\\u0000b\"",
          "\"\\u2028\\n\"",
          "\"__metadata__\"",
          "\"data_offsets\"",
          "7",
          "null",
          "[[[[]]]]",
          "{}",
          "\"" + "x".repeat(5000) + "\"",
          "\"model.safetensors\"");

  private Mutations() {}

  /** One to three changes. */
  static byte[] of(String json, Random random) {
    String now = json;
    for (int n = 1 + random.nextInt(3); n > 0; n--) {
      now = change(now, random);
    }
    byte[] bytes = now.getBytes(StandardCharsets.UTF_8);
    if (random.nextInt(8) == 0 && bytes.length > 0) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
    }
    return bytes;
  }

  private static String change(String json, Random random) {
    if (json.length() < 2) {
      return json + "{";
    }
    int from = random.nextInt(json.length());
    int to = Math.min(json.length(), from + 1 + random.nextInt(40));
    String piece = json.substring(from, to);
    return switch (random.nextInt(7)) {
      case 0, 1 -> replaced(json, NUMBER, NUMBERS, from, random);
      case 2, 3 -> replaced(json, TEXT, TEXTS, from, random);
      case 4 -> json.substring(0, from) + json.substring(to);
      case 5 -> json.substring(0, from) + piece + json.substring(from);
      default -> {
        int place = random.nextInt(json.length());
        yield json.substring(0, place) + piece + json.substring(place);
      }
    };
  }

  private static String replaced(
      String json, Pattern what, List<String> by, int from, Random random) {
    Matcher matcher = what.matcher(json);
    if (!matcher.find(from)) {
      return json;
    }
    String now = by.get(random.nextInt(by.size()));
    return json.substring(0, matcher.start()) + now + json.substring(matcher.end());
  }
}
