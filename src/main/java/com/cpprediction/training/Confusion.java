package com.cpprediction.training;

import io.vertx.core.json.JsonObject;

/**
 * Rows of one CP that were predicted to be of another.
 *
 * @param cp code of the rows' CP
 * @param predicted code of the predicted CP
 */
record Confusion(String cp, String predicted, long rows) {
  JsonObject toJson() {
    return new JsonObject().put("cp", cp).put("predicted", predicted).put("rows", rows);
  }
}
