package com.cpprediction.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.files.OwnerOnly;
import com.cpprediction.journal.Journal;
import com.cpprediction.persistence.Schema;
import com.cpprediction.testing.Jdbc;
import com.cpprediction.testing.OtherUser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Access of other users of the machine to {@code data_dir} and its PostgreSQL. */
class EmbeddedAccessIT {
  /** Uses the given data directory as a service does, prints the database URI and runs on. */
  public static final class Child {
    public static void main(String[] arguments) throws Exception {
      var dataDir = Path.of(arguments[0]);
      var database = EmbeddedDatabase.start(dataDir, 0);
      var journal = Journal.in(dataDir.resolve("journal"), Clock.systemUTC(), cause -> {});
      journal.open();
      journal.append(journal.entry("a row".getBytes(StandardCharsets.UTF_8)));
      System.out.println("ready " + database.uri());
      Thread.currentThread().join();
    }
  }

  @TempDir private Path directory;

  private Path dataDir;

  @BeforeEach
  void openTheParentDirectory() throws IOException { // so that only data_dir protects itself
    permit(directory, "rwxrwxrwx");
    dataDir = directory.resolve("data");
  }

  @Test
  void anotherUserReadsAndRunsNothingWhateverTheUmask() throws Exception {
    var other = OtherUser.nobody();
    var child =
        new ProcessBuilder(
                "sh",
                "-c",
                "umask 000; exec \"$@\"",
                "sh",
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName(),
                dataDir.toString())
            .redirectErrorStream(true)
            .start();
    try {
      var uri = URI.create(ready(child));

      assertThat(other.run("ls " + dataDir).exit()).isNotZero();
      assertThat(other.run("cat " + dataDir.resolve("pgpass")).exit()).isNotZero();
      assertThat(other.run("touch " + dataDir.resolve("postgres-binaries/x")).exit()).isNotZero();
      assertThat(greeting(other, uri.getPort(), "postgres")).startsWith("E").contains("28000");
      assertThat(greeting(other, uri.getPort(), EmbeddedDatabase.USER))
          .startsWith("R")
          .contains("SCRAM-SHA-256");
      assertThat(openToOthers(dataDir)).isEmpty();
    } finally {
      child.destroyForcibly().waitFor();
      var leftBehind = Postmaster.of(dataDir.toRealPath().resolve("postgres"));
      if (leftBehind.isPresent()) {
        leftBehind.get().stop(Duration.ofSeconds(10), Duration.ofSeconds(10));
      }
    }
  }

  /**
   * PostgreSQL's response to that role's startup message: {@code R} requests a password or, with
   * four zero bytes, admits it; {@code E} refuses (PostgreSQL manual, "Message Formats").
   */
  private static String greeting(OtherUser other, int port, String user) {
    var message =
        "\\x00\\x03\\x00\\x00user\\x00%s\\x00database\\x00postgres\\x00\\x00".formatted(user);
    int length = 4 + message.replaceAll("\\\\x..", "0").length();
    var greeting =
        other.run(
            "exec 3<>/dev/tcp/127.0.0.1/%d; printf '\\x00\\x00\\x00\\x%02x%s' >&3; timeout 10 dd bs=100 count=1 status=none <&3 | tr '\\0' '.'"
                .formatted(port, length, message));
    assertThat(greeting.exit()).as(greeting.output()).isZero();
    return greeting.output();
  }

  @Test
  void admitsTheRoleByPasswordOnlyAndNoSuperuser() throws Exception {
    try (var database = start()) {
      var uri = database.uri();
      assertThat(TestDatabase.query(uri, "SHOW is_superuser")).containsExactly("off");
      assertThatThrownBy(() -> TestDatabase.execute(uri, "COPY (SELECT 1) TO PROGRAM 'cat'"))
          .hasMessageContaining("permission denied");
      assertThatThrownBy(() -> TestDatabase.query(uri, "SELECT pg_read_file('/etc/passwd')"))
          .hasMessageContaining("permission denied");

      var password = URI.create(uri).getUserInfo().split(":")[1];
      assertThat(password).hasSize(64);
      for (var stranger :
          List.of(
              uri.replace(":" + password, ""),
              uri.replace(password, password.replace(password.charAt(0), 'x')),
              uri.replace("cp_service:" + password, "postgres"),
              uri.replace("cp_service", "postgres"))) {
        assertThatThrownBy(() -> Jdbc.connect(stranger))
            .as(stranger)
            .isInstanceOf(SQLException.class);
      }
    }
  }

