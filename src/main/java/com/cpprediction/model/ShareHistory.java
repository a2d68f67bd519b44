package com.cpprediction.model;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;

/** The latest moves of a share, {@link #CAPACITY} at most. Not thread-safe. */
final class ShareHistory {
  static final int CAPACITY = 20;

  private final Deque<Move> moves = new ArrayDeque<>(CAPACITY); // oldest first

  private record Move(Instant at, double from, double to) {
    JsonObject toJson() {
      return new JsonObject().put("at", at.toString()).put("from", from).put("to", to);
    }
  }

  /**
   * Adds a move, and drops the oldest one of a full history.
   *
   * @param from share before, 0..1
   * @param to share after, 0..1
   */
  void moved(Instant at, double from, double to) {
    if (moves.size() == CAPACITY) moves.removeFirst();
    moves.addLast(new Move(at, from, to));
  }

  /** JSON as {@code moves} of {@code wrong_pincodes}, oldest first. */
  JsonArray toJson() {
    var json = new JsonArray();
    for (var move : moves) json.add(move.toJson());
    return json;
  }
}
