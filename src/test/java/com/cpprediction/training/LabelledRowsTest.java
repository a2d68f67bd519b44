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

  @ParameterizedTest
  @ValueSource(strings = {"", "\",x,y\n"})
  void aQuoteThatIsNotClosedSwallowsNoRow(String later) throws IOException {
    var read =
        LabelledRows.read(
            file(HEADER + GOOD + "\"Mall Road,180001,CP2\n" + GOOD.repeat(5) + later + GOOD));

    assertThat(read.rows()).hasSize(8);
    assertThat(read.rows().get(1)).isEqualTo(new LabelledRow("\"Mall Road", "180001", "CP2"));
    assertThat(read.notes())
        .singleElement()
        .asString()
        .contains("has a quote in line 3 that is not closed");
    assertThat(read.bad()).isEqualTo(later.isEmpty() ? 0 : 1);
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
  void textAfterAClosingQuoteIsOfTheValue() throws IOException {
    var read = LabelledRows.read(file(HEADER + GOOD + "\"Mall\" Road,180001,CP2\n" + GOOD));

    assertThat(read.rows()).hasSize(3).contains(new LabelledRow("\"Mall\" Road", "180001", "CP2"));
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
  void aLineThatIsNotUtf8IsReadAsWindows1252() throws IOException {
    var file = dir.resolve("latin.csv");
    Files.write(file, (HEADER + GOOD + "Café Road,180001,CP1\n").getBytes(ISO_8859_1));

    var read = LabelledRows.read(file);

    assertThat(read.rows()).contains(new LabelledRow("Café Road", "180001", "CP1"));
    assertThat(read.notes())
        .containsExactly(file + " is not in UTF-8 from line 3 on; 1 line was read as Windows-1252");
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
