package com.cpprediction.training;

import com.cpprediction.csv.InputException;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** Limits concurrent training of prefixes by the memory they need; waiting ones start in order. */
final class Memory {
  private static final long MEGABYTE = 1 << 20;
  private static final long GIGABYTE = 1 << 30;

  /** Share of the heap for training; the rest holds rows, finished models and garbage. */
  private static final double SHARE = 0.6;

  private final int megabytes;
  private final Semaphore free;

  /**
   * @param heap maximum heap in bytes, of which {@value #SHARE} is given out
   */
  Memory(long heap) {
    megabytes = (int) Math.min(Integer.MAX_VALUE, (long) (heap * SHARE) / MEGABYTE);
    free = new Semaphore(megabytes, true);
  }

  static Memory ofJvm() {
    return new Memory(Runtime.getRuntime().maxMemory());
  }

  /**
   * @throws InputException when training {@code rows} alone exceeds the memory
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

  /** Runs {@code work} on {@code rows}, after waiting for memory. */
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
