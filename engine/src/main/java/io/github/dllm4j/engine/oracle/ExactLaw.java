package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.List;
import java.util.Optional;

/**
 * A law of words of d tokens over S symbols whose conditionals are known exactly for every set of
 * revealed tokens: a perfect denoiser, so that what a sampler gets wrong is its own doing.
 *
 * <p>Where the revealed tokens are impossible the law of a hidden one is uniform, by convention.
 * The factories' formulas are spec section 12.
 */
public interface ExactLaw {

  /** Number of tokens d. */
  int length();

  /** Number of symbols S; also the id that stands for a hidden token. */
  int symbols();

  /**
   * The law of every token given the revealed ones.
   *
   * @param word ids below S, or S where hidden, [d]
   * @return [d][S]; a revealed token's law is certain
   * @throws IllegalArgumentException if the length or an id is out of range
   */
  double[][] conditionals(int[] word);

  /**
   * ln p(word) in nats by the chain rule, -infinity off the support; d times the cost of {@link
   * #conditionals}.
   *
   * @param word ids below S, [d]
   */
  default double logProbability(int[] word) {
    int[] prefix = Words.hidden(this);
    double logProbability = 0;
    for (int i = 0; i < prefix.length; i++) {
      logProbability += Math.log(conditionals(prefix)[i][word[i]]);
      prefix[i] = word[i];
    }
    return logProbability;
  }

  /**
   * A word drawn from the law, token by token; d times the cost of {@link #conditionals}.
   *
   * @param seed the run's seed
   * @param sample index of the word; the same arguments give the same word
   * @return ids, [d]
   */
  default int[] sample(long seed, int sample) {
    int[] word = Words.hidden(this);
    for (int i = 0; i < word.length; i++) {
      double uniform = KeyedRandom.uniform(seed, sample, 0, i, Purpose.DATA);
      word[i] = HeapLaws.draw(conditionals(word)[i], uniform);
    }
    return word;
  }

  /**
   * The information curve, in closed form or, when the law is small, by enumeration.
   *
   * @return the curve, or empty if there is no formula and (S+1)^d is above 2^24
   */
  default Optional<InformationCurve> curve() {
    return Enumeration.curve(this);
  }

  /**
   * The probabilities of all words, row-major, position 0 most significant, [S^d].
   *
   * @throws IllegalArgumentException if there are more than 2^24
   */
  default double[] table() {
    return Enumeration.table(this);
  }

  /**
   * A law given word by word.
   *
   * @param length d, at least 1
   * @param symbols S, at least 1
   * @param probabilities row-major, summing to 1 within 1e-9, [S^d]; copied
   */
  static ExactLaw table(int length, int symbols, double[] probabilities) {
    return new TableLaw(length, symbols, probabilities);
  }

  /**
   * Independent tokens.
   *
   * @param marginals [d][S]
   */
  static ExactLaw product(double[][] marginals) {
    return new ProductLaw(marginals);
  }

  /**
   * Finitely many words.
   *
   * @param words different words, ids below S, [m][d]
   * @param weights their probabilities, summing to 1 within 1e-9, [m]
   * @param symbols S
   */
  static ExactLaw diracMixture(int[][] words, double[] weights, int symbols) {
    return new DiracMixture(words, weights, symbols);
  }

  /**
   * A fair bit, copied by the first tokens, and the parity of the last, which are otherwise fair.
   *
   * @param copies tokens that copy the bit, at least 1
   * @param parity tokens whose sum mod 2 is the bit, at least 1
   */
  static ExactLaw latentParity(int copies, int parity) {
    return new LatentParity(copies, parity);
  }

  /**
   * Uniform on the words whose tokens sum to 0 mod q.
   *
   * @param length d, at least 1
   * @param q number of symbols, at least 2
   */
  static ExactLaw zeroSum(int length, int q) {
    return new ZeroSum(length, q);
  }

  /**
   * Uniform on the words (f(0), .., f(d-1)) of the polynomials f of degree below k over the field
   * of q elements.
   *
   * @param length d, at most q
   * @param k number of free symbols, in [1, d]
   * @param q prime
   */
  static ExactLaw reedSolomon(int length, int k, int q) {
    return new ReedSolomon(length, k, q);
  }

  /**
   * A Markov chain.
   *
   * @param length d, at least 1
   * @param initial law of the first token, [S]
   * @param transition [from][to], rows sum to 1
   */
  static ExactLaw markov(int length, double[] initial, double[][] transition) {
    return new MarkovLaw(length, initial, transition);
  }

  /**
   * A Potts chain without field and with free ends: neighbours are equal with weight e^coupling.
   *
   * @param length d, at least 1
   * @param q number of symbols, at least 2
   * @param coupling J; positive favours equal neighbours
   */
  static ExactLaw potts(int length, int q, double coupling) {
    return MarkovLaw.potts(length, q, coupling);
  }

  /**
   * A hidden Markov chain of K states.
   *
   * @param length d, at least 1
   * @param initial law of the first state, [K]
   * @param transition [from][to], [K][K]
   * @param emission law of the token in each state, [K][S]
   */
  static ExactLaw hiddenMarkov(
      int length, double[] initial, double[][] transition, double[][] emission) {
    return new HiddenMarkov(length, initial, transition, emission);
  }

  /**
   * A Markov random field on a tree: p(x) in proportion to the product of fields and edge
   * potentials.
   *
   * @param fields positive weights of each token's values, [d][S]
   * @param edges the tree's edges
   */
  static ExactLaw tree(double[][] fields, List<TreeEdge> edges) {
    return new TreeField(fields, edges);
  }

  /**
   * One edge of a tree.
   *
   * @param from one end
   * @param to the other end
   * @param potential weight of the pair (value at from, value at to), not negative, [S][S]
   */
  record TreeEdge(int from, int to, double[][] potential) {}
}
