package com.cpprediction.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A promotion, and what a rollback finds where the release before lay. */
class PromotionsTest {
  @TempDir private Path dir;

  @Test
  void goesBackToTheReleaseThatServedAndToAnotherOneOnlyByForce() throws Exception {
    var live = SmallRelease.copyTo(dir.resolve("live"));
    var next = SmallRelease.copyAnotherTo(dir.resolve("next"));
    try (var served = SmallRelease.models(live);
        var shadow = SmallRelease.models(next)) {
      var original = served.current().release();
      var promoted = shadow.current().release();
      var promotions = new Promotions(served, releases(live));
      assertThat(promotions.rollBack(original, false).getString("result")).isEqualTo("unchanged");
      assertThat(promotions.promote(shadow, promoted, null).getString("result"))
          .isEqualTo("promoted");
      assertThat(promotions.toJson().getString("previous_release")).isEqualTo(original);

      SmallRelease.replace(live, next); // while the promoted one serves
      promotions = new Promotions(served, releases(live)); // as after a start
      var refused = promotions.rollBack(promoted, false);
      assertThat(refused.getString("result")).isEqualTo("refused");
      assertThat(refused.getString("reason"))
          .contains(live.toString(), original.substring(0, 12), promoted.substring(0, 12), "force");
      assertThat(served.directory()).isNotEqualTo(live);

      SmallRelease.replace(live, SmallRelease.directory());
      assertThat(promotions.rollBack(promoted, false).getString("result")).isEqualTo("rolled-back");
      assertThat(served.current().release()).isEqualTo(original);

      promotions.promote(shadow, promoted, null);
      SmallRelease.replace(live, next);
      assertThat(promotions.rollBack(promoted, true).getString("result")).isEqualTo("rolled-back");
      assertThat(served.directory()).isEqualTo(live);
    }
  }

  @Test
  void readsAFileWithoutIds() throws Exception {
    var live = SmallRelease.directory();
    var home = dir.resolve("data").resolve("releases");
    SmallRelease.copyTo(home.resolve("promoted"));
    new StateFile(home, "served.json")
        .write(
            new JsonObject()
                .put("models_dir", live.toString())
                .put("releases", new JsonArray().add("promoted")));

    var releases = releases(live);

    assertThat(releases.served()).isEqualTo(home.resolve("promoted"));
    var previous = Objects.requireNonNull(releases.previous());
    assertThat(previous.directory()).isEqualTo(live);
    assertThat(previous.id()).isEmpty();
  }

  private ServedReleases releases(Path modelsDir) {
    return ServedReleases.of(dir.resolve("data"), modelsDir);
  }
}
