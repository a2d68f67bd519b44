package com.cpprediction.training;

import io.vertx.core.json.JsonObject;

/**
 * Two releases on the same queries.
 *
 * @param first by the first CP
 * @param top by the three best CPs
 */
record ReleaseComparison(PairedCounts first, PairedCounts top) {
  ReleaseComparison() {
    this(new PairedCounts(), new PairedCounts());
  }

  void add(RowResult result, RowResult other) {
    first.add(result.right(), other.right());
    top.add(result.inTop(), other.inTop());
  }

  JsonObject toJson() {
    return new JsonObject().put("accuracy", first.toJson()).put("top3", top.toJson());
  }
}
