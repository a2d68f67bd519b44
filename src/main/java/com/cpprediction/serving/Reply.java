package com.cpprediction.serving;

import com.cpprediction.serving.AnswerRouter.Found;
import io.vertx.core.json.JsonObject;
import java.util.Collection;
import java.util.stream.Collectors;

/**
 * What a caller gets.
 *
 * @param servedBy the nodes that answered and how far away they were, as a list of RFC 8941; empty
 *     where this process is a node of its own
 */
public record Reply(JsonObject body, String servedBy) {
  /** Says who found what is in {@code body}; nulls don't count. */
  public static Reply of(JsonObject body, Collection<Found> found) {
    var by =
        found.stream()
            .filter(one -> one != null && one.by() != null)
            .map(Reply::served)
            .distinct()
            .sorted()
            .collect(Collectors.joining(", "));
    return new Reply(body, by);
  }

  private static String served(Found one) {
    return '"' + one.by().name() + "\";hop=" + one.hop().label();
  }
}
