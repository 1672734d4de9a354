package io.github.dllm4j.eval;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingTask;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * The production sampler made to write a given word: its laws are the denoiser's, its draws the
 * word's tokens. For plans that do not look at what is drawn, the sum of -ln p over the tokens,
 * each when it is filled, is -ln of the probability that the sampler puts out this word (spec 11,
 * O2); for random places, given the places (spec 4).
 */
final class TeacherForcing implements Denoiser {
  private final Denoiser inner;
  private final int[] word;
  private double[] surprise = {}; // by position, of the last call

  /** What one word costs. */
  record Cost(double nats, int evaluations) {}

  private TeacherForcing(Denoiser inner, int[] word) {
    this.inner = inner;
    this.word = word;
  }

  static Cost of(Denoiser denoiser, RevealPlan plan, int[] word, int sample) {
    TeacherForcing forced = new TeacherForcing(denoiser, word);
    Canvas blank = Canvas.blank(word.length, denoiser.mask().orElseThrow());
    double[] nats = new double[1];
    Sample made =
        new Sampler(forced, 1)
            .run(
                List.of(SamplingTask.of(blank, plan, 0, sample)),
                event -> {
                  nats[0] +=
                      Arrays.stream(event.filled()).mapToDouble(i -> forced.surprise[i]).sum();
                  return true;
                })
            .get(0);
    if (!Arrays.equals(made.tokens(), word)) {
      throw new IllegalStateException("the sampler did not write the word");
    }
    return new Cost(nats[0], made.evaluations());
  }

  @Override
  public int vocabulary() {
    return inner.vocabulary();
  }

  @Override
  public OptionalInt mask() {
    return inner.mask();
  }

  @Override
  public Representation representation() {
    return inner.representation();
  }

  @Override
  public TokenLaws predict(TokenBatch batch, Rows rows) {
    int[] targets = Arrays.stream(rows.toArray()).map(i -> word[i]).toArray();
    TokenLaws laws = inner.predict(batch, rows);
    double[] logs = laws.logProbabilityOf(targets);
    surprise = new double[word.length];
    for (int r = 0; r < logs.length; r++) {
      surprise[rows.index(r)] = -logs[r];
    }
    return new ForcedLaws(laws, targets);
  }

  private record ForcedLaws(TokenLaws laws, int[] targets) implements TokenLaws {
    @Override
    public int rows() {
      return laws.rows();
    }

    @Override
    public int vocabulary() {
      return laws.vocabulary();
    }

    @Override
    public TokenLaws shaped(double temperature, double topP) {
      return new ForcedLaws(laws.shaped(temperature, topP), targets);
    }

    @Override
    public double[] probabilityOf(int[] tokens) {
      return laws.probabilityOf(tokens);
    }

    @Override
    public double[] logProbabilityOf(int[] tokens) {
      return laws.logProbabilityOf(tokens);
    }

    @Override
    public int[] draw(double[] uniforms) {
      return targets.clone();
    }

    @Override
    public int[] argmax() {
      return laws.argmax();
    }

    @Override
    public double[] maxProbability() {
      return laws.maxProbability();
    }

    @Override
    public double[] margin() {
      return laws.margin();
    }

    @Override
    public double[] entropyNats() {
      return laws.entropyNats();
    }

    @Override
    public double[] sumLogOnePlus(double[] factors) {
      return laws.sumLogOnePlus(factors);
    }

    @Override
    public double[][] toArray() {
      return laws.toArray();
    }

    @Override
    public void close() {
      laws.close();
    }
  }
}
