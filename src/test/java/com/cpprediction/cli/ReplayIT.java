package com.cpprediction.cli;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a real service answered and stored, under two releases and two trusts, answered again. */
class ReplayIT {
  @TempDir private static Path directory;

  private static final List<String> ids = new ArrayList<>(); // two by release, trust and source
  private static TestHome home;
  private static Path another;
  private static Service service;

  /** What the command printed. */
  private record Run(int exit, List<String> lines) {}

  @BeforeAll
  static void answer() throws Exception {
    another = SmallRelease.trainAnother(directory.resolve("another"));
    home = TestHome.in(directory.resolve("home"));
    answerWith(SmallRelease.directory(), 1.4);
    answerWith(SmallRelease.directory(), 0.25);
    answerWith(another, 1.4);
    configure(SmallRelease.directory(), 1.4);
    service = home.service();
    service.start().await(60, SECONDS);
  }

  @AfterAll
  static void stop() {
    service.stop(TestHome.STOP);
  }

  private static void configure(Path release, double trust) throws Exception {
    home.configure(
        new JsonObject()
            .put("models", new JsonObject().put("dir", release.toString()))
            .put("prediction", new JsonObject().put("pincode_trust", trust)));
  }

  private static void answerWith(Path release, double trust) throws Exception {
    configure(release, trust);
    var run = home.service();
    run.start().await(60, SECONDS);
    try {
      var http = new Http(run.port());
      var row = SmallRelease.rows("575").get(4);
      var known = ServiceIT.request("replayed", row.typed()).put("pincode", row.pincode());
      var located = ServiceIT.request("located", "Kadri Hills, near Kadri Temple, Mangalore");
      for (var request : List.of(known, located)) {
        ids.add(http.post("/predict", request).json().getString("prediction_id"));
      }
    } finally {
      run.stop(TestHome.STOP);
    }
  }

  @Test
  void whatWasAnsweredIsAnsweredAgainDigitByDigit() {
    var arguments =
        new ArrayList<>(
            List.of(
                "--models", another.toString(), "--models", SmallRelease.directory().toString()));
    arguments.addAll(ids);

    var run = replay(arguments.toArray(String[]::new));

    assertThat(run.lines()).hasSize(7).last().isEqualTo("6 of 6 the same");
    assertThat(run.exit()).isZero();
  }

  @Test
  void whatAnotherReleaseAnsweredIsSaidToBeMissing() {
    var run = replay(ids.get(0), ids.get(4));

    assertThat(run.lines().get(0)).isEqualTo(ids.get(0) + "  same  ");
    assertThat(run.lines().get(1))
        .matches(ids.get(4) + "  release missing  .* prefix 575 with the fingerprint [0-9a-f]{64}");
    assertThat(run.lines().get(2)).isEqualTo("1 of 2 the same");
    assertThat(run.exit()).isEqualTo(1);
  }

  @Test
  void aChangedRowDiffers() throws Exception {
    var http = new Http(service.port());
    var request = ServiceIT.request("changed", SmallRelease.rows("180").get(0).typed());
    var id =
        http.post("/predict", request.put("pincode", "180004")).json().getString("prediction_id");
    assertThat(replay(id).exit()).isZero();

    var jdbc = "jdbc:" + service.databaseUri().replace("postgres@", "") + "?user=postgres";
    try (var connection = DriverManager.getConnection(jdbc);
        var statement =
            connection.prepareStatement(
                "UPDATE predictions SET confidence = confidence - 0.000001"
                    + " WHERE prediction_id = ?::uuid")) {
      statement.setString(1, id);
      statement.execute();
    }

    var run = replay("--json", id);
    assertThat(run.exit()).isEqualTo(1);
    var json = new JsonObject(run.lines().get(0));
    assertThat(json.getString("outcome")).isEqualTo("differs");
    assertThat(json.getString("detail")).contains("stored").contains("now");
  }

  @Test
  void aSampleIsTheSameForTheSameSeed() {
    var one = replay("--sample", "3", "--models", another.toString());
    var other = replay("--sample", "3", "--models", another.toString());

    assertThat(one.lines()).hasSize(4).isEqualTo(other.lines());
  }

  @Test
  void anIdNobodyKnowsIsSaidSo() {
    var run = replay("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");

    assertThat(run.lines().get(0)).contains("unknown");
    assertThat(run.exit()).isEqualTo(1);
  }

  @Test
  void wrongUsageIsNamed() {
    assertThat(replay().exit()).isEqualTo(2);
    assertThat(replay("--sample", "0").exit()).isEqualTo(2);
    assertThat(replay("not-an-id").exit()).isEqualTo(2);
  }

  private static Run replay(String... arguments) {
    var out = new StringWriter();
    var all = new ArrayList<>(List.of("replay", "--conf", home.config().toString()));
    all.addAll(List.of(arguments));
    int exit =
        Main.run(
            new PrintWriter(out, true),
            new PrintWriter(System.err, true),
            all.toArray(String[]::new));
    return new Run(exit, out.toString().lines().toList());
  }
}
