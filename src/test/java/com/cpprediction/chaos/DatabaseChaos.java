package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.chaos.FaultProxy.Mode;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.PostgresProcess;
import com.cpprediction.testing.SmallDisk;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be wrong with PostgreSQL, or with the way to it. */
@Tag("chaos")
class DatabaseChaos {
  /** Requests sent while a fault lasts that is not told by its time. */
  private static final int FAULT = 5 * FaultTrial.RATE;

  @TempDir private static Path directory;

  @RegisterExtension
  private static final PostgresProcess postgres = new PostgresProcess("max_connections=24");

  /** What breaks, or what mends it. */
  private interface Step {
    void take(FaultTrial trial) throws Exception;
  }

  private static void test(String fault, Step breaks, Step mends) throws Exception {
    try (var trial = FaultTrial.begin(postgres)) {
      trial.calm();

      trial.faultBegins();
      breaks.take(trial);
      trial.client().awaitMore(FAULT);
      mends.take(trial);

      trial.recoverUnhurt(fault);
    }
  }

  @Test
  void killed() throws Exception {
    test("PostgreSQL killed -9", trial -> postgres.kill(), trial -> postgres.start());
  }

  @Test
  void restartedFast() throws Exception {
    test("PostgreSQL restarted, fast", trial -> postgres.stopFast(), trial -> postgres.start());
  }

  @Test
  void restartedImmediately() throws Exception {
    test(
        "PostgreSQL restarted, immediate",
        trial -> postgres.stopImmediately(),
        trial -> postgres.start());
  }

  @ParameterizedTest(name = "{0} s")
  @ValueSource(ints = {5, 30})
  void frozen(int seconds) throws Exception {
    test(
        "PostgreSQL frozen %d s".formatted(seconds),
        trial -> {
          postgres.freeze();
          Await.elapse(Duration.ofSeconds(seconds));
        },
        trial -> postgres.thaw());
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource({"LATENCY,200", "RATE,10000", "BLACKHOLE,0", "HALF_OPEN,0", "RESET,0", "REFUSE,0"})
  void onTheWay(Mode mode, long argument) throws Exception {
    test(
        "way to PostgreSQL: %s %d".formatted(mode, argument),
        trial -> trial.proxy().be(mode, argument),
        trial -> trial.proxy().pass());
  }

  @Test
  void refusingAtStart() throws Exception {
    try (var trial = FaultTrial.prepare(postgres, new JsonObject())) {
      trial.faultBegins();
      trial.proxy().be(Mode.REFUSE, 0);
      trial.service().start();
      trial.client().openLoop(FaultTrial.RATE);
      trial.client().awaitMore(FAULT);
      trial.proxy().pass();

      trial.recoverUnhurt("PostgreSQL refuses at start");
    }
  }

  @Test
  void outOfConnections() throws Exception {
    try (var trial = FaultTrial.begin(postgres)) {
      trial.calm();

      trial.faultBegins();
      var taken = postgres.takeAllConnections(trial.database());
      trial.client().awaitMore(FAULT);
      assertThat(trial.waitingOrRefused()).isPositive();
      for (var connection : taken) connection.close();

      trial.recoverUnhurt("PostgreSQL out of connections");
    }
  }

  @Test
  void readOnly() throws Exception {
    test(
        "PostgreSQL read-only",
        trial -> postgres.set("default_transaction_read_only", "on"),
        trial -> postgres.set("default_transaction_read_only", "off"));
  }

  @Test
  void tableRenamed() throws Exception {
    test(
        "table renamed",
        trial -> postgres.execute(trial.database(), "ALTER TABLE predictions RENAME TO moved"),
        trial -> postgres.execute(trial.database(), "ALTER TABLE moved RENAME TO predictions"));
  }

  @Test
  void passwordChanged() throws Exception {
    test(
        "password changed",
        trial -> {
          postgres.changePassword("second-password");
          postgres.endSessions();
        },
        trial -> postgres.changePassword(PostgresProcess.PASSWORD));
  }

  @Test
  void diskFull() throws Exception {
    try (var disk = SmallDisk.mount(directory.resolve("small"), 24);
        var trial = FaultTrial.prepare(postgres, new JsonObject())) {
      postgres.storeOn(disk.root(), trial.database());
      trial.service().start();
      trial.warm();
      trial.calm();

      trial.faultBegins();
      disk.fill();
      Await.until("PostgreSQL has no room", () -> trial.waitingOrRefused() > FaultTrial.RATE);
      trial.client().awaitMore(FAULT);
      disk.free();

      trial.recoverUnhurt("PostgreSQL's disk full");
      postgres.drop(trial.database());
    }
  }
}
