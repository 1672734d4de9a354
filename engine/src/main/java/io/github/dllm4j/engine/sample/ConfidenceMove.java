package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Arrays;

/** One site, chosen by softmax(rule / tau), is drawn from its law given the others. */
record ConfidenceMove(SiteRule rule, double tau, boolean metropolis, NoiseLevel level)
    implements ReverseMove {

  @Override
  public int choices(int holes) {
    return holes;
  }

  @Override
  public int[] sites(int holes, int choice) {
    return new int[] {choice};
  }

  @Override
  public boolean informed() {
    return true;
  }

  @Override
  public double[] choiceLaw(NoiseProcess process, double[][] leaveOneOut, int[] tokens) {
    double[] law = new double[tokens.length];
    Arrays.setAll(law, h -> rule.score(row(process, leaveOneOut[h], tokens[h]), tokens[h]) / tau);
    double largest = Arrays.stream(law).max().orElse(0);
    double total = 0;
    for (int h = 0; h < law.length; h++) {
      law[h] = Math.exp(law[h] - largest);
      total += law[h];
    }
    for (int h = 0; h < law.length; h++) {
      law[h] /= total;
    }
    return law;
  }

  @Override
  public double[] row(NoiseProcess process, double[] leaveOneOut, int token) {
    return process.marginal(leaveOneOut, level.sigma());
  }
}
