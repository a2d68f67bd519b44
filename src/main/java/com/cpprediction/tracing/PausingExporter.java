package com.cpprediction.tracing;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exports nothing for a while after an export has failed, twice as long after each further failure;
 * the spans of that time are lost. Logs the first failure of a row and its end. Called by one
 * thread at a time.
 */
final class PausingExporter implements SpanExporter {
  private static final Logger log = LoggerFactory.getLogger(PausingExporter.class);

  static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

  private final SpanExporter exporter;
  private final String receiver;
  private final LongSupplier nanoTime;
  private final AtomicLong lost = new AtomicLong(); // spans since the first failure
  private volatile Duration pause = Duration.ZERO; // zero while exports succeed
  private volatile long until; // nanoTime of the next attempt

  /**
   * @param receiver its URL, for the log
   * @param nanoTime as {@link System#nanoTime()}
   */
  PausingExporter(SpanExporter exporter, String receiver, LongSupplier nanoTime) {
    this.exporter = exporter;
    this.receiver = receiver;
    this.nanoTime = nanoTime;
  }

  @Override
  public CompletableResultCode export(Collection<SpanData> spans) {
    int count = spans.size();
    if (!pause.isZero() && until - nanoTime.getAsLong() > 0) {
      lost.addAndGet(count);
      return CompletableResultCode.ofFailure();
    }
    var exported = exporter.export(spans);
    return exported.whenComplete(
        () -> {
          if (exported.isSuccess()) succeeded();
          else failed(count, exported.getFailureThrowable());
        });
  }

  private void succeeded() {
    if (pause.isZero()) return;
    pause = Duration.ZERO;
    log.info("{} receives traces again; {} spans were lost", receiver, lost.getAndSet(0));
  }

  private void failed(int count, Throwable cause) {
    lost.addAndGet(count);
    if (pause.isZero()) {
      pause = FIRST_PAUSE;
      log.warn(
          "{} does not receive traces ({}); spans are lost until it does, and nothing else",
          receiver,
          cause == null ? "refused" : cause.toString());
    } else {
      var twice = pause.multipliedBy(2);
      pause = twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
    }
    until = nanoTime.getAsLong() + pause.toNanos();
  }

  @Override
  public CompletableResultCode flush() {
    return exporter.flush();
  }

  @Override
  public CompletableResultCode shutdown() {
    return exporter.shutdown();
  }
}
