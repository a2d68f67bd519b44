package com.cpprediction.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerProgramsTest {
  @ParameterizedTest
  @CsvSource({
    "linux, amd64, /postgres-linux-x86_64.txz",
    "linux, aarch64, /postgres-linux-arm_64.txz",
    "mac os x, aarch64, /postgres-darwin-arm_64.txz"
  })
  void findsTheArchiveOfAPlatform(String system, String machine, String archive) {
    assertThat(ServerPrograms.archive(system, machine, archive::equals)).isEqualTo(archive);
  }

  @Test
  void saysThatTheJarIsOneWithoutPrograms() {
    assertThatThrownBy(() -> ServerPrograms.archive("linux", "amd64", name -> false))
        .isInstanceOf(DatabaseStartException.class)
        .hasMessage(
            "This jar was packaged without the embedded PostgreSQL for linux on amd64;"
                + " set database.uri to a PostgreSQL server, or run the whole jar, cp-prediction-service.jar");
  }

  @Test
  void saysThatThereIsNoneForAPlatform() {
    assertThatThrownBy(() -> ServerPrograms.archive("linux", "riscv64", name -> false))
        .isInstanceOf(DatabaseStartException.class)
        .hasMessage(
            "No embedded PostgreSQL for linux on riscv64; set database.uri to a PostgreSQL server");
  }
}
