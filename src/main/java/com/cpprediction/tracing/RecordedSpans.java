package com.cpprediction.tracing;

import io.opentelemetry.api.trace.SpanContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;

/**
 * The spans that recorded rows which are not known to be in PostgreSQL yet, by the ids of the rows;
 * the newest {@value #CAPACITY}. Thread-safe.
 */
final class RecordedSpans {
  static final int CAPACITY = 4_096;

  private final Map<UUID, SpanContext> spans =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<UUID, SpanContext> eldest) {
          return size() > CAPACITY;
        }
      };

  synchronized void put(UUID id, SpanContext span) {
    spans.put(id, span);
  }

  /**
   * Takes the spans of {@code rows}: a row that is sent once more after a failure has none.
   *
   * @return in the order of the rows
   */
  synchronized <T> List<SpanContext> take(List<T> rows, Function<T, UUID> id) {
    if (spans.isEmpty()) return List.of();
    var taken = new ArrayList<SpanContext>();
    for (var row : rows) {
      var span = spans.remove(id.apply(row));
      if (span != null) taken.add(span);
    }
    return taken;
  }
}
