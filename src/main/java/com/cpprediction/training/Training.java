package com.cpprediction.training;

import com.cpprediction.csv.CsvOutput;
import com.cpprediction.csv.InputException;
import com.cpprediction.csv.OutputPath;
import com.cpprediction.model.Parity;
import com.cpprediction.model.ScoringModel;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.model.XgboostRanker;
import com.cpprediction.model.format.ModelException;
import com.cpprediction.model.format.NationalStage;
import com.cpprediction.model.format.Ranker;
import com.cpprediction.terminal.Progress;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Trains a release of models from labelled addresses. First trains on a part and evaluates on the
 * held-back rest, split by groups of near-duplicates; then trains on all rows and writes the
 * release. The same input and seed give the same bytes.
 */
public final class Training {
  /** Query variants of every evaluation of a release. */
  static final List<QueryVariant> VARIANTS = QueryVariant.all(0.25);

  private static final double ALL_ANSWERED = 0; // regardless of confidence

  /** Rows per CP that a sample of a prefix keeps first. */
  private static final int KEPT_PER_CP = 5;

  private final Options options;
  private final Progress progress;
  private final OfficeDirectory directory;

  /**
   * Options of a training.
   *
   * @param data labelled addresses
   * @param directory CSV of post offices, if any
   * @param offices CSV with the office of each CP, if any
   * @param prefixes of the release; empty for all. The shared ranker learns from all rows in any
   *     case
   * @param out directory of the release
   * @param seed of the split, the sample and the ranker
   * @param heldBack share of addresses to evaluate on, 0..0.9, of the release's prefixes only; 0
   *     for no evaluation
   * @param heldBackOut file for the held-back rows, which the release then excludes, for {@code
   *     evaluate}, if any
   * @param maxRows maximum addresses per prefix; of more, a sample is taken
   * @param threads prefixes trained at the same time
   */
  public record Options(
      TrainingInput.Options data,
      @Nullable Path directory,
      @Nullable Path offices,
      List<String> prefixes,
      Path out,
      long seed,
      double heldBack,
      @Nullable Path heldBackOut,
      int maxRows,
      int threads) {}

  /**
   * Result of a training.
   *
   * @param input content of the labelled addresses
   * @param badOffices unusable rows of the other files: per file a summary line, then examples
   * @param sampled number of rows left out by {@link Options#maxRows}
   * @param prefixes number of prefixes in the release
   * @param bytes size of the release
   * @param scores on held-back rows, by query variant; empty without evaluation: nothing was held
   *     back, or the rest had nothing to rank
   */
  public record Report(
      InputReport input,
      List<String> badOffices,
      long sampled,
      int prefixes,
      long bytes,
      JsonObject scores) {}

  private Training(Options options, Progress progress) {
    this.options = options;
    this.progress = progress;
    directory = OfficeDirectory.read(options.directory(), options.offices());
  }

  /**
   * Trains and writes a release. Blocks.
   *
   * @throws InputException when a file cannot be used
   */
  public static Report run(Options options, Progress progress) {
    try {
      return new Training(options, progress).run();
    } catch (IOException e) {
      throw OutputPath.failure(options.out(), e);
    }
  }

