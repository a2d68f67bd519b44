package com.cpprediction.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.testing.Certificates;
import io.vertx.pgclient.SslMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

class DatabaseUriTest {
  @TempDir private static Path directory;

  private static Path authority;

  @BeforeAll
  static void make() {
    authority = new Certificates(directory).authority("authority").certificate();
  }

  @Test
  void givesBothDriversTheSameServerAndCredentials() {
    var uri =
        DatabaseUri.parse("postgresql://c%40p:s%3Acret%2F@db.example:6543/city?sslmode=require");

    var options = uri.options();
    assertThat(options.getHost()).isEqualTo("db.example");
    assertThat(options.getPort()).isEqualTo(6543);
    assertThat(options.getUser()).isEqualTo("c@p");
    assertThat(options.getPassword()).isEqualTo("s:cret/");
    assertThat(options.getDatabase()).isEqualTo("city");
    assertThat(options.getSslMode()).isEqualTo(SslMode.REQUIRE);
    assertThat(options.getSslOptions().isTrustAll()).isTrue();
    var jdbc = jdbc(uri);
    assertThat(jdbc.getServerNames()).containsExactly("db.example");
    assertThat(jdbc.getPortNumbers()).containsExactly(6543);
    assertThat(jdbc.getUser()).isEqualTo("c@p");
    assertThat(jdbc.getPassword()).isEqualTo("s:cret/");
    assertThat(jdbc.getDatabaseName()).isEqualTo("city");
    assertThat(jdbc.getSslMode()).isEqualTo("require");
    assertThat(jdbc.getURL()).doesNotContain("cret");
  }

  @Test
  void translatesParametersThatTheDriversNameDifferently() {
    var uri =
        DatabaseUri.parse(
            "postgresql://cp@db/city?application_name=cp&search_path=own&sslmode=verify-full&sslrootcert="
                + authority);

    assertThat(uri.options().getProperties())
        .containsEntry("application_name", "cp")
        .containsEntry("search_path", "own")
        .doesNotContainKey("sslrootcert");
    assertThat(uri.options().getSslOptions().getHostnameVerificationAlgorithm()).isEqualTo("HTTPS");
    var jdbc = jdbc(uri);
    assertThat(jdbc.getApplicationName()).isEqualTo("cp");
    assertThat(jdbc.getCurrentSchema()).isEqualTo("own");
    assertThat(jdbc.getSslMode()).isEqualTo("verify-full");
    assertThat(jdbc.getSslRootCert()).isEqualTo(authority.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "mysql://cp:secret@db/city",
        "postgresql://cp:secret@db:port/city",
        "postgresql://cp:secret@%2Frun%2Fpostgresql/city",
        "postgresql://cp:secret@db/city?sslmode=verify-full"
      })
  void rejectsAnInvalidUriWithoutQuotingIt(String uri) {
    assertThatThrownBy(() -> DatabaseUri.parse(uri))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("database.uri")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @CsvSource({
    "'', DISABLE, disable",
    "?sslmode=disable, DISABLE, disable",
    "?sslmode=allow, ALLOW, allow",
    "?sslmode=prefer, PREFER, prefer",
    "?sslmode=require, REQUIRE, require",
    "?sslmode=require&sslrootcert=, VERIFY_CA, verify-ca",
    "?sslmode=verify-ca&sslrootcert=, VERIFY_CA, verify-ca",
    "?sslmode=verify-full&sslrootcert=, VERIFY_FULL, verify-full"
  })
  void givesBothDriversTheSameSslMode(String parameters, SslMode pool, String jdbc) {
    var uri =
        DatabaseUri.parse(
            "postgresql://cp@db/city" + parameters.replace("rootcert=", "rootcert=" + authority));

    assertThat(uri.options().getSslMode()).isEqualTo(pool);
    assertThat(jdbc(uri).getSslMode()).isEqualTo(jdbc);
  }

  @ParameterizedTest
  @CsvSource({
    "db, '', true",
    "db, ?sslmode=prefer, true",
    "10.0.0.1, ?sslmode=disable, true",
    "db, ?sslmode=require, false",
    "localhost, '', false",
    "127.0.0.1, '', false",
    "[::1], ?sslmode=prefer, false",
    "localhost.example, '', true"
  })
  void warnsOfPlainTextToAnotherMachine(String host, String parameters, boolean warns) {
    var warning =
        DatabaseUri.parse("postgresql://cp:secret@" + host + "/city" + parameters).warning();

    assertThat(warning.isPresent()).isEqualTo(warns);
    assertThat(warning.orElse("plain text")).contains("plain text").doesNotContain("secret", host);
  }

  @ParameterizedTest
  @CsvSource({
    "sslmode=verify-full&sslrootcert=/nowhere/ca.pem, can't be read",
    "sslmode=verify-full&sslrootcert=EMPTY, no certificate in",
    "sslmode=verify-full&sslrootcert=BROKEN, no file of certificates",
    "sslmode=prefer&sslrootcert=GOOD, may be plain text",
    "sslrootcert=GOOD, may be plain text",
    "sslmode=verify-ca, needs sslrootcert"
  })
  void rejectsAnUnusableRootCertificate(String parameters, String why) throws IOException {
    var empty = Files.writeString(directory.resolve("empty.pem"), "");
    var broken =
        Files.writeString(directory.resolve("broken.pem"), "-----BEGIN CERTIFICATE-----\nx\n");
    var uri =
        "postgresql://cp:secret@db/city?"
            + parameters
                .replace("EMPTY", empty.toString())
                .replace("BROKEN", broken.toString())
                .replace("GOOD", authority.toString());

    assertThatThrownBy(() -> DatabaseUri.parse(uri))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("database.uri", why)
        .hasMessageNotContaining("secret");
  }

  private static PGSimpleDataSource jdbc(DatabaseUri uri) {
    return (PGSimpleDataSource) uri.dataSource(Duration.ofSeconds(1), Duration.ofSeconds(2));
  }
}
