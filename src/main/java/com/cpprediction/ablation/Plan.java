package com.cpprediction.ablation;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Parameters of a comparison, the same for every variant.
 *
 * @param rounds measurements of each variant, 1 to {@link #MAX_ROUNDS}
 * @param phase duration of the open loop, and of the closed loop
 * @param batches duration of the batch phase
 * @param warmUp duration of the warm-up, equal for all variants for comparable JIT compilation
 * @param warmUpLeast minimum requests of the warm-up, at least one per popular address; with fewer
 *     a run counts as doubtful
 * @param drain timeout of the wait for rows to be stored
 * @param callers of the closed loop
 * @param rate requests per second of the open loop; 0 for {@link #RATE_SHARE} of the first
 *     variant's throughput in the closed loop
 * @param popular number of addresses that are repeated
 * @param repeated share of requests for those, 0..1
 * @param seed of addresses and order of variants
 * @param heap of the service, such as {@code 512m}
 */
public record Plan(
    Design design,
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
  /** Maximum number of rounds. */
  public static final int MAX_ROUNDS = Interval.MAX_ROUNDS;

  /** Default rate of the open loop, as a share of the first variant's closed-loop throughput. */
  static final double RATE_SHARE = 0.5;

  public Plan {
    warmUpLeast = Math.max(warmUpLeast, popular);
  }

  /** The variants in a random order per round, so that drift affects all alike. */
  List<Variant> order(int round) {
    var order = new ArrayList<>(design.variants());
    Collections.shuffle(order, new Random(seed * 1_000 + round));
    return order;
  }

  int runs() {
    return design.variants().size() * rounds;
  }

  JsonObject toJson() {
    var plan = new JsonObject();
    design.describe(plan);
    return plan.put("rounds", rounds)
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
