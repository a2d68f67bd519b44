package com.cpprediction.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RequestTimeoutTest {
  @Test
  void timesAnOperationThatStartsAnewBehindOthers() {
    var timedOut = new ArrayList<String>();
    var timeout = new RequestTimeout<String>(Duration.ofHours(1), timedOut::add);
    timeout.start("first");
    timeout.start("second");

    timeout.start("first");
    timeout.expireAll();

    assertThat(timedOut).containsExactly("second", "first");
  }

  @Test
  void expiresBehindAnOperationThatStartedAnew() {
    var timedOut = new ArrayList<String>();
    var nanos = new AtomicLong();
    var timeout = new RequestTimeout<String>(Duration.ofNanos(10), timedOut::add, nanos::get);
    timeout.start("first");
    timeout.start("second");
    nanos.set(5);
    timeout.start("first");
    nanos.set(10);

    timeout.expire();

    assertThat(timedOut).containsExactly("second");
  }
}
