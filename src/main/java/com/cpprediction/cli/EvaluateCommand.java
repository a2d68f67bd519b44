package com.cpprediction.cli;

import com.cpprediction.model.ModelStore;
import com.cpprediction.terminal.Plurals;
import com.cpprediction.terminal.Progress;
import com.cpprediction.terminal.ProgressLine;
import com.cpprediction.training.Evaluation;
import com.cpprediction.training.LabelledRow;
import com.cpprediction.training.LabelledRows;
import com.cpprediction.training.OfflinePredictor;
import com.cpprediction.training.PincodePool;
import com.cpprediction.training.QueryVariant;
import com.cpprediction.training.QuestionReport;
import com.cpprediction.training.TrainedRows;
import com.cpprediction.training.UnknownCps;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code evaluate}: measures accuracy and calibration of a release on labelled addresses. */
@Command(
    name = "evaluate",
    description = "Measures a release on labelled addresses, asked as the service would be.",
    mixinStandardHelpOptions = true)
final class EvaluateCommand implements Callable<Integer> {
  /** Share of wrong pincodes of {@code --all}, as in the scores of a release. */
  private static final double WRONG = 0.25;

  private static final String THIS = "the release";
  private static final String OTHER = "the release of --against";
  private static final int CONFUSIONS = 10;
  private static final int MOST_CONFUSIONS = 100_000;

  @Spec private CommandSpec spec;
  @Mixin private CommonOptions settings;
  @Mixin private SeparatorOption separator;

  @Option(
      names = "--data",
      required = true,
      converter = InputPath.class,
      description =
          "CSV, plain or .gz, with the columns address,pincode,cp_code; - for standard input.")
  private Path data;

  @ArgGroup private Question question = new Question();

  @Option(
      names = "--against",
      paramLabel = "RELEASE",
      description = "Directory of another release: compare both on the same queries.")
  private @Nullable Path against;

  @Option(
      names = "--confusions",
      paramLabel = "N",
      description =
          "Number of pairs of true and predicted CP to list, most frequent first (default: "
              + CONFUSIONS
              + "; with --all none in the tables).")
  private @Nullable Integer confusions;

  @Option(names = "--json", description = "One line of JSON with all figures.")
  private boolean json;

  @Option(
      names = "--per-prefix",
      description = "With --json or --all: add the figures of each prefix.")
  private boolean perPrefix;

  /** Options that select the queries; none asks them as the rows are written. */
  private static final class Question {
    @Option(
        names = "--no-field",
        description = "Leave the pincode field out; the address is as written.")
    private boolean noField;

    @Option(
        names = "--mask-pincode",
        description = "Take every pincode out; only its first three digits are known.")
    private boolean mask;

    @Option(
        names = "--no-prefix",
        description = "Take every pincode out; the address's words alone say where it is.")
    private boolean noPrefix;

    @Option(names = "--all", description = "All seven questions, with 0.25 wrong pincodes.")
    private boolean all;

    @ArgGroup(exclusive = false)
    private @Nullable WrongPincode wrong;

    List<QueryVariant> variants() {
      if (all) return QueryVariant.all(WRONG);
      if (wrong != null) return List.of(wrong.variant());
      if (noField) return List.of(QueryVariant.TEXT_ONLY);
      if (noPrefix) return List.of(QueryVariant.NO_PREFIX);
      return List.of(mask ? QueryVariant.PREFIX_ONLY : QueryVariant.FULL);
    }
  }

  /** Options for wrong pincodes. */
  private static final class WrongPincode {
    @Option(
        names = "--wrong-pincode",
        paramLabel = "SHARE",
        required = true,
        description =
            "Replace the pincode of this share of the addresses by another one of its prefix.")
    private double share;

    @Option(
        names = "--wrong-anywhere",
        description = "With --wrong-pincode: replace it by one of another prefix.")
    private boolean anywhere;

    @Option(
        names = "--wrong-slip",
        description =
            "With --wrong-pincode: mistype a digit or swap two; the result need not exist.")
    private boolean slip;

    boolean isShare() {
      return share >= 0 && share <= 1;
    }

    QueryVariant variant() {
      if (anywhere) return QueryVariant.wrongAnywhere(share);
      return slip ? QueryVariant.wrongSlip(share) : QueryVariant.wrongPincode(share);
    }
  }

  /**
   * Results of the command.
   *
   * @param release its id
   * @param againstRelease id of the other release; null without one
   * @param unknown labels that the releases lack, one for each release
   * @param trained rows that the releases were trained on, one for each release
   */
  private record Results(
      String release,
      @Nullable String againstRelease,
      List<UnknownCps> unknown,
      List<TrainedRows> trained,
      List<QuestionReport> reports) {}

