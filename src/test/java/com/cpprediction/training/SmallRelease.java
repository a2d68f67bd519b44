package com.cpprediction.training;

import com.cpprediction.csv.CsvOutput;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.Engine;
import com.cpprediction.model.ModelStore;
import com.cpprediction.terminal.Progress;
import com.cpprediction.training.Training.Options;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/**
 * A release of three prefixes, trained once per JVM from {@code src/test/resources/training} with
 * seed 1, and its training data. Read-only; {@link #copyTo} copies it for a test that damages it.
 */
public final class SmallRelease {
  /** Prefixes of the release. */
  public static final List<String> PREFIXES = List.of("180", "575", "831");

  private static final Path RESOURCES = Path.of("src/test/resources/training");

  private SmallRelease() {}

  /** Trains the release on first use, which takes seconds. */
  private static final class Trained {
    static final Path DIRECTORY = Trained.temporary();
    static final Training.Report REPORT = Training.run(options(DIRECTORY), Progress.NONE);

    private static Path temporary() {
      try {
        var directory = Files.createTempDirectory("small-release");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(directory)));
        return directory;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** A training address. */
  public record Row(String typed, String text, String pincode, String cp) {}

  /** Directory of the release. */
  public static Path directory() {
    Trained.REPORT.input();
    return Trained.DIRECTORY;
  }

  /** Report of its training. */
  public static Training.Report report() {
    return Trained.REPORT;
  }

  /** Copies the release into {@code directory}, created where absent. */
  public static Path copyTo(Path directory) throws IOException {
    var from = directory();
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
    return new Options(
        input(), directoryFile(), officesFile(), List.of(), out, 1, 0.2, null, 8000, 2);
  }

  /** Trains another release of the same prefixes, whose predictions differ slightly. */
  public static Path trainAnother(Path out) {
    Training.run(
        new Options(input(), directoryFile(), officesFile(), List.of(), out, 2, 0, null, 8000, 2),
        Progress.NONE);
    return out;
  }

  /**
   * Trains a release of the same prefixes from labels that are shuffled over all rows.
   *
   * @param data file for the shuffled rows
   */
  public static Path trainShuffled(Path data, Path out) {
    var rows = rows();
    var cps = new ArrayList<>(rows.stream().map(Row::cp).toList());
    Collections.shuffle(cps, new Random(1));
    try (var csv = CsvOutput.create(data)) {
      csv.write(List.of("address", "pincode", "cp_code"));
      for (int i = 0; i < rows.size(); i++) {
        csv.write(List.of(rows.get(i).typed(), rows.get(i).pincode(), cps.get(i)));
      }
      csv.publish();
    }
    Training.run(
        new Options(
            TrainingInput.Options.of(data),
            directoryFile(),
            officesFile(),
            List.of(),
            out,
            1,
            0.2,
            null,
            8000,
            2),
        Progress.NONE);
    return out;
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
    return LabelledRows.read(addresses()).rows().stream()
        .map(row -> new Row(row.address(), PrefixRows.text(row), row.pincode(), row.cp()))
        .toList();
  }

  /** The labelled addresses of one prefix, by CP: the first rows of its index. */
  public static List<Row> rows(String prefix) {
    return rows().stream()
        .filter(row -> row.pincode().startsWith(prefix))
        .sorted(Comparator.comparing(Row::cp))
        .toList();
  }

  /** The names of the offices in the index of one prefix. */
  public static List<String> officeNames(String prefix) {
    return data(prefix).offices().stream().map(OfficeDirectory.Office::name).toList();
  }

  /** The text of every row in the index of one prefix, directory offices last. */
  public static List<String> indexedTexts(String prefix) {
    return data(prefix).rows().stream().map(PrefixRows.Row::text).toList();
  }

  /** Training rows of one prefix. */
  static PrefixRows data(String prefix) {
    var labelled =
        LabelledRows.read(addresses()).rows().stream()
            .filter(row -> row.prefix().equals(prefix))
            .toList();
    var texts = labelled.stream().map(PrefixRows::text).toList();
    var groups =
        NearDuplicates.groups(
            texts.stream().map(PrefixRows::wording).toList(),
            labelled.stream().map(LabelledRow::prefix).toList());
    var grouped = new ArrayList<PrefixRows.Grouped>();
    for (int i = 0; i < groups.length; i++) {
      grouped.add(new PrefixRows.Grouped(labelled.get(i), texts.get(i), groups[i]));
    }
    return PrefixRows.of(prefix, grouped, OfficeDirectory.read(directoryFile(), officesFile()));
  }

  private static void delete(Path directory) {
    try (var files = Files.walk(directory)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
