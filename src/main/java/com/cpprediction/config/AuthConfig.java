package com.cpprediction.config;

/**
 * Callers with roles and limits, and the issuer of tokens for others.
 *
 * @param issuer of JWTs; empty for none
 * @param jwksUrl of its keys; empty to discover it
 * @param rolesClaim claim with the roles; dots part the names of nested claims
 * @param nameClaim claim with the name of the caller
 */
public record AuthConfig(
    CallerList callers,
    String issuer,
    String audience,
    String jwksUrl,
    String rolesClaim,
    String nameClaim) {
  /** Without an issuer. */
  public AuthConfig(CallerList callers) {
    this(callers, "", "cp-prediction", "", "roles", "sub");
  }

  /** Whether JWTs are accepted. */
  public boolean hasIssuer() {
    return !issuer.isEmpty();
  }
}
