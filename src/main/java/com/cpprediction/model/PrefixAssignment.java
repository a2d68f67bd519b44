package com.cpprediction.model;

import java.util.Set;
import java.util.function.UnaryOperator;

/** The models of a release that this node is to hold. Thread-safe. */
public interface PrefixAssignment {
  /** All of them: of a process that is a node of its own. */
  PrefixAssignment ALL = alone(prefixes -> prefixes);

  /** None as long as {@link ModelStore#onDemand} asks for none: of an offline command. */
  PrefixAssignment ON_DEMAND = alone(prefixes -> Set.of());

  private static PrefixAssignment alone(UnaryOperator<Set<String>> held) {
    return new PrefixAssignment() {
      @Override
      public boolean whole() {
        return true;
      }

      @Override
      public Set<String> of(String release, Set<String> prefixes) {
        return held.apply(prefixes);
      }

      @Override
      public void handOver() {}
    };
  }

  /** Whether this node holds every model there is, and so knows only what it holds. */
  boolean whole();

  /**
   * @param release as {@link ServingRelease#release()}
   * @param prefixes all of that release
   * @return those of {@code prefixes} to hold
   */
  Set<String> of(String release, Set<String> prefixes);

  /**
   * Announces that this node is about to leave the release in force. Blocks until others serve all
   * its prefixes, or for some seconds.
   */
  void handOver();
}
