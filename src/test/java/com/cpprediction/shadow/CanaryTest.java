package com.cpprediction.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.config.ModelsConfig;
import com.cpprediction.metrics.ServiceMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node's canary, and what PostgreSQL and other nodes tell it. */
class CanaryTest {
  private static final String ID = new UUID(0, 1).toString();
  private static final String NEXT_ID = new UUID(0, 2).toString();

  @TempDir private Path dir;
  private double share = 0.1;
  private Instant now = Instant.parse("2026-11-29T10:00:00Z");
  private final InstantSource time = () -> now;
  private final ServiceMetrics metrics = new ServiceMetrics(new SimpleMeterRegistry(), "test");

  /** One of the release {@code next} beside {@code now}. */
  private Canary canary() {
    var canary = started();
    canary.update("now", "next");
    return canary;
  }

  private Canary started() {
    return new Canary(
        () -> new ModelsConfig.Canary(share, 0.02),
        new StateFile(dir, "canary.json"),
        time.withZone(ZoneOffset.UTC),
        metrics);
  }

  private static JsonObject row(String id, String served, long servedRight) {
    return new JsonObject()
        .put("run", id)
        .put("served", served)
        .put("shadow", "next")
        .put("since", "2026-11-29T10:00:00+00:00")
        .put("stopped", null)
        .put("both_right", 0)
        .put("served_right", servedRight)
        .put("canary_right", 0)
        .put("none_right", 0)
        .put("others", ErrorPairs.Counts.NONE.toJson());
  }

  private static JsonObject stopped(JsonObject run) {
    return run.copy().put("stopped", new JsonObject().put("reason", "errors"));
  }

  private static void tell(Canary canary, JsonObject row) {
    if (canary.told(Objects.requireNonNull(canary.query()), row)) canary.keep();
  }

  private static String state(Canary canary) {
    return canary.toJson().getString("state");
  }

  @Test
  void servesOnlyOnceItIsToldOfItsRun() {
    var canary = canary();
    assertThat(canary.share()).isZero();
    assertThat(state(canary)).isEqualTo("waiting");

    tell(canary, row(ID, "now", 0));

    assertThat(canary.share()).isEqualTo(0.1);
    assertThat(canary().share()).as("after a start").isZero();
  }

  @Test
  void servesNothingWhileNobodyCanTellWhetherItWasStopped() {
    var canary = canary();
    tell(canary, row(ID, "now", 0));
    canary.untold();
    assertThat(canary.share()).as("a short outage").isEqualTo(0.1);

    now = now.plus(Canary.UNTOLD);
    canary.untold();
    assertThat(state(canary)).isEqualTo("waiting");
    assertThat(canary.share()).isZero();

    tell(canary, row(ID, "now", 0));
    assertThat(canary.share()).isEqualTo(0.1);
  }

  @Test
  void keepsAStopThatPostgresDoesNotKnowYet() {
    var canary = canary();
    tell(canary, row(ID, "now", 0));
    tell(canary, row(ID, "now", 20));
    assertThat(canary.judge()).isNotNull();
    assertThat(canary.judge()).as("once").isNull();
    canary.keep();
    tell(canary, row(ID, "now", 20)); // of a query before the stop

    assertThat(state(canary)).isEqualTo("stopped");
    var restarted = canary();
    assertThat(state(restarted)).isEqualTo("stopped");
    var mine = Objects.requireNonNull(restarted.query()).getJsonObject("mine");
    assertThat(mine.getString("run")).isEqualTo(ID);
    assertThat(mine.getJsonObject("stopped").getString("reason")).isEqualTo("accuracy");
  }

  @Test
  void takesOverTheStopThatPostgresKept() {
    var canary = canary();
    tell(canary, row(ID, "now", 20));
    assertThat(canary.judge()).isNotNull();
    var first = stopped(row(ID, "now", 20)); // of another node, at the same moment

    assertThat(canary.told(Objects.requireNonNull(canary.query()), first)).as("to keep").isTrue();

    assertThat(canary.toJson().getJsonObject("stopped")).isEqualTo(first.getJsonObject("stopped"));
    assertThat(canary.told(Objects.requireNonNull(canary.query()), first)).isFalse();
  }

