package io.github.dllm4j.engine.djl;

import java.util.Locale;

/**
 * Whose checkpoint a model is. All but LLaDA and Dream share one network, the DiT of Lou, Meng,
 * Ermon (2024), and differ in what its numbers mean, which is fixed here once per family and turned
 * into the {@link io.github.dllm4j.engine.denoise.Representation} of a {@link ModelConfig} when it
 * is opened.
 *
 * <p>Time. Every network that is told the time is told the total noise sigma = -ln alpha of the
 * tokens it sees, as here. The families differ only in how they get from a time t to it: SEDD, MDLM
 * and Duo have alpha = 1 - (1 - 1e-3) t (or SEDD's geometric sigma), and so has the noise of UDLM,
 * whose training loss however puts alpha = 1 - t beside it. Nothing of this is left once a sampler
 * works with sigma, as ours do.
 *
 * <p>Sources: spec/peers 2.1 and 2.2; the commits are named where the fixtures are made.
 */
public enum Family {
  /** Our own directories, whose config.json says all of it. */
  DLLM4J("dllm4j", "as config.json says"),
  /**
   * Score entropy, absorbing or uniform. The network's logits l become log scores
   *
   * <pre>
   * absorbing  ln s_b = l_b - ln(e^sigma - 1) - ln(V - 1)    (with scale_by_sigma; l_b without)
   * uniform    ln s_b = l_b,  and 0 at the token that is there
   * </pre>
   *
   * As s_b = p_b / (e^sigma - 1) for a masked token, its law p is the softmax of l over the clean
   * tokens, whatever the shift. SEDD's sampler takes the sum of the scores, which need not be
   * right, as the chance that a token is revealed; ours takes the chance that the noise has.
   */
  SEDD("sedd", "log scores; a masked token's law is their softmax over clean tokens"),
  /**
   * Masking with carry-over: the softmax over clean tokens at masked positions, nothing elsewhere.
   * Without time_conditioning the network only ever saw sigma = 0.
   */
  MDLM("mdlm", "softmax over clean tokens (SUBS)"),
  /** Masking without any time modules, with norm biases: the softmax over clean tokens. */
  RADD("radd", "softmax over clean tokens"),
  /**
   * Uniform noise, trained on the bound with the network's softmax in the bridge, whose optimum is
   * p(x0 at i | the other tokens): leave-one-out. A checkpoint with classes is run for one class,
   * or, as in its own sampler, for the extra one that stood for "none" in training.
   */
  UDLM("udlm", "softmax over all tokens, leave-one-out"),
  /** Uniform noise; the same bound and the same meaning as UDLM. Always told the time. */
  DUO("duo", "softmax over all tokens, leave-one-out"),
  /** Masking, of any size: a Llama that sees both ways and is never told the time. */
  LLADA("llada", "softmax over clean tokens"),
  /**
   * Masking, from a Qwen2.5 that sees both ways: as its parent, it says at a position what the next
   * token is. The first token's law, which nothing says, is read at the first position, too, as in
   * its own sampler.
   */
  DREAM("dream", "softmax over clean tokens, read one position before"),
  /**
   * Masking block after block (Arriola et al. 2025): the law of a masked token given its own block
   * as it is and the blocks before it,
   *
   * <pre>
   * p(x) = prod_b p(x_b | x_before b),   each factor as MDLM's p
   * </pre>
   *
   * Of the first block the first position is always the begin of the text. The released networks
   * only ever saw sigma = 0; one that is told the time is refused, since in the authors' code what
   * it says then depends on whether keys of the past are kept.
   */
  BD3LM("bd3lm", "softmax over clean tokens, given the blocks before");

  private final String label;
  private final String head;

  Family(String label, String head) {
    this.label = label;
    this.head = head;
  }

  /** The name in messages and reports: lower case. */
  public String label() {
    return label;
  }

  /** What the network's numbers mean, for readers. */
  public String head() {
    return head;
  }

  /** The family of a {@code model_type}. */
  static Family ofModelType(String type) {
    return switch (type.toLowerCase(Locale.ROOT)) {
      case "mdlm" -> MDLM;
      case "udlm" -> UDLM;
      case "duo" -> DUO;
      case "llada" -> LLADA;
      case "dream" -> DREAM;
      case "bd3lm" -> BD3LM;
      default ->
          throw new IllegalArgumentException(
              "model_type must be mdlm, udlm, duo, llada, dream or bd3lm, got "
                  + FolderFile.shown(type));
    };
  }
}
