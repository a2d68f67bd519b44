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
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.terminal.Progress;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Trains a release of models from labelled addresses. First trains on a part and evaluates on the
 * held-back rest, split by place; then trains on all rows and writes the release. The same input
 * and seed give the same bytes.
 */
public final class Training {
  /** Query variants of every evaluation of a release. */
  static final List<QueryVariant> VARIANTS = QueryVariant.all(0.25);

  private static final double ALL_ANSWERED = 0; // regardless of confidence

  /** Held-back addresses of a prefix that are measured. */
  private static final int MEASURED = 5_000;

  /** Name of the question that asks the newest outcomes as they came. */
  private static final String AS_ASKED = QueryVariant.FULL.label();

  private final Options options;
  private final @Nullable Learning learning;
  private final Progress progress;
  private final OfficeDirectory directory;
  private SortedMap<String, PrefixCounts> earlier = Collections.emptySortedMap();

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
   * @param doubtful file for the rows whose label the release contradicts, if any
   * @param add directory of a release whose counts the addresses are added to, if any
   * @param decay whether those counts are halved first
   * @param keepCounts whether the counts are kept beside the release, for {@code add}
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
      @Nullable Path doubtful,
      @Nullable Path add,
      boolean decay,
      boolean keepCounts,
      int threads) {}

  /**
   * Outcomes to learn from, beside the files.
   *
   * @param source of the outcomes
   * @param cut outcomes reported from this time on are not learned: the release is measured on them
   * @param newest number of them
   * @param against the release that the counts are of, if any, to compare with
   * @param againstId its id; empty for none
   */
  public record Learning(
      KnownOutcome.Source source,
      Instant cut,
      long newest,
      @Nullable EvaluatedRelease against,
      String againstId) {}

  /**
   * Result of a training.
   *
   * @param input content of the labelled addresses
   * @param badOffices unusable rows of the other files: per file a summary line, then examples
   * @param prefixes number of prefixes in the release
   * @param bytes size of the release
   * @param scores on held-back rows, by query variant; empty without evaluation: nothing was held
   *     back, or the rest had nothing to rank
   * @param doubtful rows whose label the release contradicts, where they were asked for
   * @param learning what was learned from outcomes, if there were some
   */
  public record Report(
      InputReport input,
      List<String> badOffices,
      int prefixes,
      long bytes,
      JsonObject scores,
      @Nullable DoubtfulLabels doubtful,
      @Nullable LearningReport learning) {}

  private Training(Options options, @Nullable Learning learning, Progress progress) {
    this.options = options;
    this.learning = learning;
    this.progress = progress;
    directory = OfficeDirectory.read(options.directory(), options.offices());
  }

  /**
   * Trains and writes a release. Blocks.
   *
   * @throws InputException when a file cannot be used
   */
  public static Report run(Options options, Progress progress) {
    return run(options, null, progress);
  }

  /**
   * As {@link #run(Options, Progress)}, from outcomes too. Then nothing is held back: the release
   * is measured on the newest outcomes, and so is the one it adds to.
   *
   * @param learning null for no outcomes
   */
  public static Report run(Options options, @Nullable Learning learning, Progress progress) {
    try {
      return new Training(options, learning, progress).run();
    } catch (IOException e) {
      throw OutputPath.failure(options.out(), e);
    }
  }

  private Report run() throws IOException {
    checkOutputs();
    if (options.add() != null) earlier = earlier(options.add());
    var outcomes =
        learning == null
            ? null
            : new OutcomeRows(learning.source(), learning.cut(), learning.newest(), earlier);
    try (var input = TrainingInput.read(options.data(), outcomes, options.threads(), progress)) {
      var missing = new TreeSet<>(options.prefixes());
      missing.removeAll(input.prefixes());
      missing.removeAll(earlier.keySet());
      if (!missing.isEmpty()) throw new InputException("No row has the prefix " + missing);
      long known =
          earlier.values().stream()
              .flatMap(own -> own.sample().stream())
              .mapToLong(place -> place.texts().size())
              .sum();
      Trainer.checkHeap(known + input.report().rows(), Runtime.getRuntime().maxMemory());
      Files.createDirectories(options.out());
      return outcomes == null ? run(input) : learn(input, outcomes);
    }
  }

  /** Learns all rows, and measures on the newest outcomes. */
  private Report learn(TrainingInput input, OutcomeRows outcomes) throws IOException {
    var learned =
        learn("learning", count("counting", input, 0, 0)).orElseThrow(() -> nothingToRank(true));
    var models = predictor(learned, null);
    var questions = questions(outcomes, models);
    var overall = new JsonObject();
    for (var question : questions) overall.put(question.label(), question.scores());
    var files = written(learned);
    long bytes = write(learned, files, Map.of(), overall, measured(questions));
    var doubtful = doubtful(input, models, 0);
    return new Report(
        input.report(),
        directory.badRows(),
        files.size(),
        bytes,
        overall,
        doubtful,
        outcomes.report().with(questions));
  }

  private List<QuestionReport> questions(OutcomeRows outcomes, EvaluatedRelease models) {
    var rows = outcomes.newest();
    if (rows.isEmpty()) return List.of();
    var against = Objects.requireNonNull(learning).against();
    progress.begin("measuring", (against == null ? 2 : 4) * rows.size());
    var pool = PincodePool.of();
    var masked = rows.stream().map(row -> QueryVariant.PREFIX_ONLY.query(row, pool)).toList();
    return List.of(
        question(AS_ASKED, rows, outcomes.queries(), models, against),
        question(QueryVariant.PREFIX_ONLY.label(), rows, masked, models, against));
  }

  private QuestionReport question(
      String label,
      List<LabelledRow> rows,
      List<Query> queries,
      EvaluatedRelease models,
      @Nullable EvaluatedRelease against) {
    var own = Evaluation.of(rows, queries, models, progress::step);
    var other = against == null ? null : Evaluation.of(rows, queries, against, progress::step);
    return QuestionReport.of(label, own, other);
  }

  /** How the scores were measured: on which outcomes, and what the earlier release has on them. */
  private JsonObject measured(List<QuestionReport> questions) {
    var told = Objects.requireNonNull(learning);
    var measured =
        new JsonObject()
            .put("seed", options.seed())
            .put(Release.OUTCOMES_UNTIL, told.cut().toString());
    if (told.against() == null) return measured;
    var scores = new JsonObject();
    for (var question : questions) scores.put(question.label(), question.againstScores());
    return measured.put(
        "against", new JsonObject().put("release", told.againstId()).put("scores", scores));
  }

  private Report run(TrainingInput input) throws IOException {
    var scores = new TreeMap<String, JsonObject>();
    var overall = new JsonObject();
    boolean release = options.heldBackOut() == null;
    Optional<Trainer.Learned> learned = Optional.empty();
    PincodeErrors wrongPincodes = null;
    if (options.heldBack() > 0) {
      var part =
          count(
              "counting a part", input, options.heldBack(), release ? MEASURED : Integer.MAX_VALUE);
      var held = held(part.values());
      if (!held.isEmpty() || !release) {
        learned = learn("learning from a part", part);
        if (learned.isPresent()) {
          wrongPincodes = measure(learned.get(), held, scores, overall);
        }
        if (!release && learned.isPresent()) writeHeldBack(held);
      }
    }
    if (release) learned = learn("learning from all", count("counting all", input, 0, 0));
    var whole = learned.orElseThrow(() -> nothingToRank(release));
    var files = written(whole);
    var measured =
        new JsonObject().put("seed", options.seed()).put("held_back", options.heldBack());
    long bytes = write(whole, files, scores, overall, measured);
    var doubtful =
        doubtful(input, predictor(whole, wrongPincodes), release ? 0 : options.heldBack());
    return new Report(
        input.report(), directory.badRows(), files.size(), bytes, overall, doubtful, null);
  }

  /**
   * Lists the doubtful labels, where they are asked for; the release is in place already.
   *
   * @param heldBack share of places that the release has not counted
   */
  private @Nullable DoubtfulLabels doubtful(
      TrainingInput input, OfflinePredictor models, double heldBack) {
    if (options.doubtful() == null) return null;
    try {
      return LabelReport.write(
          options.doubtful(),
          input,
          input.prefixes().stream().filter(this::isWritten).toList(),
          models,
          prefix -> {
            var before = earlier.get(prefix);
            var keys = before == null ? new int[0] : before.placeKeys();
            return new CountedPlaces(options.seed(), heldBack, keys);
          },
          options.data().work(),
          options.threads(),
          progress);
    } catch (InputException e) {
      throw new InputException(
          "%s; the release in %s is complete".formatted(e.getMessage(), options.out()));
    }
  }

  private SortedMap<String, PrefixCounts> earlier(Path release) {
    var counts = CountsFile.read(release);
    if (options.decay()) counts.replaceAll((prefix, own) -> own.halved());
    return counts;
  }

  private List<LabelledRow> held(Collection<PrefixCounts> counts) {
    return counts.stream()
        .filter(own -> isWritten(own.prefix()))
        .flatMap(own -> own.held().stream())
        .toList();
  }

  /** Checks output paths before the training. */
  private void checkOutputs() {
    OutputPath.checkDirectory(options.out());
    var held = options.heldBackOut();
    if (held != null && exists(held)) OutputPath.checkFile(held);
    var doubtful = options.doubtful();
    if (doubtful == null) return;
    if (held != null && doubtful.toAbsolutePath().equals(held.toAbsolutePath())) {
      throw new InputException("Held-back rows and doubtful labels need a file each");
    }
    if (exists(doubtful)) LabelReport.check(doubtful, options.data().data());
  }

  /** Whether the directory of a file must be there: it is not that of the release, made later. */
  private boolean exists(Path file) {
    boolean inRelease = options.out().toAbsolutePath().equals(file.toAbsolutePath().getParent());
    return !inRelease || Files.exists(options.out());
  }

  private static InputException nothingToRank(boolean release) {
    return new InputException(
        release
            ? "There is nothing to rank: no prefix has two CPs; add addresses of a second one"
            : "Without the held-back addresses there is nothing to rank: no prefix keeps two CPs;"
                + " add addresses or lower --held-back");
  }

  private boolean isWritten(String prefix) {
    return options.prefixes().isEmpty() || options.prefixes().contains(prefix);
  }

  private SortedMap<String, PrefixCounts> count(
      String what, TrainingInput input, double heldBack, int held) {
    progress.begin(what, input.prefixes().size());
    return trainer().count(input, heldBack, held, earlier);
  }

  private Optional<Trainer.Learned> learn(String what, SortedMap<String, PrefixCounts> counts) {
    progress.begin(what, Trainer.steps(counts.size()));
    return trainer().learn(counts);
  }

  private Trainer trainer() {
    return new Trainer(directory, options.seed(), options.threads(), () -> progress.step(1));
  }

  /**
   * @return the shares of wrong pincodes of {@code held}, estimated as the service does
   */
  private @Nullable PincodeErrors measure(
      Trainer.Learned learned,
      List<LabelledRow> held,
      Map<String, JsonObject> scores,
      JsonObject overall) {
    progress.begin("measuring", held.size() * VARIANTS.size());
    var models = predictor(learned, null);
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
    var asWritten = held.stream().map(row -> QueryVariant.FULL.query(row, pool)).toList();
    return models.fitted(asWritten).wrongPincodes();
  }

  static OfflinePredictor predictor(
      Trainer.Learned learned, @Nullable PincodeErrors wrongPincodes) {
    var scorings = new HashMap<String, ScoringModel>();
    var fingerprints = new HashMap<String, String>();
    for (var prefix : learned.files().keySet()) {
      var model = learned.model(prefix, new JsonObject(), List.of());
      var scoring = ScoringModel.of(model, "");
      scorings.put(prefix, scoring);
      fingerprints.put(prefix, scoring.fingerprint());
    }
    var national = NationalStage.of(ByteBuffer.wrap(learned.national()));
    return new OfflinePredictor(
        ServingRelease.of(fingerprints, national), scorings::get, ALL_ANSWERED, wrongPincodes);
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
      JsonObject overall,
      JsonObject measured)
      throws IOException {
    progress.begin("writing", files.size());
    try (var reference = XgboostRanker.of(learned.ranker());
        var writer =
            new ReleaseWriter(
                options.out(), learned.ranker(), learned.trees(), learned.national())) {
      requireParity(reference, learned);
      for (var prefix : files.keySet()) {
        var score = scores.getOrDefault(prefix, new JsonObject());
        var golden =
            GoldenAddresses.of(
                learned.index(prefix),
                learned.forest().votes(),
                reference,
                learned.counts(prefix).sample());
        writer.add(learned.manifest(prefix, score, golden), files.get(prefix));
        progress.step(1);
      }
      if (options.keepCounts()) writer.keep(learned.counts().values());
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
