package com.cpprediction.prediction;

import com.cpprediction.prediction.Prediction.Source;
import io.vertx.core.json.JsonObject;
import java.util.Objects;

/**
 * The scores of one address by the model of one prefix, and where they were found.
 *
 * @param source {@link Source#MODEL} for the caller whose request was scored, {@link Source#CACHE}
 *     for those who found the scores or joined while they were made
 * @param explanation as in the response of {@code POST /predict?explain=true}; empty unless asked
 *     for
 * @param servedBy the node that found it and how far away it was, as a member of a list of RFC
 *     8941; empty where this process is a node of its own. Doesn't travel: the caller knows
 */
public record LookupResult(
    PrefixScores scores, Source source, JsonObject explanation, String servedBy) {
  private static final JsonObject NONE = new JsonObject();

  public LookupResult {
    Objects.requireNonNull(scores, "scores");
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(explanation, "explanation");
    Objects.requireNonNull(servedBy, "servedBy");
  }

  public LookupResult(PrefixScores scores, Source source) {
    this(scores, source, NONE, "");
  }

  public LookupResult explainedBy(JsonObject explained) {
    return new LookupResult(scores, source, explained, servedBy);
  }

  public LookupResult servedBy(String node) {
    return new LookupResult(scores, source, explanation, node);
  }
}
