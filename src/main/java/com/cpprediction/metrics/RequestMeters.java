package com.cpprediction.metrics;

import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The meters of one method of a route, looked up once. Thread-safe. */
public final class RequestMeters {
  private final int[] statuses;
  private final Timer[] byStatus;
  private final Timer other;
  private final @Nullable Timer all;

  /**
   * @param byStatus one for each of {@code statuses}
   * @param other for any other status
   * @param all for every status, if there is one
   */
  RequestMeters(int[] statuses, Timer[] byStatus, Timer other, @Nullable Timer all) {
    this.statuses = statuses.clone();
    this.byStatus = byStatus.clone();
    this.other = other;
    this.all = all;
  }

  /** Records one request, as {@link ServiceMetrics#httpRequest}. */
  public void record(int status, long nanos) {
    of(status).record(nanos, TimeUnit.NANOSECONDS);
    if (all != null) all.record(nanos, TimeUnit.NANOSECONDS);
  }

  private Timer of(int status) {
    for (int i = 0; i < statuses.length; i++) if (statuses[i] == status) return byStatus[i];
    return other;
  }
}
