package com.cpprediction.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.pgclient.PgException;
import java.io.IOException;
import java.sql.SQLException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SqlFailureTest {
  @ParameterizedTest
  @CsvSource({
    "08006,TRANSIENT", "40P01,TRANSIENT", "53100,TRANSIENT", "53300,TRANSIENT", "57P01,TRANSIENT",
    "57P03,TRANSIENT", "22001,ROW_REJECTED", "23514,ROW_REJECTED", "42P01,PERMANENT",
        "28P01,PERMANENT",
    "25006,PERMANENT", "42501,PERMANENT", "3D000,PERMANENT"
  })
  void classifiesBySqlState(String state, SqlFailure expected) {
    assertThat(SqlFailure.of(new PgException("so it is", "ERROR", state, null)))
        .isEqualTo(expected);
    assertThat(SqlFailure.of(new IllegalStateException(new SQLException("so it is", state))))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "08006,unreachable",
    "28P01,sign-in",
    "28000,sign-in",
    "3D000,no-database",
    "42P01,no-table",
    "42501,no-permission",
    "25006,read-only",
    "53300,out-of-resources",
    "57P03,starting-or-stopping",
    "XX000,error"
  })
  void hasAWordForEachReason(String state, String word) {
    assertThat(SqlFailure.reason(new PgException("so it is", "ERROR", state, null)))
        .isEqualTo(word);
    assertThat(SqlFailure.reason(new TimeoutException())).isEqualTo("silent");
    assertThat(SqlFailure.reason(new IOException("refused"))).isEqualTo("unreachable");
  }

  @Test
  void timeoutsAndBrokenConnectionsAreTransient() {
    assertThat(SqlFailure.of(new TimeoutException())).isEqualTo(SqlFailure.TRANSIENT);
    assertThat(SqlFailure.of(new IOException("reset"))).isEqualTo(SqlFailure.TRANSIENT);
  }

  @Test
  void describesTheCauseWithoutQuotingAWrapper() {
    var inner = new SQLException("role \"cp\" does not exist", "28000");

    var words = SqlFailure.describe(new IllegalStateException("at jdbc:…?password=secret", inner));

    assertThat(words).contains("refuses the user", "cp", "28000").doesNotContain("secret");
  }

  @Test
  void neverQuotesARejectedValue() {
    var refusal = new PgException("invalid input: \"14 MG Road\"", "ERROR", "22P02", null);

    assertThat(SqlFailure.describe(refusal)).contains("22P02").doesNotContain("MG Road");
  }
}
