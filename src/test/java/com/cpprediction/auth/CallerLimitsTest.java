package com.cpprediction.auth;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CallerLimitsTest {
  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - SECONDS.toNanos(2)); // wraps
  private final AtomicInteger refused = new AtomicInteger();

  @Test
  void admitsExactlyTheRateAndASecondsWorthAtOnceOnManyThreads() throws Exception {
    var limits = limits(100, 0);
    var threads = Executors.newFixedThreadPool(8);
    int admitted = 0;
    for (int step = 0; step < 50; step++) {
      var tries = Stream.<Callable<Boolean>>generate(() -> () -> admits(limits, 1)).limit(200);
      for (var one : threads.invokeAll(tries.toList())) if (one.get()) admitted++;
      now.addAndGet(MILLISECONDS.toNanos(100));
    }
    threads.shutdown();

    assertThat(admitted).isEqualTo(100 + 49 * 10);
    assertThat(refused).hasValue(50 * 200 - admitted);
  }

  @Test
  void aBatchBeyondASecondsWorthIsAdmittedFromAFullBucketAndPaidForAfterwards() {
    var limits = limits(10, 0);

    assertThat(admits(limits, 50)).isTrue();
    assertThatThrownBy(() -> limits.admit(1))
        .isInstanceOfSatisfying(
            ServiceException.class,
            failure -> {
              assertThat(failure.failure()).isEqualTo(Failure.RATE_LIMITED);
              assertThat(failure.members().getLong(CallerLimits.RETRY_AFTER)).isEqualTo(5);
            });
    now.addAndGet(MILLISECONDS.toNanos(4_100));
    assertThat(admits(limits, 1)).isTrue();
    assertThat(admits(limits, 1)).isFalse();
    now.addAndGet(MILLISECONDS.toNanos(1_100));
    assertThat(admits(limits, 50)).isTrue();
  }

  @Test
  void neverHasMoreInFlightThanAllowed() throws Exception {
    var limits = limits(0, 10);
    var threads = Executors.newFixedThreadPool(8);
    var inFlight = new AtomicInteger();
    var most = new AtomicInteger();
    Callable<Void> request =
        () -> {
          for (int i = 0; i < 2_000; i++) {
            int admitted = i % 2 == 0 ? limits.admitSome(4) : admits(limits, 3) ? 3 : 0;
            most.accumulateAndGet(inFlight.addAndGet(admitted), Math::max);
            inFlight.addAndGet(-admitted);
            limits.release(admitted);
          }
          return null;
        };
    for (var done : threads.invokeAll(Stream.generate(() -> request).limit(8).toList())) done.get();
    threads.shutdown();

    assertThat(most.get()).isBetween(4, 10);
    assertThat(limits.admitSome(99)).isEqualTo(10);
    assertThatThrownBy(() -> limits.admit(11))
        .isInstanceOfSatisfying(
            ServiceException.class,
            failure -> assertThat(failure.failure()).isEqualTo(Failure.TOO_LARGE));
  }

  @Test
  void aRefusalByTheRateLeavesNothingInFlight() {
    var limits = limits(1, 5);
    limits.admit(1);
    limits.release(1);

    assertThat(admits(limits, 1)).isFalse();
    assertThat(limits.admitSome(3)).isZero();
    assertThat(limits.waitMillis()).isEqualTo(1_001);
    now.addAndGet(SECONDS.toNanos(1));

    assertThat(limits.admitSome(3)).isEqualTo(1);
  }

  private CallerLimits limits(double rate, int maxInFlight) {
    return new CallerLimits(rate, maxInFlight, new CallerUsage(now::get), refused::incrementAndGet);
  }

  private static boolean admits(CallerLimits limits, int shipments) {
    try {
      limits.admit(shipments);
      return true;
    } catch (ServiceException e) {
      return false;
    }
  }
}
