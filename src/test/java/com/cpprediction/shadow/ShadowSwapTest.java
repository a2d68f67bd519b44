package com.cpprediction.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.config.ConfigLoader;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.RequestScorer;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.SharedDeadline;
import com.cpprediction.training.SmallRelease;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Another shadow release is named while the canary serves a request. */
@ExtendWith(VertxExtension.class)
class ShadowSwapTest {
  private static final String PREFIX = SmallRelease.PREFIXES.get(0);

  @TempDir private Path dir;
  private final ServiceMetrics metrics = new ServiceMetrics(new SimpleMeterRegistry(), "test");
  private volatile ServiceConfig config;

  private void name(Path shadow) throws Exception {
    var environment =
        Map.of("CP_MODELS_SHADOW_DIR", shadow.toString(), "CP_MODELS_CANARY_SHARE", "1");
    config = new ConfigLoader(dir.resolve("none.json"), false, environment).load().config();
  }

  private static ScoreRequest request(ServingRelease lease) {
    return new ScoreRequest(
        lease.generation(),
        PREFIX,
        List.of(Address.of(SmallRelease.rows().get(0).typed(), null)),
        new SharedDeadline(Deadline.in(Duration.ofMinutes(1))),
        false,
        PincodeErrors.of(0.01));
  }

  @Test
  void servesOnlyWithTheReleasesThatItsRunIsOf(Vertx vertx) throws Exception {
    var first = SmallRelease.copyAnotherTo(dir.resolve("first"));
    name(first);
    try (var served = SmallRelease.models(SmallRelease.directory())) {
      var shadow = shadow(vertx, served);
      shadow.reload();
      shadow.update();
      run(shadow.state());
      assertThat(serves(shadow)).isTrue();

      name(SmallRelease.directory());
      shadow.reload();
      assertThat(shadow.state().share()).as("not updated yet").isPositive();
      assertThat(serves(shadow)).as("another shadow release").isFalse();

      name(first);
      shadow.reload();
      assertThat(serves(shadow)).isTrue();
      assertThat(served.replaceBy(first, false).getJsonObject("failed")).isEmpty();
      assertThat(serves(shadow)).as("another served release").isFalse();
      name(Path.of(""));
      shadow.reload();
    }
  }

  private static boolean serves(ShadowRelease shadow) {
    var lease = shadow.canary();
    if (lease == null) return false;
    lease.close();
    return true;
  }

  private ShadowRelease shadow(Vertx vertx, ModelStore served) throws Exception {
    return new ShadowRelease(
        vertx,
        () -> config,
        Path::of,
        served,
        ServedReleases.of(dir.resolve("data"), SmallRelease.directory()),
        metrics,
        Clock.systemUTC());
  }

  @Test
  void theRequestEndsWithTheReleaseThatItBeganWith(Vertx vertx) throws Exception {
    var first = SmallRelease.copyAnotherTo(dir.resolve("first"));
    name(first);
    try (var served = SmallRelease.models(SmallRelease.directory())) {
      var shadow = shadow(vertx, served);
      shadow.reload();
      shadow.update();
      run(shadow.state());
      var lease = Objects.requireNonNull(shadow.canary());
      var fingerprint = lease.fingerprints().get(PREFIX);
      var scorer = new RequestScorer(served, metrics);

      for (int swap = 0; swap < 3; swap++) {
        name(SmallRelease.copyTo(dir.resolve("copy" + swap)));
        shadow.reload();
        assertThat(shadow.fingerprints()).doesNotContain(fingerprint);
        var scored = scorer.serve(request(lease)).result().scores().get(0);
        assertThat(scored.fingerprint()).isEqualTo(fingerprint);
      }

      lease.close();
      assertThat(lease.uses()).as("freed").isZero();
      name(first);
      shadow.reload();
      assertThat(Failure.of(scorer.serve(request(lease)).cause())).isEqualTo(Failure.NOT_READY);
      name(Path.of(""));
      shadow.reload();
    }
  }

  private static void run(Canary canary) {
    var query = Objects.requireNonNull(canary.query());
    canary.told(
        query,
        new JsonObject()
            .put("run", "00000000-0000-0000-0000-000000000001")
            .put("served", query.getString("served"))
            .put("shadow", query.getString("shadow"))
            .put("since", "2026-11-29T10:00:00Z")
            .put("both_right", 0)
            .put("served_right", 0)
            .put("canary_right", 0)
            .put("none_right", 0)
            .put("others", ErrorPairs.Counts.NONE.toJson()));
  }
}
