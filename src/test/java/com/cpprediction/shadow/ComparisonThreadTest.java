package com.cpprediction.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ComparisonThreadTest {
  @Test
  void goesOnAfterATaskThatThrew() throws Exception {
    var later = new CountDownLatch(1);
    var thread = new ComparisonThread(taken -> {}, () -> false);

    thread.execute(
        () -> {
          throw new IllegalStateException("of this test");
        });
    thread.execute(later::countDown);
    thread.start();

    assertThat(later.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(thread.stop(Duration.ofSeconds(60))).isZero();
  }
}
