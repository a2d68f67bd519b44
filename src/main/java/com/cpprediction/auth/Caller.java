package com.cpprediction.auth;

import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.Role;
import java.util.Set;

/**
 * An authenticated caller, or an anonymous one where a call needs no token.
 *
 * @param name {@link BearerTokens#UNNAMED} where its token bears none
 * @param limits on this node
 */
public record Caller(String name, Set<Role> roles, CallerLimits limits) {
  /** The caller of a request that needs no token and has none. */
  public static final Caller ANONYMOUS =
      new Caller(BearerTokens.UNNAMED, Set.of(), CallerLimits.NONE);

  public Caller {
    roles = Set.copyOf(roles);
  }

  public boolean has(Role role) {
    return roles.contains(role);
  }
}
