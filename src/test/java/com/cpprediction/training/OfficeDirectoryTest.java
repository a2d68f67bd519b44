package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OfficeDirectoryTest {
  @TempDir Path dir;

  @ParameterizedTest(name = "\"{0}\" is called \"{1}\"")
  @CsvSource({
    "Kadri S.O,kadri",
    "Kadri SO,kadri",
    "Kadri S O,kadri",
    "Kadri B.O,kadri",
    "Kadri H.O,kadri",
    "Kadri P.O.,kadri",
    "Kadri,kadri",
    "Chausa S.O (Buxar),chausa",
    "Kadri Hills B.O (Dakshina Kannada),kadri hills",
    "Kadri (West) B.O,kadri west",
    "Sahsi B.O (Alauli S.O),sahsi",
    "Atmakur So (A) S.O,atmakur",
    "Tadur Bo B.O,tadur",
    "ISI PO SO,isi",
    "New Delhi GPO,new delhi",
    "Mumbai G.P.O.,mumbai",
    "Mumbai G P O,mumbai",
    "GPO,gpo",
    "G.P.O.,g p o",
    "So Bazar S.O,so bazar",
    "So Bazar,so bazar",
    "Po Nagar B.O,po nagar",
    "Boisar S.O,boisar",
    "Sonar Bo,sonar",
    "Kaso,kaso",
    "S.O,s o",
  })
  void aNameEndsAtTheKindOfTheOffice(String listed, String name) throws IOException {
    var directory = dir.resolve("directory.csv");
    var cps = dir.resolve("cps.csv");
    Files.writeString(directory, "pincode,office\n575001," + listed + "\n");
    Files.writeString(cps, "cp_code,pincode,office\nA,575001," + listed + "\n");

    var read = OfficeDirectory.read(directory, cps);

    assertThat(read.offices("575001"))
        .extracting(OfficeDirectory.Office::name)
        .containsExactly(name);
    assertThat(read.cp("A")).isNotNull();
    assertThat(read.cp("A").office()).isEqualTo(name);
  }
}
