package io.github.dllm4j.engine.djl;

/**
 * Where the time of a sampling run went. On a GPU the time of trunk and head is that of their
 * launch, and the wait for them is in the draws.
 *
 * @param seconds all of it, wall clock
 * @param trunkSeconds the network without its head
 * @param headSeconds the vocabulary head
 * @param drawSeconds laws and draws on the device, with the wait for them; and the head, where so
 *     many rows are asked for that it runs with the draw
 * @param steps of the plan
 * @param evaluations of the network
 * @param synchronisations of host and device
 * @param numbersToHost that crossed from the device to the host
 * @param networkFlop floating-point operations of the network's matrix products
 */
public record SamplingTimes(
    double seconds,
    double trunkSeconds,
    double headSeconds,
    double drawSeconds,
    int steps,
    int evaluations,
    long synchronisations,
    long numbersToHost,
    double networkFlop) {

  /** What is left: plans, keyed randomness, arrays from and to the device. */
  public double hostSeconds() {
    return seconds - trunkSeconds - headSeconds - drawSeconds;
  }

  /** The share of the wall clock that is neither trunk nor head. */
  public double overheadShare() {
    return 1 - (trunkSeconds + headSeconds) / seconds;
  }
}
