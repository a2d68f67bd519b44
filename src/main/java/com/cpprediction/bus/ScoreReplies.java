package com.cpprediction.bus;

import io.vertx.core.Future;
import java.util.List;

/**
 * The reply to a {@link ScoreBatch}. Sent within this process only.
 *
 * @param replies one for each request, in its order, all complete; a request fails alone
 */
public record ScoreReplies(List<Future<ScoreReply>> replies) {
  public ScoreReplies {
    replies = List.copyOf(replies);
  }
}
