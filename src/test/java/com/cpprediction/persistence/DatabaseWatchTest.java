package com.cpprediction.persistence;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Recorded;
import com.cpprediction.config.PersistenceConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.postgres.Backoff;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.net.ConnectException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class DatabaseWatchTest {
  private static final PersistenceConfig CONFIG = ServiceConfig.defaults().persistence();
  private static final Clock NOON =
      Clock.fixed(Instant.parse("2026-11-23T12:00:00Z"), ZoneOffset.UTC);

  /** Completes {@link #reached} at its first insert. */
  private static final class FakeStore implements PredictionStore {
    final Promise<Void> reached = Promise.promise();

    @Override
    public Future<Inserted> insert(List<JournalRow> predictions) {
      reached.tryComplete();
      return Future.succeededFuture(new Inserted(predictions.size(), Set.of()));
    }

    @Override
    public Future<Void> reject(JournalRow prediction, Throwable refusal) {
      return Future.failedFuture("not in these tests");
    }
  }

  @Test
  void reconnectsUntilTheDatabaseIsUpAndResumesTheWriter(Vertx vertx) throws Exception {
    var tries = new AtomicInteger();
    var store = new FakeStore();
    var watch =
        new DatabaseWatch(
            vertx,
            NOON,
            () -> {
              if (tries.incrementAndGet() < 3) throw new ConnectException("refused");
              return null;
            },
            Future::succeededFuture,
            new Backoff(new Random(1)));
    var writer = writer(vertx, store, watch);

    var added = Promise.<Recorded>promise();
    vertx.runOnContext(
        go ->
            watch
                .start(writer)
                .onSuccess(
                    first -> {
                      assertThat(watch.status().up()).isFalse();
                      assertThat(watch.status().detail()).contains("refused");
                      assertThat(watch.status().headline())
                          .isEqualTo("PostgreSQL can't be reached");
                      assertThat(watch.status().reason()).isEqualTo("unreachable");
                      assertThat(watch.status().since()).isEqualTo(NOON.instant());
                      writer.add(Predictions.rows(1), false).onComplete(added);
                    }));

    added.future().await(60, SECONDS);
    assertThat(store.reached.future().succeeded()).isTrue();
    assertThat(watch.status().up()).isTrue();
    assertThat(tries).hasValue(3);
  }

  @Test
  void isDownAfterAFailedProbe(Vertx vertx) throws Exception {
    var watch =
        new DatabaseWatch(
            vertx,
            NOON,
            () -> null,
            () -> Future.failedFuture(new ConnectException("refused")),
            new Backoff(new Random(1)));
    var writer = writer(vertx, new FakeStore(), watch);

    watch.start(writer).await(60, SECONDS);

    assertThat(watch.status().up()).isFalse();
  }

  private static BatchWriter writer(Vertx vertx, PredictionStore store, DatabaseWatch watch) {
    var metrics = Predictions.metrics();
    return new BatchWriter(
        vertx, store, () -> CONFIG, metrics, new RowLedger(metrics), settled -> {}, watch);
  }
}
