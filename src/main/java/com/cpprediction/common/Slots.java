package com.cpprediction.common;

import java.util.concurrent.atomic.AtomicInteger;

/** Counts what is open at a time, up to a limit. Thread-safe. */
public final class Slots {
  private final AtomicInteger used = new AtomicInteger();

  /** Takes a slot unless {@code limit} are taken. */
  public boolean tryAcquire(int limit) {
    for (int now = used.get(); now < limit; now = used.get()) {
      if (used.compareAndSet(now, now + 1)) return true;
    }
    return false;
  }

  /** Takes a slot, even beyond a limit; returns how many are taken. */
  public int acquire() {
    return used.incrementAndGet();
  }

  public void release() {
    used.decrementAndGet();
  }

  public int used() {
    return used.get();
  }
}
