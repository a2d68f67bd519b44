package com.cpprediction.model;

import com.cpprediction.prediction.Catalog;
import java.util.Set;

/** Which models of a release this node is to hold. Thread-safe. */
public interface PrefixAssignment {
  /** Everything: of a process that is a node of its own. */
  PrefixAssignment ALL =
      new PrefixAssignment() {
        @Override
        public boolean whole() {
          return true;
        }

        @Override
        public Set<String> of(String release, Set<String> prefixes) {
          return prefixes;
        }

        @Override
        public void handOver() {}
      };

  /** Whether this node holds every model there is, and so knows only what it holds. */
  boolean whole();

  /**
   * @param release as {@link Catalog#release()}
   * @param prefixes all of that release
   * @return those of {@code prefixes} to hold
   */
  Set<String> of(String release, Set<String> prefixes);

  /**
   * Tells the others that this node is about to leave the release it answers with. Blocks until
   * they answer all it answers, or for some seconds.
   */
  void handOver();
}
