package com.cpprediction.ablation;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * How to measure; the same for every state.
 *
 * @param states what to compare
 * @param rounds how often each is measured, 1 to {@link #MAX_ROUNDS}
 * @param phase how long the open and the closed loop take each
 * @param batches how long batches are sent
 * @param warmUp how long each service is warmed up before anything counts, so that a fast one is as
 *     far compiled as a slow one
 * @param warmUpLeast requests that this should be enough for, one for each popular address at
 *     least: with fewer a run's figures are doubtful
 * @param drain longest wait for rows still to be stored
 * @param callers of the closed loop, each of which asks again once it is answered
 * @param rate requests per second of the open loop; 0 for a part of what the unoptimised service
 *     answers in the closed loop
 * @param popular addresses that come again and again
 * @param repeated share of requests for those
 * @param seed of the order of the states and of the addresses
 * @param heap of the service, such as {@code 512m}
 */
public record Plan(
    List<State> states,
    int rounds,
    Duration phase,
    Duration batches,
    Duration warmUp,
    int warmUpLeast,
    Duration drain,
    int callers,
    double rate,
    int popular,
    double repeated,
    long seed,
    String heap) {
  /** Rounds at most. */
  public static final int MAX_ROUNDS = Interval.MAX_ROUNDS;

  /** Of the unoptimised service's closed-loop throughput, for the open loop of all. */
  static final double RATE_SHARE = 0.5;

  public Plan {
    states = List.copyOf(states);
    warmUpLeast = Math.max(warmUpLeast, popular);
  }

  /**
   * @param words ids of optimisations and of states; none for every state
   * @throws IllegalArgumentException naming a word that is neither
   */
  public static List<State> states(List<String> words) {
    return words.isEmpty() ? State.every() : State.named(words);
  }

  /** The states of one round, each once, in an order of its own: what drifts hits all alike. */
  List<State> order(int round) {
    var order = new ArrayList<>(states);
    Collections.shuffle(order, new Random(seed * 1_000 + round));
    return order;
  }

  int runs() {
    return states.size() * rounds;
  }

  JsonObject toJson() {
    var ids = new JsonArray();
    states.forEach(state -> ids.add(state.id()));
    return new JsonObject()
        .put("states", ids)
        .put("rounds", rounds)
        .put("phase_seconds", seconds(phase))
        .put("batch_seconds", seconds(batches))
        .put("warm_up_seconds", seconds(warmUp))
        .put("warm_up_least_requests", warmUpLeast)
        .put("drain_seconds", seconds(drain))
        .put("callers", callers)
        .put("rate", rate)
        .put("popular_addresses", popular)
        .put("repeated_share", repeated)
        .put("seed", seed)
        .put("heap", heap);
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1000.0;
  }
}
