package com.cpprediction.shadow;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;

/** Whether the processors of this machine, or of its container, are busy. For one thread. */
final class Load {
  private static final double BUSY = 0.85; // share of the processors' time
  private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private final OperatingSystemMXBean system =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private long measuredAt = System.nanoTime() - INTERVAL_NANOS;
  private boolean busy;

  /** As measured in the last 200 ms; false where it can't be measured. */
  boolean busy() {
    long now = System.nanoTime();
    if (now - measuredAt < INTERVAL_NANOS) return busy;
    measuredAt = now;
    busy = system.getCpuLoad() > BUSY;
    return busy;
  }
}
