package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonObject;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The password in {@code database.uri}, the only secret that is a part of its value. */
class SecretPartTest {
  private static final ConfigKey KEY = ConfigSchema.key("database.uri");

  @ParameterizedTest
  @CsvSource({
    "postgresql://cp:hunter2@db:5432/cp, postgresql://cp:***@db:5432/cp",
    "postgres://cp:hun%40ter2@[::1]/cp, postgres://cp:***@[::1]/cp",
    "postgresql://cp@db/cp, postgresql://cp@db/cp",
    "postgresql://db, postgresql://db",
    "postgresql://[::1]:5432/cp, postgresql://[::1]:5432/cp",
    "postgresql://%2Fvar%2Frun/cp, postgresql://%2Fvar%2Frun/cp",
    "postgresql://cp:hunter2@db/cp?sslmode=verify-full&application_name=a,"
        + " postgresql://cp:***@db/cp?sslmode=verify-full&application_name=a",
    "postgresql://cp:hunter2@db/cp?sslmode=verify-full&sslrootcert=/etc/ssl/my%20ca.pem,"
        + " postgresql://cp:***@db/cp?sslmode=verify-full&sslrootcert=/etc/ssl/my%20ca.pem",
  })
  void masksThePasswordOnly(String uri, String masked) {
    assertThat(Configs.of(document(uri)).database().uri()).isEqualTo(uri);
    assertThat(KEY.masked(uri)).isEqualTo(masked);
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void masksAMalformedUriWhole(String uri) {
    assertThat(KEY.masked(uri)).isEqualTo("***");
    assertThatThrownBy(() -> Configs.of(document(uri)))
        .hasMessageStartingWith("database.uri is \"***\", must be postgresql://")
        .hasMessageNotContaining("hunter2");
  }

  private static JsonObject document(String uri) {
    var document = new JsonObject();
    KEY.put(document, uri);
    return document;
  }

  static Stream<String> malformed() {
    return Stream.of(
        " ",
        "db:5432",
        "mysql://cp:hunter2@db/cp",
        "jdbc:postgresql://cp:hunter2@db/cp",
        "postgresql:/cp:hunter2@db/cp",
        "postgresql://",
        "postgresql://cp:hunter2@",
        "postgresql://cp:hunt@er2@db/cp",
        "postgresql://cp:hunter2/@db/cp",
        "postgresql://cp:hunter%2@db/cp",
        "postgresql://cp:@db/cp",
        "postgresql://:hunter2@db/cp",
        "postgresql://cp:hunter2@db:0/cp",
        "postgresql://cp:hunter2@db:65536/cp",
        "postgresql://cp:hunter2@db:port/cp",
        "postgresql://cp:hunter2@db/cp/public",
        "postgresql://cp:hunter2@db,db2/cp",
        "postgresql://cp@db/cp?password=hunter2",
        "postgresql://cp:hunter2@db/cp?sslmode=on",
        "postgresql://cp:hunter2@db/cp?sslrootcert=ca.pem",
        "postgresql://cp:hunter2@db/cp?sslrootcert=",
        "postgresql://cp:hunter2@db/cp?",
        "postgresql://cp:hunter2@db/cp\n",
        "postgresql://db/cp?" + "options=a&".repeat(100_000) + "options=a");
  }
}
