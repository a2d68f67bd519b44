package com.cpprediction.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class RecordedSpansTest {
  private final RecordedSpans spans = new RecordedSpans();

  private static SpanContext span(int n) {
    return SpanContext.create(
        "%032x".formatted(n),
        "%016x".formatted(n),
        TraceFlags.getSampled(),
        TraceState.getDefault());
  }

  private List<SpanContext> take(UUID... rows) {
    return spans.take(List.of(rows), Function.identity());
  }

  @Test
  void takesTheSpanOfARowOnce() {
    var recorded = new UUID(0, 1);
    spans.put(recorded, span(1));

    assertThat(take(new UUID(0, 2), recorded)).containsExactly(span(1));
    assertThat(take(recorded)).isEmpty();
  }

  @Test
  void keepsTheNewest() {
    for (int i = 1; i <= RecordedSpans.CAPACITY + 1; i++) spans.put(new UUID(0, i), span(i));

    assertThat(take(new UUID(0, 1))).isEmpty();
    assertThat(take(new UUID(0, 2))).containsExactly(span(2));
  }
}
