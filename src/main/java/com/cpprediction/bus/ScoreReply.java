package com.cpprediction.bus;

import com.cpprediction.prediction.Scored;
import io.vertx.core.json.JsonObject;
import java.util.List;

/**
 * The reply to a {@link ScoreRequest}. Sent within this process only.
 *
 * @param scored one for each address of the request, in its order
 * @param explanations the same, as {@code explanation} in the response of {@code POST
 *     /predict?explain=true}; empty unless asked for
 */
public record ScoreReply(List<Scored> scored, List<JsonObject> explanations) {
  public ScoreReply {
    scored = List.copyOf(scored);
    explanations = List.copyOf(explanations);
  }
}
