package com.cpprediction.metrics;

import com.cpprediction.common.Labelled;
import com.cpprediction.prediction.Failure;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Failed requests, and failed shipments of batches and streams: counted by failure, and the newest
 * {@value #KEPT} of each kind. Thread-safe; adding takes no lock.
 */
public final class FailureLog {
  /** Failures of a kind that are kept. */
  public static final int KEPT = 100;

  private static final int LEAST_SERVICE_STATUS = 500;

  /** The side at fault. */
  public enum Kind implements Labelled {
    /** The request: status 4xx. */
    CALLER,
    /** The service, or the load on it: status 5xx. */
    SERVICE;

    /** The kind of {@code failure}. */
    public static Kind of(Failure failure) {
      return failure.status() < LEAST_SERVICE_STATUS ? CALLER : SERVICE;
    }
  }

  /**
   * One failure.
   *
   * @param status of the response, or of the shipment within one
   * @param route pattern as the contract writes it, {@code other} without one
   * @param caller name of the caller's token, empty without one
   * @param shipmentId where it could be read
   */
  public record Entry(
      Instant at,
      Failure failure,
      int status,
      String requestId,
      String route,
      String caller,
      @Nullable String shipmentId) {
    private Entry withoutShipment() {
      return new Entry(at, failure, status, requestId, route, caller, null);
    }
  }

  /** The newest entries of a kind. */
  private static final class Ring {
    private final AtomicReferenceArray<@Nullable Entry> entries = new AtomicReferenceArray<>(KEPT);
    private final AtomicLong next = new AtomicLong();

    void add(Entry entry) {
      entries.set((int) (next.getAndIncrement() % KEPT), entry);
    }

    /** Entries of a shipment have no shipment from now on. */
    void forget(String shipmentId) {
      for (int i = 0; i < KEPT; i++) {
        var entry = entries.get(i);
        if (entry != null && shipmentId.equals(entry.shipmentId)) {
          entries.compareAndSet(i, entry, entry.withoutShipment());
        }
      }
    }

    List<Entry> newestFirst() {
      var list = new ArrayList<Entry>(KEPT);
      for (int i = 0; i < KEPT; i++) {
        var entry = entries.get(i);
        if (entry != null) list.add(entry);
      }
      list.sort(Comparator.comparing(Entry::at).reversed());
      return list;
    }
  }

  private final Clock clock;
  private final Map<Failure, Counter> counts = new EnumMap<>(Failure.class);
  private final Map<Kind, Ring> rings = new EnumMap<>(Kind.class);

  FailureLog(MeterRegistry registry, Clock clock) {
    this.clock = clock;
    for (var kind : Kind.values()) rings.put(kind, new Ring());
    for (var failure : Failure.values()) {
      counts.put(
          failure,
          Counter.builder("cp.failures")
              .description("Failed requests, and failed shipments of batches and streams")
              .tag("kind", Kind.of(failure).label())
              .tag("code", failure.slug())
              .register(registry));
    }
  }

  /** Adds a failure; the parameters are those of {@link Entry}. */
  public void add(
      Failure failure,
      int status,
      String requestId,
      String route,
      String caller,
      @Nullable String shipmentId) {
    Objects.requireNonNull(counts.get(failure)).increment();
    Objects.requireNonNull(rings.get(Kind.of(failure)))
        .add(new Entry(clock.instant(), failure, status, requestId, route, caller, shipmentId));
  }

  /** Forgets which of the kept failures were of a shipment. */
  public void forget(String shipmentId) {
    rings.values().forEach(ring -> ring.forget(shipmentId));
  }

  /** The kept failures of {@code kind}, newest first. */
  public List<Entry> newest(Kind kind) {
    return Objects.requireNonNull(rings.get(kind)).newestFirst();
  }

  /** Failures since the start by kind and code, those that occurred. */
  public JsonObject toJson() {
    var json = new JsonObject();
    for (var kind : Kind.values()) json.put(kind.label(), counts(kind));
    return json;
  }

  /** Failures of a kind since the start by code, those that occurred. */
  public JsonObject counts(Kind kind) {
    var json = new JsonObject();
    for (var failure : Failure.values()) {
      long count = count(failure);
      if (count > 0 && Kind.of(failure) == kind) json.put(failure.slug(), count);
    }
    return json;
  }

  /** Failures since the start; 0 while metrics are off. */
  public long count(Failure failure) {
    return (long) Objects.requireNonNull(counts.get(failure)).count();
  }
}
