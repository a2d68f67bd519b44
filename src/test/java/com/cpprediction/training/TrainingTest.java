package com.cpprediction.training;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.csv.InputException;
import com.cpprediction.csv.OutputPath;
import com.cpprediction.json.Digests;
import com.cpprediction.model.Scorer;
import com.cpprediction.model.Verification;
import com.cpprediction.model.format.Grams;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Address;
import com.cpprediction.terminal.Progress;
import com.cpprediction.training.Training.Options;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingTest {
  private static final String COLUMNS = "address,pincode,cp_code";

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

  @TempDir private static Path trained;
  private static Training.Report report;

  @TempDir Path dir;

  @BeforeAll
  static void trainWithOneThread() {
    report = Training.run(with(SmallRelease.options(trained), 1, List.of()), Progress.NONE);
  }

  @Test
  void theSameInputAndSeedGiveTheSameBytesWithAnyNumberOfThreads() throws IOException {
    Training.run(with(SmallRelease.options(dir), 4, List.of()), Progress.NONE);

    assertThat(files(trained)).isEqualTo(files(SmallRelease.directory())); // trained by two
    assertThat(files(dir)).isEqualTo(files(SmallRelease.directory()));
  }

  @Test
  void theReportCountsTheContentOfTheRelease() throws IOException {
    assertThat(report.input().rows()).isEqualTo(561);
    assertThat(report.input().bad()).isZero();
    assertThat(report.input().badExamples()).isEmpty();
    assertThat(report.prefixes()).isEqualTo(3);
    assertThat(files(SmallRelease.directory()).keySet())
        .containsExactly(
            "180/manifest.json",
            "180/model.mmap",
            "575/manifest.json",
            "575/model.mmap",
            "831/manifest.json",
            "831/model.mmap",
            "forest.bin",
            "national.mmap",
            "ranker.ubj",
            "release.json");
    assertThat(report.bytes()).isEqualTo(size(SmallRelease.directory()));
  }

  @Test
  void predictsHeldBackAddressesAccurately() {
    var scores = report.scores();
    var full = scores.getJsonObject("full");
    var prefixOnly = scores.getJsonObject("prefix_only");
    var wrongPincode = scores.getJsonObject("wrong_pincode_0.25");

    assertThat(full.getLong("rows")).isBetween(60L, 160L);
    assertThat(full.getDouble("accuracy")).isGreaterThanOrEqualTo(0.9);
    assertThat(prefixOnly.getDouble("accuracy")).isGreaterThan(majorityShare() + 0.2);
    assertThat(wrongPincode.getDouble("accuracy"))
        .isBetween(prefixOnly.getDouble("accuracy"), full.getDouble("accuracy"));
    assertThat(Release.open(SmallRelease.directory()).scores()).isEqualTo(scores);
  }

  @Test
  void noPlaceIsOnBothSidesOfTheSplit() throws IOException {
    var held = dir.resolve("held.csv");
    var out = dir.resolve("out");

    var report = Training.run(heldBack(out, 1, held), Progress.NONE);

    var heldRows = LabelledRows.read(held).rows();
    var all = new ArrayList<>(LabelledRows.read(SmallRelease.addresses()).rows());
    heldRows.forEach(row -> assertThat(all.remove(row)).isTrue());
    assertThat(report.scores().getJsonObject("full").getLong("rows")).isEqualTo(heldRows.size());
    assertThat(trainingRows(out)).isEqualTo(all.size());
    assertThat(placesOf(heldRows, all)).isEmpty();
    assertThat(Verification.of(out).problems()).isEmpty();
  }

  @Test
  void anotherSeedHoldsBackOtherRows() {
    var first = dir.resolve("first.csv.gz");
    var second = dir.resolve("second.csv.gz");

    Training.run(heldBack(dir.resolve("out"), 1, first), Progress.NONE);
    Training.run(heldBack(dir.resolve("out"), 2, second), Progress.NONE);

    assertThat(LabelledRows.read(first).rows())
        .isNotEmpty()
        .isNotEqualTo(LabelledRows.read(second).rows());
  }

  @Test
  void countsAndNamesBadRowsAndUsesTheOthers() throws IOException {
    var lines = new ArrayList<>(Files.readAllLines(SmallRelease.addresses()));
    lines.add(1, "12 Main Road,18001,CP10720");
    lines.add(2, "Gandhi Nagar,180004,");
    lines.add(3, " --- ,180004,CP10723");
    lines.add(4, "Gandhi Nagar,,CP10723");
    lines.add(5, "Gandhi Nagar");
    lines.add(6, "Gandhi Nagar,180004," + "C".repeat(65));
    var data = Files.write(dir.resolve("bad.csv"), lines);

    var report = Training.run(plain(data, dir.resolve("out")), Progress.NONE);

    assertThat(report.input().rows()).isEqualTo(561);
    assertThat(report.input().bad()).isEqualTo(6);
    assertThat(report.input().badExamples())
        .containsExactly(
            "line 2: pincode is not six digits",
            "line 3: cp_code is missing",
            "line 6: cp_code is missing",
            "line 4: address has no letter or digit",
            "line 5: pincode is missing",
            "line 7: cp_code is longer than 64 characters or has a line break");
  }

  @Test
  void namesTheFirstTenBadRows() throws IOException {
    var lines = new ArrayList<>(Files.readAllLines(SmallRelease.addresses()));
    for (int i = 0; i < 50; i++) lines.add(1, "x,0,y");
    var rows = LabelledRows.read(Files.write(dir.resolve("bad.csv"), lines));

    assertThat(rows.bad()).isEqualTo(50);
    assertThat(rows.badExamples())
        .hasSize(10)
        .last()
        .isEqualTo("line 11: pincode is not six digits");
  }

  @Test
  void readsCompressedFilesAndColumnsInAnyOrder() throws IOException {
    var data = dir.resolve("other.csv.gz");
    try (var out = new GZIPOutputStream(Files.newOutputStream(data))) {
      out.write("\ufeffcp_code, note ,pincode,address\r\n".getBytes(UTF_8));
      out.write("CP1,hello,180 001,\"Line 1\nLine \"\"2\"\"\"\r\n\r\n".getBytes(UTF_8));
      out.write(" CP2 ,,180002,Gol Gujral,\r\n".getBytes(UTF_8));
    }

    assertThat(LabelledRows.read(data))
        .isEqualTo(
            new LabelledRows(
                List.of(
                    new LabelledRow("Line 1\nLine \"2\"", "180001", "CP1"),
                    new LabelledRow("Gol Gujral", "180002", "CP2")),
                0,
                List.of(),
                List.of()));
  }

  @Test
  void refusesAnUnusableFileAndSaysWhatToDo() throws IOException {
    var noColumns =
        Files.writeString(dir.resolve("columns.csv"), "address,pin,code\nx,180001,CP1\n");
    var empty = Files.createFile(dir.resolve("empty.csv"));
    var noRows = Files.writeString(dir.resolve("rows.csv"), "address,pincode,cp_code\nx,1,y\n");
    var noGzip = Files.writeString(dir.resolve("plain.csv.gz"), "address,pincode,cp_code\n");
    var cut = Files.write(dir.resolve("cut.csv"), new byte[] {0x1f, (byte) 0x8b, 8, 0});
    var missing = dir.resolve("missing.csv");

    assertRefused(
        noColumns,
        noColumns
            + " lacks the column cp_code: its first line has \"address\", \"pin\", \"code\"; it must name"
            + " the columns address,pincode,cp_code");
    assertRefused(empty, empty + " is empty; it needs a header line");
    assertRefused(noRows, noRows + " has no usable row; line 2: pincode is not six digits");
    assertRefused(noGzip, noGzip + " has no usable row");
    assertRefused(cut, "Cannot read " + cut + ": the compressed file ends too early");
    assertRefused(missing, "There is no file " + missing);
  }

  private void assertRefused(Path data, String message) {
    var out = dir.resolve("out");
    assertThatThrownBy(() -> Training.run(plain(data, out), Progress.NONE))
        .isInstanceOf(InputException.class)
        .hasMessage(message);
    assertThat(out).doesNotExist();
  }

  @Test
  void aReleaseOfSomePrefixesRanksAsTheWholeOne() throws IOException {
    var out = dir.resolve("out");

    var report = Training.run(with(SmallRelease.options(out), 2, List.of("575")), Progress.NONE);

    assertThat(report.prefixes()).isEqualTo(1);
    assertThat(Release.open(out).manifests()).containsOnlyKeys("575");
    var whole = files(SmallRelease.directory());
    var files = files(out);
    files.remove("release.json");
    files.remove("575/manifest.json");
    assertThat(whole).containsAllEntriesOf(files);
    assertThat(files)
        .containsOnlyKeys("575/model.mmap", "forest.bin", "national.mmap", "ranker.ubj");
    // A wrong pincode is corrected towards prefixes that are there, so the scores differ.
    assertThat(withoutScores(out)).isEqualTo(withoutScores(SmallRelease.directory()));
  }

  private static JsonObject withoutScores(Path release) throws IOException {
    var manifest = new JsonObject(Files.readString(release.resolve("575/manifest.json")));
    assertThat(manifest.remove("scores")).isNotNull();
    return manifest;
  }

  @Test
  void anUnknownPrefixIsRefused() {
    var out = dir.resolve("out");
    var options = with(SmallRelease.options(out), 2, List.of("575", "999", "111"));

    assertThatThrownBy(() -> Training.run(options, Progress.NONE))
        .isInstanceOf(InputException.class)
        .hasMessage("No row has the prefix [111, 999]");
    assertThat(out).doesNotExist();
  }

  @Test
  void addsToTheCountsOfARelease() throws IOException {
    var lines = Files.readAllLines(SmallRelease.addresses());
    var header = lines.get(0);
    var earlier = dir.resolve("earlier.csv");
    var later = dir.resolve("later.csv");
    Files.write(earlier, lines.subList(0, 400));
    var rest = new ArrayList<>(List.of(header));
    rest.addAll(lines.subList(400, lines.size()));
    Files.write(later, rest);
    var first = dir.resolve("first");
    var second = dir.resolve("second");

    Training.run(adding(earlier, first, null, false), Progress.NONE);
    Training.run(adding(later, second, first, false), Progress.NONE);

    assertThat(trainingRows(second)).isEqualTo(561);
    try (var models = SmallRelease.models(second)) {
      for (var prefix : SmallRelease.PREFIXES) {
        assertThat(models.scoring(prefix).model().manifest().cps()).isEqualTo(cps(prefix));
      }
    }
    assertThat(Verification.of(second).problems()).isEmpty();
  }

  @Test
  void addingKnownPlacesCountsAddressesAndNoNGrams() throws IOException {
    var first = dir.resolve("first");
    var second = dir.resolve("second");
    Training.run(adding(SmallRelease.addresses(), first, null, false), Progress.NONE);

    Training.run(adding(SmallRelease.addresses(), second, first, false), Progress.NONE);

    var before = CountsFile.read(first);
    var after = CountsFile.read(second);
    for (var prefix : SmallRelease.PREFIXES) {
      assertThat(after.get(prefix).keys()).isEqualTo(before.get(prefix).keys());
      assertThat(after.get(prefix).counts()).isEqualTo(before.get(prefix).counts());
      assertThat(after.get(prefix).places()).isEqualTo(before.get(prefix).places());
      assertThat(after.get(prefix).addresses())
          .isEqualTo(Arrays.stream(before.get(prefix).addresses()).map(n -> 2 * n).toArray());
    }
  }

  @Test
  void decayHalvesTheEarlierCountsAndCountsForgottenPlacesAnew() {
    var first = dir.resolve("first");
    var second = dir.resolve("second");
    Training.run(adding(SmallRelease.addresses(), first, null, false), Progress.NONE);

    Training.run(adding(SmallRelease.addresses(), second, first, true), Progress.NONE);

    var before = CountsFile.read(first);
    var after = CountsFile.read(second);
    for (var prefix : SmallRelease.PREFIXES) {
      int all = Arrays.stream(before.get(prefix).counts()).sum();
      int places = before.get(prefix).placeKeys().length;
      var halved = before.get(prefix).halved();
      assertThat(Arrays.stream(halved.counts()).sum()).isBetween(all * 9 / 20, all * 11 / 20);
      assertThat(halved.placeKeys().length).isBetween(places * 2 / 5, places * 3 / 5);
      assertThat(Arrays.stream(after.get(prefix).counts()).sum())
          .isBetween(all * 17 / 20, all * 23 / 20);
      assertThat(after.get(prefix).placeKeys()).isEqualTo(before.get(prefix).placeKeys());
    }
  }

  @Test
  void refusesToAddToAReleaseWithoutCounts() throws IOException {
    var release = SmallRelease.copyTo(dir.resolve("release"));

    assertThatThrownBy(
            () ->
                Training.run(
                    adding(SmallRelease.addresses(), dir.resolve("out"), release, false),
                    Progress.NONE))
        .isInstanceOf(InputException.class)
        .hasMessageEndingWith(
            "has no counts.gz, so nothing can be added to it; train it without --no-counts");
  }

  @Test
  void aPrefixWithASingleCpAlwaysPredictsIt() throws IOException {
    var lines = new ArrayList<>(Files.readAllLines(SmallRelease.addresses()));
    lines.add("12 Mall Road Shimla,171001,CP9");
    lines.add("Near the ridge,171001,CP9");
    var out = dir.resolve("out");

    Training.run(plain(Files.write(dir.resolve("one.csv"), lines), out), Progress.NONE);

    assertThat(Verification.of(out)).isEqualTo(new Verification(4, List.of()));
    try (var models = SmallRelease.models(out)) {
      for (var address : List.of(new Address("zzyzx", null), new Address("mall road", "171009"))) {
        var scored = new Scorer().score(models.scoring("171"), List.of(address)).get(0);
        assertThat(scored.size()).isEqualTo(1);
        assertThat(scored.cp(0)).isEqualTo("CP9");
        assertThat(scored.text(0)).isEqualTo(1);
      }
    }
  }

  @Test
  void withoutADirectoryTheCpsAreThoseOfTheRows() {
    var out = dir.resolve("out");

    var report = Training.run(plain(SmallRelease.addresses(), out), Progress.NONE);

    assertThat(report.prefixes()).isEqualTo(3);
    assertThat(Verification.of(out)).isEqualTo(new Verification(3, List.of()));
    try (var models = SmallRelease.models(out)) {
      var manifest = models.scoring("831").model().manifest();
      assertThat(manifest.cps()).isEqualTo(cps("831"));
    }
  }

  @Test
  void replacesThePreviousReleaseAndNothingElse() throws IOException {
    var out = SmallRelease.copyTo(dir.resolve("out"));
    Files.writeString(out.resolve("README.md"), "mine");
    Files.createDirectories(out.resolve("other"));
    Files.writeString(out.resolve("other/notes.txt"), "mine too");
    Files.writeString(out.resolve("180/notes.txt"), "beside what is replaced");
    Files.writeString(out.resolve("575/notes.txt"), "beside what is gone");

    Training.run(with(SmallRelease.options(out), 2, List.of("180")), Progress.NONE);

    assertThat(files(out).keySet())
        .containsExactly(
            "180/manifest.json",
            "180/model.mmap",
            "180/notes.txt",
            "575/notes.txt",
            "README.md",
            "forest.bin",
            "national.mmap",
            "other/notes.txt",
            "ranker.ubj",
            "release.json");
    assertThat(out.resolve("831")).doesNotExist();
    assertThat(Verification.of(out)).isEqualTo(new Verification(1, List.of()));
  }

  @Test
  void removesTheStagingFilesOfAKilledTraining() throws IOException {
    var out = dir.resolve("out");
    var left = Files.createDirectories(out.resolve(".staging/180"));
    Files.writeString(left.resolve("model.mmap"), "half a mod");
    Files.writeString(left.resolve("notes.txt"), "left");
    Files.createDirectory(left.resolve("manifest.json"));

    Training.run(SmallRelease.options(out), Progress.NONE);

    assertThat(files(out)).isEqualTo(files(SmallRelease.directory()));
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void skipsTheEvaluationWhenTheRestHasNothingToRank(long seed) throws IOException {
    var lines = List.of(COLUMNS, "Mall Road,171001,CP1", "Lower Bazar,171002,CP2");
    var data = Files.write(dir.resolve("two.csv"), lines);
    var out = dir.resolve("out");

    var report = Training.run(small(data, out, seed, null), Progress.NONE);

    assertThat(report.prefixes()).isEqualTo(1);
    assertThat(report.scores()).isEmpty();
    assertThat(Verification.of(out)).isEqualTo(new Verification(1, List.of()));
  }

  @Test
  void withoutASecondCpThereIsNothingToRank() throws IOException {
    var one = Files.write(dir.resolve("one.csv"), List.of(COLUMNS, "Mall Road,171001,CP1"));
    var two =
        Files.write(
            dir.resolve("two.csv"),
            List.of(COLUMNS, "Mall Road,171001,CP1", "Lower Bazar,171002,CP2"));
    var out = dir.resolve("out");
    var held = dir.resolve("held.csv");

    assertThatThrownBy(() -> Training.run(plain(one, out), Progress.NONE))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "There is nothing to rank: no prefix has two CPs; add addresses of a second one");
    assertThatThrownBy(() -> Training.run(small(two, out, 2, held), Progress.NONE))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("Without the held-back addresses there is nothing to rank");
    assertThat(held).doesNotExist();
    assertThat(Verification.of(out).problems()).isNotEmpty();
  }

  @Test
  void checksOutputPathsBeforeTheTraining() throws IOException {
    var out = dir.resolve("out");
    var nowhere = dir.resolve("nowhere").resolve("held.csv");
    var file = Files.writeString(dir.resolve("file"), "mine");

    assertThatThrownBy(() -> Training.run(heldBack(out, 1, nowhere), NO_WORK))
        .isInstanceOf(InputException.class)
        .hasMessage("Cannot write " + nowhere + ": its directory does not exist; create it");
    assertThatThrownBy(() -> Training.run(heldBack(out, 1, dir), NO_WORK))
        .isInstanceOf(InputException.class)
        .hasMessage("Cannot write " + dir + ": it is a directory; name a file");
    assertThatThrownBy(() -> Training.run(SmallRelease.options(file), NO_WORK))
        .isInstanceOf(InputException.class)
        .hasMessage("Cannot write " + file + ": it is a file; name a directory");
    assertThat(out).doesNotExist();
    assertThat(file).hasContent("mine");
  }

  @Test
  void reportsFailedWritesInASentence() {
    var path = Path.of("a");

    assertThat(OutputPath.failure(path, new AccessDeniedException("b")))
        .hasMessage("Cannot write b: permission denied");
    assertThat(OutputPath.failure(path, new IOException("No space left on device")))
        .hasMessage("Cannot write a: No space left on device");
  }

  @Test
  void aPreviousReleaseThatNamesOtherDirectoriesLeavesThemUnchanged() throws IOException {
    var precious =
        Files.writeString(Files.createDirectories(dir.resolve("mine")).resolve("a"), "a");
    var out = Files.createDirectories(dir.resolve("out"));
    Files.writeString(
        out.resolve(Release.FILE),
        "{\"format\":1,\"manifests\":{\"../mine\":\"\",\"\":\"\",\"..\":\"\"}}");

    Training.run(plain(SmallRelease.addresses(), out), Progress.NONE);

    assertThat(precious).exists();
    assertThat(Verification.of(out).problems()).isEmpty();
  }

  @Test
  void replacesADamagedPreviousRelease() throws IOException {
    var out = Files.createDirectories(dir.resolve("out"));
    Files.writeString(out.resolve(Release.FILE), "{");

    Training.run(plain(SmallRelease.addresses(), out), Progress.NONE);

    assertThat(Verification.of(out)).isEqualTo(new Verification(3, List.of()));
  }

  @Test
  void progressAddsUpToTheAnnouncedSteps() {
    var parts = new ArrayList<String>();
    var announced = new AtomicInteger();
    var done = new AtomicInteger();
    var progress =
        new Progress() {
          @Override
          public void begin(String what, int steps) {
            parts.add(what);
            announced.addAndGet(steps);
          }

          @Override
          public void step(int count) {
            done.addAndGet(count);
          }
        };

    Training.run(SmallRelease.options(dir.resolve("out")), progress);

    assertThat(parts)
        .containsExactly(
            "reading (KiB)",
            "looking for repeated rows",
            "counting a part",
            "learning from a part",
            "measuring",
            "counting all",
            "learning from all",
            "writing");
    assertThat(done).hasValue(announced.get());
  }

  private static List<String> cps(String prefix) {
    return SmallRelease.rows(prefix).stream()
        .map(SmallRelease.Row::cp)
        .distinct()
        .sorted()
        .toList();
  }

  private static Options with(Options o, int threads, List<String> prefixes) {
    return new Options(
        o.data(),
        o.directory(),
        o.offices(),
        prefixes,
        o.out(),
        o.seed(),
        o.heldBack(),
        o.heldBackOut(),
        o.doubtful(),
        o.add(),
        o.decay(),
        o.keepCounts(),
        threads);
  }

  private static Options heldBack(Path out, long seed, Path held) {
    return new Options(
        TrainingInput.Options.of(SmallRelease.addresses()),
        SmallRelease.directoryFile(),
        SmallRelease.officesFile(),
        List.of(),
        out,
        seed,
        0.3,
        held,
        null,
        null,
        false,
        false,
        2);
  }

  /** Options with half of the rows held back, without offices. */
  private static Options small(Path data, Path out, long seed, Path held) {
    return new Options(
        TrainingInput.Options.of(data),
        null,
        null,
        List.of(),
        out,
        seed,
        0.5,
        held,
        null,
        null,
        false,
        false,
        2);
  }

  /** Options without held-back rows and offices. */
  private static Options plain(Path data, Path out) {
    return adding(data, out, null, false, false);
  }

  /** Options that keep the counts. */
  private static Options adding(Path data, Path out, @Nullable Path release, boolean decay) {
    return adding(data, out, release, decay, true);
  }

  private static Options adding(
      Path data, Path out, @Nullable Path release, boolean decay, boolean keep) {
    var input = TrainingInput.Options.of(data);
    return new Options(
        input, null, null, List.of(), out, 1, 0, null, null, release, decay, keep, 2);
  }

  /** The places that have rows in both lists. */
  private static Set<Integer> placesOf(List<LabelledRow> held, List<LabelledRow> kept) {
    var both = new HashSet<Integer>();
    for (var prefix : SmallRelease.PREFIXES) {
      var all =
          SmallRelease.rows().stream().filter(row -> row.pincode().startsWith(prefix)).toList();
      var places = new Places();
      var ofText = new HashMap<String, Integer>();
      for (var row : all) ofText.put(row.typed(), places.of(words(row.text())));
      var ofHeld = new HashSet<Integer>();
      held.stream()
          .filter(row -> row.prefix().equals(prefix))
          .forEach(row -> ofHeld.add(ofText.get(row.address())));
      kept.stream()
          .filter(row -> row.prefix().equals(prefix))
          .map(row -> ofText.get(row.address()))
          .filter(ofHeld::contains)
          .forEach(both::add);
    }
    return both;
  }

  private static int[] words(String text) {
    var grams = new Grams().read(text);
    return IntStream.range(0, grams.size())
        .filter(i -> grams.kind(i) == Grams.WORD)
        .map(grams::fingerprint)
        .sorted()
        .toArray();
  }

  /** Accuracy of predicting each prefix's most frequent CP. */
  private static double majorityShare() {
    long right = 0;
    for (var prefix : SmallRelease.PREFIXES) {
      Map<String, Long> rows =
          SmallRelease.rows(prefix).stream()
              .collect(Collectors.groupingBy(SmallRelease.Row::cp, Collectors.counting()));
      right += rows.values().stream().mapToLong(Long::longValue).max().orElseThrow();
    }
    return right / (double) SmallRelease.rows().size();
  }

  private static int trainingRows(Path release) {
    var opened = Release.open(release);
    return opened.manifests().keySet().stream()
        .mapToInt(prefix -> opened.manifest(prefix).rows())
        .sum();
  }

  /** SHA-256 of every file by its path. */
  private static SortedMap<String, String> files(Path directory) throws IOException {
    var files = new TreeMap<String, String>();
    try (var paths = Files.walk(directory)) {
      for (var path : paths.filter(Files::isRegularFile).toList()) {
        files.put(
            directory.relativize(path).toString(), Digests.sha256Hex(Files.readAllBytes(path)));
      }
    }
    return files;
  }

  private static long size(Path directory) throws IOException {
    long size = 0;
    for (var file : files(directory).keySet()) size += Files.size(directory.resolve(file));
    return size;
  }
}
