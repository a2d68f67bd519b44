package com.cpprediction.persistence;

import com.cpprediction.bus.Bus;
import com.cpprediction.postgres.Database;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Erases single shipments: their rows in PostgreSQL at once, for all nodes, and their copies in the
 * journal of this node once no row waits that is older than the erasure. For use from one event
 * loop.
 */
final class ShipmentErasure {
  private static final Logger log = LoggerFactory.getLogger(ShipmentErasure.class);

  private static final String ERASE = "SELECT erase_shipment($1::text, $2::timestamptz) AS report";

  /** Longest wait of a request for the journal, whose rows may wait for the database. */
  private static final long JOURNAL_MILLIS = 3_000;

  private static final long POLL_MILLIS = 50;

  private final Vertx vertx;
  private final Database database;
  private final BatchWriter writer;
  private final Supplier<@Nullable JournalAppender> appender;
  private final Clock clock;
  private @Nullable Promise<Void> rewriting; // scheduled and not begun
  private long rewriteFrom; // milliseconds since 1970: of the latest erasure
  private boolean stopped;

  /**
   * @param appender of the journal, if there is one
   */
  ShipmentErasure(
      Vertx vertx,
      Database database,
      BatchWriter writer,
      Supplier<@Nullable JournalAppender> appender,
      Clock clock) {
    this.vertx = vertx;
    this.database = database;
    this.writer = writer;
    this.appender = appender;
    this.clock = clock;
  }

  /** Erases a shipment; request and response are those of {@link Bus#ERASE}. */
  Future<JsonObject> erase(String shipmentId) {
    var now = clock.instant();
    return database
        .writeUnordered(ERASE, Tuple.of(shipmentId, now.atOffset(ZoneOffset.UTC)))
        .compose(
            rows -> {
              var report = rows.iterator().next().getJsonObject("report");
              vertx
                  .eventBus()
                  .publish(
                      Bus.ERASED,
                      new JsonObject()
                          .put("shipment_id", shipmentId)
                          .put("addresses", report.getJsonArray("addresses")));
              return rewriteJournal()
                  .timeout(JOURNAL_MILLIS, TimeUnit.MILLISECONDS)
                  .map("erased")
                  .otherwise("pending")
                  .map(journal -> report.put("journal", journal));
            });
  }

  /** A node of the cluster has erased a shipment, of which copies may be in this journal. */
  void erased(Message<JsonObject> message) {
    rewriteJournal();
  }

  void stop() {
    stopped = true;
  }

  /** Completes once the journal holds no record that was settled before. */
  private Future<Void> rewriteJournal() {
    if (appender.get() == null) return Future.succeededFuture();
    rewriteFrom = clock.millis();
    if (rewriting != null) return rewriting.future();
    var promise = Promise.<Void>promise();
    rewriting = promise;
    attempt(promise);
    return promise.future();
  }

  private void attempt(Promise<Void> promise) {
    var journal = appender.get();
    if (stopped || journal == null) {
      promise.fail("The service is stopping");
    } else if (writer.settledUntil(rewriteFrom)) {
      rewriting = null; // a later erasure needs another
      journal
          .rewrite()
          .onFailure(cause -> log.warn("Cannot rewrite the journal. {}", cause.getMessage()))
          .onComplete(promise);
    } else {
      vertx.setTimer(POLL_MILLIS, waited -> attempt(promise));
    }
  }
}
