package com.cpprediction.cli;

import com.cpprediction.csv.InputException;
import com.cpprediction.model.PrefixAssignment;
import com.cpprediction.model.format.Release;
import com.cpprediction.persistence.StoredOutcomes;
import com.cpprediction.shadow.ServedReleases;
import com.cpprediction.terminal.Plurals;
import com.cpprediction.terminal.Progress;
import com.cpprediction.terminal.ProgressLine;
import com.cpprediction.training.AccuracyTable;
import com.cpprediction.training.InputReport;
import com.cpprediction.training.OfflinePredictor;
import com.cpprediction.training.Training;
import com.cpprediction.training.TrainingInput;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code train}: trains a release of models from labelled addresses. */
@Command(
    name = "train",
    description = "Trains a release of models from labelled addresses.",
    mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      converter = InputPath.class,
      description = {
        "CSV, plain or gzip, with the columns address,pincode,cp_code and optionally time; or a"
            + " directory of such files, *.csv or *.tsv, perhaps with .gz; - for standard input.",
        "May be given several times."
      })
  private List<Path> data = List.of();

  @Option(
      names = "--from-database",
      description = {
        "Learn from the stored addresses whose outcomes were reported: reviewed ones most, then those"
            + " delivered elsewhere than predicted, then those delivered where predicted.",
        "From database.uri or the embedded server, which need not run."
      })
  private boolean fromDatabase;

  @Mixin private ConfigOption conf;
  @Mixin private SeparatorOption separator;

  @Option(
      names = "--newest",
      paramLabel = "SHARE",
      defaultValue = "0.1",
      description =
          "With --from-database: measure on this share of the outcomes, the newest, and leave them"
              + " to the next training (default: ${DEFAULT-VALUE}).")
  private double newest;

  @Option(
      names = "--least-outcomes",
      paramLabel = "N",
      defaultValue = "1000",
      description =
          "With --from-database: train on no fewer known outcomes (default: ${DEFAULT-VALUE}).")
  private long leastOutcomes;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      converter = TimeOption.class,
      description =
          "Use rows of this time and later: a date or date-time in ISO 8601. With --from-database"
              + " the default is where the training of --add ended.")
  private Instant since;

  @Option(
      names = "--until",
      paramLabel = "TIME",
      converter = TimeOption.class,
      description = "Use rows before this time.")
  private Instant until;

  @Option(
      names = "--work",
      description = "Directory for temporary rows (default: that of this machine).")
  private Path work = TrainingInput.Options.temporaryDirectory();

  @Option(
      names = "--directory",
      description = "CSV of post offices: pincode,office and where known taluk,district.")
  private Path directory;

  @Option(
      names = "--offices",
      description = "CSV that says which office each CP is: cp_code,pincode,office.")
  private Path offices;

  @Option(
      names = "--prefixes",
      split = ",",
      description =
          "Prefixes the release holds (default: all). The shared ranker learns from all rows.")
  private List<String> prefixes = List.of();

  @Option(names = "--out", description = "Directory of the release.")
  private @Nullable Path out;

  @Option(
      names = "--schedule",
      paramLabel = "DIR",
      description = {
        "For a timer: as --from-database, with --add models.dir, into DIR/<UTC time>. Then the link"
            + " DIR/shadow names that release, unless it is worse than the one it adds to."
      })
  private @Nullable Path schedule;

  @Option(names = "--force", description = "Replace the release that is in --out.")
  private boolean force;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Same input and seed, same release (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--held-back",
      defaultValue = "0.2",
      description = "Share of the addresses to measure on (default: ${DEFAULT-VALUE}).")
  private double heldBack;

  @Option(
      names = "--held-back-out",
      description = "Write the held-back rows there and keep them out of the release.")
  private Path heldBackOut;

  @Option(
      names = "--doubtful",
      paramLabel = "FILE",
      description = {
        "Write a CSV of the rows whose label the release contradicts at a confidence of 0.95 or"
            + " more, each judged without its own place."
      })
  private Path doubtful;

  @Option(
      names = "--add",
      paramLabel = "RELEASE",
      description = "Add the addresses to the counts of this release, whose addresses aren't read.")
  private Path add;

  @Option(names = "--decay", description = "With --add: halve the counts of the release first.")
  private boolean decay;

  @Option(
      names = "--no-counts",
      description = "Write no counts.gz, which --add needs and which holds sample addresses.")
  private boolean noCounts;

  @Option(
      names = "--threads",
      description = "Prefixes trained at the same time (default: the processors).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--json", description = "Report as JSON, without a progress bar.")
  private boolean json;

  @Override
  public Integer call() {
    UsageCheck.require(
        spec,
        since == null || until == null || since.isBefore(until),
        "--since must be before --until");
    UsageCheck.require(
        spec,
        isFromDatabase() || !data.isEmpty(),
        "Missing required option: '--data' or --from-database");
    UsageCheck.require(spec, newest > 0 && newest <= 0.5, "--newest must be in 0..0.5, and not 0");
    UsageCheck.require(spec, leastOutcomes >= 1, "--least-outcomes must be at least 1");
    UsageCheck.require(
        spec,
        !isFromDatabase() || heldBackOut == null,
        "--held-back-out does not go with --from-database, which holds the newest outcomes back");
    UsageCheck.require(
        spec, (out == null) != (schedule == null), "give either --out or --schedule");
    UsageCheck.require(spec, heldBack >= 0 && heldBack <= 0.9, "--held-back must be in 0..0.9");
    UsageCheck.require(
        spec,
        add != null || schedule != null || !decay,
        "--decay halves the counts of --add RELEASE");
    UsageCheck.require(spec, threads >= 1, "--threads must be at least 1");
    UsageCheck.require(
        spec,
        heldBackOut == null || heldBack > 0,
        "--held-back-out needs a share to hold back; --held-back is 0");
    for (var prefix : prefixes) {
      UsageCheck.require(
          spec,
          prefix.matches("[1-9][0-9]{2}"),
          "--prefixes: \"" + prefix + "\" is not three digits, the first 1 to 9");
    }
    var scheduled = schedule == null ? null : ScheduledRelease.of(schedule, Instant.now());
    var release = scheduled == null ? Objects.requireNonNull(out) : scheduled.directory();
    if (!force && Files.exists(release.resolve(Release.FILE))) {
      throw new InputException(
          "%s has a release; name another directory with --out, or replace it with --force"
              .formatted(release));
    }
    if (scheduled != null && add == null) {
      var config = conf.load().config();
      var dataDir = conf.home().resolve(config.dataDir());
      add = ServedReleases.of(dataDir, conf.home().resolve(config.models().dir())).served();
    }
    var options =
        new Training.Options(
            new TrainingInput.Options(data, since, until, work, separator.character()),
            directory,
            offices,
            prefixes,
            release,
            seed,
            heldBack,
            heldBackOut,
            doubtful,
            add,
            decay,
            !noCounts,
            threads);
    var report = isFromDatabase() ? learned(options) : trained(options, null);
    print(report, release);
    var learning = report.learning();
    if (scheduled == null || learning == null) return 0;
    if (learning.isWorse()) {
      throw new InputException(
          "%s is worse on the newest outcomes than %s and not made the shadow release"
              .formatted(release, add));
    }
    scheduled.link();
    return 0;
  }

  private boolean isFromDatabase() {
    return fromDatabase || schedule != null;
  }

  private Training.Report trained(Training.Options options, Training.@Nullable Learning learning) {
    try (var progress = new ProgressLine()) {
      return Training.run(options, learning, json ? Progress.NONE : progress);
    }
  }

  private Training.Report learned(Training.Options options) {
    var loaded = conf.load();
    var config = loaded.config();
    var from = since != null ? since : learnedUntil();
    var end = until != null ? until : Instant.now();
    try (var outcomes =
        StoredOutcomes.open(config.database(), conf.home().resolve(config.dataDir()))) {
      var known = outcomes.known(from, end, newest);
      if (known.count() < leastOutcomes) {
        throw new InputException(
            "%s of stored addresses since %s; train needs %d, or name a lower --least-outcomes"
                .formatted(
                    Plurals.count(known.count(), "outcome is known", "outcomes are known"),
                    from,
                    leastOutcomes));
      }
      var cut = known.cut();
      if (cut == null) {
        throw new InputException(
            "All %d outcomes were reported at one time; none is newer, to measure on"
                .formatted(known.count()));
      }
      var source = new OutcomeSource(outcomes, from, end);
      if (add == null) {
        return trained(options, new Training.Learning(source, cut, known.newest(), null, ""));
      }
      try (var models = CommonOptions.models(loaded, add.toAbsolutePath(), PrefixAssignment.ALL)) {
        var against = OfflinePredictor.of(models, 0, OptionalDouble.empty());
        var id = against.release().release();
        return trained(options, new Training.Learning(source, cut, known.newest(), against, id));
      }
    }
  }

  private Instant learnedUntil() {
    if (add == null) return Instant.EPOCH;
    return Release.open(add).outcomesUntil().orElse(Instant.EPOCH);
  }

  private void print(Training.Report report, Path release) {
    var printer = spec.commandLine().getOut();
    if (json) {
      var input = report.input();
      var kinds = new JsonObject();
      input.faults().forEach(fault -> kinds.put(fault.kind(), fault.count()));
      var examples = new JsonArray(new ArrayList<>(input.badExamples()));
      report.badOffices().forEach(examples::add);
      var encoded =
          new JsonObject()
              .put("files", input.files())
              .put("rows", input.rows())
              .put("bad_rows", input.bad())
              .put("bad_kinds", kinds)
              .put("bad_examples", examples)
              .put("notes", new JsonArray(input.notes()))
              .put("rows_of_other_times", input.outside())
              .put("duplicate_rows", input.duplicates())
              .put("contradicting_rows", input.contradicting())
              .put("contradicted_addresses", input.contradicted())
              .put("contradictions", new JsonArray(input.contradictions()))
              .put("prefixes", report.prefixes())
              .put("bytes", report.bytes())
              .put("scores", report.scores());
      var labels = report.doubtful();
      if (labels != null) {
        encoded.put("doubtful_rows", labels.doubtful()).put("judged_rows", labels.judged());
      }
      var learning = report.learning();
      if (learning != null) encoded.put("learning", learning.toJson());
      printer.println(encoded.encode());
      return;
    }
    print(report.input(), printer);
    var learning = report.learning();
    if (learning != null) printer.print(learning.describe());
    report.badOffices().forEach(example -> printer.println("  " + example));
    printer.printf(
        Locale.ROOT,
        "%s, %.1f MB written to %s%n",
        Plurals.count(report.prefixes(), "prefix", "prefixes"),
        report.bytes() / 1e6,
        release);
    var labels = report.doubtful();
    if (labels != null) {
      printer.printf(
          "%d of %s %s doubtful, listed in %s%n",
          labels.doubtful(),
          Plurals.count(labels.judged(), "label"),
          labels.doubtful() == 1 ? "is" : "are",
          labels.file());
    }
    if (learning != null) {
      printer.print(learning.tables());
      printer.flush();
      return;
    }
    if (report.scores().isEmpty() && heldBack > 0) {
      printer.println("Not measured: there are too few addresses to hold some back");
    }
    var scores = new LinkedHashMap<String, JsonObject>();
    report.scores().forEach(score -> scores.put(score.getKey(), (JsonObject) score.getValue()));
    if (!scores.isEmpty()) printer.print(AccuracyTable.of(scores));
    printer.flush();
  }

  private static void print(InputReport input, PrintWriter printer) {
    input.notes().forEach(printer::println);
    printer.printf(
        "%s read, %d could not be used%n", Plurals.count(input.rows(), "row"), input.bad());
    for (var fault : input.faults()) {
      printer.printf("  %d: %s%n", fault.count(), fault.kind());
      fault.examples().forEach(example -> printer.println("    " + example));
    }
    if (input.outside() > 0) {
      printer.printf("%s of other times%n", Plurals.count(input.outside(), "row is", "rows are"));
    }
    if (input.duplicates() > 0) {
      printer.printf(
          "%s an earlier one%n", Plurals.count(input.duplicates(), "row repeats", "rows repeat"));
    }
    if (input.contradicted() == 0) return;
    printer.printf(
        "%s of %s contradict each other: same text and pincode, several CPs%n",
        Plurals.count(input.contradicting(), "row"),
        Plurals.count(input.contradicted(), "address", "addresses"));
    input.contradictions().forEach(example -> printer.println("    " + example));
  }
}
