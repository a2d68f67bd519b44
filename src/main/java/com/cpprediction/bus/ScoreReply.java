package com.cpprediction.bus;

import com.cpprediction.prediction.PrefixScores;
import io.vertx.core.json.JsonObject;
import java.util.List;

/**
 * The reply to a {@link ScoreRequest}. Sent within this process only.
 *
 * @param scores one for each address of the request, in its order
 * @param explanations the same, as {@code explanation} in the response of {@code POST
 *     /predict?explain=true}; empty unless asked for
 * @param begun when the worker began with the request, {@link System#nanoTime}
 * @param nanos that scoring took
 */
public record ScoreReply(
    List<PrefixScores> scores, List<JsonObject> explanations, long begun, long nanos) {
  public ScoreReply {
    scores = List.copyOf(scores);
    explanations = List.copyOf(explanations);
  }
}
