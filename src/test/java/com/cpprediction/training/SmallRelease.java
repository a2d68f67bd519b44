package com.cpprediction.training;

import com.cpprediction.csv.CsvOutput;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.Engine;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.format.Grams;
import com.cpprediction.terminal.Progress;
import com.cpprediction.training.Training.Options;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A release of three prefixes, {@linkplain TrainedReleases trained once} from {@code
 * src/test/resources/training} with seed 1, and its training data. Read-only; {@link #copyTo}
 * copies it for a test that damages it.
 */
public final class SmallRelease {
  /** Prefixes of the release. */
  public static final List<String> PREFIXES = List.of("180", "575", "831");

  private static final Path RESOURCES = Path.of("src/test/resources/training");

  private SmallRelease() {}

  /** Read once; each reading takes as long as many a test. */
  private static final class Data {
    static final List<LabelledRow> ROWS = LabelledRows.read(addresses()).rows();
    static final OfficeDirectory OFFICES = OfficeDirectory.read(directoryFile(), officesFile());
    static final Map<String, PrefixCounts> COUNTS =
        PREFIXES.stream().collect(Collectors.toMap(prefix -> prefix, prefix -> counts(prefix, 0)));
  }

  /** A training address. */
  public record Row(String typed, String text, String pincode, String cp) {}

  /** Directory of the release; the first call of a build trains it, which takes seconds. */
  public static Path directory() {
    return TrainedReleases.directory("small", out -> Training.run(options(out), Progress.NONE));
  }

  /** Copies the release into {@code directory}, created where absent. */
  public static Path copyTo(Path directory) throws IOException {
    return copy(directory(), directory);
  }

  private static Path copy(Path from, Path directory) throws IOException {
    try (var files = Files.walk(from)) {
      for (var file : files.toList()) {
        var to = directory.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) Files.createDirectories(to);
        else Files.copy(file, to);
      }
    }
    return directory;
  }

  /** Copies one of its files into {@code directory}, over what lies there. */
  public static void copyFile(String name, Path directory) throws IOException {
    Files.copy(
        directory().resolve(name), directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
  }

  /** Puts another release in the place of the one in {@code live}, file by file. */
  public static void replace(Path live, Path next) throws IOException {
    for (var prefix : PREFIXES) {
      replaceFile(live, next, prefix + "/model.mmap");
      replaceFile(live, next, prefix + "/manifest.json");
    }
    for (var name : List.of("ranker.ubj", "forest.bin", "national.mmap", "release.json")) {
      replaceFile(live, next, name);
    }
  }

  private static void replaceFile(Path live, Path next, String name) throws IOException {
    var fresh = Files.copy(next.resolve(name), live.resolve("fresh"));
    Files.move(
        fresh,
        live.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  /** Loads a release as the service does. */
  public static ModelStore models(Path directory) {
    var models =
        new ModelStore(
            directory,
            Engine.MAPPED,
            false,
            new ServiceMetrics(new SimpleMeterRegistry(), "test"),
            Clock.systemUTC());
    models.reload();
    return models;
  }

  /** Options of its training, with another directory. */
  public static Options options(Path out) {
    return options(input(), out, 1, 0.2);
  }

  private static Options options(TrainingInput.Options data, Path out, long seed, double heldBack) {
    return new Options(
        data,
        directoryFile(),
        officesFile(),
        List.of(),
        out,
        seed,
        heldBack,
        null,
        null,
        null,
        false,
        false,
        2);
  }

  /**
   * Copies another release of the same prefixes, whose predictions differ slightly, into {@code
   * directory}, created where absent.
   */
  public static Path copyAnotherTo(Path directory) throws IOException {
    var another =
        TrainedReleases.directory(
            "another", out -> Training.run(options(input(), out, 2, 0), Progress.NONE));
    return copy(another, directory);
  }

  /** A release of the same prefixes, trained from labels that are shuffled over all rows. */
  public static Path shuffled() {
    return TrainedReleases.directory("shuffled", SmallRelease::trainShuffled);
  }

  private static void trainShuffled(Path out) {
    var rows = rows();
    var cps = new ArrayList<>(rows.stream().map(Row::cp).toList());
    Collections.shuffle(cps, new Random(1));
    var data = out.resolveSibling("shuffled.csv");
    try (var csv = CsvOutput.create(data)) {
      csv.write(List.of("address", "pincode", "cp_code"));
      for (int i = 0; i < rows.size(); i++) {
        csv.write(List.of(rows.get(i).typed(), rows.get(i).pincode(), cps.get(i)));
      }
      csv.publish();
    }
    Training.run(options(TrainingInput.Options.of(data), out, 1, 0.2), Progress.NONE);
  }

  private static TrainingInput.Options input() {
    return TrainingInput.Options.of(addresses());
  }

  /** Its labelled addresses. */
  public static Path addresses() {
    return RESOURCES.resolve("addresses.csv");
  }

  static Path directoryFile() {
    return RESOURCES.resolve("pincode-directory.csv");
  }

  static Path officesFile() {
    return RESOURCES.resolve("cp-offices.csv");
  }

  /** Its labelled addresses, in the order of the file. */
  public static List<Row> rows() {
    return Data.ROWS.stream()
        .map(
            row ->
                new Row(row.address(), InputRow.canonical(row.address()), row.pincode(), row.cp()))
        .toList();
  }

  /** The labelled addresses of one prefix, by CP: the first rows of its index. */
  public static List<Row> rows(String prefix) {
    return rows().stream()
        .filter(row -> row.pincode().startsWith(prefix))
        .sorted(Comparator.comparing(Row::cp))
        .toList();
  }

  /** The names of the offices of each CP of one prefix, by code. */
  public static Map<String, List<String>> officeNames(String prefix) {
    return ofCp(prefix, OfficeDirectory.Office::name);
  }

  /** Name and place of the offices of each CP of one prefix, by code. */
  public static Map<String, List<String>> officeTexts(String prefix) {
    return ofCp(prefix, OfficeDirectory.Office::text);
  }

  /** The names of the offices that CPs of one prefix are, by code. */
  public static Map<String, String> ownOffices(String prefix) {
    var counts = Data.COUNTS.get(prefix);
    var offices = Offices.of(counts, offices());
    var names = new TreeMap<String, String>();
    for (int cp = 0; cp < counts.cps().size(); cp++) {
      int own = offices.own()[cp];
      if (own >= 0) names.put(counts.cps().get(cp), offices.offices().get(own).name());
    }
    return names;
  }

  private static Map<String, List<String>> ofCp(
      String prefix, Function<OfficeDirectory.Office, String> what) {
    var counts = Data.COUNTS.get(prefix);
    var offices = Offices.of(counts, offices());
    var names = new TreeMap<String, List<String>>();
    for (int cp = 0; cp < counts.cps().size(); cp++) {
      var own = offices.offices().subList(offices.first()[cp], offices.first()[cp + 1]);
      names.put(counts.cps().get(cp), own.stream().map(what).toList());
    }
    return names;
  }

  /** A counted address. */
  public record Counted(String cp, String text) {}

  /** The counted addresses of one prefix. */
  public static List<Counted> counted(String prefix) {
    var counts = Data.COUNTS.get(prefix);
    return counts.sample().stream().flatMap(place -> counted(counts, place)).toList();
  }

  /** The counted addresses of the place that {@code address} is of. */
  public static List<Counted> placeOf(String prefix, Counted address) {
    var counts = Data.COUNTS.get(prefix);
    return counts.sample().stream()
        .map(place -> counted(counts, place).toList())
        .filter(place -> place.contains(address))
        .findFirst()
        .orElseThrow();
  }

  private static Stream<Counted> counted(PrefixCounts counts, PrefixCounts.Place place) {
    return IntStream.range(0, place.texts().size())
        .mapToObj(i -> new Counted(counts.cps().get(place.cps().get(i)), place.texts().get(i)));
  }

  /** The texts of the counted addresses of one prefix. */
  public static List<String> countedTexts(String prefix) {
    return counted(prefix).stream().map(Counted::text).toList();
  }

  /**
   * A model file of {@code cps} CPs with one address each, "wordN other", and two more pincodes.
   */
  public static byte[] manyCps(int cps) {
    var builder = new PrefixCounts.Builder("560", new PrefixCounts.Options(1, 0, 0, 1_000));
    for (int cp = 0; cp < cps; cp++) {
      var text = "word%d other%d".formatted(cp, cp);
      var pincode = cp >= cps - 2 ? "560039" : "560001";
      builder.add(new LabelledRow(text, pincode, "CP%02d".formatted(cp)), text);
    }
    var counts = builder.build(List.of());
    return IndexBuilder.build(
            counts, OfficeDirectory.EMPTY, new Rarity(List.of(counts.fingerprints())))
        .toBytes();
  }

  /**
   * The counts of 90 addresses of eight CPs of one prefix, of which every tenth comes again thrice
   * in other words and once with another CP. No n-gram occurs more than 128 times.
   */
  public static final class FewRows {
    private static final int CPS = 8; // of so few no n-gram is too common to be held

    private final String prefix;
    private final List<String> cps;
    private final List<LabelledRow> rows = new ArrayList<>();
    private final List<Integer> placeOfRow = new ArrayList<>();
    private final PrefixCounts whole;
    private final Rarity rarity;

    public FewRows(String prefix) {
      this.prefix = prefix;
      cps =
          rows(prefix).stream()
              .collect(Collectors.groupingBy(Row::cp, TreeMap::new, Collectors.counting()))
              .entrySet()
              .stream()
              .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
              .limit(CPS)
              .map(Map.Entry::getKey)
              .toList();
      var first =
          rows(prefix).stream()
              .filter(row -> cps.contains(row.cp()) && row.text().split(" ").length > 3)
              .toList();
      for (int i = 0; i < 90; i++) {
        var row = first.get(i * first.size() / 90);
        rows.add(new LabelledRow(row.text(), row.pincode(), row.cp()));
        if (i % 10 != 0) continue;
        for (int k = 0; k < 3; k++) {
          rows.add(new LabelledRow(row.text() + " zzyzx", row.pincode(), row.cp()));
        }
        var other = first.get((i + 45) % 90 * first.size() / 90).cp();
        rows.add(new LabelledRow(row.text() + " qwrtp", row.pincode(), other));
      }
      var places = new Places();
      for (var row : rows) placeOfRow.add(places.of(words(row.address())));
      whole = count(rows);
      rarity =
          new Rarity(
              List.of(
                  whole.fingerprints(),
                  Data.COUNTS.get("180").fingerprints(),
                  Data.COUNTS.get("831").fingerprints()));
    }

    private static int[] words(String text) {
      var grams = new Grams().read(text);
      return IntStream.range(0, grams.size())
          .filter(i -> grams.kind(i) == Grams.WORD)
          .map(grams::fingerprint)
          .sorted()
          .toArray();
    }

    private PrefixCounts count(List<LabelledRow> rows) {
      var options = new PrefixCounts.Options(1, 0, 0, 1_000);
      var builder = new PrefixCounts.Builder(prefix, options);
      rows.forEach(row -> builder.add(row, row.address()));
      return builder.build(cps);
    }

    /** The counted addresses by place. */
    public List<List<Counted>> places() {
      return whole.sample().stream().map(place -> counted(whole, place).toList()).toList();
    }

    /** A model file of all addresses. */
    public byte[] file() {
      return file(whole, offices());
    }

    /** A model file that has counted the addresses of all other places. */
    public byte[] fileWithout(int place) {
      var others = others(place);
      return file(with(others, others.keys(), others.counts()), offices());
    }

    private PrefixCounts others(int place) {
      return count(
          IntStream.range(0, rows.size())
              .filter(row -> placeOfRow.get(row) != place)
              .mapToObj(rows::get)
              .toList());
    }

    /** A model file without offices and the pairs of n-gram and CP that are counted once. */
    public byte[] fileOfRepeatedPairs() {
      return file(with(whole, repeatedPairs()), OfficeDirectory.EMPTY);
    }

    /** The same, less what a place has added to the pairs that remain. */
    public byte[] fileOfRepeatedPairsWithout(int place) {
      var pairs = repeatedPairs();
      var grams = new Grams();
      for (var address : places().get(place)) {
        int cp = whole.cps().indexOf(address.cp());
        grams.read(address.text());
        for (int i = 0; i < grams.size(); i++) {
          int group = Grams.group(grams.kind(i));
          pairs.computeIfPresent(
              PrefixCounts.key(grams.fingerprint(i), group, cp),
              (key, count) -> count > 1 ? count - 1 : null);
        }
      }
      return file(with(others(place), pairs), OfficeDirectory.EMPTY);
    }

    private TreeMap<Long, Integer> repeatedPairs() {
      var pairs = new TreeMap<Long, Integer>();
      for (int i = 0; i < whole.keys().length; i++) {
        if (whole.counts()[i] > 1) pairs.put(whole.keys()[i], whole.counts()[i]);
      }
      return pairs;
    }

    private PrefixCounts with(PrefixCounts counts, TreeMap<Long, Integer> pairs) {
      return with(
          counts,
          pairs.keySet().stream().mapToLong(Long::longValue).toArray(),
          pairs.values().stream().mapToInt(Integer::intValue).toArray());
    }

    /** The same pincodes as in all addresses, so that the offices go to the same CPs. */
    private PrefixCounts with(PrefixCounts counts, long[] keys, int[] pairs) {
      return new PrefixCounts(
          prefix,
          counts.cps(),
          counts.addresses(),
          counts.places(),
          whole.pincodes(),
          keys,
          pairs,
          counts.sample(),
          counts.placeKeys(),
          List.of());
    }

    private byte[] file(PrefixCounts counts, OfficeDirectory directory) {
      return IndexBuilder.build(counts, directory, rarity).toBytes();
    }
  }

  static OfficeDirectory offices() {
    return Data.OFFICES;
  }

  /** Counts of one prefix, with a share of its places held back. */
  static PrefixCounts counts(String prefix, double heldBack) {
    var options = new PrefixCounts.Options(1, heldBack, Integer.MAX_VALUE, 1_000);
    var builder = new PrefixCounts.Builder(prefix, options);
    Data.ROWS.stream()
        .filter(row -> row.prefix().equals(prefix))
        .forEach(row -> builder.add(row, InputRow.canonical(row.address())));
    return builder.build(offices().cpsOf(prefix));
  }
}
