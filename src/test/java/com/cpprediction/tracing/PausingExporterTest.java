package com.cpprediction.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.logging.CapturedLog;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.junit.jupiter.api.Test;

class PausingExporterTest {
  private static final String RECEIVER = "http://127.0.0.1:4318";

  private final Receiver receiver = new Receiver();
  private final PausingExporter exporter =
      new PausingExporter(receiver, RECEIVER, () -> receiver.now);

  /** One that is away or not. */
  private static final class Receiver implements SpanExporter {
    private boolean away;
    private int asked;
    private long now = Long.MAX_VALUE - 5; // overflows, as nanoTime may

    private void elapse(Duration time) {
      now += time.toNanos();
    }

    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
      asked++;
      return away ? CompletableResultCode.ofFailure() : CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode flush() {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }
  }

  private boolean exported() {
    return exporter.export(List.of()).isSuccess();
  }

  @Test
  void asksAgainAfterPausesThatDoubleUpToAMinute() {
    receiver.away = true;
    var pause = PausingExporter.FIRST_PAUSE;
    assertThat(exported()).isFalse();

    for (int attempt = 1; attempt < 10; attempt++) {
      receiver.elapse(pause.minusNanos(1));
      assertThat(exported()).isFalse();
      assertThat(receiver.asked).isEqualTo(attempt);
      receiver.elapse(Duration.ofNanos(1));
      assertThat(exported()).isFalse();
      assertThat(receiver.asked).isEqualTo(attempt + 1);
      var twice = pause.multipliedBy(2);
      pause =
          twice.compareTo(PausingExporter.LONGEST_PAUSE) < 0
              ? twice
              : PausingExporter.LONGEST_PAUSE;
    }

    assertThat(pause).isEqualTo(PausingExporter.LONGEST_PAUSE);
  }

  @Test
  void warnsOnceOfEachOutage() {
    try (var log = new CapturedLog()) {
      receiver.away = true;
      for (int i = 0; i < 5; i++) {
        exported();
        receiver.elapse(PausingExporter.LONGEST_PAUSE);
      }
      receiver.away = false;
      assertThat(exported()).isTrue();
      receiver.away = true;
      for (int i = 0; i < 2; i++) exported();

      assertThat(log.plain().stream().filter(line -> line.contains("does not receive traces")))
          .hasSize(2)
          .allMatch(line -> line.contains(RECEIVER));
    }
  }
}
