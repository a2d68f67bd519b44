package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That what compares sees what it is there to see. */
class OracleTest {
  private static final UUID OK = new UUID(1, 1);
  private static final UUID REFUSED = new UUID(1, 2);
  private static final UUID UNKNOWN = new UUID(1, 3);

  @TempDir private Path directory;
  private Oracle oracle;

  @BeforeEach
  void write() throws IOException {
    try (var ledger = new Ledger(directory.resolve("ledger.txt"))) {
      ledger.sending(OK, "S1");
      ledger.sending(REFUSED, "S2");
      ledger.sending(UNKNOWN, "S3");
      ledger.answered(OK, new Ledger.Answer("CP1", 0.123456, "575@01234567"));
      ledger.settled(REFUSED, RequestOutcome.REFUSED, 503);
      oracle = new Oracle(ledger.read());
    }
  }

  private static Oracle.Stored row(String shipment, double confidence) {
    return new Oracle.Stored(shipment, "CP1", confidence, "575@01234567");
  }

  @Test
  void agreesWithWhatWasAnswered() {
    oracle.stored(OK, row("S1", 0.123456));
    oracle.stored(UNKNOWN, row("S3", 0.5));

    var verdict = oracle.verdict();

    assertThat(verdict)
        .extracting(
            Oracle.Verdict::requests,
            Oracle.Verdict::ok,
            Oracle.Verdict::refused,
            Oracle.Verdict::unknown,
            Oracle.Verdict::stored)
        .containsExactly(3, 1, 1, 1, 2);
    assertThat(verdict.lost()).isEmpty();
    assertThat(verdict.doubled()).isEmpty();
    assertThat(verdict.different()).isEmpty();
    assertThat(verdict.strange()).isEmpty();
    assertThat(verdict.unwanted()).isEmpty();
  }

  @Test
  void seesARowThatIsLostAndFindsItAmongTheRejects() {
    assertThat(oracle.verdict().lost()).singleElement().asString().startsWith("S1 ");

    oracle.rejected(OK);

    assertThat(oracle.verdict().lost()).isEmpty();
  }

  @Test
  void seesARowThatIsThereTwice() {
    oracle.stored(OK, row("S1", 0.123456));
    oracle.stored(OK, row("S1", 0.123456));

    assertThat(oracle.verdict().doubled()).hasSize(1);
  }

  @Test
  void seesAnotherAnswerAndAnotherShipment() {
    oracle.stored(OK, row("S1", 0.123457));
    oracle.stored(UNKNOWN, row("S1", 0.5));

    assertThat(oracle.verdict().different()).hasSize(2);
  }

  @Test
  void seesARowWithoutARequestOrOfARefusedOne() {
    oracle.stored(REFUSED, row("S2", 0.5));
    oracle.stored(new UUID(1, 4), row("S4", 0.5));

    assertThat(oracle.verdict().unwanted()).hasSize(1);
    assertThat(oracle.verdict().strange()).hasSize(1);
  }
}
