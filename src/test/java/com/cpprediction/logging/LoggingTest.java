package com.cpprediction.logging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.Configs;
import com.cpprediction.config.LogConfig;
import com.cpprediction.config.LogConfig.Format;
import com.cpprediction.config.ServiceConfig;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.logging.Level;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class LoggingTest {
  private static final Logger log = LoggerFactory.getLogger("com.cpprediction.LoggingTest");

  @AfterEach
  void restoreTheDefault() {
    Logging.apply(ServiceConfig.defaults().log());
  }

  @Test
  void theLevelAppliesToTheServiceOnly() {
    var ours = LoggerFactory.getLogger("com.cpprediction.http.Anything");
    var theirs = LoggerFactory.getLogger("org.example.Library");
    var before = theirs.isInfoEnabled();

    Logging.apply(config("trace"));
    assertThat(ours.isTraceEnabled()).isTrue();

    Logging.apply(config("error"));
    assertThat(ours.isWarnEnabled()).isFalse();
    assertThat(ours.isErrorEnabled()).isTrue();
    assertThat(theirs.isInfoEnabled()).isEqualTo(before);
  }

  @Test
  void aLoggerGetsItsOldLevelBackWhenItsOverrideIsRemoved() {
    var part = LoggerFactory.getLogger("com.cpprediction.persistence.Anything");
    var library = LoggerFactory.getLogger("com.hazelcast.Anything");
    var other = LoggerFactory.getLogger("com.cpprediction.http.Anything");
    boolean before = library.isWarnEnabled();

    Logging.apply(config("info", "com.cpprediction.persistence=debug", "com.hazelcast=trace"));
    assertThat(part.isDebugEnabled()).isTrue();
    assertThat(library.isTraceEnabled()).isTrue();
    assertThat(other.isDebugEnabled()).isFalse();

    Logging.apply(config("info"));
    assertThat(part.isDebugEnabled()).isFalse();
    assertThat(part.isInfoEnabled()).isTrue();
    assertThat(library.isTraceEnabled()).isFalse();
    assertThat(library.isWarnEnabled()).isEqualTo(before);
  }

  @Test
  void theAccessLogHasItsOwnSwitch() {
    var requests = LoggerFactory.getLogger(Logging.REQUESTS);

    Logging.apply(config("trace"));
    assertThat(requests.isErrorEnabled()).isFalse();

    Logging.apply(new LogConfig("error", List.of(), Format.PLAIN, true));
    assertThat(requests.isInfoEnabled()).isTrue();
  }

  @Test
  void theFormatChangesAtRuntimeAndBack() {
    var written = new ByteArrayOutputStream();
    var console = System.err;
    System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
    try {
      log.warn("first");
      Logging.apply(new LogConfig("info", List.of(), Format.JSON, false));
      log.warn("second");
      Logging.apply(new LogConfig("info", List.of(), Format.JSON, false));
      log.warn("third");
      Logging.apply(config("info"));
      log.warn("fourth");
    } finally {
      System.setErr(console);
    }

    var lines = written.toString(StandardCharsets.UTF_8).lines().toList();
    assertThat(lines).hasSize(4);
    assertThat(lines.get(0)).matches("\\S+Z WARN  LoggingTest - first");
    assertThat(new JsonObject(lines.get(1)).getString("message")).isEqualTo("second");
    assertThat(new JsonObject(lines.get(2)).getString("message")).isEqualTo("third");
    assertThat(lines.get(3)).endsWith(" WARN  LoggingTest - fourth");
  }

  @Test
  void anEventIsAnObjectWithItsExceptionAsText() {
    try (var captured = new CapturedLog()) {
      log.atError()
          .setCause(new IllegalStateException("broken\nFORGED", new RuntimeException("deeper")))
          .addKeyValue("route", "/predict")
          .log("It {}", "failed");

      var event = captured.events().get(0);
      assertThat(captured.json().get(0)).endsWith("}\n").containsOnlyOnce("\n");
      assertThat(event.fieldNames())
          .containsExactlyInAnyOrder(
              "timestamp", "level", "logger", "thread", "message", "route", "exception");
      assertThat(event.getString("timestamp"))
          .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
      assertThat(event.getString("level")).isEqualTo("ERROR");
      assertThat(event.getString("logger")).isEqualTo(log.getName());
      assertThat(event.getString("thread")).isEqualTo(Thread.currentThread().getName());
      assertThat(event.getString("message")).isEqualTo("It failed");
      assertThat(event.getString("exception"))
          .startsWith("java.lang.IllegalStateException: broken\nFORGED")
          .contains("Caused by: java.lang.RuntimeException: deeper");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "S1\n2026-01-01T00:00:00Z ERROR Service - forged",
        "S1\r\nforged",
        "S1\u0085forged",
        "S1\u2028forged",
        "\u001b[2Jforged",
        "a\u0000b\u0008c"
      })
  void escapesTextFromCallers(String sent) {
    try (var captured = new CapturedLog()) {
      log.warn("Shipment {}", sent);
      log.error("Shipment {}", sent, new IllegalStateException(sent));

      for (var event : captured.plain()) {
        var lines = event.split("[\\n\\r\u0085\u2028\u2029]");
        assertThat(lines[0]).contains("LoggingTest - Shipment ");
        for (int i = 1; i < lines.length; i++) assertThat(lines[i]).startsWith("\t");
        assertThat(event.chars().filter(c -> Character.isISOControl(c)))
            .allMatch(c -> c == '\n' || c == '\t');
      }
      assertThat(captured.json()).allMatch(event -> event.indexOf('\n') == event.length() - 1);
      assertThat(captured.events()).hasSize(2);
    }
  }

  @Test
  void routesJavaUtilLogging() {
    Logging.apply(config("info"));
    try (var captured = new CapturedLog()) {
      java.util.logging.Logger.getLogger("org.example.Library").log(Level.SEVERE, "told the JDK");

      assertThat(captured.events())
          .singleElement()
          .satisfies(
              event -> {
                assertThat(event.getString("message")).isEqualTo("told the JDK");
                assertThat(event.getString("logger")).isEqualTo("org.example.Library");
              });
    }
  }

  @Test
  void theLogOfVertxWebCannotBeEnabled() {
    Logging.apply(config("trace", "ROOT=trace", "io.vertx=trace", "io.vertx.ext=trace"));

    var router = LoggerFactory.getLogger("io.vertx.ext.web.impl.RouterImpl");
    assertThat(router.isInfoEnabled()).isFalse();
    assertThatThrownBy(() -> config("info", "io.vertx.ext.web.impl=trace"))
        .hasMessageContaining("log.levels can't name io.vertx.ext.web");
  }

  @Test
  void refusesALoggerNamedTwice() {
    assertThatThrownBy(() -> config("info", "a.b=debug", "a.b=trace"))
        .hasMessage("log.levels names a logger twice; name each once");
    assertThatThrownBy(() -> config("info", "root=debug", "ROOT=trace"))
        .hasMessage("log.levels names a logger twice; name each once");
  }

  private static LogConfig config(String level, String... levels) {
    var log = new JsonObject().put("level", level).put("levels", new JsonArray(List.of(levels)));
    return Configs.of(new JsonObject().put("log", log)).log();
  }
}
