package com.cpprediction.postgres;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.DatabaseConfig;
import com.cpprediction.files.OwnerOnly;
import com.cpprediction.persistence.Schema;
import com.cpprediction.testing.Certificates;
import com.cpprediction.testing.Ports;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.sqlclient.Tuple;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * TLS of the pool and the migration, on a PostgreSQL that accepts encrypted connections only. Its
 * certificate is valid for 127.0.0.1 and not for 127.0.0.2, where it listens too.
 */
@ExtendWith(VertxExtension.class)
class DatabaseTlsIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String ENCRYPTED =
      "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

  @TempDir private static Path directory;

  private static final int PORT = Ports.free();
  private static Path data;
  private static Path authority;
  private static Path another;

  @BeforeAll
  static void start() throws Exception {
    var certificates = new Certificates(directory);
    var issuer = certificates.authority("authority");
    authority = issuer.certificate();
    another = certificates.authority("another").certificate();
    var server = certificates.signedBy(issuer, "server");
    data = directory.toRealPath().resolve("postgres");
    var settings = new LinkedHashMap<String, String>();
    settings.put("listen_addresses", "127.0.0.1,127.0.0.2");
    settings.put("unix_socket_directories", "");
    settings.put("ssl", "on");
    settings.put("ssl_cert_file", server.certificate().toString());
    settings.put("ssl_key_file", server.key().toString());
    var postgres = new PostgresServer(PostgresBinaries.bin(), data, settings);
    postgres.initialize("postgres");
    Files.writeString(data.resolve("pg_hba.conf"), "hostssl all postgres 127.0.0.0/8 trust\n");
    OwnerOnly.close(directory); // PostgreSQL requires a private key file
    postgres.start(PORT, PATIENCE);
  }

  @AfterAll
  static void stop() throws Exception {
    assertThat(Postmaster.of(data).orElseThrow().stop(PATIENCE, PATIENCE)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, sslmode=verify-full&sslrootcert=AUTHORITY, true",
    "127.0.0.2, sslmode=verify-full&sslrootcert=AUTHORITY, false",
    "127.0.0.1, sslmode=verify-full&sslrootcert=ANOTHER, false",
    "127.0.0.2, sslmode=verify-ca&sslrootcert=AUTHORITY, true",
    "127.0.0.1, sslmode=verify-ca&sslrootcert=ANOTHER, false",
    "127.0.0.2, sslmode=require&sslrootcert=AUTHORITY, true",
    "127.0.0.1, sslmode=require&sslrootcert=ANOTHER, false",
    "127.0.0.2, sslmode=require, true",
    "127.0.0.1, sslmode=prefer, true",
    "127.0.0.1, sslmode=allow, true",
    "127.0.0.1, sslmode=disable, false",
    "127.0.0.1, application_name=cp, false"
  })
  void connectsAsSslModeSaysForTheMigrationAndThePool(
      String host, String parameters, boolean connects, Vertx vertx) throws Exception {
    var uri = uri(host, parameters);
    var database = database(vertx, uri);
    try {
      var pool = database.read(ENCRYPTED, Tuple.tuple());
      if (connects) {
        assertThat(pool.await(60, SECONDS).iterator().next().getBoolean("ssl")).isTrue();
        try (var connection = jdbc(uri);
            var statement = connection.createStatement();
            var row = statement.executeQuery(ENCRYPTED)) {
          assertThat(row.next() && row.getBoolean("ssl")).isTrue();
        }
      } else {
        assertThatThrownBy(() -> pool.await(20, SECONDS)).isInstanceOf(Exception.class);
        assertThatThrownBy(() -> jdbc(uri)).isInstanceOf(SQLException.class);
      }
    } finally {
      database.close().await(60, SECONDS);
    }
  }

  private static Database database(Vertx vertx, String uri) {
    var pool =
        new DatabaseConfig.Pool(
            true, 2, 10, Duration.ofMinutes(1), Duration.ofHours(1), Duration.ofSeconds(10), 16);
    return new Database(vertx, DatabaseUri.parse(uri).options(), pool, () -> PATIENCE);
  }

  private static Connection jdbc(String uri) throws SQLException {
    return DatabaseUri.parse(uri).dataSource(PATIENCE, PATIENCE).getConnection();
  }

  @Test
  void migratesOverAVerifiedConnection() throws Exception {
    Schema.migrate(uri("127.0.0.1", "sslmode=verify-full&sslrootcert=AUTHORITY"), 0);

    assertThatThrownBy(
            () -> Schema.migrate(uri("127.0.0.1", "sslmode=verify-full&sslrootcert=ANOTHER"), 0))
        .isInstanceOf(DatabaseStartException.class);
  }

  private static String uri(String host, String parameters) {
    return "postgresql://postgres@%s:%d/postgres?%s"
        .formatted(
            host,
            PORT,
            parameters
                .replace("AUTHORITY", authority.toString())
                .replace("ANOTHER", another.toString()));
  }
}
