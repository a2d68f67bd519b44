package com.cpprediction.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.cli.CommandRun;
import com.cpprediction.testing.Certificates;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Ports;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code status}, {@code reload}, {@code shadow} and {@code outcomes} against a service over HTTPS.
 */
class ServiceCommandsIT {
  private static final String ADMIN = "hunter2-the-admin-token";

  @TempDir private static Path directory;
  private static TestService service;
  private static String url;
  private static String ca;
  private static String tokenFile;

  @BeforeAll
  static void start() throws Exception {
    var certificates = new Certificates(directory);
    var authority = certificates.authority("authority");
    var own = certificates.signedBy(authority, "service");
    ca = authority.certificate().toString();
    tokenFile = Files.writeString(directory.resolve("token"), ADMIN + "\n").toString();
    service =
        TestService.started(
            home -> {
              own.replace(home.resolve("server.pem"), home.resolve("server.key"));
              SmallRelease.copyTo(home.resolve("release"));
              return new JsonObject()
                  .put("models", new JsonObject().put("dir", home.resolve("release").toString()))
                  .put(
                      "http",
                      new JsonObject()
                          .put("admin_token", ADMIN)
                          .put(
                              "tls",
                              new JsonObject()
                                  .put("certificate", "server.pem")
                                  .put("key", "server.key")));
            });
    url = "https://127.0.0.1:" + service.port();
    var http = new Http(service.port(), Certificates.trusting(authority));
    var rows = SmallRelease.rows();
    for (int i = 0; i < 3; i++) {
      assertThat(http.post("/predict", Http.shipment("S" + i, rows.get(i).typed())).status())
          .isEqualTo(200);
    }
  }

  @AfterAll
  static void stop() {
    service.stop();
  }

  @Test
  void printsTheStateOfTheService() {
    var status = run("status");

    assertThat(status.err()).isEmpty();
    assertThat(status.exit()).isZero();
    assertThat(status.out())
        .containsPattern("ready +yes\\b")
        .containsPattern("release +[0-9a-f]{12}, engine mapped")
        .containsPattern("prefixes +3: 180, 575, 831")
        .containsPattern("cache +\\d+ of 10000 entries, hit rate")
        .containsPattern("journal +\\d+ predictions? waits?, the oldest")
        .containsPattern("database +up")
        .containsPattern("cluster +off");
    var json = run("status", "--json").json();
    assertThat(json.getBoolean("ready")).isTrue();
    assertThat(json.getJsonObject("models").getJsonArray("prefixes"))
        .containsExactly("180", "575", "831");
    assertThat(json.getJsonObject("health").getJsonObject("checks").getMap())
        .containsKey("persistence");
  }

  @Test
  void reloadsAndSaysWhatChanged() throws Exception {
    var same = run("reload");
    assertThat(same.exit()).isZero();
    assertThat(same.out())
        .contains("0 models loaded, 3 unchanged, 0 removed, 0 refused", ", as before");

    var model = service.directory().resolve("release/575/model.mmap");
    var whole = Files.readAllBytes(model);
    Files.writeString(model, "damaged");
    var refused = run("reload");
    Files.write(model, whole);

    assertThat(refused.exit()).isEqualTo(1);
    assertThat(refused.out()).contains("1 refused", "Refused 575: ");
    var whole575 = run("reload", "--json", "--prefixes", "575");
    assertThat(whole575.exit()).isZero();
    assertThat(whole575.json().getInteger("loaded")).isEqualTo(1);
  }

  @Test
  void saysWhatCanNotBePromotedOrTakenBack() {
    var options = List.of("--url", url, "--ca", ca, "--token-file", tokenFile);
    var promote = new ArrayList<>(List.of("shadow", "promote"));
    promote.addAll(options);
    var none = CommandRun.of(promote.toArray(String[]::new));
    assertThat(none.exit()).isEqualTo(1);
    assertThat(none.err()).contains("404 No shadow release is loaded");
    var rollback = new ArrayList<>(List.of("shadow", "rollback", "--force"));
    rollback.addAll(options);
    var unchanged = CommandRun.of(rollback.toArray(String[]::new));
    assertThat(unchanged.exit()).isZero();
    assertThat(unchanged.out())
        .containsPattern("unchanged: release [0-9a-f]{12} is served")
        .contains("Node local: unchanged");
  }

  @Test
  void reportsOutcomesFromCsv() throws Exception {
    var cp = SmallRelease.rows().get(0).cp();
    var file = directory.resolve("outcomes.csv");
    Files.writeString(file, "shipment_id,cp\nS0,%s\nS9,CP1\n,CP1\n".formatted(cp));

    var run = run("outcomes", file.toString());

    assertThat(run.out())
        .containsPattern("line 2  S0  (right|alternative|wrong)")
        .contains("line 3  S9  unknown")
        .contains("line 4  -  failed  shipment_id is missing")
        .containsPattern("3 outcomes: .*1 unknown, 1 failed");
    assertThat(run.err()).isEmpty();
    assertThat(run.exit()).isEqualTo(1);
  }

