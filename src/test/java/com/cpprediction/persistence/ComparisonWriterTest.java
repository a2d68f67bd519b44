package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.journal.Entry;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.ShadowComparison;
import com.cpprediction.prediction.ShadowComparison.Side;
import com.cpprediction.testing.Await;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.pgclient.PgException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class ComparisonWriterTest {
  private static final Set<String> REFUSED = Set.of("S0", "S117", "S499");

  private final List<String> stored = new CopyOnWriteArrayList<>();
  private final List<Entry> trimmed = new CopyOnWriteArrayList<>();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private volatile boolean up = true;
  private volatile boolean broken;
  private Vertx vertx;

  @BeforeEach
  void prepare(Vertx vertx) {
    this.vertx = vertx;
  }

  private Future<Void> insert(List<ShadowComparison> rows) {
    if (broken) return Future.failedFuture(new IOException("reset"));
    var ids = rows.stream().map(ShadowComparison::shipmentId).toList();
    if (ids.stream().anyMatch(REFUSED::contains)) {
      return Future.failedFuture(new PgException("too long", "ERROR", "22001", null));
    }
    stored.addAll(ids);
    return Future.succeededFuture();
  }

  private ComparisonWriter writer(Clock clock) {
    return new ComparisonWriter(
        vertx,
        this::insert,
        () -> up,
        trimmed::addAll,
        clock,
        new ServiceMetrics(registry, "test"));
  }

  /** Of shipments {@code S<from>} to {@code S<to>}, the latter exclusive. */
  private static List<ShadowComparison> rows(int from, int to) {
    var side = new Side("release", "CP1", 0.9, "3f9a1c2e");
    return IntStream.range(from, to)
        .mapToObj(
            i ->
                new ShadowComparison(PredictionIds.next(), "S" + i, "560", false, null, side, side))
        .toList();
  }

  private void onLoop(Runnable work) throws Exception {
    var done = Promise.<Void>promise();
    vertx.runOnContext(
        run -> {
          work.run();
          done.complete();
        });
    done.future().await(10, TimeUnit.SECONDS);
  }

  private double counted(String outcome) {
    return registry.get("cp.shadow.rows").tag("outcome", outcome).counter().count();
  }

  @Test
  void dropsTheRowsThatPostgresRefusesAlone() throws Exception {
    var rows = rows(0, 500);
    var drained = Promise.<Void>promise();

    onLoop(
        () -> {
          var writer = writer(Clock.systemUTC());
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
    assertThat(counted("stored")).isEqualTo(497);
    assertThat(counted("dropped")).isEqualTo(3);
  }

  @Test
  void keepsAllThatAreInTheJournalWhileTheDatabaseIsAway() throws Exception {
    up = false;
    int journaled = ComparisonWriter.CAPACITY + 10_000;
    var entries = new ArrayList<Entry>();
    for (int i = 1_000; i < 1_000 + journaled; i += 50) {
      entries.add(new Entry(i, 1, 7, ComparisonFormat.write(rows(i, i + 50))));
    }
    var writer = writer(Clock.systemUTC());

    onLoop(
        () -> {
          entries.forEach(writer::addJournaled);
          writer.add(rows(100_000, 100_000 + ComparisonWriter.CAPACITY + 7));
        });

    assertThat(counted("dropped")).as("outside the journal").isEqualTo(7);
    assertThat(writer.waiting()).isEqualTo(journaled + ComparisonWriter.CAPACITY);
    onLoop(
        () -> {
          assertThat(writer.journaled()).hasSameSizeAs(entries).contains(1_000L);
          assertThat(writer.settledUntil(7)).isFalse();
          assertThat(writer.settledUntil(6)).isTrue();
        });
    up = true;
    Await.until(() -> writer.waiting() == 0);
    assertThat(stored)
        .hasSize(journaled + ComparisonWriter.CAPACITY)
        .doesNotHaveDuplicates()
        .startsWith("S1000", "S1001");
    assertThat(trimmed).isEqualTo(entries);
    assertThat(counted("dropped")).isEqualTo(7);
  }

  @Test
  void givesUpWhatADatabaseThatIsUpDoesNotTake() throws Exception {
    broken = true;
    var now = new AtomicReference<>(Instant.ofEpochSecond(1));
    InstantSource clock = now::get;
    var writer = writer(clock.withZone(ZoneOffset.UTC));
    var entries = new ArrayList<Entry>(); // a batch each
    for (int i = 0; i < 3; i++) {
      entries.add(new Entry(i, 1, 0, ComparisonFormat.write(rows(1_000 * i, 1_000 * i + 500))));
    }
    onLoop(() -> entries.forEach(writer::addJournaled));
    assertThat(writer.waiting()).isEqualTo(1_500);

    now.set(Instant.ofEpochSecond(1).plus(Duration.ofMinutes(11)));

    Await.until(() -> writer.waiting() == 0);
    assertThat(trimmed).isEqualTo(entries);
    assertThat(counted("dropped")).isEqualTo(1_500);
  }

  @Test
  void isUnsettledByAnEntryOlderThanTheHeadOfTheQueue() throws Exception {
    up = false;
    var writer = writer(Clock.systemUTC());

    onLoop(
        () -> {
          writer.add(rows(1, 4));
          writer.addJournaled(new Entry(1, 1, 7, ComparisonFormat.write(rows(4, 6))));
          assertThat(writer.settledUntil(7)).isFalse();
          assertThat(writer.settledUntil(6)).isTrue();
        });

    assertThat(writer.waiting()).isEqualTo(5);
    assertThat(writer.inMemory()).isEqualTo(3);
  }
}
