package com.cpprediction.bus;

import java.util.List;

/**
 * Requests for one worker, scored one after the other; the reply is {@link ScoreReplies}. Sent
 * within this process only.
 *
 * @param requests at least one
 */
public record ScoreBatch(List<ScoreRequest> requests) {
  public ScoreBatch {
    requests = List.copyOf(requests);
    if (requests.isEmpty()) throw new IllegalArgumentException("no request to score");
  }
}
