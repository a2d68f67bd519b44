package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.pgclient.SslMode;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

class DatabaseUriTest {
  @Test
  void bothDriversGetTheSamePlaceAndCredentials() {
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
  void translatesWhatTheDriversNameDifferently() {
    var uri =
        DatabaseUri.parse(
            "postgresql://cp@db/city?application_name=cp&search_path=own&sslmode=verify-full&sslrootcert=/ca.pem");

    assertThat(uri.options().getProperties())
        .containsEntry("application_name", "cp")
        .containsEntry("search_path", "own")
        .doesNotContainKey("sslrootcert");
    assertThat(uri.options().getSslOptions().getHostnameVerificationAlgorithm()).isEqualTo("HTTPS");
    var jdbc = jdbc(uri);
    assertThat(jdbc.getApplicationName()).isEqualTo("cp");
    assertThat(jdbc.getCurrentSchema()).isEqualTo("own");
    assertThat(jdbc.getSslMode()).isEqualTo("verify-full");
    assertThat(jdbc.getSslRootCert()).isEqualTo("/ca.pem");
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
  void refusesWhatItCannotUseWithoutQuotingIt(String uri) {
    assertThatThrownBy(() -> DatabaseUri.parse(uri))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("database.uri")
        .hasMessageNotContaining("secret");
  }

  private static PGSimpleDataSource jdbc(DatabaseUri uri) {
    return (PGSimpleDataSource) uri.dataSource(Duration.ofSeconds(1), Duration.ofSeconds(2));
  }
}
