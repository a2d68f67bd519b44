package com.cpprediction.config;

/**
 * A rule that the schema can't express: between keys, or known only to the package that uses the
 * values.
 */
@FunctionalInterface
public interface ConfigRule {
  /** May block, as while a file is read that the configuration names. */
  Findings check(ServiceConfig config);
}
