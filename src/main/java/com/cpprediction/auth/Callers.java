package com.cpprediction.auth;

import com.cpprediction.config.AuthConfig;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.CallerConfig;
import com.cpprediction.config.HttpConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The callers of this node, as configured now. Thread-safe: shared by its event loops. */
public final class Callers {
  private final Supplier<ServiceConfig> config;
  private final ServiceMetrics metrics;
  private final @Nullable TokenVerifier verifier; // with an issuer
  private final Map<String, CallerUsage> usage = new HashMap<>(); // guarded by this
  private volatile State state;

  /** The configuration that {@code access} was made of. */
  private record State(HttpConfig http, AuthConfig auth, Access access) {
    boolean isOf(ServiceConfig config) {
      return http == config.http() && auth == config.auth();
    }
  }

  /**
   * @param config the active configuration, read per request; the issuer of tokens is read once
   */
  public Callers(Vertx vertx, Supplier<ServiceConfig> config, ServiceMetrics metrics, Clock clock) {
    this.config = config;
    this.metrics = metrics;
    var auth = config.get().auth();
    verifier = auth.hasIssuer() ? new TokenVerifier(vertx, auth, clock) : null;
    state = stateOf(config.get());
  }

  /** Access under the configuration in force. */
  public Access access() {
    var now = config.get();
    var known = state;
    return known.isOf(now) ? known.access : renewed().access;
  }

  /**
   * The caller of a token; null where it is unknown, or a JWT that was not verified yet.
   *
   * @param access under which it calls
   */
  public @Nullable Caller caller(Access access, String token) {
    var digest = BearerTokens.digest(token);
    var caller = access.caller(digest);
    if (caller != null || verifier == null) return caller;
    var verified = verifier.remembered(digest);
    return verified == null ? null : access.verified(verified.name(), verified.roles());
  }

  /** Whether {@link #verify} may make the caller of an unknown token known. */
  public boolean verifies(String token) {
    return verifier != null && TokenVerifier.isJwt(token);
  }

  /**
   * Verifies a JWT, after which {@link #caller} knows its caller if it is valid.
   *
   * @return completes on any context; fails with {@link Failure#NOT_READY} where the issuer's keys
   *     can't be fetched
   */
  public Future<Void> verify(String token) {
    return Objects.requireNonNull(verifier).verify(token);
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
