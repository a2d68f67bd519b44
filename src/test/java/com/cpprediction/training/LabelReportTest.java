package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.cpprediction.csv.Columns;
import com.cpprediction.csv.CsvOutput;
import com.cpprediction.csv.CsvRows;
import com.cpprediction.csv.InputException;
import com.cpprediction.model.Scorer;
import com.cpprediction.model.format.ModelFile;
import com.cpprediction.model.format.OwnPlace;
import com.cpprediction.model.format.PrefixIndex;
import com.cpprediction.prediction.Address;
import com.cpprediction.terminal.Progress;
import com.cpprediction.testing.SmallDisk;
import com.cpprediction.training.SmallRelease.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train --doubtful} on the rows of the small release. */
class LabelReportTest {
  /** Each row of this many gets a wrong label. */
  private static final int PLANTED = 20;

  /** Fails when any work begins. */
  private static final Progress NO_WORK =
      new Progress() {
        @Override
        public void begin(String what, int steps) {
          throw new AssertionError(what);
        }

        @Override
        public void step(int count) {}
      };

  @TempDir Path dir;

  /** A row of the report. */
  private record Listed(
      String file,
      int line,
      String address,
      String pincode,
      String cp,
      String predicted,
      double confidence,
      double labelConfidence,
      int ofLabel,
      int ofPredicted) {}

  @Test
  void listsSwappedLabelsWithTheRightCp() throws IOException {
    var rows = SmallRelease.rows();
    var swapped = swapped(rows);
    var data = write("rows.csv", relabelled(rows, swapped));

    var report = train(options(List.of(data), 2));

    var listed = listed();
    var planted = listed.stream().filter(row -> swapped.containsKey(row.line() - 2)).toList();
    assertThat(report.judged()).isEqualTo(rows.size());
    assertThat(report.doubtful()).isEqualTo(listed.size());
    // The others are of pincodes of two CPs, which leave the model in doubt.
    assertThat(planted).hasSizeGreaterThan(swapped.size() / 2);
    long right =
        planted.stream()
            .filter(row -> row.predicted().equals(rows.get(row.line() - 2).cp()))
            .count();
    assertThat(right).isGreaterThanOrEqualTo(planted.size() - 1); // the data has errors of its own
    assertThat(listed.size() - planted.size()).isLessThan(rows.size() / 100);
    for (var row : listed) {
      var original = rows.get(row.line() - 2);
      assertThat(row.address().strip()).isEqualTo(original.typed().strip());
      assertThat(row.pincode()).isEqualTo(original.pincode());
      assertThat(row.cp()).isEqualTo(swapped.getOrDefault(row.line() - 2, original.cp()));
      assertThat(row.confidence()).isBetween(PrefixLabels.CONFIDENCE, 1.0);
      assertThat(row.labelConfidence()).isBetween(0.0, 1.000001 - row.confidence());
      assertThat(row.ofLabel()).isPositive();
    }
  }

