package com.cpprediction.persistence;

import com.cpprediction.bus.Bus;
import com.cpprediction.postgres.Database;
import com.cpprediction.prediction.Deadline;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Tuple;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Erases single shipments: their rows in PostgreSQL and their addresses in caches at once, for all
 * nodes, and their copies in the journal of this node once no row waits that is older than the
 * erasure. For use from one event loop.
 */
final class ShipmentErasure {
  private static final Logger log = LoggerFactory.getLogger(ShipmentErasure.class);
  private static final String ERASE = "SELECT erase_shipment($1::text, $2::timestamptz) AS report";

  /** Longest wait of a request for the journal, whose rows may wait for the database. */
  private static final long JOURNAL_MILLIS = 3_000;

  /** Longest wait for the caches, of which a million entries take a second. */
  private static final Duration FORGETTING = Duration.ofSeconds(3);

  private final Vertx vertx;
  private final Database database;
  private final ErasedRows rows;
  private final JournalRewriter journal;
  private final Clock clock;
  private final String self = UUID.randomUUID().toString();

  ShipmentErasure(
      Vertx vertx, Database database, ErasedRows rows, JournalRewriter journal, Clock clock) {
    this.vertx = vertx;
    this.database = database;
    this.rows = rows;
    this.journal = journal;
    this.clock = clock;
  }

  /** Erases a shipment; request and response are those of {@link Bus#ERASE}. */
  Future<JsonObject> erase(String shipmentId) {
    var now = clock.instant();
    return database
        .writeUnordered(ERASE, Tuple.of(shipmentId, now.atOffset(ZoneOffset.UTC)))
        .compose(
            found -> {
              var report = found.iterator().next().getJsonObject("report");
              long until = report.getLong("until");
              var addresses = (JsonArray) report.remove("addresses");
              rows.erased(shipmentId, until).forEach(addresses::add);
              var forgotten = forget(addresses);
              vertx
                  .eventBus()
                  .publish(
                      Bus.ERASED,
                      new JsonObject()
                          .put("shipment_id", shipmentId)
                          .put("until", until)
                          .put("by", self));
              return journal
                  .rewrite()
                  .timeout(JOURNAL_MILLIS, TimeUnit.MILLISECONDS)
                  .map("erased")
                  .otherwise(late -> journal.failing() ? "retrying" : "pending")
                  .compose(state -> forgotten.map(report.put("journal", state)));
            });
  }

  /** A node of the cluster has erased a shipment, of which copies may be in this journal. */
  void erased(Message<JsonObject> message) {
    var erased = message.body();
    if (self.equals(erased.getString("by"))) return;
    forget(rows.erased(erased.getString("shipment_id"), erased.getLong("until")));
    journal.rewrite();
  }

  /**
   * Rows of erased shipments go to the store, which drops them.
   *
   * @param addresses as typed
   */
  void late(Set<String> addresses) {
    forget(addresses);
    journal.rewriteLateRows();
  }

  /** Comparisons of erased shipments, which have no address, go to the store, which drops them. */
  void lateComparisons() {
    journal.rewriteLateRows();
  }

  private void forget(Set<String> addresses) {
    forget(new JsonArray(List.copyOf(addresses)));
  }

  /** Has the caches forget {@code addresses}: completes once this node's have. */
  private Future<Void> forget(JsonArray addresses) {
    if (addresses.isEmpty()) return Future.succeededFuture();
    var message = new JsonObject().put("addresses", addresses).put("by", self);
    var here = Bus.<Void>ask(vertx, Bus.FORGET_HERE, message, Deadline.in(FORGETTING));
    vertx.eventBus().publish(Bus.FORGET, message);
    return here.onFailure(
            cause -> log.warn("The cache may keep erased addresses. {}", cause.getMessage()))
        .otherwiseEmpty();
  }

  void stop() {
    journal.stop();
  }
}
