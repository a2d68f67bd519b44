package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Failure;
import com.cpprediction.training.EvaluatedRelease.QueryPredictor;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class EvaluationTest {
  private static final PincodePool NO_POOL = PincodePool.of();

  @Test
  void aRowOfAnUnknownPrefixIsRefused() {
    var rows = new ArrayList<>(rowsOf("180"));
    rows.add(new LabelledRow("Gol Gujral", "190999", "CP1"));

    try (var models = SmallRelease.models(SmallRelease.directory())) {
      var predictor = OfflinePredictor.of(models, 1, OptionalDouble.empty());
      for (var question : List.of(QueryVariant.FULL, QueryVariant.PREFIX_ONLY)) {
        var evaluation = evaluate(rows, question, predictor);

        var overall = evaluation.overall();
        assertThat(overall.getLong("rows")).isEqualTo(rows.size());
        assertThat(overall.getLong("answered")).isEqualTo(rows.size() - 1);
        assertThat(evaluation.counts().refusals())
            .containsExactly(entry(Failure.UNKNOWN_PREFIX, 1L));
      }
    }
  }

  @Test
  void withoutPrefixTheWordsLocateAnAddress() {
    var rows = rowsOf("");
    try (var models = SmallRelease.models(SmallRelease.directory())) {
      var sure =
          ask(
              rows,
              QueryVariant.NO_PREFIX,
              OfflinePredictor.of(models, 0.5, OptionalDouble.empty()));
      var all =
          ask(rows, QueryVariant.NO_PREFIX, OfflinePredictor.of(models, 0, OptionalDouble.empty()));
      var known =
          ask(
              rows,
              QueryVariant.PREFIX_ONLY,
              OfflinePredictor.of(models, 0.5, OptionalDouble.empty()));

      assertThat(all.getLong("answered")).isEqualTo(known.getLong("answered"));
      assertThat(sure.getLong("answered")).isLessThan(all.getLong("answered"));
      assertThat(all.getDouble("accuracy"))
          .isGreaterThan(0.7)
          .isLessThanOrEqualTo(known.getDouble("accuracy"));
    }
  }

  @Test
  void withoutTheFieldThePincodeOfTheTextIsRead() {
    var written = List.of(new LabelledRow("Channi Himmat, Jammu 180015", "180001", "CP1"));
    try (var models = SmallRelease.models(SmallRelease.directory())) {
      var predictor = OfflinePredictor.of(models, 0, OptionalDouble.empty());
      var asText =
          predictor.predictor().predict(Query.unmasked("Channi Himmat, Jammu 180015", null));
      var asField =
          predictor.predictor().predict(Query.unmasked("Channi Himmat, Jammu 180015", "180015"));

      assertThat(asText).isEqualTo(asField);
      assertThat(evaluate(written, QueryVariant.TEXT_ONLY, predictor).overall().getLong("answered"))
          .isEqualTo(1);
    }
  }

  @Test
  void aMaskedQueryReadsNoPincodeOfTheText() {
    try (var models = SmallRelease.models(SmallRelease.directory())) {
      var predictor = OfflinePredictor.of(models, 0, OptionalDouble.empty()).predictor();
      var address = "Channi Himmat, Jammu ५७५०१७"; // 575017, which the pattern leaves in

      assertThat(predictor.predict(new Query(address, null, "180", true)))
          .isNotEqualTo(predictor.predict(new Query(address, null, null, false)))
          .allSatisfy(
              candidate ->
                  assertThat(models.usable("180").model().manifest().cps())
                      .contains(candidate.cp()));
    }
  }

  @Test
  void aReleaseKnowsItsCpsAndTrainedPincodes() {
    try (var models = SmallRelease.models(SmallRelease.directory())) {
      var release = OfflinePredictor.of(models, 0, OptionalDouble.empty());

      assertThat(release.cps())
          .containsExactlyInAnyOrderElementsOf(
              rowsOf("").stream().map(LabelledRow::cp).distinct().toList());
      assertThat(release.trainedPincodes())
          .containsExactlyInAnyOrder(
              rowsOf("").stream()
                  .map(LabelledRow::pincode)
                  .mapToInt(Integer::parseInt)
                  .distinct()
                  .toArray());
    }
  }

  @Test
  void countsEveryRowOnceWhateverTheNumberOfTasks() {
    var rows = new ArrayList<LabelledRow>();
    for (int i = 0; i < 2_500; i++)
      rows.add(row("Road " + i, i % 2 == 0 ? "411001" : "560001", "A"));
    var done = new AtomicInteger();

    var evaluation =
        Evaluation.of(
            rows, QueryVariant.FULL, NO_POOL, release(query -> sure("A")), done::addAndGet);

    assertThat(done).hasValue(2_500);
    assertThat(evaluation.overall().getLong("rows")).isEqualTo(2_500);
    assertThat(evaluation.byPrefix().get("411").getLong("rows")).isEqualTo(1_250);
  }

  @Test
  void namesTheMostFrequentConfusions() {
    var rows =
        List.of(
            row("a", "411001", "A"),
            row("b", "411001", "A"),
            row("c", "560001", "B"),
            row("d", "560001", "C"),
            row("e", "560001", "C"));
    var predicted = Map.of("a", "B", "b", "B", "c", "A", "d", "A", "e", "C");

    var evaluation =
        evaluate(rows, QueryVariant.FULL, release(query -> sure(predicted.get(query.address()))));

    assertThat(evaluation.confusions(9))
        .containsExactly(
            new Confusion("A", "B", 2), new Confusion("B", "A", 1), new Confusion("C", "A", 1));
    assertThat(evaluation.confusions(1)).containsExactly(new Confusion("A", "B", 2));
    assertThat(evaluation.confusions(0)).isEmpty();
  }

  @Test
  void aRefusedRowIsNoConfusion() {
    var rows = List.of(row("a", "411001", "A"));

    var evaluation =
        evaluate(
            rows,
            QueryVariant.FULL,
            release(
                query -> {
                  throw Failure.PINCODE_REQUIRED.because("too much doubt");
                }));

    assertThat(evaluation.confusions(9)).isEmpty();
    assertThat(evaluation.counts().refusals()).containsExactly(entry(Failure.PINCODE_REQUIRED, 1L));
  }

  @Test
  void comparesTwoReleasesRowByRow() {
    var rows = List.of(row("a", "411001", "A"), row("b", "411001", "A"), row("c", "560001", "A"));
    var one =
        evaluate(
            rows,
            QueryVariant.FULL,
            release(query -> query.address().equals("a") ? sure("B") : sure("A")));
    var other =
        evaluate(
            rows,
            QueryVariant.FULL,
            release(
                query ->
                    query.address().equals("c")
                        ? sure("B")
                        : List.of(new Candidate("B", 0.6), new Candidate("A", 0.4))));

    var comparison = one.against(other);

    assertThat(comparison.first().onlyThis()).isEqualTo(2);
    assertThat(comparison.first().onlyOther()).isZero();
    assertThat(comparison.first().difference()).isEqualTo(2 / 3.0);
    assertThat(comparison.top().onlyThis()).isEqualTo(1);
    assertThat(comparison.top().onlyOther()).isEqualTo(1);
    assertThat(one.againstByPrefix(other).get("411").top().onlyOther()).isEqualTo(1);
    assertThat(one.againstByPrefix(other).get("560").top().onlyOther()).isZero();
  }

  @Test
  void otherRowsCannotBeCompared() {
    var release = release(query -> sure("A"));
    var one = evaluate(List.of(row("a", "411001", "A")), QueryVariant.FULL, release);
    var other = evaluate(List.of(row("b", "411001", "A")), QueryVariant.FULL, release);

    assertThatThrownBy(() -> one.against(other)).hasMessage("the rows differ");
  }

  private static JsonObject ask(
      List<LabelledRow> rows, QueryVariant question, EvaluatedRelease release) {
    return evaluate(rows, question, release).overall();
  }

  private static Evaluation evaluate(
      List<LabelledRow> rows, QueryVariant question, EvaluatedRelease release) {
    return Evaluation.of(rows, question, NO_POOL, release, done -> {});
  }

  private static List<LabelledRow> rowsOf(String prefix) {
    return SmallRelease.rows().stream()
        .filter(row -> row.pincode().startsWith(prefix))
        .map(row -> new LabelledRow(row.typed(), row.pincode(), row.cp()))
        .toList();
  }

  private static LabelledRow row(String typed, String pincode, String cp) {
    return new LabelledRow(typed, pincode, cp);
  }

  private static List<Candidate> sure(String cp) {
    return List.of(new Candidate(cp, 1));
  }

  private static EvaluatedRelease release(QueryPredictor predictor) {
    return new EvaluatedRelease() {
      @Override
      public int[] trainedPincodes() {
        return new int[0];
      }

      @Override
      public Set<String> cps() {
        return Set.of("A", "B", "C");
      }

      @Override
      public QueryPredictor predictor() {
        return predictor;
      }
    };
  }
}
