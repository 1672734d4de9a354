package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Laws of constrained fillings by going through all of them, with nothing of the production code
 * but {@link Constraint#accepts}. Fillings are numbered row-major over the ids below MASK, the
 * first hole most significant.
 */
final class WrittenOut {
  private final Denoiser denoiser;
  private final Tokenizer tokenizer;
  private final Constraint constraint;
  private final Canvas canvas;
  final int mask;
  final int[] holes;
  final int words;

  WrittenOut(Denoiser denoiser, Tokenizer tokenizer, Constraint constraint, Canvas canvas) {
    this.denoiser = denoiser;
    this.tokenizer = tokenizer;
    this.constraint = constraint;
    this.canvas = canvas;
    mask = denoiser.mask().orElseThrow();
    holes = canvas.holes();
    words = (int) Math.pow(mask, holes.length);
  }

  /** The sequence with a filling. */
  int[] sequence(int word) {
    int[] tokens = canvas.tokens();
    int rest = word;
    for (int h = holes.length - 1; h >= 0; h--) {
      tokens[holes[h]] = rest % mask;
      rest /= mask;
    }
    return tokens;
  }

  int word(int[] tokens) {
    return Arrays.stream(holes).map(hole -> tokens[hole]).reduce(0, (w, t) -> w * mask + t);
  }

  /** Where the text stops within the sequence, or the position after the last hole. */
  private int stop(int[] tokens) {
    int end = tokenizer.vocabulary().end().orElse(-1);
    return IntStream.rangeClosed(holes[0], holes[holes.length - 1])
        .filter(i -> tokens[i] == end)
        .findFirst()
        .orElse(holes[holes.length - 1] + 1);
  }

  /** Whether a sequence is an accepted text, padded as it must be. */
  boolean accepts(int[] tokens) {
    int end = tokenizer.vocabulary().end().orElse(-1);
    int pad = tokenizer.vocabulary().pad().orElse(-1);
    int filler = pad >= 0 ? pad : end;
    int stop = stop(tokens);
    for (int i = holes[0]; i < stop; i++) {
      if (tokens[i] == pad) {
        return false;
      }
    }
    for (int i = stop + 1; i <= holes[holes.length - 1]; i++) {
      if (tokens[i] != filler) {
        return false;
      }
    }
    return constraint.accepts(tokenizer.decode(Arrays.copyOfRange(tokens, holes[0], stop)));
  }

  /** The network's laws of the holes of a canvas that are still open, [holes][vocabulary]. */
  double[][] laws(int[] tokens) {
    int[] open = Arrays.stream(holes).filter(h -> tokens[h] == mask).toArray();
    double masked = open.length / (double) tokens.length;
    TokenBatch batch =
        TokenBatch.of(tokens.length, tokens.clone(), new double[] {-Math.log1p(-masked)});
    double[][] laws = new double[holes.length][];
    try (TokenLaws answer = denoiser.predict(batch, Rows.of(open))) {
      double[][] rows = answer.toArray();
      for (int h = 0, r = 0; h < holes.length; h++) {
        laws[h] = tokens[holes[h]] == mask ? rows[r++] : new double[0];
      }
    }
    return laws;
  }

  /** Probabilities of fillings that agree with a canvas, given that they are accepted, [words]. */
  double[] conditioned(int[] tokens) {
    double[][] laws = laws(tokens);
    return normalised(tokens, sequence -> product(tokens, sequence, laws));
  }

  /**
   * The same for the laws at a temperature and cut to a nucleus, as the documents say: what is
   * outside of the nucleus counts 1e-300 times, and a probability of 0 as one of 1e-300.
   */
  double[] conditioned(int[] tokens, double temperature, double topP) {
    double[][] laws = laws(tokens);
    double[][] logs = new double[laws.length][];
    for (int h = 0; h < laws.length; h++) {
      logs[h] = laws[h].length == 0 ? laws[h] : shaped(laws[h], temperature, topP);
    }
    double[] law = new double[words];
    Arrays.fill(law, Double.NEGATIVE_INFINITY);
    for (int w = 0; w < words; w++) {
      int[] sequence = sequence(w);
      if (agrees(tokens, sequence) && accepts(sequence)) {
        law[w] = 0;
        for (int h = 0; h < holes.length && holes[h] <= stop(sequence); h++) {
          law[w] += tokens[holes[h]] == mask ? logs[h][sequence[holes[h]]] : 0;
        }
      }
    }
    double most = Arrays.stream(law).max().orElseThrow();
    double total = Arrays.stream(law).map(log -> Math.exp(log - most)).sum();
    return Arrays.stream(law).map(log -> Math.exp(log - most) / total).toArray();
  }

  /** Logarithms of the weights. */
  private static double[] shaped(double[] law, double temperature, double topP) {
    double least = -300 * Math.log(10);
    double[] logs = new double[law.length];
    for (int v = 0; v < law.length; v++) {
      double log = law[v] > 0 ? Math.log(law[v]) : least;
      logs[v] = law[v] > 0 ? log / temperature : Math.min(log, log / temperature);
    }
    double most = Arrays.stream(logs).max().orElseThrow();
    double all = Arrays.stream(logs).map(log -> Math.exp(log - most)).sum();
    Integer[] order = IntStream.range(0, law.length).boxed().toArray(Integer[]::new);
    Arrays.sort(order, java.util.Comparator.comparingDouble(v -> -logs[v]));
    boolean[] outside = new boolean[law.length];
    double before = 0;
    double inside = 0;
    for (int v : order) {
      outside[v] = topP < 1 && before >= topP;
      // At 1 the nucleus is of the probabilities themselves, or rounding would move its edge.
      before += temperature == 1 ? law[v] : Math.exp(logs[v] - most) / all;
      inside += outside[v] ? 0 : Math.exp(logs[v] - most);
    }
    for (int v = 0; v < law.length; v++) {
      logs[v] += (outside[v] ? least : 0) - most - Math.log(inside);
    }
    return logs;
  }

  private double product(int[] tokens, int[] sequence, double[][] laws) {
    double p = 1;
    int stop = stop(sequence);
    for (int h = 0; h < holes.length && holes[h] <= stop; h++) {
      p *= tokens[holes[h]] == mask ? laws[h][sequence[holes[h]]] : 1;
    }
    return p;
  }

  private double[] normalised(int[] tokens, ToDoubleFunction<int[]> weight) {
    double[] law = new double[words];
    for (int w = 0; w < words; w++) {
      int[] sequence = sequence(w);
      if (agrees(tokens, sequence) && accepts(sequence)) {
        law[w] = weight.applyAsDouble(sequence);
      }
    }
    double total = Arrays.stream(law).sum();
    return Arrays.stream(law).map(p -> p / total).toArray();
  }

  private boolean agrees(int[] tokens, int[] sequence) {
    return Arrays.stream(holes).allMatch(h -> tokens[h] == mask || tokens[h] == sequence[h]);
  }

  /**
   * The wrong twin: token by token from the left, each law cut to what can still be completed and
   * normalised by itself, as engines do that only mask.
   */
  double[] locallyRenormalised() {
    double[][] laws = laws(canvas.tokens());
    boolean[][] alive = new boolean[holes.length + 1][words];
    for (int w = 0; w < words; w++) {
      int prefix = w;
      for (int h = holes.length; h >= 0 && accepts(sequence(w)); h--) {
        alive[h][prefix] = true;
        prefix /= mask;
      }
    }
    double[] law = new double[words];
    for (int w = 0; w < words; w++) {
      if (!accepts(sequence(w))) {
        continue;
      }
      law[w] = 1;
      int stop = stop(sequence(w));
      for (int h = 0; h < holes.length && holes[h] <= stop; h++) {
        int prefix = w / (int) Math.pow(mask, holes.length - h - 1);
        double possible = 0;
        for (int v = 0; v < mask; v++) {
          possible += alive[h + 1][prefix / mask * mask + v] ? laws[h][v] : 0;
        }
        law[w] *= laws[h][prefix % mask] / possible;
      }
    }
    return law;
  }

  /** Output of balanced steps at random places, each conditioned on acceptance, [words]. */
  double[] steps(int... sizes) {
    double[] law = new double[words];
    fill(canvas.tokens(), sizes, 0, 1, law);
    return law;
  }

  private void fill(int[] tokens, int[] sizes, int step, double probability, double[] law) {
    if (step == sizes.length) {
      law[word(tokens)] += probability;
      return;
    }
    int[] open = Arrays.stream(holes).filter(h -> tokens[h] == mask).toArray();
    double[] joint = conditioned(tokens);
    double sets = 0;
    for (int set = 0; set < 1 << open.length; set++) {
      sets += Integer.bitCount(set) == sizes[step] ? 1 : 0;
    }
    for (int set = 0; set < 1 << open.length; set++) {
      if (Integer.bitCount(set) != sizes[step]) {
        continue;
      }
      java.util.Map<Integer, Double> kept = new java.util.TreeMap<>();
      for (int w = 0; w < words; w++) {
        if (joint[w] > 0) {
          int[] next = tokens.clone();
          int[] sequence = sequence(w);
          for (int i = 0; i < open.length; i++) {
            next[open[i]] = (set >> i & 1) == 1 ? sequence[open[i]] : mask;
          }
          kept.merge(key(next), joint[w], Double::sum);
        }
      }
      for (var entry : kept.entrySet()) {
        fill(ofKey(entry.getKey()), sizes, step + 1, probability / sets * entry.getValue(), law);
      }
    }
  }

  private int key(int[] tokens) {
    return Arrays.stream(holes).map(h -> tokens[h]).reduce(0, (k, t) -> k * (mask + 1) + t);
  }

  private int[] ofKey(int key) {
    int[] tokens = canvas.tokens();
    int rest = key;
    for (int h = holes.length - 1; h >= 0; h--) {
      tokens[holes[h]] = rest % (mask + 1);
      rest /= mask + 1;
    }
    return tokens;
  }
}