  /** The superuser's statements at each start must not resolve to objects of the role. */
  @Test
  void runsNoFunctionOfTheRoleAsTheSuperuser() throws Exception {
    var ran = directory.resolve("ran");
    try (var database = start()) {
      TestDatabase.execute(
          database.uri(),
          """
          CREATE FUNCTION public.planted(oid, int4) RETURNS boolean LANGUAGE plpgsql AS $$
          BEGIN
            EXECUTE 'COPY (SELECT 1) TO PROGRAM ''cat > %1$s''';
            RETURN true;
          END $$;
          CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = int4, FUNCTION = public.planted)
          """
              .formatted(ran));
    }

    try (var again = start()) {
      assertThat(TestDatabase.query(again.uri(), "SHOW is_superuser")).containsExactly("off");
    }

    assertThat(ran).doesNotExist();
  }

  @Test
  void keepsItsPasswordAndReplacesOneThatIsLostOrWasReadable() throws Exception {
    String first;
    try (var database = start()) {
      first = password(database);
      TestDatabase.execute(database.uri(), "CREATE TABLE kept AS SELECT 42 AS answer");
    }
    try (var again = start()) {
      assertThat(password(again)).isEqualTo(first);
    }
    Files.delete(dataDir.resolve("pgpass"));
    String second;
    try (var lost = start()) {
      second = password(lost);
      assertThat(second).isNotEqualTo(first);
      assertThat(TestDatabase.query(lost.uri(), "SELECT answer FROM kept")).containsExactly("42");
    }
    permit(dataDir.resolve("pgpass"), "rw-r--r--");
    try (var open = start()) {
      assertThat(password(open)).isNotEqualTo(second);
      assertThat(TestDatabase.query(open.uri(), "SELECT answer FROM kept")).containsExactly("42");
    }
  }

  private static String password(EmbeddedDatabase database) {
    return URI.create(database.uri()).getUserInfo().split(":")[1];
  }

  @Test
  void convertsADataDirectoryWithTrustAuthenticationAndLosesNothing() throws Exception {
    Files.createDirectories(dataDir);
    var old = OldDataDirectory.create(dataDir);
    var everything = "SELECT row_to_json(p)::text FROM predictions p ORDER BY prediction_id";
    var before = TestDatabase.query(old.uri(), everything);
    var trusting = old.postmaster();
    assertThat(before).hasSize(3);

    try (var database = EmbeddedDatabase.start(dataDir, 0)) {
      var uri = database.uri();
      assertThat(trusting.process().isAlive()).isFalse();
      assertThat(TestDatabase.query(uri, everything)).isEqualTo(before);
      assertThatThrownBy(
              () ->
                  Jdbc.connect(
                      "postgresql://postgres@127.0.0.1:" + URI.create(uri).getPort() + "/postgres"))
          .hasMessageContaining("no pg_hba.conf entry");
      assertThat(
              TestDatabase.query(
                  uri,
                  """
                  SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                  WHERE nspname IN ('public', 'reports') AND relkind <> 'c' AND relowner::regrole <> 'cp_service'::regrole
                  """))
          .isEmpty();

      Schema.migrate(uri, 0);
      TestDatabase.execute(
          uri,
          """
          SELECT predictions_partition('2031-05-01');
          SELECT predictions_partition('2031-06-01');
          SELECT predictions_retain(1, '2031-05-15');
          INSERT INTO outcomes (shipment_id, cp, reported_at, result, look_at)
          VALUES ('S2', 'CP1', '2031-04-10', 'unknown', '2031-04-11');
          INSERT INTO reports.kept (note) VALUES (nextval('reports.numbers'));
          REFRESH MATERIALIZED VIEW reports.counts;
          DROP SCHEMA reports CASCADE
          """);
      assertThat(
              TestDatabase.query(
                  uri, "SELECT predicted_at::date::text FROM predictions ORDER BY 1"))
          .containsExactly("2031-05-10", "2031-06-10");
      assertThat(TestDatabase.query(uri, "SELECT sum(outcomes) FROM outcome_counts"))
          .containsExactly("2");
    }
    assertThat(openToOthers(dataDir)).isEmpty();
    assertThat(dataDir.resolve("postgres-binaries/PG-0123")).doesNotExist();
  }

