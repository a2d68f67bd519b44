package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ErasedRowsTest {
  private static final Instant NOW = Instant.parse("2026-11-29T12:00:00Z");

  private final List<JournalRow> stored = new ArrayList<>();
  private final List<String> forgotten = new ArrayList<>();
  private final AtomicReference<Instant> now = new AtomicReference<>();
  private Promise<Void> inserted = Promise.promise();

  private ErasedRows at(Instant time) {
    now.set(time);
    InstantSource clock = now::get;
    inserted.complete();
    var store =
        new PredictionStore() {
          @Override
          public Future<Inserted> insert(List<JournalRow> rows) {
            stored.addAll(rows);
            return inserted.future().map(new Inserted(rows.size(), Set.of()));
          }

          @Override
          public Future<Void> reject(JournalRow row, Throwable refusal) {
            return Future.succeededFuture();
          }
        };
    return new ErasedRows(store, forgotten::addAll, clock.withZone(ZoneOffset.UTC));
  }

  private static JournalRow row(String shipmentId, String typed, Instant at) {
    return PredictionRow.of(Predictions.of(UuidCreator.getTimeOrderedEpoch(at), shipmentId, typed));
  }

  @Test
  void reportsAddressesOfRowsThatAreOlderThanTheErasure() {
    var rows = at(NOW);
    rows.erased("S1", NOW.toEpochMilli());

    rows.insert(
        List.of(
            row("S1", "1 Erased Road, Bengaluru 560017", NOW),
            row("S1", "2 Later Road, Bengaluru 560017", NOW.plusMillis(1)),
            row("S2", "3 Other Road, Bengaluru 560017", NOW.minusSeconds(1))));

    assertThat(forgotten).containsExactly("1 Erased Road, Bengaluru 560017");
    assertThat(stored).hasSize(3); // PostgreSQL drops those of an erased shipment
  }

  @Test
  void remembersErasuresAsLongAsAnIdMayBeOld() {
    var rows = at(NOW.plus(Duration.ofDays(1)));
    rows.erased("S1", NOW.minus(Duration.ofHours(2)).toEpochMilli());
    rows.erased("S2", NOW.toEpochMilli());

    rows.insert(
        List.of(
            row("S1", "1 Expired Road, Bengaluru 560017", NOW.minus(Duration.ofHours(2))),
            row("S2", "2 Erased Road, Bengaluru 560017", NOW)));

    assertThat(forgotten).containsExactly("2 Erased Road, Bengaluru 560017");
  }

  @Test
  void findsRowsWhoseInsertIsUnderWay() {
    var rows = at(NOW);
    inserted = Promise.promise();
    rows.insert(
        List.of(
            row("S1", "1 Erased Road, Bengaluru 560017", NOW),
            row("S1", "2 Later Road, Bengaluru 560017", NOW.plusMillis(1)),
            row("S2", "3 Other Road, Bengaluru 560017", NOW)));
    rows.insert(List.of(row("S1", "4 Erased Road, Bengaluru 560017", NOW)));

    assertThat(rows.erased("S1", NOW.toEpochMilli()))
        .containsExactlyInAnyOrder(
            "1 Erased Road, Bengaluru 560017", "4 Erased Road, Bengaluru 560017");
    assertThat(forgotten).isEmpty();
  }

  @Test
  void findsRowsWhoseInsertEndedBeforeTheErasureWasKnown() {
    var rows = at(NOW);
    rows.insert(List.of(row("S1", "1 Erased Road, Bengaluru 560017", NOW)));

    now.set(NOW.plusSeconds(1));
    assertThat(rows.erased("S1", NOW.toEpochMilli()))
        .containsExactly("1 Erased Road, Bengaluru 560017");

    now.set(NOW.plusSeconds(10)); // PostgreSQL had them long before, and reported them
    assertThat(rows.erased("S1", NOW.toEpochMilli())).isEmpty();
  }
}
