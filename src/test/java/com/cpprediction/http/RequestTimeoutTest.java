package com.cpprediction.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
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
    var timeout = new RequestTimeout<String>(Duration.ZERO, timedOut::add);
    timeout.start("first");
    timeout.start("second");
    timeout.cancel("first");

    timeout.expire();

    assertThat(timedOut).containsExactly("second");
  }
}
