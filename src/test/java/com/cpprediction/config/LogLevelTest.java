package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LogLevelTest {
  @AfterEach
  void restoreTheDefault() {
    LogLevel.apply(ServiceConfig.DEFAULT.logLevel());
  }

  @Test
  void reachesTheServiceAndNobodyElse() {
    var ours = LoggerFactory.getLogger("com.cpprediction.http.Anything");
    var theirs = LoggerFactory.getLogger("org.example.Library");
    var before = theirs.isInfoEnabled();

    LogLevel.apply("trace");
    assertThat(ours.isTraceEnabled()).isTrue();

    LogLevel.apply("error");
    assertThat(ours.isWarnEnabled()).isFalse();
    assertThat(ours.isErrorEnabled()).isTrue();
    assertThat(theirs.isInfoEnabled()).isEqualTo(before);
  }
}