  @Test
  void aRowDoesNotVouchForItsOwnLabel() throws IOException {
    var rows = new ArrayList<>(SmallRelease.rows());
    var wrong = certain(rows);
    int line = rows.indexOf(wrong) + 2;
    var words = "zzyzx qwrtp " + wrong.typed();
    rows.set(line - 2, new Row(words, words, wrong.pincode(), "CP-TYPO"));
    var data = write("rows.csv", rows);

    train(options(List.of(data), 2));

    var served =
        OfflinePredictor.of(SmallRelease.models(dir.resolve("out")), 0, OptionalDouble.empty())
            .predict(new Scorer(), Address.of(words, wrong.pincode()));
    assertThat(served.scored().candidates().get(0).cp()).isEqualTo("CP-TYPO");
    assertThat(listed())
        .filteredOn(row -> row.line() == line)
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.predicted()).isEqualTo(wrong.cp());
              assertThat(row.labelConfidence()).isLessThan(0.05);
              assertThat(row.ofLabel()).isEqualTo(1);
              assertThat(row.ofPredicted()).isZero();
            });
  }

  @Test
  void repetitionsOfARowDoNotVouchForItsLabel() throws IOException {
    var rows = new ArrayList<>(SmallRelease.rows());
    var first = certain(rows);
    int before = rows.size();
    var other = otherCp(rows, first);
    for (int i = 0; i < 5; i++) rows.add(new Row(first.typed(), "", first.pincode(), other));
    var data = write("rows.csv", rows);

    train(options(List.of(data), 2));

    assertThat(listed())
        .filteredOn(row -> row.line() >= before + 2)
        .hasSize(5)
        .allSatisfy(
            row -> {
              assertThat(row.predicted()).isEqualTo(first.cp());
              assertThat(row.ofLabel()).isEqualTo(5);
              assertThat(row.ofPredicted()).isPositive();
            });
  }

  @Test
  void isTheSameForAnyNumberOfThreadsAndInTheOrderOfTheInput() throws IOException {
    var rows = SmallRelease.rows();
    var all = relabelled(rows, swapped(rows));
    var first = write("b.csv", all.subList(0, 300));
    var second = write("a.csv", all.subList(300, all.size()));
    var reports = new ArrayList<String>();

    for (int threads : new int[] {1, 4}) {
      train(options(List.of(first, second), threads));
      reports.add(Files.readString(report()));
    }

    assertThat(reports.get(1)).isEqualTo(reports.get(0));
    var listed = listed();
    var places =
        listed.stream()
            .map(row -> row.line() + (row.file().equals(first.toString()) ? 0 : 1_000))
            .toList();
    assertThat(places).isSorted().doesNotHaveDuplicates();
    assertThat(listed.stream().map(Listed::file).distinct())
        .containsExactly(first.toString(), second.toString());
    assertThat(listed.stream().map(row -> row.pincode().substring(0, 3)).distinct())
        .hasSizeGreaterThan(1);
  }

  @Test
  void judgesTheRowsThatAReleaseLeavesOut() throws IOException {
    var rows = SmallRelease.rows();
    var swapped = swapped(rows);
    var data = write("rows.csv", relabelled(rows, swapped));
    var held = dir.resolve("held.csv");

    var report = train(options(List.of(data), 0.3, held, List.of(), null));

    assertThat(report.judged()).isEqualTo(rows.size());
    var heldRows = LabelledRows.read(held).rows().stream().map(LabelledRow::address).toList();
    assertThat(listed()).anySatisfy(row -> assertThat(heldRows).contains(row.address()));
    assertThat(listed().stream().filter(row -> swapped.containsKey(row.line() - 2)).count())
        .isGreaterThan(swapped.size() / 2);
  }

  @Test
  void judgesTheRowsOfThePrefixesOfTheRelease() throws IOException {
    var data = write("rows.csv", SmallRelease.rows());

    var report = train(options(List.of(data), 0.2, null, List.of("575"), null));

    assertThat(report.judged()).isEqualTo(SmallRelease.rows("575").size());
  }

  @Test
  void judgesTheNewRowsOfAnUpdatedRelease() throws IOException {
    var rows = SmallRelease.rows();
    var swapped = swapped(rows);
    var before = dir.resolve("before");
    var kept = options(List.of(write("all.csv", rows)), 0.2, null, List.of(), null);
    Training.run(with(kept, before, null, null), Progress.NONE);
    var newer = new ArrayList<Row>();
    swapped.forEach(
        (at, cp) -> newer.add(new Row(rows.get(at).typed(), "", rows.get(at).pincode(), cp)));

    var report = train(options(List.of(write("new.csv", newer)), 0, null, List.of(), before));

    assertThat(report.judged()).isEqualTo(newer.size());
    assertThat(report.doubtful()).isGreaterThan(newer.size() / 2L);
  }

  @Test
  void leavesAPlaceOutOfThePincodes() {
    var builder = new PrefixCounts.Builder("560", new PrefixCounts.Options(1, 0, 0, 1_000));
    add(builder, "north gate tower one", "560001", "CP1");
    add(builder, "north gate tower one", "560001", "CP1");
    add(builder, "north gate tower one", "560001", "CP2");
    add(builder, "south lake road eleven", "560001", "CP1");
    add(builder, "old market street nine", "560002", "CP1");
    var counts = builder.build(List.of());
    var rarity = new Rarity(List.of(counts.fingerprints()));
    var file = IndexBuilder.build(counts, OfficeDirectory.EMPTY, rarity).toBytes();
    var index = new PrefixIndex(ModelFile.of(file));
    var cps = new int[] {0, 0, 1};
    var text = "north gate tower one";
    var own =
        OwnPlace.of(index, cps, new String[] {text, text, text})
            .withPincodes(cps, new int[] {560001, 560001, 560001});
    var shares = new double[2];

    assertThat(index.addPincodeShares(560001, 1, shares, 0)).isTrue();
    assertThat(shares).containsExactly(new double[] {3.5 / 4.5, 1}, within(1e-12));
    var without = new double[2];
    assertThat(index.addPincodeShares(560001, own, 1, without, 0)).isTrue();
    assertThat(without).containsExactly(new double[] {1.5 / 2.5, 0}, within(1e-12));
    var other = new double[2];
    assertThat(index.addPincodeShares(560002, own, 1, other, 0)).isTrue();
    assertThat(other).containsExactly(new double[] {1 / 2.5, 0}, within(1e-12));
  }

  @Test
  void refusesAnUnusableFileBeforeTheWork() throws IOException {
    var rows = Files.createDirectory(dir.resolve("rows"));
    var data = write("rows/a.csv", SmallRelease.rows());

    assertRefused(
        List.of(data),
        dir.resolve("missing/d.csv"),
        "Cannot write %s: its directory does not exist; create it");
    assertRefused(List.of(data), data, "%s has the training rows; name another file");
    var beside = rows.resolve("d.csv.gz");
    assertRefused(
        List.of(rows),
        beside,
        "%s would be read as training rows next time: " + rows + " is a directory of --data");
    assertThat(LabelledRows.read(data).rows()).hasSize(SmallRelease.rows().size());
  }

  @Test
  void aFullDiskLeavesTheReleaseAndNoReport() throws IOException {
    var rows = SmallRelease.rows();
    var data = write("rows.csv", relabelled(rows, swapped(rows)));
    try (var disk = SmallDisk.mount(dir.resolve("disk"), 1)) {
      disk.fill();
      var file = disk.root().resolve("doubtful.csv");
      var options = with(options(List.of(data), 2), dir.resolve("out"), file, null);

      assertThatThrownBy(() -> Training.run(options, Progress.NONE))
          .isInstanceOf(InputException.class)
          .hasMessage(
              "Cannot write %s: No space left on device; the release in %s is complete"
                  .formatted(file, dir.resolve("out")));

      disk.free();
      assertThat(disk.root()).isEmptyDirectory();
      assertThat(SmallRelease.models(dir.resolve("out")).current().prefixes()).hasSize(3);
    }
  }

  private void assertRefused(List<Path> data, Path file, String said) {
    var options = with(options(data, 2), dir.resolve("out"), file, null);

    assertThatThrownBy(() -> Training.run(options, NO_WORK))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(said.formatted(file));
    assertThat(dir.resolve("out")).doesNotExist();
  }

  private static void add(PrefixCounts.Builder builder, String text, String pincode, String cp) {
    builder.add(new LabelledRow(text, pincode, cp), text);
  }

  /** A CP of another pincode by the index of the row that gets it. */
  private static Map<Integer, String> swapped(List<Row> rows) {
    var swapped = new HashMap<Integer, String>();
    for (int i = 7; i < rows.size(); i += PLANTED) {
      var others = otherCps(rows, rows.get(i));
      swapped.put(i, others.get(i / PLANTED % others.size()));
    }
    return swapped;
  }

  private static String otherCp(Collection<Row> rows, Row row) {
    return otherCps(rows, row).get(0);
  }

  /** The CPs of the prefix of a row that have no address of its pincode. */
  private static List<String> otherCps(Collection<Row> rows, Row row) {
    var near = rows.stream().filter(r -> r.pincode().equals(row.pincode())).map(Row::cp).toList();
    return rows.stream()
        .filter(other -> other.pincode().startsWith(row.pincode().substring(0, 3)))
        .map(Row::cp)
        .filter(cp -> !near.contains(cp))
        .distinct()
        .sorted()
        .toList();
  }

  /** The surest row by its words alone of a pincode with one CP and many addresses. */
  private static Row certain(List<Row> rows) {
    var models =
        OfflinePredictor.of(
            SmallRelease.models(SmallRelease.directory()), 0, OptionalDouble.empty());
    var scorer = new Scorer();
    ToDoubleFunction<Row> confidence =
        row -> {
          var best = models.predict(scorer, Address.of(row.typed(), null)).scored().candidates();
          return best.get(0).cp().equals(row.cp()) ? best.get(0).confidence() : 0;
        };
    return rows.stream()
        .filter(
            row -> {
              var there = rows.stream().filter(r -> r.pincode().equals(row.pincode())).toList();
              return there.size() >= 20
                  && there.stream().allMatch(other -> other.cp().equals(row.cp()));
            })
        .max(Comparator.comparingDouble(confidence))
        .orElseThrow();
  }

  private static List<Row> relabelled(List<Row> rows, Map<Integer, String> cps) {
    var changed = new ArrayList<>(rows);
    cps.forEach(
        (at, cp) -> {
          var row = rows.get(at);
          changed.set(at, new Row(row.typed(), row.text(), row.pincode(), cp));
        });
    return changed;
  }

  private Path write(String name, List<Row> rows) {
    var file = dir.resolve(name);
    try (var csv = CsvOutput.create(file)) {
      csv.write(LabelledRow.COLUMNS.required());
      for (var row : rows) csv.write(List.of(row.typed(), row.pincode(), row.cp()));
      csv.publish();
    }
    return file;
  }

  private Path report() {
    return dir.resolve("doubtful.csv");
  }

  private static DoubtfulLabels train(Training.Options options) {
    var doubtful = Training.run(options, Progress.NONE).doubtful();
    assertThat(doubtful).isNotNull();
    return doubtful;
  }

  private Training.Options options(List<Path> data, int threads) {
    var options = options(data, 0.2, null, List.of(), null);
    return new Training.Options(
        options.data(),
        options.directory(),
        options.offices(),
        List.of(),
        options.out(),
        1,
        0.2,
        null,
        options.doubtful(),
        null,
        false,
        false,
        threads);
  }

  private Training.Options options(
      List<Path> data,
      double heldBack,
      @Nullable Path heldBackOut,
      List<String> prefixes,
      @Nullable Path add) {
    return new Training.Options(
        new TrainingInput.Options(data, null, null, dir),
        SmallRelease.directoryFile(),
        SmallRelease.officesFile(),
        prefixes,
        dir.resolve("out"),
        1,
        heldBack,
        heldBackOut,
        report(),
        add,
        false,
        true,
        2);
  }

  private static Training.Options with(
      Training.Options o, Path out, @Nullable Path doubtful, @Nullable Path add) {
    return new Training.Options(
        o.data(),
        o.directory(),
        o.offices(),
        o.prefixes(),
        out,
        o.seed(),
        o.heldBack(),
        o.heldBackOut(),
        doubtful,
        add,
        o.decay(),
        true,
        o.threads());
  }

  private List<Listed> listed() {
    var listed = new ArrayList<Listed>();
    CsvRows.read(
        report(),
        Columns.of(LabelReport.COLUMNS.toArray(String[]::new)),
        row ->
            listed.add(
                new Listed(
                    row.get("file"),
                    Integer.parseInt(row.get("line")),
                    row.address(),
                    row.pincode(),
                    row.get("cp_code"),
                    row.get("predicted_cp"),
                    Double.parseDouble(row.get("confidence")),
                    Double.parseDouble(row.get("cp_code_confidence")),
                    Integer.parseInt(row.get("place_rows_of_cp_code")),
                    Integer.parseInt(row.get("place_rows_of_predicted_cp")))));
    return listed;
  }
}
