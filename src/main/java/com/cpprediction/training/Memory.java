package com.cpprediction.training;

import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/**
 * Lets prefixes be trained at the same time only as far as memory reaches; those that must wait are
 * served in order.
 */
final class Memory {
  private static final long MEGABYTE = 1 << 20;
  private static final long GIGABYTE = 1 << 30;

  /** Share of the heap for this; the rest holds rows, finished models and what garbage there is. */
  private static final double SHARE = 0.6;

  private final int megabytes;
  private final Semaphore free;

  /**
   * @param heap bytes the JVM may use, of which {@value #SHARE} are given out
   */
  Memory(long heap) {
    megabytes = (int) Math.min(Integer.MAX_VALUE, (long) (heap * SHARE) / MEGABYTE);
    free = new Semaphore(megabytes, true);
  }

  static Memory ofJvm() {
    return new Memory(Runtime.getRuntime().maxMemory());
  }

  /**
   * @throws InputException when {@code rows} cannot be learned from even alone
   */
  void check(PrefixRows rows) {
    if (needed(rows) <= megabytes) return;
    long bytes = needed(rows) * MEGABYTE;
    throw new InputException(
        "prefix %s has %d rows and needs about %d GB; give Java more memory with -Xmx%dg or lower"
                .formatted(
                    rows.prefix(),
                    rows.size(),
                    Math.max(1, Math.round((double) bytes / GIGABYTE)),
                    (long) Math.ceil(bytes / SHARE / GIGABYTE))
            + " --max-rows");
  }

  /** Runs {@code work} on {@code rows} as soon as there is memory for it. */
  <T> T with(PrefixRows rows, Supplier<T> work) throws InterruptedException {
    int needed = (int) needed(rows);
    free.acquire(needed);
    try {
      return work.get();
    } finally {
      free.release(needed);
    }
  }

  private static long needed(PrefixRows rows) {
    return 1 + Ridge.bytes(rows.size(), rows.cps().size()) / MEGABYTE;
  }
}
