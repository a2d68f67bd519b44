package com.cpprediction.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvaluateCommandTest {
  private static final List<String> QUESTIONS =
      List.of(
          "full",
          "text_only",
          "prefix_only",
          "wrong_pincode_0.25",
          "wrong_anywhere_0.25",
          "wrong_slip_0.25",
          "no_prefix");

  @TempDir static Path dir;

  @ParameterizedTest(name = "{0} asks {1}")
  @CsvSource({
    "'', full",
    "--no-field, text_only",
    "--mask-pincode, prefix_only",
    "--wrong-pincode 0.25, wrong_pincode_0.25",
    "--wrong-pincode 0.25 --wrong-anywhere, wrong_anywhere_0.25",
    "--wrong-slip --wrong-pincode 0.25, wrong_slip_0.25",
    "--no-prefix, no_prefix",
  })
  void eachFlagAsksTheQuestionThatAllAsksToo(String flags, String question) {
    var run = evaluate(flags + " --json");

    assertThat(run.exit()).as(run.err()).isZero();
    var figures = run.json();
    assertThat(figures.getString("question")).isEqualTo(question);
    assertThat(figures.getLong("rows")).isEqualTo(561);
    var all = All.JSON.getJsonObject("questions").getJsonObject(question);
    assertThat(all.fieldNames())
        .allSatisfy(field -> assertThat(figures.getValue(field)).isEqualTo(all.getValue(field)));
    assertThat(figures.getString("release")).isEqualTo(All.JSON.getString("release")).hasSize(64);
  }

  /** Asked once. */
  private static final class All {
    static final JsonObject JSON = evaluate("--all --json").json();
  }

  @Test
  void wrongPincodesCostAccuracyAndTheTextHasMostOfThem() {
    var questions = All.JSON.getJsonObject("questions");

    assertThat(questions.fieldNames()).containsExactlyElementsOf(QUESTIONS);
    double full = accuracy(questions, "full");
    assertThat(accuracy(questions, "text_only")).isBetween(0.8, full);
    for (var wrong : QUESTIONS.subList(3, 6)) {
      assertThat(accuracy(questions, wrong)).as(wrong).isLessThan(full);
    }
    assertThat(questions.getJsonObject("wrong_slip_0.25").getJsonObject("refused").fieldNames())
        .contains("unknown-prefix");
  }

  private static double accuracy(JsonObject questions, String question) {
    return questions.getJsonObject(question).getDouble("accuracy");
  }

  @Test
  void theJsonHasReliabilityCoverageAndConfusions() {
    var figures = evaluate("--mask-pincode --json --confusions 3").json();

    var reliability = figures.getJsonArray("reliability");
    assertThat(reliability).hasSize(15);
    assertThat(sum(reliability, "rows")).isEqualTo(figures.getLong("answered"));
    assertThat(
            figures.getJsonArray("coverage").stream()
                .map(c -> ((JsonObject) c).getDouble("confidence")))
        .containsExactly(0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99);
    var confusions = figures.getJsonArray("confusions");
    assertThat(confusions).hasSize(3);
    assertThat(confusions.getJsonObject(0).fieldNames()).containsExactly("cp", "predicted", "rows");
    assertThat(figures.getJsonObject("unknown_cps").encode()).isEqualTo("{\"rows\":0,\"cps\":[]}");
    assertThat(figures.fieldNames()).doesNotContain("prefixes", "against");
  }

  private static long sum(JsonArray objects, String field) {
    return objects.stream().mapToLong(o -> ((JsonObject) o).getLong(field)).sum();
  }

  @Test
  void theTablesHaveEachPrefixAndAllFigures() throws IOException {
    var conf = dir.resolve("sure.json");
    Files.writeString(conf, "{\"prediction\": {\"min_text_confidence\": 0.9}}");

    var run = evaluate("--no-prefix --conf " + conf);

    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out().lines().map(line -> line.strip().split(" {2,}")[0]))
        .startsWith("prefix", "180", "575", "831", "all")
        .contains(
            "Reliability of the confidence",
            "0.933 to 1.000",
            "Coverage at a minimum confidence",
            ">= 0.95",
            "Confused CPs")
        .anyMatch(line -> line.matches("Refused, and counted as wrong: pincode-required [0-9]+"));
  }

  @Test
  void allSevenQuestionsAreInOneTable() {
    var run = evaluate("--all");

    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out().lines().map(line -> line.split(" ")[0]))
        .startsWith("question")
        .containsSubsequence(QUESTIONS)
        .hasSize(8);
  }

  @Test
  void allWithPerPrefixHasATableForEachQuestion() {
    var lines = evaluate("--all --per-prefix --confusions 2").out().lines().toList();

    assertThat(lines).containsSubsequence(QUESTIONS.stream().toList());
    assertThat(lines.stream().filter(line -> line.startsWith("831 "))).hasSize(7);
    assertThat(lines).contains("Confused CPs, no_prefix");
  }

  @Test
  void comparesWithAnotherReleaseOnTheSameQueries() throws IOException {
    var another = SmallRelease.copyAnotherTo(dir.resolve("another")).toString();

    var both = evaluate("--all --json --per-prefix --against " + another).json();
    var swapped =
        CommandRun.of(
                "evaluate",
                "--models",
                another,
                "--against",
                SmallRelease.directory().toString(),
                "--data",
                SmallRelease.addresses().toString(),
                "--mask-pincode",
                "--json")
            .json();
    var tables = evaluate("--mask-pincode --against " + another).out();

    var question = both.getJsonObject("questions").getJsonObject("prefix_only");
    var accuracy = question.getJsonObject("against").getJsonObject("accuracy");
    assertThat(accuracy.getDouble("this")).isEqualTo(question.getDouble("accuracy"));
    assertThat(accuracy.getDouble("against")).isEqualTo(swapped.getDouble("accuracy"));
    assertThat(question.getJsonObject("against").getJsonObject("top3").getDouble("against"))
        .isEqualTo(swapped.getDouble("top3"));
    assertThat(accuracy.getLong("only_this") + accuracy.getLong("only_against")).isPositive();
    assertThat(accuracy.getJsonArray("interval").getDouble(0))
        .isLessThan(accuracy.getDouble("difference"));
    assertThat(accuracy.getJsonArray("interval").getDouble(1))
        .isGreaterThan(accuracy.getDouble("difference"));
    var mirrored = swapped.getJsonObject("against").getJsonObject("accuracy");
    assertThat(mirrored.getDouble("difference")).isEqualTo(-accuracy.getDouble("difference"));
    assertThat(mirrored.getLong("only_this")).isEqualTo(accuracy.getLong("only_against"));
    assertThat(both.getString("against_release")).isEqualTo(swapped.getString("release"));
    assertThat(
            question.getJsonObject("prefixes").stream()
                .mapToLong(
                    prefix ->
                        ((JsonObject) prefix.getValue())
                            .getJsonObject("against")
                            .getJsonObject("accuracy")
                            .getLong("only_this"))
                .sum())
        .isEqualTo(accuracy.getLong("only_this"));
    assertThat(tables.lines().filter(line -> line.startsWith("all "))).hasSize(3);
    assertThat(tables)
        .contains("Against " + another, "95 % interval", "only against")
        .containsPattern("all +561 +[0-9.]+ % +[0-9.]+ % +[+-][0-9.]+ +[+-][0-9.]+ to [+-][0-9.]+");
  }

  @Test
  void aReleaseEqualsItself() {
    var against =
        evaluate("--json --against " + SmallRelease.directory()).json().getJsonObject("against");

    for (var figure : List.of("accuracy", "top3")) {
      var compared = against.getJsonObject(figure);
      assertThat(compared.getDouble("difference")).isZero();
      assertThat(compared.getLong("only_this")).isZero();
      assertThat(compared.getLong("only_against")).isZero();
    }
  }

  @Test
  void labelsThatTheReleaseLacksAreRefused() throws IOException {
    var run = evaluateRows("all.csv", "X1", "X1", "X1");

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err())
        .startsWith(
            "561 of 561 rows name a CP that the release lacks, such as \"X1\"; its codes are")
        .contains("Name the release that was trained on these CPs, or put its codes into");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void someLabelsThatTheReleaseLacksAreNamedAndWrong() throws IOException {
    var json = evaluateRows("some.csv", "", "X1", "", "--json").json();
    var text = evaluateRows("some.csv", "", "X1", "").out();

    assertThat(json.getJsonObject("unknown_cps").encode())
        .isEqualTo("{\"rows\":187,\"cps\":[{\"cp\":\"X1\",\"rows\":187}]}");
    assertThat(json.getLong("answered")).isEqualTo(561);
    assertThat(json.getDouble("accuracy")).isBetween(0.6, 374 / 561.0);
    assertThat(text)
        .startsWith(
            "187 of 561 rows name a CP that the release lacks, and count as wrong: X1 (187)");
  }

  /** Evaluates the training addresses, each third with another label; the empty one keeps it. */
  private static CommandRun evaluateRows(
      String file, String first, String second, String third, String... options)
      throws IOException {
    var labels = List.of(first, second, third);
    var lines = new ArrayList<>(Files.readAllLines(SmallRelease.addresses()));
    for (int i = 1; i < lines.size(); i++) {
      var label = labels.get(i % 3);
      if (label.isEmpty()) continue;
      lines.set(i, lines.get(i).replaceFirst(",CP[0-9]+$", "," + label));
    }
    var data = Files.write(dir.resolve(file), lines);
    var arguments =
        new ArrayList<>(
            List.of(
                "evaluate",
                "--models",
                SmallRelease.directory().toString(),
                "--data",
                data.toString()));
    arguments.addAll(List.of(options));
    return CommandRun.of(arguments.toArray(String[]::new));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "--wrong-slip | Missing required argument(s): --wrong-pincode=SHARE",
        "--wrong-anywhere | Missing required argument(s): --wrong-pincode=SHARE",
        "--wrong-pincode 0.1 --wrong-slip --wrong-anywhere | give either --wrong-anywhere or --wrong-slip",
        "--all --mask-pincode | are mutually exclusive",
        "--no-field --no-prefix | are mutually exclusive",
        "--no-field --wrong-pincode 0.1 | are mutually exclusive",
        "--wrong-pincode 1.1 --wrong-slip | --wrong-pincode must be in 0..1",
        "--confusions -1 | --confusions must be in 0..100000",
      })
  void flagsThatContradictEachOtherAreWrongUsage(String flags, String said) {
    var run = evaluate(flags);

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains(said);
  }

  private static CommandRun evaluate(String options) {
    var arguments =
        "evaluate --models %s --data %s %s"
            .formatted(SmallRelease.directory(), SmallRelease.addresses(), options);
    return CommandRun.of(arguments.strip().split(" +"));
  }
}