  private Report run() throws IOException {
    checkOutputs();
    InputReport report;
    var rows = new ArrayList<InputRow>();
    try (var input = TrainingInput.read(options.data(), options.threads(), progress)) {
      report = input.report();
      var missing = new TreeSet<>(options.prefixes());
      missing.removeAll(input.prefixes());
      if (!missing.isEmpty()) throw new InputException("No row has the prefix " + missing);
      input.prefixes().forEach(prefix -> input.rows(prefix).forEach(rows::add));
    }
    Files.createDirectories(options.out());
    var grouped = group(rows);
    var kept = sample(grouped);
    var held = new ArrayList<LabelledRow>();
    var trained = new ArrayList<PrefixRows.Grouped>();
    for (var row : kept) {
      if (!isHeldBack(grouped.get(row.group()).text())) trained.add(row);
      else if (isWritten(row.row().prefix())) held.add(row.row());
    }
    var scores = new TreeMap<String, JsonObject>();
    var overall = new JsonObject();
    boolean release = options.heldBackOut() == null;
    Optional<Trainer.Learned> learned = Optional.empty();
    if (!held.isEmpty() || !release) {
      learned = learn("learning from a part", trained);
      if (learned.isPresent()) measure(learned.get(), held, scores, overall);
    }
    if (release) learned = learn("learning from all", kept);
    var whole = learned.orElseThrow(() -> nothingToRank(release));
    if (!release) writeHeldBack(held);
    var files = written(whole);
    long bytes = write(whole, files, scores, overall);
    return new Report(
        report, directory.badRows(), grouped.size() - kept.size(), files.size(), bytes, overall);
  }

  /** Checks output paths before the training. */
  private void checkOutputs() {
    OutputPath.checkDirectory(options.out());
    var held = options.heldBackOut();
    if (held == null) return;
    boolean inRelease = options.out().toAbsolutePath().equals(held.toAbsolutePath().getParent());
    if (!inRelease || Files.exists(options.out())) OutputPath.checkFile(held);
  }

  private static InputException nothingToRank(boolean release) {
    return new InputException(
        release
            ? "There is nothing to rank: no prefix has two CPs; add addresses of a second one"
            : "Without the held-back addresses there is nothing to rank: no prefix keeps two CPs;"
                + " add addresses or lower --held-back");
  }

  private static List<PrefixRows.Grouped> group(List<InputRow> rows) {
    var texts = rows.stream().map(InputRow::text).toList();
    var groups =
        NearDuplicates.groups(
            texts.stream().map(PrefixRows::wording).toList(),
            rows.stream().map(row -> row.row().prefix()).toList());
    var grouped = new ArrayList<PrefixRows.Grouped>(rows.size());
    for (int i = 0; i < groups.length; i++) {
      grouped.add(new PrefixRows.Grouped(rows.get(i).row(), texts.get(i), groups[i]));
    }
    return grouped;
  }

  /** At most {@link Options#maxRows} rows of a prefix, some of every CP. */
  private List<PrefixRows.Grouped> sample(List<PrefixRows.Grouped> rows) {
    var byPrefix = byPrefix(rows);
    if (byPrefix.values().stream().allMatch(own -> own.size() <= options.maxRows())) return rows;
    var kept = new ArrayList<PrefixRows.Grouped>();
    for (var own : byPrefix.values()) {
      if (own.size() <= options.maxRows()) {
        kept.addAll(own);
        continue;
      }
      var shuffled = new ArrayList<>(own);
      shuffled.sort(Comparator.comparingDouble(row -> chance("sample", row.text())));
      var ofCp = new HashMap<String, Integer>();
      var rounds = new TreeMap<Integer, List<PrefixRows.Grouped>>();
      for (var row : shuffled) {
        int round = Math.min(ofCp.merge(row.row().cp(), 1, Integer::sum), KEPT_PER_CP + 1);
        rounds.computeIfAbsent(round, r -> new ArrayList<>()).add(row);
      }
      rounds.values().stream().flatMap(List::stream).limit(options.maxRows()).forEach(kept::add);
    }
    return kept;
  }

  private boolean isWritten(String prefix) {
    return options.prefixes().isEmpty() || options.prefixes().contains(prefix);
  }

  private boolean isHeldBack(String groupText) {
    return chance("held back", groupText) < options.heldBack();
  }

  /** Pseudorandom number in 0..1, a function of seed and text. */
  private double chance(String what, String text) {
    long hash = options.seed();
    for (int i = 0; i < what.length(); i++) hash = hash * 31 + what.charAt(i);
    for (int i = 0; i < text.length(); i++) hash = hash * 31 + text.charAt(i);
    return new SplittableRandom(hash).nextDouble();
  }

