package com.cpprediction.auth;

import com.cpprediction.common.Labelled;
import com.cpprediction.config.AuthConfig;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.CallerConfig;
import com.cpprediction.config.HttpConfig;
import com.cpprediction.config.Role;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The callers of one configuration by the digests of their tokens. Immutable. */
public final class Access {
  /** Condition for a call. */
  public enum Condition implements Labelled {
    /** None. */
    OPEN,
    /** The request comes from this machine, and not through a proxy on it. */
    LOCAL,
    /** A token whose caller has the role. */
    TOKEN
  }

  /** Before the names of callers by JWT, so that none is that of a configured token. */
  private static final String JWT = "jwt:";

  /** The roles that {@code http.predict_token} grants. */
  private static final Set<Role> OF_PREDICT_TOKEN = EnumSet.of(Role.READ, Role.PREDICT);

  private final Map<ByteBuffer, Caller> callers = new HashMap<>();
  private final Map<String, CallerLimits> limitsByName = new HashMap<>(); // without tokens
  private final Map<Role, Condition> conditions = new EnumMap<>(Role.class);
  private final boolean anonymous;

  private Access(HttpConfig http, AuthConfig auth, Function<CallerConfig, CallerLimits> limits) {
    for (var one : auth.callers().all()) {
      var caller = new Caller(one.name(), one.roles(), limits.apply(one));
      one.tokens().forEach(digest -> callers.put(digest, caller));
      if (one.tokens().isEmpty()) limitsByName.put(one.name(), caller.limits());
    }
    grant(http.predictToken(), OF_PREDICT_TOKEN);
    grant(http.adminToken(), EnumSet.allOf(Role.class));
    boolean closed =
        !http.predictToken().none() || !auth.callers().all().isEmpty() || auth.hasIssuer();
    for (var role : Role.values()) conditions.put(role, condition(role, closed, auth.hasIssuer()));
    anonymous = condition(Role.PREDICT) == Condition.OPEN && !http.adminToken().named();
  }

  /**
   * @param limits of a caller
   */
  static Access of(HttpConfig http, AuthConfig auth, Function<CallerConfig, CallerLimits> limits) {
    return new Access(http, auth, limits);
  }

  private void grant(BearerTokens tokens, Set<Role> roles) {
    tokens.forEach(
        (digest, name) ->
            callers.merge(
                ByteBuffer.wrap(digest), new Caller(name, roles, CallerLimits.NONE), this::of));
  }

  /** A token of two lists has the roles of both, and the name in the first one. */
  private Caller of(Caller first, Caller second) {
    var roles = EnumSet.copyOf(first.roles());
    roles.addAll(second.roles());
    return new Caller(first.name(), roles, first.limits());
  }

  /** Addresses and operation are this machine's alone until a caller is granted their role. */
  private Condition condition(Role role, boolean closed, boolean issuer) {
    return switch (role) {
      case READ, PREDICT -> closed ? Condition.TOKEN : Condition.OPEN;
      case REVIEW, OPERATE ->
          issuer || callers.values().stream().anyMatch(caller -> caller.has(role))
              ? Condition.TOKEN
              : Condition.LOCAL;
    };
  }

  /** Condition for the calls of {@code role}. */
  public Condition condition(Role role) {
    return conditions.getOrDefault(role, Condition.TOKEN);
  }

  /** Whether predictions need no token and no token names a caller. */
  public boolean anonymous() {
    return anonymous;
  }

  /**
   * The caller of a verified JWT, with the limits of the configured caller of its name that has no
   * token.
   */
  Caller verified(String name, Set<Role> roles) {
    return new Caller(JWT + name, roles, limitsByName.getOrDefault(name, CallerLimits.NONE));
  }

  /**
   * The caller that a token belongs to; null where it is unknown.
   *
   * @param digest of the token, by {@link BearerTokens#digest}
   */
  public @Nullable Caller caller(byte[] digest) {
    return callers.get(ByteBuffer.wrap(digest));
  }
}
