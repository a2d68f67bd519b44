package com.cpprediction.cli;

import com.cpprediction.model.ModelStore;
import com.cpprediction.terminal.Progress;
import com.cpprediction.terminal.ProgressLine;
import com.cpprediction.training.AccuracyTable;
import com.cpprediction.training.Evaluation;
import com.cpprediction.training.LabelledRow;
import com.cpprediction.training.LabelledRows;
import com.cpprediction.training.QueryVariant;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.Callable;
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
  @Spec private CommandSpec spec;
  @Mixin private CommonOptions settings;

  @Option(
      names = "--data",
      required = true,
      description = "CSV, plain or .gz, with the columns address,pincode,cp_code.")
  private Path data;

  @ArgGroup private Pincodes pincodes = new Pincodes();

  @Option(names = "--json", description = "One line of JSON with the overall figures.")
  private boolean json;

  @Option(names = "--per-prefix", description = "With --json: add the figures of each prefix.")
  private boolean perPrefix;

  /** Options for the pincodes of the queries. */
  private static final class Pincodes {
    @Option(
        names = "--mask-pincode",
        description = "Take every pincode out; only its first three digits are known.")
    private boolean mask;

    @Option(
        names = "--no-prefix",
        description = "Take every pincode out; the address's words alone say where it is.")
    private boolean noPrefix;

    @Option(
        names = "--wrong-pincode",
        paramLabel = "SHARE",
        description = "Replace the pincode of this share of the addresses by another one.")
    private Double wrong;

    boolean isShare() {
      return wrong == null || wrong >= 0 && wrong <= 1;
    }

    QueryVariant variant() {
      if (wrong != null) return QueryVariant.wrongPincode(wrong);
      if (noPrefix) return QueryVariant.NO_PREFIX;
      return mask ? QueryVariant.PREFIX_ONLY : QueryVariant.FULL;
    }
  }

  @Override
  public Integer call() {
    UsageCheck.require(spec, pincodes.isShare(), "--wrong-pincode must be in 0..1");
    var variant = pincodes.variant();
    var input = LabelledRows.read(data);
    var err = spec.commandLine().getErr();
    if (input.bad() > 0) {
      err.printf("%d rows could not be used:%n", input.bad());
      input.badExamples().forEach(example -> err.println("  " + example));
    }
    try (var models = settings.models()) {
      print(evaluate(models, input.rows(), variant));
    }
    return 0;
  }

  /** Closes the progress bar before the table is printed. */
  private Evaluation evaluate(ModelStore models, List<LabelledRow> rows, QueryVariant variant) {
    try (var progress = new ProgressLine()) {
      Progress shown = json ? Progress.NONE : progress;
      shown.begin("asking", rows.size());
      return Evaluation.of(rows, variant, settings.predictor(models), shown::step);
    }
  }

  private void print(Evaluation evaluation) {
    var out = spec.commandLine().getOut();
    if (json) {
      var all = evaluation.overall().copy();
      if (perPrefix) {
        var prefixes = new JsonObject();
        evaluation.byPrefix().forEach(prefixes::put);
        all.put("prefixes", prefixes);
      }
      out.println(all.encode());
      return;
    }
    var rows = new LinkedHashMap<String, JsonObject>(evaluation.byPrefix());
    rows.put("all", evaluation.overall());
    out.print(AccuracyTable.of("prefix", rows));
    out.flush();
  }
}