  @Test
  void runsNoProgramOfAnotherUser() throws Exception {
    var other = OtherUser.nobody();
    var ran = directory.resolve("ran");
    var bin = unpack();
    makeWorldWritable(bin);
    var planted =
        other.run(
            "cd %s && rm postgres && printf '#!/bin/sh\\ntouch %s\\n' > postgres && chmod 755 postgres"
                .formatted(bin, ran));
    assertThat(planted.exit()).as(planted.output()).isZero();

    assertThatThrownBy(() -> EmbeddedDatabase.start(dataDir, 0))
        .isInstanceOf(DatabaseStartException.class)
        .hasMessageContainingAll("belongs to another user", "postgres-binaries", "delete");
    assertThatThrownBy(() -> EmbeddedDatabase.secure(dataDir)) // as with database.uri
        .isInstanceOf(DatabaseStartException.class);

    assertThat(ran).doesNotExist();
  }

  @Test
  void unpacksWritableAndIncompleteProgramsAgain() throws Exception {
    var other = OtherUser.nobody();
    var bin = unpack();
    var genuine = Files.readAllBytes(bin.resolve("pg_ctl"));
    makeWorldWritable(bin);
    permit(bin.resolve("pg_ctl"), "rwxrwxrwx");
    var planted = other.run("printf '#!/bin/sh\\ntouch ran\\n' > %s/pg_ctl".formatted(bin));
    assertThat(planted.exit()).as(planted.output()).isZero();

    assertThat(unpack().resolve("pg_ctl")).hasBinaryContent(genuine);

    assertThat(openToOthers(dataDir.resolve("postgres-binaries"))).isEmpty();
    Files.write(bin.resolve("pg_ctl"), new byte[1]);
    assertThat(unpack().resolve("pg_ctl")).hasBinaryContent(genuine);
    Files.delete(bin.getParent().resolve("complete"));
    assertThat(unpack().resolve("pg_ctl")).hasBinaryContent(genuine);
  }

  private Path unpack() throws IOException {
    return ServerPrograms.unpack(OwnerOnly.createDirectories(dataDir).resolve("postgres-binaries"));
  }

  private void makeWorldWritable(Path bin) throws IOException {
    for (var path = bin; !path.equals(directory.toRealPath()); path = path.getParent()) {
      permit(path, "rwxrwxrwx");
    }
  }

  private EmbeddedDatabase start() {
    return EmbeddedDatabase.startForScratchDatabases(dataDir, TestDatabase.BINARIES, 0);
  }

  /** Paths in {@code tree} that another user may access, except links. */
  private static List<Path> openToOthers(Path tree) throws IOException {
    try (var all = Files.walk(tree)) {
      return all.filter(path -> !Files.isSymbolicLink(path))
          .filter(path -> !permissions(path).endsWith("------"))
          .toList();
    }
  }

  private static void permit(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  private static String permissions(Path path) {
    try {
      return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The URI of the child's database, once it is up. */
  private static String ready(Process child) throws IOException {
    var lines =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8));
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith("ready ")) return line.substring("ready ".length());
    }
    throw new AssertionError("the child ended before it was ready");
  }
}
