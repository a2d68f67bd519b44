package com.cpprediction.model;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The settings that decide the scores of a model beside its own files.
 *
 * @param national SHA-256 of the stage that names prefixes, empty when there is none
 */
record ScoringSettings(Engine engine, String national) {
  /** Every engine with each of {@code nationals}. */
  static List<ScoringSettings> all(Collection<String> nationals) {
    var all = new ArrayList<ScoringSettings>();
    for (var national : nationals) {
      for (var engine : Engine.values()) all.add(new ScoringSettings(engine, national));
    }
    return all;
  }
}
