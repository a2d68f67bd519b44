package com.cpprediction.bus;

import com.cpprediction.prediction.Scored;
import java.util.List;

/**
 * Answers a {@link ScoreRequest}.
 *
 * @param scored one for each address of the request, in its order
 */
public record ScoreReply(List<Scored> scored) {
  public ScoreReply {
    scored = List.copyOf(scored);
  }
}
