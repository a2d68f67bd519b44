package com.cpprediction.persistence;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.pgclient.PgException;
import java.io.IOException;
import java.sql.SQLException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TroubleTest {
  @ParameterizedTest
  @CsvSource({
    "08006,PASSING", "40P01,PASSING", "53100,PASSING", "53300,PASSING", "57P01,PASSING",
    "57P03,PASSING", "22001,DATA", "23514,DATA", "42P01,STANDING", "28P01,STANDING",
    "25006,STANDING", "42501,STANDING", "3D000,STANDING"
  })
  void goesByTheSqlState(String state, Trouble expected) {
    assertThat(Trouble.of(new PgException("so it is", "ERROR", state, null))).isEqualTo(expected);
    assertThat(Trouble.of(new IllegalStateException(new SQLException("so it is", state))))
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
    assertThat(Trouble.reason(new PgException("so it is", "ERROR", state, null))).isEqualTo(word);
    assertThat(Trouble.reason(new TimeoutException())).isEqualTo("silent");
    assertThat(Trouble.reason(new IOException("refused"))).isEqualTo("unreachable");
  }

  @Test
  void silenceAndBrokenConnectionsPass() {
    assertThat(Trouble.of(new TimeoutException())).isEqualTo(Trouble.PASSING);
    assertThat(Trouble.of(new IOException("reset"))).isEqualTo(Trouble.PASSING);
  }

  @Test
  void saysWhatIsWrongWithoutQuotingAWrapper() {
    var inner = new SQLException("role \"cp\" does not exist", "28000");

    var words = Trouble.describe(new IllegalStateException("at jdbc:…?password=secret", inner));

    assertThat(words).contains("refuses the user", "cp", "28000").doesNotContain("secret");
  }

  @Test
  void neverQuotesARefusedValue() {
    var refusal = new PgException("invalid input: \"14 MG Road\"", "ERROR", "22P02", null);

    assertThat(Trouble.describe(refusal)).contains("22P02").doesNotContain("MG Road");
  }
}
