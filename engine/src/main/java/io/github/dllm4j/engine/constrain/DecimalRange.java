package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.engine.constrain.Expression.Choice;
import io.github.dllm4j.engine.constrain.Expression.Repeat;
import io.github.dllm4j.engine.constrain.Expression.Symbol;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * How the numbers from one bound to another are written in JSON: no exponent, no leading zeros, no
 * minus before zero, and so many decimals at most. Numbers are counted in units of the last
 * decimal, so all of it is about the digits of whole numbers: digit by digit, as long as what is
 * written is a beginning of a bound, the bound's next digit limits the next one.
 */
final class DecimalRange {
  private final String low;
  private final String high;
  private final int wholes; // digits before the point

  private DecimalRange(BigInteger low, BigInteger high, int wholes, int decimals) {
    this.wholes = wholes;
    this.low = padded(low, wholes + decimals);
    this.high = padded(high, wholes + decimals);
  }

  private static String padded(BigInteger number, int digits) {
    String text = number.toString();
    return "0".repeat(digits - text.length()) + text;
  }

  /**
   * The numbers from low to high.
   *
   * @param low in units of the last decimal
   * @param high in the same units
   * @param decimals most digits after the point; 0 for whole numbers
   */
  static Expression of(BigInteger low, BigInteger high, int decimals) {
    List<Expression> options = new ArrayList<>();
    if (low.signum() < 0) {
      BigInteger least = high.min(BigInteger.ONE.negate()).negate();
      options.add(
          Expression.sequence(Expression.text("-"), positive(least, low.negate(), decimals)));
    }
    options.add(positive(low.max(BigInteger.ZERO), high, decimals));
    return new Choice(options);
  }

  /** The numbers from low to high, both at least 0, by the number of digits before the point. */
  private static Expression positive(BigInteger low, BigInteger high, int decimals) {
    List<Expression> options = new ArrayList<>();
    for (int wholes = 1;
        BigInteger.TEN.pow(wholes - 1 + decimals).compareTo(high) <= 0 || wholes == 1;
        wholes++) {
      BigInteger least = wholes == 1 ? BigInteger.ZERO : BigInteger.TEN.pow(wholes - 1 + decimals);
      BigInteger most = BigInteger.TEN.pow(wholes + decimals).subtract(BigInteger.ONE);
      BigInteger from = low.max(least);
      BigInteger to = high.min(most);
      if (from.compareTo(to) <= 0) {
        options.add(new DecimalRange(from, to, wholes, decimals).from(0, true, true));
      }
    }
    return new Choice(options);
  }

  private int digits() {
    return low.length();
  }

  /** What may follow the first digits; {@code atLow}: they are those of the low bound. */
  private Expression from(int at, boolean atLow, boolean atHigh) {
    if (at < wholes) {
      return digit(at, atLow, atHigh);
    }
    List<Expression> options = new ArrayList<>();
    if (!atLow || low.substring(at).matches("0*")) {
      options.add(Expression.EMPTY);
    }
    if (at < digits()) {
      Expression more = digit(at, atLow, atHigh);
      options.add(at == wholes ? Expression.sequence(Expression.text("."), more) : more);
    }
    return new Choice(options);
  }

  /** The next digit and what may follow it. */
  private Expression digit(int at, boolean atLow, boolean atHigh) {
    if (!atLow && !atHigh) {
      return free(at);
    }
    int least = atLow ? low.charAt(at) : '0';
    int most = atHigh ? high.charAt(at) : '9';
    if (least == most) {
      return Expression.sequence(one(least, most), from(at + 1, atLow, atHigh));
    }
    List<Expression> options = new ArrayList<>();
    if (atLow) {
      options.add(Expression.sequence(one(least, least), from(at + 1, true, false)));
    }
    if (atHigh) {
      options.add(Expression.sequence(one(most, most), from(at + 1, false, true)));
    }
    int first = least + (atLow ? 1 : 0);
    int last = most - (atHigh ? 1 : 0);
    if (first <= last) {
      options.add(Expression.sequence(one(first, last), from(at + 1, false, false)));
    }
    return new Choice(options);
  }

  /** At least one more digit, any. */
  private Expression free(int at) {
    Expression digit = one('0', '9');
    if (at >= wholes) {
      return new Repeat(digit, 1, digits() - at);
    }
    Expression whole = new Repeat(digit, wholes - at, wholes - at);
    if (digits() == wholes) {
      return whole;
    }
    Expression decimals = new Repeat(digit, 1, digits() - wholes);
    return Expression.sequence(
        whole, Expression.optional(Expression.sequence(Expression.text("."), decimals)));
  }

  private static Expression one(int first, int last) {
    return new Symbol(CodePoints.range(first, last));
  }
}
