package com.cpprediction.auth;

import com.cpprediction.config.AuthConfig;
import com.cpprediction.config.CallerConfig;
import com.cpprediction.config.HttpConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** The callers of this node, as configured now. Thread-safe: shared by its event loops. */
public final class Callers {
  private final Supplier<ServiceConfig> config;
  private final ServiceMetrics metrics;
  private final Map<String, CallerUsage> usage = new HashMap<>(); // guarded by this
  private volatile State state;

  /** The configuration that {@code access} was made of. */
  private record State(HttpConfig http, AuthConfig auth, Access access) {
    boolean isOf(ServiceConfig config) {
      return http == config.http() && auth == config.auth();
    }
  }

  /**
   * @param config the active configuration, read per request
   */
  public Callers(Supplier<ServiceConfig> config, ServiceMetrics metrics) {
    this.config = config;
    this.metrics = metrics;
    state = stateOf(config.get());
  }

  /** Access under the configuration in force. */
  public Access access() {
    var now = config.get();
    var known = state;
    return known.isOf(now) ? known.access : renewed().access;
  }

  private synchronized State renewed() {
    var now = config.get();
    if (!state.isOf(now)) state = stateOf(now); // else another thread has done it
    return state;
  }

  private State stateOf(ServiceConfig now) {
    var access = Access.of(now.http(), now.auth(), this::limits);
    return new State(now.http(), now.auth(), access);
  }

  /** Limits over the usage so far. The names are a closed set: those of the configuration. */
  private CallerLimits limits(CallerConfig caller) {
    if (caller.rate() == 0 && caller.maxInFlight() == 0) return CallerLimits.NONE;
    return new CallerLimits(
        caller.rate(),
        caller.maxInFlight(),
        usage.computeIfAbsent(caller.name(), name -> new CallerUsage(System::nanoTime)),
        metrics.callerLimited(caller.name()));
  }
}
