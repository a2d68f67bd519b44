package com.cpprediction.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.TestHome;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OfflineCommandsTest {
  @TempDir Path dir;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @ParameterizedTest
  @ValueSource(strings = {"2", "-0.1", "NaN"})
  void aShareOfWrongPincodesOutsideZeroToOneIsWrongUsage(String share) {
    int exit = run("evaluate", "--data", "x.csv", "--wrong-pincode", share);

    assertThat(exit).isEqualTo(2);
    assertThat(err.toString()).startsWith("--wrong-pincode must be in 0..1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"56x", "5600", "56", "056", "180,56x"})
  void aPrefixThatIsNotThreeDigitsIsWrongUsage(String prefixes) {
    int exit = run("train", "--data", "x.csv", "--out", "x", "--prefixes", prefixes);

    assertThat(exit).isEqualTo(2);
    assertThat(err.toString()).contains("is not three digits, the first 1 to 9");
  }

  @Test
  void heldBackRowsNeedAShareToHoldBack() {
    int exit =
        run("train", "--data", "x", "--out", "x", "--held-back", "0", "--held-back-out", "h.csv");

    assertThat(exit).isEqualTo(2);
    assertThat(err.toString()).startsWith("--held-back-out needs a share to hold back");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "replay | give either PREDICTION_IDs or --sample N",
        "replay --sample 5 01a207b3-2796-7417-8378-beccad93e0fd | give either",
        "replay --seed 5 01a207b3-2796-7417-8378-beccad93e0fd | --seed goes with --sample",
        "replay --sample 0 | --sample must be in 1..100000",
        "replay --sample 100001 | --sample must be in 1..100000",
        "replay S1 | \"S1\" is no prediction id, a UUID"
      })
  void replayingNeedsIdsOrASample(String arguments, String said) {
    int exit = run(arguments.split(" "));

    assertThat(exit).isEqualTo(2);
    assertThat(err.toString()).startsWith(said);
  }

  @Test
  void aClusterNeedsOneDatabaseForAll() throws IOException {
    var home = TestHome.in(dir);

    int exit = run("serve", "--cluster", "--conf", home.config().toString());

    assertThat(exit).isEqualTo(2);
    assertThat(err.toString())
        .startsWith("--cluster needs database.uri: with an embedded PostgreSQL each node");
    assertThat(dir.resolve("data")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"host\": \"192.0.2.1\"} | cluster.host 192.0.2.1 is not loopback",
        "{\"host\": \"0.0.0.0\", \"trusted_network\": true} | cluster.host is 0.0.0.0, must be the",
        "{\"host\": \"no.such.host.invalid\"} | cluster.host no.such.host.invalid is no address",
        "{\"tls\": {\"certificate\": \"c.pem\"}} | cluster.tls needs certificate, key and ca",
        "{\"members\": [\"a:1\", \"b\"]} | cluster.members[1] is \"b\""
      })
  void aClusterNeedsAnAddressOfItsOwn(String cluster, String said) throws IOException {
    var conf = Files.createDirectories(dir.resolve("conf")).resolve("config.json");
    Files.writeString(
        conf,
        "{\"database\": {\"uri\": \"postgresql://cp@127.0.0.1/cp\"}, \"cluster\": %s}"
            .formatted(cluster));

    int exit = run("serve", "--cluster", "--conf", conf.toString());

    assertThat(err.toString()).startsWith(said);
    assertThat(exit).isEqualTo(said.startsWith("cluster.members") ? 1 : 2);
  }

  @Test
  void replayingWithoutADatabaseFails() throws IOException {
    var home = TestHome.in(dir);

    int exit = run("replay", "--sample", "5", "--conf", home.config().toString());

    assertThat(exit).isEqualTo(1);
    assertThat(err.toString()).startsWith("There is no database in data_dir " + dir);
    assertThat(dir.resolve("data")).doesNotExist();
  }

  @Test
  void evaluatingAFileWithoutAUsableRowFails() throws IOException {
    var data = Files.writeString(dir.resolve("rows.csv"), "address,pincode,cp_code\nx,1,y\n");

    int exit = run("evaluate", "--data", data.toString());

    assertThat(exit).isEqualTo(1);
    assertThat(err.toString().strip())
        .isEqualTo(data + " has no usable row; line 2: pincode is not six digits");
    assertThat(out.toString()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"--json,{", "--json --per-prefix,prefixes", "--mask-pincode,all"})
  void evaluatingPrintsTheFigures(String options, String printed) {
    var arguments =
        "evaluate --models %s --data %s %s"
            .formatted(SmallRelease.directory(), SmallRelease.addresses(), options);

    assertThat(run(arguments.split(" "))).isZero();
    assertThat(out.toString()).contains(printed);
  }

  @Test
  void trainingReplacesAReleaseOnlyIfTold() throws IOException {
    var data =
        Files.writeString(
            dir.resolve("two.csv"),
            "Address;PIN Code;CP Code\nMall Road;1,71,001;CP1\nLower Bazar;171002.0;CP2\n");
    var release = dir.resolve("out");
    var arguments = "train --data %s --held-back 0 --out %s".formatted(data, release).split(" ");
    assertThat(run(arguments)).isZero();
    assertThat(out.toString()).contains("2 rows read, 0 could not be used\n1 prefix, ");
    var before = Files.getLastModifiedTime(release.resolve("release.json"));

    assertThat(run(arguments)).isEqualTo(1);

    assertThat(err.toString().strip())
        .isEqualTo(
            release
                + " has a release; name another directory with --out, or replace it with --force");
    assertThat(Files.getLastModifiedTime(release.resolve("release.json"))).isEqualTo(before);
    assertThat(run((String.join(" ", arguments) + " --force").split(" "))).isZero();
  }

  @Test
  void trainingReadsAPipeWithTheSeparatorOfTheOption() throws Exception {
    var pipe = dir.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    var rows = "address^pincode^cp_code\nMall Road^171001^CP1\nLower Bazar^171002^CP2\n";
    var writer =
        CompletableFuture.runAsync(
            () -> {
              try {
                Files.writeString(pipe, rows, StandardOpenOption.APPEND);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });

    var arguments = "train --data %s --separator ^ --held-back 0 --out %s";
    assertThat(run(arguments.formatted(pipe, dir.resolve("out")).split(" "))).isZero();

    writer.get();
    assertThat(out.toString()).contains("2 rows read, 0 could not be used\n1 prefix, ");
  }

  @Test
  void evaluatingReadsWithTheSeparatorOfTheOption() throws IOException {
    var row = SmallRelease.rows().get(0);
    var data =
        Files.writeString(
            dir.resolve("rows.csv"),
            "address^pincode^cp_code\n\"%s\"^%s^%s\n"
                .formatted(row.text(), row.pincode(), row.cp()));
    var arguments = "evaluate --models %s --data %s --json --separator ";

    int told = run((arguments.formatted(SmallRelease.directory(), data) + "^").split(" "));
    int wrongly = run((arguments.formatted(SmallRelease.directory(), data) + "tab").split(" "));

    assertThat(told).isZero();
    assertThat(wrongly).isEqualTo(1);
    assertThat(err.toString()).contains("lacks the column address");
  }

  @Test
  void evaluatingWarnsOfRowsThatTheReleaseWasTrainedOn() throws IOException {
    var release = dir.resolve("part");
    var held = dir.resolve("held.csv");
    var train =
        "train --data %s --out %s --work %s --held-back-out %s"
            .formatted(SmallRelease.addresses(), release, dir, held);
    assertThat(run(train.split(" "))).isZero();
    var evaluate = "evaluate --json --models %s --data ".formatted(release);

    assertThat(run((evaluate + held).split(" "))).isZero();
    assertThat(err.toString()).doesNotContain("trained");
    out.getBuffer().setLength(0);
    assertThat(run((evaluate + SmallRelease.addresses()).split(" "))).isZero();

    var rows = Files.readAllLines(SmallRelease.addresses()).size() - 1;
    int trained = new JsonObject(out.toString()).getInteger("trained_rows");
    assertThat(trained).isBetween(rows / 2, rows - 1);
    assertThat(err.toString())
        .contains("At least %d of %d rows trained the release: figures".formatted(trained, rows));

    Files.delete(release.resolve("counts.gz"));
    out.getBuffer().setLength(0);
    assertThat(run((evaluate + SmallRelease.addresses()).split(" "))).isZero();
    assertThat(new JsonObject(out.toString()).getInteger("trained_rows"))
        .isBetween(1, SmallRelease.PREFIXES.size() * 6);
  }

  @Test
  void trainingSaysWhenThereWasTooLittleToMeasure() throws IOException {
    var data =
        Files.writeString(
            dir.resolve("two.csv"),
            "address,pincode,cp_code\nMall Road,171001,CP1\nLower Bazar,171002,CP2\n");

    int exit = run("train", "--data", data.toString(), "--out", dir.resolve("out").toString());

    assertThat(exit).isZero();
    assertThat(out.toString())
        .contains("Not measured: there are too few addresses to hold some back");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--since 31.01.2026 | Invalid value for option '--since': \"31.01.2026\" is neither",
        "--since 2026-02-01 --until 2026-02-01T00:00Z | --since must be before --until",
      })
  void timesOfTrainingRowsAreInOrder(String options, String said) {
    int exit = run(("train --data x.csv --out x " + options).split(" "));

    assertThat(exit).isEqualTo(2);
    assertThat(err.toString()).startsWith(said);
  }

  @Test
  void trainingReportsItsRows() throws IOException {
    var header = "address,pincode,cp_code,time\n";
    var first =
        Files.writeString(
            dir.resolve("a.csv"),
            header
                + "Mall Road,171001,CP1,2026-01-05\n"
                + "mall road,171001,CP1,2026-01-05\n"
                + "Mall Road,171001,CP2,2026-01-06\n"
                + "Lower Bazar,171002,CP2,2026-01-07\n");
    var second =
        Files.writeString(
            dir.resolve("b.csv"),
            header + "Ridge,171001,NaN,2026-01-07\nRidge,171001,CP1,2026-02-01\n");
    var arguments =
        "train --data %s --data %s --since 2026-01-01 --until 2026-02-01 --held-back 0 --work %s --out %s"
            .formatted(first, second, dir, dir.resolve("out"))
            .split(" ");

    assertThat(run(arguments)).isZero();
    assertThat(out.toString())
        .startsWith(
            """
            4 rows read, 1 could not be used
              1: cp_code is "nan"
                %2$s line 2: cp_code is "nan"
            1 row is of other times
            1 row repeats an earlier one
            3 rows of 1 address contradict each other: same text and pincode, several CPs
                %1$s line 2: CP1, %1$s line 4: CP2
            """
                .formatted(first, second));
    out.getBuffer().setLength(0);
    var json = Arrays.copyOf(arguments, arguments.length + 2);
    json[arguments.length] = "--json";
    json[arguments.length + 1] = "--force";

    assertThat(run(json)).isZero();
    var report = new JsonObject(out.toString());
    assertThat(report.getMap())
        .containsEntry("files", 2)
        .containsEntry("rows", 4)
        .containsEntry("bad_rows", 1)
        .containsEntry("rows_of_other_times", 1)
        .containsEntry("duplicate_rows", 1)
        .containsEntry("contradicting_rows", 3)
        .containsEntry("contradicted_addresses", 1);
    assertThat(report.getJsonObject("bad_kinds").getMap())
        .isEqualTo(Map.of("cp_code is \"nan\"", 1));
    assertThat(report.getJsonArray("bad_examples"))
        .containsExactly(second + " line 2: cp_code is \"nan\"");
    assertThat(report.getJsonArray("contradictions"))
        .containsExactly("%1$s line 2: CP1, %1$s line 4: CP2".formatted(first));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void trainingCountsDoubtfulLabels(boolean json) throws IOException {
    var lines = Files.readAllLines(SmallRelease.addresses());
    int at = 2;
    while (!lines.get(at).endsWith(",575017,CP14584")) at++;
    lines.set(at, lines.get(at).replace("CP14584", "CP-TYPO"));
    var data = Files.write(dir.resolve("rows.csv"), lines);
    var doubtful = dir.resolve("doubtful.csv");
    var arguments =
        "train --data %s --out %s --work %s --doubtful %s --threads 2%s"
            .formatted(data, dir.resolve("out"), dir, doubtful, json ? " --json" : "")
            .split(" ");

    assertThat(run(arguments)).isZero();

    int rows = lines.size() - 1;
    var listed = Files.readAllLines(doubtful);
    assertThat(listed.get(0))
        .isEqualTo(
            "file,line,address,pincode,cp_code,predicted_cp,confidence,cp_code_confidence,"
                + "place_rows_of_cp_code,place_rows_of_predicted_cp");
    assertThat(listed).anyMatch(line -> line.contains(",575017,CP-TYPO,CP14584,"));
    int found = listed.size() - 1;
    if (json) {
      assertThat(new JsonObject(out.toString()).getMap())
          .containsEntry("doubtful_rows", found)
          .containsEntry("judged_rows", rows);
    } else {
      assertThat(out.toString())
          .contains(
              "%d of %d labels are doubtful, listed in %s\n".formatted(found, rows, doubtful));
    }
  }

  @Test
  void aReportOfLabelsNeedsADirectory() {
    var missing = dir.resolve("missing").resolve("doubtful.csv");
    var arguments =
        "train --data %s --out %s --doubtful %s"
            .formatted(SmallRelease.addresses(), dir.resolve("out"), missing)
            .split(" ");

    assertThat(run(arguments)).isEqualTo(1);
    assertThat(err.toString().strip())
        .isEqualTo("Cannot write " + missing + ": its directory does not exist; create it");
    assertThat(dir.resolve("out")).doesNotExist();
  }

  @Test
  void trainingNeedsADirectoryForTemporaryRows() throws IOException {
    var data = Files.writeString(dir.resolve("a.csv"), "address,pincode,cp_code\nx,171001,CP1\n");
    var work = dir.resolve("missing");

    int exit = run("train", "--data", data.toString(), "--out", "x", "--work", work.toString());

    assertThat(exit).isEqualTo(1);
    assertThat(err.toString().strip())
        .isEqualTo("There is no directory " + work + " for temporary rows; name one with --work");
    assertThat(Path.of("x")).doesNotExist();
  }

  @Test
  void checkingAConfigurationFindsContradictions() throws IOException {
    var conf =
        Files.writeString(
            dir.resolve("half.json"), "{\"http\":{\"tls\":{\"certificate\":\"server.pem\"}}}");

    assertThat(run("config", "check", conf.toString())).isEqualTo(1);
    assertThat(out.toString())
        .contains("error: http.tls.certificate is in PEM; set http.tls.key too")
        .doesNotContain("can be used");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "postgresql://cp:hunter2@db/cp?sslmode=verify-full | 1 | error: database.uri: sslmode=verify-full needs sslrootcert",
        "postgresql://cp:hunter2@db/cp?sslmode=verify-full&sslrootcert=/nowhere/ca.pem | 1 | error: database.uri: sslrootcert, /nowhere/ca.pem, can't be read",
        "postgresql://cp:hunter2@%2Frun%2Fpostgresql/cp | 1 | error: database.uri must name a host and a port",
        "postgresql://cp:hunter2@db/cp | 0 | warning: database.uri: addresses and the password may cross the network in plain text",
        "postgresql://cp:hunter2@localhost/cp | 0 | can be used"
      })
  void readsADatabaseUriAsTheDriversDo(String uri, int exit, String said) throws IOException {
    var conf =
        Files.writeString(
            dir.resolve("uri.json"), "{\"database\": {\"uri\": \"%s\"}}".formatted(uri));

    assertThat(run("config", "check", conf.toString())).isEqualTo(exit);

    assertThat(out.toString()).contains(said).doesNotContain("hunter2");
    if (exit == 0) return;
    assertThat(run("db", "migrate", "--conf", conf.toString())).isEqualTo(1);
    assertThat(err.toString())
        .contains(said.substring("error: ".length()))
        .doesNotContain("hunter2", "at com.cpprediction");
  }

  private int run(String... arguments) {
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }
}
