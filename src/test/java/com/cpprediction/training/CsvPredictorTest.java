package com.cpprediction.training;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.csv.Columns;
import com.cpprediction.csv.CsvRows;
import com.cpprediction.csv.InputException;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.ScoringModel;
import com.cpprediction.terminal.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvPredictorTest {
  private static final String HEADER = "address,pincode,cp,confidence,cp2,confidence2,";

  private static ModelStore models;

  @TempDir Path dir;

  @BeforeAll
  static void load() {
    models = SmallRelease.models(SmallRelease.directory());
  }

  @AfterAll
  static void close() {
    models.close();
  }

  @Test
  void everyRowOfTheInputIsOneOfTheOutput() throws IOException {
    var good = SmallRelease.rows("180").get(0);
    var in =
        write(
            "in.csv",
            "pincode,address",
            good.pincode() + ",\"" + good.typed() + '"',
            "180001",
            "180001, --- ",
            "18000,Gol Gujral",
            ",zzyzx",
            ",Gandhi Nagar Jammu",
            "999999,Gol Gujral",
            "180001," + "x".repeat(1001),
            "180001,\"Gol Gujral" + "\n".repeat(6) + '"');

    assertThat(predict(in, dir.resolve("out.csv"))).isEqualTo(9);

    var problems = new ArrayList<String>();
    CsvRows.read(
        dir.resolve("out.csv"),
        Columns.of("cp", "problem"),
        row -> problems.add(row.getOrEmpty("problem")));
    assertThat(problems)
        .containsExactly(
            "",
            "malformed-request",
            "malformed-request",
            "malformed-request",
            "pincode-required",
            "",
            "unknown-prefix",
            "malformed-request",
            "");
    var first = Files.readAllLines(dir.resolve("out.csv")).get(1);
    assertThat(first).contains(good.typed() + "\"," + good.cp() + ',');
  }

  @Test
  void theOutputMayReplaceTheInput() throws IOException {
    var file = write("both.csv", "address,pincode", "Gol Gujral,180002");

    assertThat(predict(file, file)).isEqualTo(1);

    assertThat(Files.readAllLines(file)).hasSize(2).first().asString().startsWith(HEADER);
    assertThat(Files.readAllLines(file).get(1)).startsWith("Gol Gujral,180002,CP");
    assertThat(dir).isDirectoryNotContaining("glob:**.part");
  }

  @Test
  void anUnreadableInputLeavesTheOutputUnchanged() throws IOException {
    var out = write("out.csv", "of yesterday");
    var missing = dir.resolve("missing.csv");
    var broken = write("broken.csv", "address", "one", "x".repeat(5 << 20), "four");

    assertThatThrownBy(() -> predict(missing, out)).hasMessage("There is no file " + missing);
    assertThatThrownBy(() -> predict(broken, out))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("line 3 of " + broken + " is longer than");

    assertThat(out).hasContent("of yesterday");
    assertThat(dir).isDirectoryNotContaining("glob:**.part");
  }

  @Test
  void aFaultInScoringIsNotReportedAsABadRow() throws IOException {
    var in = write("in.csv", "address,pincode", "Gol Gujral,180002");
    var out = dir.resolve("out.csv");
    Function<String, ScoringModel> scorings =
        prefix -> {
          throw new IllegalArgumentException("a fault");
        };
    var faulty = new OfflinePredictor(models.current(), scorings, 0, null);

    assertThatThrownBy(() -> predict(in, out, faulty))
        .isExactlyInstanceOf(IllegalArgumentException.class)
        .hasMessage("a fault");

    assertThat(out).doesNotExist();
  }

  @Test
  void anOutputNamedGzIsCompressed() throws IOException {
    var in = write("in.csv", "address,pincode", "Gol Gujral,180002");
    var out = dir.resolve("out.csv.gz");

    predict(in, out);

    try (var unzipped = new GZIPInputStream(Files.newInputStream(out))) {
      assertThat(new String(unzipped.readAllBytes(), UTF_8)).startsWith(HEADER);
    }
  }

  @Test
  void namesAnUnwritableOutputAndTheReason() throws IOException {
    var in = write("in.csv", "address,pincode", "Gol Gujral,180002");
    var nowhere = dir.resolve("nowhere").resolve("out.csv");

    assertThatThrownBy(() -> predict(in, nowhere))
        .isInstanceOf(InputException.class)
        .hasMessage("Cannot write " + nowhere + ": its directory does not exist; create it");
    assertThatThrownBy(() -> predict(in, dir))
        .isInstanceOf(InputException.class)
        .hasMessage("Cannot write " + dir + ": it is a directory; name a file");
  }

  private static long predict(Path in, Path out) {
    return predict(in, out, OfflinePredictor.of(models, 0.5, OptionalDouble.empty())).rows();
  }

  private static CsvPredictor.Summary predict(Path in, Path out, OfflinePredictor models) {
    try (var file = CsvPredictor.open(in, out, null, Progress.NONE)) {
      return file.predict(models);
    }
  }

  private Path write(String name, String... lines) throws IOException {
    return Files.writeString(dir.resolve(name), String.join("\n", lines));
  }
}
