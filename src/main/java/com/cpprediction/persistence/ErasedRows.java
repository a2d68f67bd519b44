package com.cpprediction.persistence;

import com.cpprediction.json.Digests;
import com.cpprediction.prediction.PredictionIds;
import io.vertx.core.Future;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Reports the addresses of rows that were predicted before their shipment was erased and reach the
 * store after it, which drops them: they waited in the journal or in memory, or were under way, so
 * that the erasure did not find their addresses in PostgreSQL. For use from one event loop.
 */
final class ErasedRows implements PredictionStore {
  /** Oldest time of a caller's prediction id, with a margin. */
  private static final Duration KEPT = Duration.ofDays(1).plusHours(1);

  private static final int CAPACITY = 10_000; // erasures, a hundred bytes each

  private final PredictionStore store;
  private final Consumer<Set<String>> forget;
  private final Clock clock;

  /** Milliseconds since 1970 of an erasure by the digest of the shipment's id, oldest first. */
  private final Map<ByteBuffer, Long> erased = new LinkedHashMap<>();

  /**
   * @param forget receives addresses as typed
   */
  ErasedRows(PredictionStore store, Consumer<Set<String>> forget, Clock clock) {
    this.store = store;
    this.forget = forget;
    this.clock = clock;
  }

  /**
   * A shipment was erased.
   *
   * @param until milliseconds since 1970: rows of that time or before are not stored any more
   */
  void erased(String shipmentId, long until) {
    var digest = digest(shipmentId);
    erased.remove(digest);
    erased.put(digest, until);
    if (erased.size() > CAPACITY) removeOldest();
  }

  @Override
  public Future<Inserted> insert(List<JournalRow> rows) {
    if (!erased.isEmpty()) reportErased(rows);
    return store.insert(rows);
  }

  @Override
  public Future<Void> reject(JournalRow row, Throwable refusal) {
    return store.reject(row, refusal);
  }

  private void reportErased(List<JournalRow> rows) {
    long expired = clock.millis() - KEPT.toMillis();
    while (!erased.isEmpty() && erased.values().iterator().next() < expired) removeOldest();
    var addresses = new TreeSet<String>();
    for (var row : rows) {
      var until = erased.get(digest(row.shipmentId()));
      if (until != null && PredictionIds.timeOf(row.id()).toEpochMilli() <= until) {
        addresses.add(row.typed());
      }
    }
    if (!addresses.isEmpty()) forget.accept(addresses);
  }

  private void removeOldest() {
    erased.remove(erased.keySet().iterator().next());
  }

  private static ByteBuffer digest(String shipmentId) {
    return ByteBuffer.wrap(Digests.sha256(shipmentId.getBytes(StandardCharsets.UTF_8)));
  }
}
