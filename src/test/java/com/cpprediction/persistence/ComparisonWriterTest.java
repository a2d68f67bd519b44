package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.ShadowComparison;
import com.cpprediction.prediction.ShadowComparison.Side;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.pgclient.PgException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class ComparisonWriterTest {
  private static final Set<String> REFUSED = Set.of("S0", "S117", "S499");

  private final List<String> stored = new CopyOnWriteArrayList<>();

  private Future<Void> insert(List<ShadowComparison> rows) {
    var ids = rows.stream().map(ShadowComparison::shipmentId).toList();
    if (ids.stream().anyMatch(REFUSED::contains)) {
      return Future.failedFuture(new PgException("too long", "ERROR", "22001", null));
    }
    stored.addAll(ids);
    return Future.succeededFuture();
  }

  @Test
  void dropsTheRowsThatPostgresRefusesAlone(Vertx vertx) throws Exception {
    var registry = new SimpleMeterRegistry();
    var metrics = new ServiceMetrics(registry, "test");
    var side = new Side("release", "CP1", 0.9, "3f9a1c2e");
    var rows =
        IntStream.range(0, 500)
            .mapToObj(
                i ->
                    new ShadowComparison(
                        PredictionIds.next(), "S" + i, "560", false, null, side, side))
            .toList();
    var drained = Promise.<Void>promise();

    vertx.runOnContext(
        run -> {
          var writer = new ComparisonWriter(vertx, this::insert, () -> true, metrics);
          writer.add(rows);
          writer.drain(Duration.ofSeconds(10)).onComplete(drained);
        });
    drained.future().await(10, TimeUnit.SECONDS);

    assertThat(stored)
        .containsExactlyElementsOf(
            rows.stream()
                .map(ShadowComparison::shipmentId)
                .filter(id -> !REFUSED.contains(id))
                .toList());
    assertThat(registry.get("cp.shadow.rows").tag("outcome", "stored").counter().count())
        .isEqualTo(497);
    assertThat(registry.get("cp.shadow.rows").tag("outcome", "dropped").counter().count())
        .isEqualTo(3);
  }
}
