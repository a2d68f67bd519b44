package com.cpprediction.model;

import com.cpprediction.metrics.ServiceMetrics;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * The {@link WrongPincodes} of each named caller of this node; all others share one. Callers
 * differ: one takes pincodes from a form that checks them, another types them from labels.
 * Thread-safe.
 */
public final class CallerPincodes {
  static final int CAPACITY = 64; // named callers of a process; later ones share with the unnamed

  private final Supplier<OptionalDouble> configured;
  private final ServiceMetrics metrics;
  private final Clock clock;
  private final Map<String, WrongPincodes> named = new ConcurrentHashMap<>();
  private final WrongPincodes unnamed;

  /**
   * @param configured the share that the configuration fixes now, if any
   */
  public CallerPincodes(Supplier<OptionalDouble> configured, ServiceMetrics metrics, Clock clock) {
    this.configured = configured;
    this.metrics = metrics;
    this.clock = clock;
    unnamed = begin("");
  }

  /**
   * The wrong pincodes of a caller.
   *
   * @param caller its name; empty where it has none
   */
  public WrongPincodes of(String caller) {
    if (caller.isEmpty() || caller.indexOf(':') >= 0) return unnamed; // no configured name
    var known = named.get(caller);
    if (known != null) return known;
    return named.size() < CAPACITY ? named.computeIfAbsent(caller, this::begin) : unnamed;
  }

  private WrongPincodes begin(String caller) {
    var wrong = new WrongPincodes(configured, clock, System::nanoTime);
    metrics.wrongPincodes(caller, "slips", () -> wrong.errors().slips());
    metrics.wrongPincodes(caller, "near", () -> wrong.errors().near());
    metrics.wrongPincodes(caller, "far", () -> wrong.errors().far());
    return wrong;
  }

  /** JSON as {@code wrong_pincodes} of {@code GET /models/status}. */
  public JsonObject toJson() {
    var callers = new JsonObject();
    new TreeMap<>(named).forEach((caller, wrong) -> callers.put(caller, wrong.toJson()));
    return unnamed.toJson().put("callers", callers);
  }
}
