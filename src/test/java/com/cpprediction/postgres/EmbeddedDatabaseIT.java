package com.cpprediction.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.files.OwnerOnly;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Jdbc;
import com.cpprediction.testing.Processes;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedDatabaseIT {
  /** Starts a database on the given directory, prints its URI and runs until killed. */
  public static final class Child {
    public static void main(String[] arguments) throws Exception {
      var database =
          EmbeddedDatabase.startForScratchDatabases(
              Path.of(arguments[0]), TestDatabase.BINARIES, 0);
      System.out.println("ready " + database.uri());
      Thread.currentThread().join();
    }
  }

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @TempDir Path dataDir;

  @Test
  void keepsRowsFromRunToRunAndSyncsThemToDisk() throws Exception {
    try (var database = start()) {
      for (var setting : List.of("fsync", "synchronous_commit", "full_page_writes")) {
        assertThat(TestDatabase.query(database.uri(), "SHOW " + setting)).containsExactly("on");
      }
      assertThat(TestDatabase.query(database.uri(), "SHOW listen_addresses"))
          .containsExactly("127.0.0.1");
      assertThat(TestDatabase.query(database.uri(), "SHOW server_version_num").get(0))
          .startsWith(Integer.toString(EmbeddedDatabase.MAJOR));
      TestDatabase.execute(database.uri(), "CREATE TABLE kept AS SELECT 42 AS answer");
    }

    try (var again = start()) {
      assertThat(TestDatabase.query(again.uri(), "SELECT answer FROM kept")).containsExactly("42");
    }
    assertThat(Postmaster.of(dataDir.toRealPath().resolve("postgres"))).isEmpty();
  }

  @Test
  void stopsTheServerOfAKilledService() throws Exception {
    var child = child();
    try {
      var uri = ready(child);
      TestDatabase.execute(uri, "CREATE TABLE kept AS SELECT 42 AS answer");
      var leftBehind = Postmaster.of(dataDir.toRealPath().resolve("postgres")).orElseThrow();
      child.destroyForcibly().waitFor();
      assertThat(leftBehind.process().isAlive()).isTrue();

      try (var database = start()) {
        Await.until(() -> !leftBehind.process().isAlive());
        assertThat(TestDatabase.query(database.uri(), "SELECT answer FROM kept"))
            .containsExactly("42");
      }
    } finally {
      child.destroyForcibly();
    }
  }

  @Test
  void stopsTheSingleUserModeOfAKilledService() throws Exception {
    try (var first = start()) {
      TestDatabase.execute(first.uri(), "CREATE TABLE kept AS SELECT 42 AS answer");
    }
    var data = dataDir.toRealPath().resolve("postgres");
    var command = new ArrayList<String>();
    if (OwnerOnly.user() == 0) command.addAll(List.of("unshare", "-U"));
    command.add(ServerPrograms.unpack(TestDatabase.BINARIES).resolve("postgres").toString());
    command.addAll(List.of("--single", "-D", data.toString(), "postgres"));
    var alone = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      Await.until(() -> Postmaster.of(data).isPresent());

      try (var database = start()) {
        assertThat(alone.isAlive()).isFalse();
        assertThat(TestDatabase.query(database.uri(), "SELECT answer FROM kept"))
            .containsExactly("42");
      }
    } finally {
      alone.destroyForcibly();
    }
  }

  @Test
  void leavesAFrozenServerToTheNextStart() throws Exception {
    var database = start();
    TestDatabase.execute(database.uri(), "CREATE TABLE kept AS SELECT 42 AS answer");
    var server = Postmaster.of(dataDir.toRealPath().resolve("postgres")).orElseThrow().process();
    Processes.signal(server, "STOP");
    try {
      assertThatCode(() -> database.close(Duration.ofSeconds(2))).doesNotThrowAnyException();

      assertThat(server.isAlive()).isTrue();
    } finally {
      Processes.signal(server, "CONT");
    }
    try (var again = start()) {
      assertThat(TestDatabase.query(again.uri(), "SELECT answer FROM kept")).containsExactly("42");
    }
    Await.until(() -> !server.isAlive());
  }

  @Test
  void refusesASecondServiceOnTheSameDirectory() throws Exception {
    var child = child();
    try {
      var uri = ready(child);

      assertThatThrownBy(this::start)
          .isInstanceOf(DatabaseStartException.class)
          .hasMessageContainingAll("process " + child.pid(), "data_dir");

      assertThat(TestDatabase.query(uri, "SELECT 1")).containsExactly("1");
    } finally {
      child.destroyForcibly().waitFor();
      var leftBehind = Postmaster.of(dataDir.toRealPath().resolve("postgres"));
      if (leftBehind.isPresent()) leftBehind.get().stop(PATIENCE, PATIENCE);
    }
  }

  @Test
  void leavesAnotherProcessWithTheOldIdAlone() throws Exception {
    start().close();
    var pidFile = Postmaster.pidFile(dataDir.toRealPath().resolve("postgres"));
    Files.writeString(pidFile, ProcessHandle.current().pid() + "\n");

    try (var database = start()) {
      assertThat(TestDatabase.query(database.uri(), "SELECT 1")).containsExactly("1");
    }
  }

  @Test
  void setsAnUnfinishedInitialisationAside() throws Exception {
    var unfinished = Files.createDirectories(dataDir.resolve("postgres"));
    Files.writeString(unfinished.resolve("PG_VERSION"), "18\n");

    start().close();

    try (var found = Files.newDirectoryStream(dataDir, "postgres.unfinished-*")) {
      var aside = found.iterator().next();
      assertThat(aside.resolve("PG_VERSION")).hasContent("18\n");
    }
  }

  /** As a service leaves it that is killed at its first start, again and again. */
  @Test
  void makesAnewWhatItBeganToInitialiseItself() throws Exception {
    var unfinished = Files.createDirectories(dataDir.resolve("postgres"));
    Files.writeString(unfinished.resolve("PG_VERSION"), "18\n");
    Files.createFile(dataDir.resolve("postgres.initializing"));

    start().close();

    try (var found = Files.newDirectoryStream(dataDir, "postgres*")) {
      assertThat(found).containsExactly(dataDir.resolve("postgres"));
    }
  }

  @Test
  void startsInAnEmptyDirectoryThatIsThereAlready() throws Exception {
    Files.createDirectories(dataDir.resolve("postgres"));

    start().close();

    try (var found = Files.newDirectoryStream(dataDir, "postgres*")) {
      assertThat(found).containsExactly(dataDir.resolve("postgres"));
    }
  }

  @Test
  void refusesTheFilesOfAnotherMajorVersion() throws Exception {
    var old = Files.createDirectories(dataDir.resolve("postgres"));
    Files.writeString(old.resolve("PG_VERSION"), "14\n");

    assertThatThrownBy(this::start)
        .isInstanceOf(DatabaseStartException.class)
        .hasMessageContainingAll("PostgreSQL 14", "18", "pg_dump");
    assertThat(old.resolve("PG_VERSION")).hasContent("14");
  }

  @Test
  void endsItsErrorWithTheLastLinesOfTheServer() throws Exception {
    start().close();
    var settings = dataDir.resolve("postgres").resolve("postgresql.conf");
    Files.writeString(settings, "no_such_setting = 1\n", StandardOpenOption.APPEND);

    assertThatThrownBy(this::start)
        .isInstanceOf(DatabaseStartException.class)
        .hasMessageContainingAll(
            "does not start: ", "unrecognized configuration parameter \"no_such_setting\"");
  }

  @Test
  void refusesAPortThatIsTaken() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      assertThatThrownBy(
              () ->
                  EmbeddedDatabase.startForScratchDatabases(
                      dataDir, TestDatabase.BINARIES, taken.getLocalPort()))
          .isInstanceOf(DatabaseStartException.class)
          .hasMessageContainingAll(
              Integer.toString(taken.getLocalPort()), "database.embedded_port");
    }
  }

  @Test
  void refusesADataDirectoryItCannotCreate() throws Exception {
    var file = Files.createFile(dataDir.resolve("file"));

    assertThatThrownBy(
            () ->
                EmbeddedDatabase.startForScratchDatabases(
                    file.resolve("data"), TestDatabase.BINARIES, 0))
        .isInstanceOf(DatabaseStartException.class)
        .hasMessageContainingAll("data_dir", file.toString());
  }

  @Test
  void dropsAScratchDatabaseWithAllItsSessions() throws Exception {
    try (var database = start();
        var scratch = ScratchDatabase.create(database, "used");
        var session = Jdbc.connect(scratch.uri())) {
      scratch.close();

      assertThat(session.isValid(1)).isFalse();
      assertThat(
              TestDatabase.query(
                  database.uri(), "SELECT datname FROM pg_database WHERE datname = 'used'"))
          .isEmpty();
    }
  }

  private EmbeddedDatabase start() {
    return EmbeddedDatabase.startForScratchDatabases(dataDir, TestDatabase.BINARIES, 0);
  }

  private Process child() throws Exception {
    var command = new ArrayList<String>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Child.class.getName());
    command.add(dataDir.toString());
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  /** The URI of the child's database, once it is up. */
  private static String ready(Process child) throws Exception {
    var lines =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8));
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith("ready ")) return line.substring("ready ".length());
    }
    throw new AssertionError("the child ended before it was ready");
  }
}