  @Override
  public Integer call() {
    UsageCheck.require(
        spec,
        question.wrong == null || question.wrong.isShare(),
        "--wrong-pincode must be in 0..1");
    UsageCheck.require(
        spec,
        question.wrong == null || !(question.wrong.anywhere && question.wrong.slip),
        "give either --wrong-anywhere or --wrong-slip");
    UsageCheck.require(
        spec,
        confusions == null || confusions >= 0 && confusions <= MOST_CONFUSIONS,
        "--confusions must be in 0.." + MOST_CONFUSIONS);
    var input = LabelledRows.read(data, separator.character());
    var err = spec.commandLine().getErr();
    input.notes().forEach(err::println);
    if (input.bad() > 0) {
      err.printf("%s could not be used:%n", Plurals.count(input.bad(), "row"));
      input.badExamples().forEach(example -> err.println("  " + example));
    }
    try (var models = settings.models();
        var others = against == null ? null : settings.models(against)) {
      print(evaluate(models, others, input.rows()));
    }
    return 0;
  }

  private Results evaluate(ModelStore models, @Nullable ModelStore others, List<LabelledRow> rows) {
    var release = settings.predictor(models);
    var other = others == null ? null : settings.predictor(others);
    var unknown = new ArrayList<UnknownCps>();
    unknown.add(UnknownCps.of(rows, release.cps(), THIS));
    if (other != null) {
      unknown.add(UnknownCps.of(rows, other.cps(), OTHER));
    }
    var trained = new ArrayList<TrainedRows>();
    trained.add(trained(models, rows, THIS));
    if (others != null) trained.add(trained(others, rows, OTHER));
    return new Results(
        release.release().release(),
        other == null ? null : other.release().release(),
        unknown,
        trained,
        ask(release, other, rows));
  }

  /** Warns before the figures, with --json too. */
  private TrainedRows trained(ModelStore models, List<LabelledRow> rows, String name) {
    var trained = TrainedRows.of(rows, models.goldenAddresses(), models.directory());
    if (trained.rows() > 0) spec.commandLine().getErr().println(trained.describe(name));
    return trained;
  }

  /** Closes the progress bar before the tables are printed. */
  private List<QuestionReport> ask(
      OfflinePredictor release, @Nullable OfflinePredictor other, List<LabelledRow> rows) {
    int pairs = confusions == null ? CONFUSIONS : confusions;
    var pool = PincodePool.of(release.trainedPincodes());
    var reports = new ArrayList<QuestionReport>();
    try (var progress = new ProgressLine()) {
      Progress shown = json ? Progress.NONE : progress;
      for (var variant : question.variants()) {
        shown.begin("asking " + variant.label(), other == null ? rows.size() : 2 * rows.size());
        var evaluation = Evaluation.of(rows, variant, pool, release, shown::step);
        var compared =
            other == null ? null : Evaluation.of(rows, variant, pool, other, shown::step);
        reports.add(QuestionReport.of(variant, evaluation, compared, pairs));
      }
    }
    return reports;
  }

  private void print(Results results) {
    var out = spec.commandLine().getOut();
    if (json) {
      out.println(json(results).encode());
      return;
    }
    for (var unknown : results.unknown()) {
      if (unknown.rows() > 0) out.println(unknown.describe());
    }
    if (question.all) printAll(out, results.reports());
    else printOne(out, results.reports().get(0));
    out.flush();
  }

  private JsonObject json(Results results) {
    var common =
        new JsonObject()
            .put("release", results.release())
            .put("unknown_cps", results.unknown().get(0).toJson())
            .put("trained_rows", results.trained().get(0).rows());
    if (results.againstRelease() != null) {
      common
          .put("against_release", results.againstRelease())
          .put("against_unknown_cps", results.unknown().get(1).toJson())
          .put("against_trained_rows", results.trained().get(1).rows());
    }
    if (!question.all) {
      var report = results.reports().get(0);
      return report.toJson(perPrefix).put("question", report.label()).mergeIn(common);
    }
    var questions = new JsonObject();
    for (var report : results.reports()) questions.put(report.label(), report.toJson(perPrefix));
    return common.put("questions", questions);
  }

  private void printOne(PrintWriter out, QuestionReport report) {
    out.print(report.prefixTable());
    out.print(report.refusals());
    titled(out, "Reliability of the confidence", report.reliabilityTable());
    titled(out, "Coverage at a minimum confidence", report.coverageTable());
    titled(out, "Confused CPs", report.confusionTable());
    if (against != null) titled(out, "Against " + against, report.prefixComparison());
  }

  private void printAll(PrintWriter out, List<QuestionReport> reports) {
    out.print(QuestionReport.questionTable(reports));
    if (against != null) {
      titled(out, "Against " + against, QuestionReport.questionComparison(reports));
    }
    for (var report : reports) {
      if (perPrefix) titled(out, report.label(), report.prefixTable());
      if (perPrefix && against != null) {
        titled(out, report.label() + " against " + against, report.prefixComparison());
      }
      if (confusions != null) {
        titled(out, "Confused CPs, " + report.label(), report.confusionTable());
      }
    }
  }

  private static void titled(PrintWriter out, String title, String table) {
    if (table.isEmpty()) return;
    out.println();
    out.println(title);
    out.print(table);
  }
}
