package com.cpprediction.persistence;

import com.cpprediction.json.Digests;
import com.cpprediction.prediction.PredictionIds;
import io.vertx.core.Future;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Finds rows that were predicted before their shipment was erased and reach the store after it,
 * which drops them: the erasure did not find their addresses in PostgreSQL. They waited in the
 * journal or in memory, or their insert was under way. For use from one event loop.
 */
final class ErasedRows implements PredictionStore {
  /** Oldest time of a caller's prediction id, with a margin. */
  private static final Duration KEPT = Duration.ofDays(1).plusHours(1);

  private static final int CAPACITY = 10_000; // erasures, a hundred bytes each

  /** Longest time from the end of an insert until an erasure that dropped its rows is known. */
  private static final Duration RECENT = Duration.ofSeconds(5);

  private static final int RECENT_ROWS = 4_000; // up to a kilobyte each

  /** Rows that were sent to the store. */
  private static final class Sent {
    final List<JournalRow> rows;
    long ended; // milliseconds since 1970, 0 while under way

    Sent(List<JournalRow> rows) {
      this.rows = rows;
    }
  }

  private final PredictionStore store;
  private final Consumer<Set<String>> late;
  private final Clock clock;

  /** Milliseconds since 1970 of an erasure by the digest of the shipment's id, oldest first. */
  private final Map<ByteBuffer, Long> erased = new LinkedHashMap<>();

  /** Inserts under way, and those that ended recently, oldest first. */
  private final Deque<Sent> sent = new ArrayDeque<>();

  private int sentRows;

  /**
   * @param late receives the addresses, as typed, of rows that go to the store after their shipment
   *     was erased
   */
  ErasedRows(PredictionStore store, Consumer<Set<String>> late, Clock clock) {
    this.store = store;
    this.late = late;
    this.clock = clock;
  }

  /**
   * A shipment was erased.
   *
   * @param until milliseconds since 1970: rows of that time or before are not stored any more
   * @return addresses, as typed, of its rows whose insert was under way or has just ended
   */
  Set<String> erased(String shipmentId, long until) {
    var digest = digest(shipmentId);
    erased.remove(digest);
    erased.put(digest, until);
    if (erased.size() > CAPACITY) removeOldest();
    removeSent();
    return sent.stream()
        .flatMap(insert -> insert.rows.stream())
        .filter(row -> row.shipmentId().equals(shipmentId) && timeOf(row) <= until)
        .map(JournalRow::typed)
        .collect(Collectors.toSet());
  }

  /**
   * Whether a shipment was erased after one of its predictions.
   *
   * @param id of the prediction
   */
  boolean isErased(String shipmentId, UUID id) {
    if (erased.isEmpty()) return false;
    var until = erased.get(digest(shipmentId));
    return until != null && PredictionIds.timeOf(id).toEpochMilli() <= until;
  }

  @Override
  public Future<Inserted> insert(List<JournalRow> rows) {
    if (!erased.isEmpty()) reportErased(rows);
    removeSent();
    var inserted = store.insert(rows);
    var insert = new Sent(rows);
    sent.add(insert);
    sentRows += rows.size();
    return inserted.onComplete(done -> insert.ended = clock.millis());
  }

  @Override
  public Future<Void> reject(JournalRow row, Throwable refusal) {
    return store.reject(row, refusal);
  }

  private void removeSent() {
    long recent = clock.millis() - RECENT.toMillis();
    sent.removeIf(
        insert -> {
          if (insert.ended == 0 || insert.ended >= recent && sentRows <= RECENT_ROWS) return false;
          sentRows -= insert.rows.size();
          return true;
        });
  }

  private void reportErased(List<JournalRow> rows) {
    long expired = clock.millis() - KEPT.toMillis();
    while (!erased.isEmpty() && erased.values().iterator().next() < expired) removeOldest();
    var addresses = new TreeSet<String>();
    for (var row : rows) {
      if (isErased(row.shipmentId(), row.id())) addresses.add(row.typed());
    }
    if (!addresses.isEmpty()) late.accept(addresses);
  }

  private static long timeOf(JournalRow row) {
    return PredictionIds.timeOf(row.id()).toEpochMilli();
  }

  private void removeOldest() {
    erased.remove(erased.keySet().iterator().next());
  }

  private static ByteBuffer digest(String shipmentId) {
    return ByteBuffer.wrap(Digests.sha256(shipmentId.getBytes(StandardCharsets.UTF_8)));
  }
}
