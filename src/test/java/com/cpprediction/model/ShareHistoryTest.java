package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ShareHistoryTest {
  private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");

  private final ShareHistory history = new ShareHistory();

  @Test
  void startsEmpty() {
    assertThat(history.toJson()).isEmpty();
  }

  @Test
  void keepsMovesInOrder() {
    history.moved(START, 0.01, 0.02);
    history.moved(START.plusSeconds(60), 0.02, 0.03);

    assertThat(history.toJson())
        .isEqualTo(
            new JsonArray()
                .add(move("2026-01-02T03:04:05Z", 0.01, 0.02))
                .add(move("2026-01-02T03:05:05Z", 0.02, 0.03)));
  }

  @Test
  void dropsTheOldestMoveOfAFullHistory() {
    int moves = 3 * ShareHistory.CAPACITY + 1;
    for (int i = 0; i < moves; i++) history.moved(START.plusSeconds(i), 0.01, i / 1_000.0);

    var kept = history.toJson();

    assertThat(kept).hasSize(ShareHistory.CAPACITY);
    for (int i = 0; i < ShareHistory.CAPACITY; i++) {
      assertThat(kept.getJsonObject(i).getDouble("to"))
          .isEqualTo((moves - ShareHistory.CAPACITY + i) / 1_000.0);
    }
  }

  private static JsonObject move(String at, double from, double to) {
    return new JsonObject().put("at", at).put("from", from).put("to", to);
  }
}