  @Test
  void waitsToBeToldAgainAfterTheShadowWasNotNamed() {
    var canary = canary();
    tell(canary, row(ID, "now", 0));
    canary.update("now", "");
    assertThat(canary.share()).isZero();

    canary.update("now", "next");

    assertThat(state(canary)).isEqualTo("waiting");
    assertThat(canary.share()).isZero();
    tell(canary, row(ID, "now", 0));
    assertThat(canary.share()).isEqualTo(0.1);
  }

  @Test
  void stopsAtOnceAsAnotherNodeDoesAndStaysStoppedWhateverIsServed() {
    var canary = canary();
    tell(canary, row(ID, "now", 0));
    assertThat(canary.stoppedElsewhere(stopped(row(ID, "now", 0)))).isTrue();
    canary.keep();
    assertThat(canary.share()).isZero();

    canary.update("reloaded", "next");

    assertThat(state(canary)).isEqualTo("stopped");
    var restarted = started();
    restarted.update("reloaded", "next");
    assertThat(state(restarted)).isEqualTo("stopped");
    assertThat(restarted.update("reloaded", "another")).isTrue();
    assertThat(state(restarted)).isEqualTo("waiting");
  }

  @Test
  void takesOverAStopBeforePostgresTellsOfTheRun() {
    var canary = canary();

    assertThat(canary.stoppedElsewhere(stopped(row(ID, "now", 0)))).isTrue();

    assertThat(state(canary)).isEqualTo("stopped");
  }

  @Test
  void goesOnAfterAStopOfARunThatAnOperatorHasEnded() {
    var canary = canary();
    tell(canary, stopped(row(ID, "now", 0)));
    share = 0;
    canary.update("now", "next");
    canary.keep();
    assertThat(canary.query()).isNull();

    share = 0.2;
    var restarted = canary();
    assertThat(Objects.requireNonNull(restarted.query()).getString("left")).isEqualTo(ID);
    assertThat(restarted.stoppedElsewhere(stopped(row(ID, "now", 0)))).isFalse();
    tell(restarted, row(NEXT_ID, "now", 0));
    assertThat(restarted.share()).isEqualTo(0.2);
    assertThat(restarted.stoppedElsewhere(stopped(row(ID, "now", 0)))).isFalse();
    assertThat(Objects.requireNonNull(restarted.query()).getString("left")).isNull();
  }

  @Test
  void forgetsWhatItAskedBeforeAChange() {
    var canary = canary();
    var asked = Objects.requireNonNull(canary.query());
    canary.update("reloaded", "next");

    assertThat(canary.told(asked, row(ID, "now", 0))).isFalse();

    assertThat(canary.share()).isZero();
  }

  @Test
  void countsErrorsOfAllNodes() {
    var canary = canary();
    var errors = new JsonObject().put("canary_only", 8).put("served_only", 0).put("same", 10);
    tell(canary, row(ID, "now", 0).put("others", errors));
    assertThat(canary.judge()).as("too few").isNull();
    JsonObject stop = null;
    int failed = 0;
    while (stop == null && failed < 20) {
      assertThat(canary.answered(true, true)).isTrue();
      canary.answered(false, false);
      failed++;
      stop = canary.judge();
    }

    assertThat(failed).isBetween(1, 5);
    assertThat(Objects.requireNonNull(stop).getString("reason")).isEqualTo("errors");
    assertThat(stop.getJsonObject("errors").getInteger("canary_only")).isEqualTo(8 + failed);
  }

  @Test
  void countsErrorsAnewWhereItComesBackToARun() {
    var canary = canary();
    tell(canary, row(ID, "now", 0));
    canary.answered(true, true);
    canary.answered(false, false);
    var before = Objects.requireNonNull(canary.query());
    canary.update("reloaded", "next");
    tell(canary, row(NEXT_ID, "reloaded", 0));
    canary.update("now", "next"); // rolled back
    tell(canary, row(ID, "now", 0).put("others", before.getJsonObject("mine").getValue("errors")));

    var after = Objects.requireNonNull(canary.query());
    assertThat(after.getString("counter")).isNotEqualTo(before.getString("counter"));
    assertThat(canary.toJson().getJsonObject("errors").getLong("canary_only")).isEqualTo(1);
  }

  @Test
  void isTakenFromPostgresWhereTheFileIsDamaged() throws Exception {
    new StateFile(dir, "canary.json")
        .write(new JsonObject().put("since", "yesterday").put("left", "x"));

    var canary = canary();
    tell(canary, stopped(row(ID, "now", 0)));

    assertThat(state(canary)).isEqualTo("stopped");
  }
}
