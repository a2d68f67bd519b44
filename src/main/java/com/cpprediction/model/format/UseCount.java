package com.cpprediction.model.format;

import java.util.concurrent.atomic.AtomicInteger;

/** Counts the users of something that is freed with the last of them. Thread-safe. */
public final class UseCount {
  private final AtomicInteger count = new AtomicInteger(1);
  private final Runnable free;

  /** With one user: the caller. */
  public UseCount(Runnable free) {
    this.free = free;
  }

  /**
   * One more, until it is {@link #release released}.
   *
   * @return false when it is too late
   */
  public boolean acquire() {
    for (int now = count.get(); now > 0; now = count.get()) {
      if (count.compareAndSet(now, now + 1)) return true;
    }
    return false;
  }

  /** One less; the last one frees. */
  public void release() {
    int left = count.decrementAndGet();
    if (left < 0) throw new IllegalStateException("released more often than acquired");
    if (left == 0) free.run();
  }

  /** Users now. */
  public int count() {
    return count.get();
  }
}