  @Test
  void countsEachRowOfASpreadsheetOnce() throws Exception {
    var file = directory.resolve("spreadsheet.csv");
    Files.writeString(
        file, "Shipment ID;CP Code\nS9;CP1\nS8;CP2;extra\n;CP1\nS7;\n\u00e96;CP1\n", ISO_8859_1);

    var run = run("outcomes", file.toString());
    var json = run("outcomes", "--json", file.toString());

    assertThat(run.out())
        .contains("line 2  S9  unknown")
        .contains("line 3  S8  failed  the row has 3 values, the first line names 2 columns")
        .contains("line 4  -  failed  shipment_id is missing")
        .contains("line 5  S7  failed  cp_code is missing")
        .contains("5 outcomes: 0 right, 0 alternative, 0 wrong, 2 unknown, 3 failed");
    assertThat(run.err()).contains("is not in UTF-8 from line 6 on");
    assertThat(run.exit()).isEqualTo(1);
    var results = json.out().lines().map(JsonObject::new).toList();
    assertThat(results)
        .extracting(result -> result.getInteger("line"))
        .containsExactly(2, 3, 4, 5, 6);
    assertThat(results.get(1).getString("shipment_id")).isEqualTo("S8");
  }

  @Test
  void namesTheMissingColumnOfTheCp() throws Exception {
    var file = Files.writeString(directory.resolve("without.csv"), "shipment_id,branch\nS1,CP1\n");

    var run = run("outcomes", file.toString());

    assertThat(run.err()).contains("lacks the column cp: its first line has");
    assertThat(run.exit()).isEqualTo(1);
  }

  @Test
  void readsJsonLinesWithAByteOrderMarkAndCompressed() throws Exception {
    var line = "\ufeff{\"shipment_id\": \"S9\", \"cp\": \"CP1\"}\n";
    var plain = Files.writeString(directory.resolve("marked.ndjson"), line);
    var packed = directory.resolve("packed.NDJSON.gz");
    try (var gzip = new GZIPOutputStream(Files.newOutputStream(packed))) {
      gzip.write(line.getBytes(UTF_8));
    }
    var damaged =
        Files.write(directory.resolve("damaged.ndjson.gz"), new byte[] {0x1f, (byte) 0x8b, 8});

    assertThat(run("outcomes", plain.toString()).out()).contains("line 1  S9  unknown");
    assertThat(run("outcomes", packed.toString()).out()).contains("line 1  S9  unknown");
    var run = run("outcomes", damaged.toString());
    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err()).startsWith("Cannot read " + damaged).hasLineCount(1);
  }

  @Test
  void reportsManyOutcomesLineByLine() throws Exception {
    var lines = new StringBuilder();
    for (int i = 1; i <= 2_500; i++) {
      lines
          .append(new JsonObject().put("shipment_id", "N" + i).put("cp", "CP1").encode())
          .append('\n');
    }
    lines.append("{\n").append("{\"shipment_id\": \"N1\", \"cp\": \"\"}\n");
    var file = Files.writeString(directory.resolve("outcomes.ndjson"), lines);

    var run = run("outcomes", "--json", file.toString());

    var results = run.out().lines().map(JsonObject::new).toList();
    assertThat(results).hasSize(2_502);
    for (int i = 0; i < results.size(); i++) {
      assertThat(results.get(i).getInteger("line")).isEqualTo(i + 1);
    }
    assertThat(results.get(2_499).getString("result")).isEqualTo("unknown");
    assertThat(results.get(2_500).getJsonObject("error").getString("detail"))
        .isEqualTo("is no JSON object");
    assertThat(results.get(2_501).getJsonObject("error").getString("detail")).contains("cp");
    assertThat(run.err()).contains("2502 outcomes: ", "2500 unknown, 2 failed");
    assertThat(run.exit()).isEqualTo(1);
  }

  @Test
  void measuresTheServiceWithTheSameOptions() {
    var brief = List.of("--steps", "20,30", "--duration", "0.5", "--warm-up", "0", "--json");
    var profile = List.of("--profile", SmallRelease.addresses().toString());
    var options = Stream.concat(brief.stream(), profile.stream()).toArray(String[]::new);

    var run = run("load-test", options);
    var untrusted =
        CommandRun.of("load-test", "--url", url, "--token-file", tokenFile, "--steps", "1");

    assertThat(run.err()).isEmpty();
    var step = run.json().getJsonArray("steps").getJsonObject(0);
    assertThat(step.getInteger("ok")).isPositive();
    assertThat(step.getJsonObject("errors")).isEmpty();
    assertThat(untrusted.exit()).isEqualTo(1);
    assertThat(untrusted.err()).contains(url);
  }

  @Test
  void saysWhyTheServiceCanNotBeCalled() {
    assertThat(CommandRun.of("status", "--url", url).err())
        .contains("No TLS with the service at " + url, "--ca");
    assertThat(CommandRun.of("status", "--url", url, "--insecure").exit()).isZero();
    var denied = CommandRun.of("reload", "--url", url, "--ca", ca, "--token", "another");
    assertThat(denied.exit()).isEqualTo(1);
    assertThat(denied.err()).contains("POST /models/reload: 401 ");
    var away = CommandRun.of("status", "--url", "http://127.0.0.1:" + Ports.free());
    assertThat(away.exit()).isEqualTo(1);
    assertThat(away.err()).contains("can't be reached (", "does it run, and is --url right?");
    assertThat(CommandRun.of("status", "--url", "127.0.0.1:8000").exit()).isEqualTo(2);
  }

  private static CommandRun run(String command, String... more) {
    var arguments = new ArrayList<>(List.of(command, "--url", url, "--ca", ca));
    arguments.addAll(List.of("--token-file", tokenFile));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments.toArray(String[]::new));
  }
}
