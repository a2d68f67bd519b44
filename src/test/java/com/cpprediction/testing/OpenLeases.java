package com.cpprediction.testing;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test after which a lease on the models is still open: it would keep a replaced release
 * mapped for ever. Registered for all tests; checks what a fixture asks it to.
 */
public final class OpenLeases implements AfterEachCallback, AfterAllCallback {
  private static final Queue<Check> checks = new ConcurrentLinkedQueue<>();

  private record Check(IntSupplier leases, Runnable end) {}

  /**
   * From now on and until the end of this class.
   *
   * @param end run at the end of each test, before: ends what the test keeps waiting
   */
  public static void check(IntSupplier leases, Runnable end) {
    checks.add(new Check(leases, end));
  }

  @Override
  public void afterEach(ExtensionContext context) {
    for (var check : checks) {
      long until = System.nanoTime() + SECONDS.toNanos(20); // longer than any deadline of a test
      while (check.leases().getAsInt() != 0 && System.nanoTime() < until) {
        check.end().run();
        LockSupport.parkNanos(1_000_000);
      }
      assertThat(check.leases().getAsInt()).as("open leases").isZero();
    }
  }

  @Override
  public void afterAll(ExtensionContext context) {
    checks.clear();
  }
}
