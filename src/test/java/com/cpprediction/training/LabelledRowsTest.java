package com.cpprediction.training;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.csv.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LabelledRowsTest {
  private static final String HEADER = "address,pincode,cp_code\n";
  private static final String GOOD = "Gol Gujral,180002,CP1\n";

  @TempDir Path dir;

  @Test
  void namesTheLinesOfAQuoteThatIsClosedTooLate() throws IOException {
    var file =
        file(HEADER + GOOD + "\"Mall Road,180001,CP2\n" + GOOD.repeat(5) + "\",x,y\n" + GOOD);

    var read = LabelledRows.read(file);

    assertThat(read.rows()).hasSize(2);
    assertThat(read.badExamples())
        .containsExactly("line 3: a quote opened here is not closed until line 9");
  }

  @Test
  void namesTheLineOfAnUnclosedQuote() throws IOException {
    var read = LabelledRows.read(file(HEADER + GOOD + "\"Mall Road,180001,CP2\n" + GOOD.repeat(9)));

    assertThat(read.rows()).hasSize(1);
    assertThat(read.badExamples()).singleElement().asString().startsWith("line 3: a quote opened");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r\n", "\r"})
  void anAddressMayHaveFiveLines(String lineBreak) throws IOException {
    var five = "line" + (lineBreak + "line").repeat(4);

    var read = LabelledRows.read(file(HEADER + '"' + five + "\",180002,CP1\n"));

    assertThat(read.bad()).isZero();
    assertThat(read.rows().get(0).address()).isEqualTo(five);
  }

  @Test
  void textAfterAClosingQuoteRefusesTheFile() throws IOException {
    var file = file(HEADER + GOOD + "\"Mall\" Road,180001,CP2\n");

    assertThatThrownBy(() -> LabelledRows.read(file))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + " is not CSV: ")
        .hasMessageContaining("line 3")
        .hasMessageEndingWith("write a quote in a value twice");
  }

  @Test
  void anAddressMayHaveAThousandCharacters() throws IOException {
    var most = "𝟏".repeat(1000); // each two chars in Java

    var read = LabelledRows.read(file(HEADER + most + ",180002,CP1\n" + most + "x,180002,CP1\n"));

    assertThat(read.rows()).containsExactly(new LabelledRow(most, "180002", "CP1"));
    assertThat(read.badExamples())
        .containsExactly("line 3: address is longer than 1000 characters");
  }

  @Test
  void anAddressIsKeptAsTyped() throws IOException {
    var read = LabelledRows.read(file(HEADER + "\"  Gol\tGujral \", 180002 , CP1 \n"));

    assertThat(read.rows()).containsExactly(new LabelledRow("  Gol\tGujral ", "180002", "CP1"));
  }

  @Test
  void textThatIsNotUtf8IsRefused() throws IOException {
    var file = dir.resolve("latin.csv");
    Files.write(file, (HEADER + "Café Road,180001,CP1\n").getBytes(ISO_8859_1));

    assertThatThrownBy(() -> LabelledRows.read(file))
        .isInstanceOf(InputException.class)
        .hasMessage(file + " is not UTF-8; convert it to UTF-8");
  }

  @Test
  void refusesADirectory() {
    assertThatThrownBy(() -> LabelledRows.read(dir))
        .isInstanceOf(InputException.class)
        .hasMessage(dir + " is a directory; name a file");
  }

  private Path file(String content) throws IOException {
    return Files.writeString(dir.resolve("rows.csv"), content);
  }
}
