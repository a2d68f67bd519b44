package com.cpprediction.postgres;

import com.cpprediction.files.OwnerOnly;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Ports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.flywaydb.core.Flyway;

/**
 * The {@code data_dir} of the version before passwords: a running server that trusts every user on
 * loopback, tables that belong to the superuser, programs writable by all.
 */
public final class OldDataDirectory {
  private final Path bin;
  private final Path data;
  private final int port = Ports.free();

  private OldDataDirectory(Path bin, Path data) {
    this.bin = bin;
    this.data = data;
  }

  /**
   * Creates the directory, with three rows.
   *
   * @param dataDir {@code data_dir}; exists and is empty
   */
  public static OldDataDirectory create(Path dataDir) throws Exception {
    PostgresBinaries.copyTo(dataDir);
    var binaries = dataDir.resolve("postgres-binaries");
    var programs =
        Files.move(ServerPrograms.unpack(binaries).getParent(), binaries.resolve("PG-0123"));
    var old =
        new OldDataDirectory(programs.resolve("bin"), dataDir.toRealPath().resolve("postgres"));
    old.run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF-8", "--locale=C").onExit().get();
    old.run(
        "postgres",
        "-p",
        Integer.toString(old.port),
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "unix_socket_directories=");
    Await.until(() -> Postmaster.of(old.data).isPresent() && old.postmaster().isReady());
    old.fill();
    Files.createFile(old.data.resolve("epg-lock"));
    Files.createFile(old.data.resolve("cp-initialized"));
    for (var path : List.of(programs, binaries, dataDir)) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
    }
    return old;
  }

  private void fill() throws Exception {
    Flyway.configure()
        .dataSource(
            DatabaseUri.parse(uri()).dataSource(Duration.ofSeconds(3), Duration.ofSeconds(30)))
        .locations("classpath:db/migration")
        .target("3")
        .baselineOnMigrate(true)
        .baselineVersion("0")
        .load()
        .migrate();
    TestDatabase.execute(
        uri(),
        """
        SELECT predictions_partition('2031-04-01');
        INSERT INTO predictions
        SELECT gen_random_uuid(), moment::timestamptz, 'S1', 'MG Road', '560017', '560', 'CP1', 0.9, '[]', repeat('f', 64), 'model'
        FROM unnest(ARRAY['2031-04-10', '2031-05-10', '2031-06-10']) AS moment;
        INSERT INTO outcomes (shipment_id, cp, reported_at, result, look_at)
        VALUES ('S1', 'CP1', '2031-04-10', 'unknown', '2031-04-11');
        CREATE SCHEMA reports;
        CREATE SEQUENCE reports.numbers;
        CREATE VIEW reports.latest AS SELECT * FROM predictions WHERE predicted_at > '2031-05-01';
        CREATE MATERIALIZED VIEW reports.counts AS SELECT count(*) FROM predictions;
        CREATE TABLE reports.kept (id serial PRIMARY KEY, note text);
        CREATE TYPE reports.pair AS (a int, b int)
        """);
  }

  /** A URI without a password, which every user of the machine could use. */
  String uri() {
    return "postgresql://postgres@127.0.0.1:" + port + "/postgres";
  }

  Postmaster postmaster() throws IOException {
    return Postmaster.of(data).orElseThrow();
  }

  private Process run(String program, String... options) throws IOException {
    var command = new ArrayList<String>();
    if (OwnerOnly.user() == 0) command.addAll(List.of("unshare", "-U"));
    command.addAll(List.of(bin.resolve(program).toString(), "-D", data.toString()));
    command.addAll(List.of(options));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }
}