  private Optional<Trainer.Learned> learn(String what, List<PrefixRows.Grouped> rows) {
    var byPrefix = byPrefix(rows);
    progress.begin(what, Trainer.steps(byPrefix.size()));
    return new Trainer(
            directory, options.seed(), options.threads(), Memory.ofJvm(), () -> progress.step(1))
        .learn(byPrefix);
  }

  private static SortedMap<String, List<PrefixRows.Grouped>> byPrefix(
      List<PrefixRows.Grouped> rows) {
    var byPrefix = new TreeMap<String, List<PrefixRows.Grouped>>();
    for (var row : rows) {
      byPrefix.computeIfAbsent(row.row().prefix(), p -> new ArrayList<>()).add(row);
    }
    return byPrefix;
  }

  private void measure(
      Trainer.Learned learned,
      List<LabelledRow> held,
      Map<String, JsonObject> scores,
      JsonObject overall) {
    progress.begin("measuring", held.size() * VARIANTS.size());
    var scorings = new HashMap<String, ScoringModel>();
    var fingerprints = new HashMap<String, String>();
    for (var prefix : learned.files().keySet()) {
      var model = learned.model(prefix, new JsonObject(), List.of());
      var scoring = ScoringModel.of(model, "");
      scorings.put(prefix, scoring);
      fingerprints.put(prefix, scoring.fingerprint());
    }
    var national = NationalStage.of(ByteBuffer.wrap(learned.national()));
    var models =
        new OfflinePredictor(
            ServingRelease.of(fingerprints, national),
            scorings::get,
            ALL_ANSWERED,
            OptionalDouble.empty());
    var pool = PincodePool.of(models.trainedPincodes());
    for (var variant : VARIANTS) {
      var evaluation = Evaluation.of(held, variant, pool, models, progress::step);
      overall.put(variant.label(), evaluation.overall());
      evaluation
          .byPrefix()
          .forEach(
              (prefix, score) ->
                  scores
                      .computeIfAbsent(prefix, p -> new JsonObject())
                      .put(variant.label(), score));
    }
  }

  private SortedMap<String, byte[]> written(Trainer.Learned learned) {
    var files = new TreeMap<>(learned.files());
    files.keySet().removeIf(prefix -> !isWritten(prefix));
    return files;
  }

  private long write(
      Trainer.Learned learned,
      SortedMap<String, byte[]> files,
      Map<String, JsonObject> scores,
      JsonObject overall)
      throws IOException {
    progress.begin("writing", files.size());
    try (var reference = XgboostRanker.of(learned.ranker());
        var writer = new ReleaseWriter(options.out(), learned.ranker(), learned.national())) {
      requireParity(reference, learned);
      for (var prefix : files.keySet()) {
        var score = scores.getOrDefault(prefix, new JsonObject());
        var golden = GoldenAddresses.of(learned.index(prefix), reference, learned.rows(prefix));
        writer.add(learned.manifest(prefix, score, golden), files.get(prefix));
        progress.step(1);
      }
      var measured =
          new JsonObject().put("seed", options.seed()).put("held_back", options.heldBack());
      return writer.publish(measured, overall);
    }
  }

  /** Checks that the forest scores as XGBoost does. */
  private void requireParity(Ranker reference, Trainer.Learned learned) {
    Parity.difference(reference, learned.forest(), options.seed())
        .ifPresent(
            difference -> {
              throw new ModelException(ModelException.Reason.PARITY, difference);
            });
  }

  private void writeHeldBack(List<LabelledRow> rows) {
    try (var csv = CsvOutput.create(Objects.requireNonNull(options.heldBackOut()))) {
      csv.write(List.of("address", "pincode", "cp_code"));
      for (var row : rows) csv.write(List.of(row.address(), row.pincode(), row.cp()));
      csv.publish();
    }
  }
}
