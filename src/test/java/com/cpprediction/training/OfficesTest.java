package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OfficesTest {
  @TempDir Path dir;
  private Path directory;
  private Path cps;

  @BeforeEach
  void write() throws IOException {
    directory = dir.resolve("directory.csv");
    Files.writeString(
        directory,
        """
        pincode,office,taluk,district
        575001,Kadri S.O,Mangalore,Dakshina Kannada
        575001,Bejai B.O,Mangalore,Dakshina Kannada
        575001,Lalbagh B.O,Mangalore,Dakshina Kannada
        575002,Ullal S.O,Ullal,Dakshina Kannada
        """);
    cps = dir.resolve("cps.csv");
  }

  private Offices offices(String cpOffices, List<LabelledRow> rows) throws IOException {
    Files.writeString(cps, "cp_code,pincode,office,is_delivery_office_of_pincode\n" + cpOffices);
    var known = OfficeDirectory.read(directory, cps);
    var builder = new PrefixCounts.Builder("575", new PrefixCounts.Options(1, 0, 0, 10));
    rows.forEach(row -> builder.add(row, row.address()));
    return Offices.of(builder.build(known.cpsOf("575")), known);
  }

  private static List<String> names(Offices offices, int cp) {
    return offices.offices().subList(offices.first()[cp], offices.first()[cp + 1]).stream()
        .map(OfficeDirectory.Office::name)
        .toList();
  }

  private static LabelledRow row(String text, int pincode, String cp) {
    return new LabelledRow(text, Integer.toString(pincode), cp);
  }

  @Test
  void anOfficeIsOfTheCpThatBearsItsNameElseOfTheDeliveringOne() throws IOException {
    var offices =
        offices(
            "A,575001,Bejai,0\nB,575001,Kadri,1\n",
            List.of(row("bejai church", 575001, "A"), row("bejai market", 575001, "A")));

    assertThat(names(offices, 0)).containsExactly("bejai");
    assertThat(names(offices, 1)).containsExactly("kadri", "lalbagh");
    assertThat(offices.own()).containsExactly(0, 1);
  }

  @Test
  void withoutADeliveringCpTheOneWithMostAddressesHasTheOffices() throws IOException {
    var offices =
        offices(
            "",
            List.of(
                row("kadri temple road", 575001, "A"),
                row("bejai church street", 575001, "B"),
                row("lalbagh clock tower", 575001, "B")));

    assertThat(names(offices, 0)).isEmpty();
    assertThat(names(offices, 1)).containsExactly("kadri", "bejai", "lalbagh");
    assertThat(offices.own()).containsExactly(-1, -1);
  }

  @Test
  void aCpOfSeveralPincodesHasTheOfficesOfAll() throws IOException {
    var offices =
        offices(
            "",
            List.of(
                row("kadri temple road", 575001, "A"),
                row("ullal beach street", 575002, "A"),
                row("ullal dargah lane", 575002, "A")));

    assertThat(names(offices, 0)).containsExactly("kadri", "bejai", "lalbagh", "ullal");
    assertThat(offices.pincode()).containsExactly(575002);
    assertThat(offices.regions(0)).containsExactly("dakshina", "kannada", "mangalore", "ullal");
  }

  @Test
  void anOfficeThatIsNotListedIsAdded() throws IOException {
    var offices =
        offices("A,575001,Hampankatta,1\n", List.of(row("hampankatta clock tower", 575001, "A")));

    assertThat(names(offices, 0)).containsExactly("kadri", "bejai", "lalbagh", "hampankatta");
    assertThat(offices.own()).containsExactly(3);
  }
}
