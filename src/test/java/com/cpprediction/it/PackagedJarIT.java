package com.cpprediction.it;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.postgres.PostgresBinaries;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Certificates;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.PackagedJar;
import com.cpprediction.testing.Ports;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged jar as a user runs it: a process of its own, from a directory of its own. */
class PackagedJarIT {
  private static final Path DATA = Path.of("src/test/resources/training").toAbsolutePath();
  private static final Pattern READY =
      Pattern.compile("Ready: http://127\\.0\\.0\\.1:(\\d+), (\\d+) models");
  private static final Pattern NATIVE =
      Pattern.compile(".*\\.(so|dylib|jnilib|dll|exe|a|lib|txz)(\\.\\d+)*");
  private static final int SIGTERM_EXIT = 128 + 15;

  @TempDir private static Path directory;
  private static Path models;

  private final List<Process> started = new ArrayList<>();

  /** What a command printed and how it ended. */
  private record Ended(int code, String out, String err) {}

  @BeforeAll
  static void train() throws Exception {
    models = directory.resolve("release");
    var trained =
        run(
            "train",
            "--json",
            "--data",
            DATA.resolve("addresses.csv").toString(),
            "--directory",
            DATA.resolve("pincode-directory.csv").toString(),
            "--offices",
            DATA.resolve("cp-offices.csv").toString(),
            "--out",
            models.toString());
    assertThat(trained.code()).as(trained.err()).isZero();
    assertThat(trained.err()).doesNotContain("WARNING: "); // of a JVM from 24 on
    assertThat(new JsonObject(trained.out()).getInteger("prefixes")).isEqualTo(3);
  }

  @AfterEach
  void endWhatIsStillThere() throws InterruptedException {
    for (var process : started) {
      process.destroy();
      process.waitFor();
    }
  }

  @Test
  void servesStoresEndsOnSigtermAndSurvivesAKill() throws Exception {
    var dataDir = directory.resolve("data");
    var serving = serve(dataDir);
    var http = new Http(serving.port());
    var address = "Bunts Hostel Road, Mangalore 575003";
    var answer = http.post("/predict", Http.shipment("jar", address)).json();
    assertThat(answer.getString("cp")).startsWith("CP");
    var predicted = run("predict", "--json", address);
    assertThat(new JsonObject(predicted.out()).getString("cp")).isEqualTo(answer.getString("cp"));
    assertThat(predicted.err()).doesNotContain("WARNING: ");

    assertReplays(dataDir, answer);
    serving.process().destroyForcibly().waitFor(); // leaves its PostgreSQL behind
    assertReplays(dataDir, answer);
    var again = serve(dataDir);
    http = new Http(again.port());
    var jar = http;
    Await.until(() -> jar.get("/predictions/jar").status(), status -> status == 200);
    assertThat(http.get("/predictions/jar").json().getJsonArray("predictions")).hasSize(1);

    again.process().destroy();
    assertThat(again.process().waitFor(15, SECONDS)).isTrue();
    assertThat(again.process().exitValue()).isEqualTo(SIGTERM_EXIT);
    assertReplays(dataDir, answer);
    Await.until(() -> postmaster(dataDir), file -> !Files.exists(file));
  }

  private static void assertReplays(Path dataDir, JsonObject answer) throws Exception {
    var id = answer.getString("prediction_id");

    var ended = run(Map.of("CP_DATA_DIR", dataDir.toString()), "replay", id);

    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(ended.out())
        .contains(id + "  same  " + answer.getString("model"), "1 prediction: 1 same");
  }

  @Test
  void refusesASecondServiceOnTheSameData() throws Exception {
    var dataDir = withPrograms("shared");
    var first = serve(dataDir);

    var second = start(Map.of("CP_DATA_DIR", dataDir.toString(), "CP_HTTP_PORT", "0"), "serve");

    assertThat(second.waitFor(60, SECONDS)).isTrue();
    assertThat(second.exitValue()).isEqualTo(1);
    assertThat(new Http(first.port()).get("/health/ready").status()).isEqualTo(200);
  }

  @Test
  void saysThatThePortIsTakenAndLeavesNothingBehind() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      var dataDir = withPrograms("taken");
      var port = Integer.toString(taken.getLocalPort());

      var ended = run(Map.of("CP_DATA_DIR", dataDir.toString(), "CP_HTTP_PORT", port), "serve");

      assertThat(ended.code()).isEqualTo(1);
      assertThat(ended.err())
          .contains("Cannot listen on 127.0.0.1 port " + port)
          .doesNotContain("at com.cpprediction");
      Await.until(() -> postmaster(dataDir), file -> !Files.exists(file));
    }
  }

  @Test
  void endsCleanlyOnSigtermDuringItsStart() throws Exception {
    var dataDir = withPrograms("early");
    var process = start(Map.of("CP_DATA_DIR", dataDir.toString(), "CP_HTTP_PORT", "0"), "serve");
    Await.until(() -> postmaster(dataDir), file -> Files.exists(file));

    process.destroy();

    assertThat(process.waitFor(15, SECONDS)).isTrue();
    Await.until("no PostgreSQL runs", () -> !runsPostgres(dataDir));
  }

  @Test
  void saysThatItIsNotReady() throws Exception {
    var process =
        start(
            Map.of(
                "CP_DATA_DIR",
                withPrograms("bare").toString(),
                "CP_HTTP_PORT",
                "0",
                "CP_MODELS_DIR",
                directory.resolve("nowhere").toString()),
            "serve");

    assertThat(process.inputReader(StandardCharsets.UTF_8).readLine())
        .startsWith("Listening: http://127.0.0.1:")
        .endsWith("0 models; not ready: models; degraded: the release can't be read");
  }

  @Test
  void saysThatItsDatabaseCanNotBeReachedAndHowItEnds() throws Exception {
    var uri = "postgresql://cp:hunter2@127.0.0.1:" + Ports.free() + "/cp";
    var err = directory.resolve("degraded.err");
    var builder =
        builder(
            Map.of(
                "CP_DATA_DIR",
                directory.resolve("degraded").toString(),
                "CP_HTTP_PORT",
                "0",
                "CP_DATABASE_URI",
                uri),
            "serve");
    var process = builder.redirectError(err.toFile()).start();
    started.add(process);

    assertThat(process.inputReader(StandardCharsets.UTF_8).readLine())
        .startsWith("Ready: http://127.0.0.1:")
        .endsWith(
            "3 models; degraded: PostgreSQL can't be reached; predictions wait in the journal");

    process.destroy();
    assertThat(process.waitFor(15, SECONDS)).isTrue();
    assertThat(Files.readString(err)).contains("Ended cleanly").doesNotContain("hunter2");
  }

  @Test
  void servesHttps() throws Exception {
    var certificates = new Certificates(directory);
    var authority = certificates.authority("authority");
    var server = certificates.signedBy(authority, "server");
    var process =
        start(
            Map.of(
                "CP_DATA_DIR",
                directory.resolve("https").toString(),
                "CP_DATABASE_URI",
                TestDatabase.create(),
                "CP_HTTP_PORT",
                "0",
                "CP_GRPC_ENABLED",
                "true",
                "CP_GRPC_PORT",
                "0",
                "CP_HTTP_TLS_CERTIFICATE",
                server.keystore().toString(),
                "CP_HTTP_TLS_PASSWORD",
                Certificates.PASSWORD),
            "serve");

    var line = process.inputReader(StandardCharsets.UTF_8).readLine();

    var ready =
        Pattern.compile("Ready: https://127\\.0\\.0\\.1:(\\d+), 3 models, gRPC on port (\\d+)")
            .matcher(line);
    assertThat(ready.matches()).as(line).isTrue();
    assertThat(Integer.parseInt(ready.group(2))).isPositive();
    var http = new Http(Integer.parseInt(ready.group(1)), Certificates.trusting(authority));
    assertThat(http.get("/health/ready").status()).isEqualTo(200);
  }

  @Test
  void saysWhyItCanNotServeHttpsAndLeavesNothingBehind() throws Exception {
    var dataDir = directory.resolve("no-https");
    var pem = directory.resolve("nowhere.pem").toString();

    var withoutKey =
        run(Map.of("CP_DATA_DIR", dataDir.toString(), "CP_HTTP_TLS_CERTIFICATE", pem), "serve");
    var withoutFile =
        run(
            Map.of(
                "CP_DATA_DIR",
                dataDir.toString(),
                "CP_HTTP_TLS_CERTIFICATE",
                pem,
                "CP_HTTP_TLS_KEY",
                pem),
            "serve");

    assertThat(withoutKey.code()).isEqualTo(1);
    assertThat(withoutKey.err()).startsWith("http.tls.certificate is in PEM; set http.tls.key too");
    assertThat(withoutFile.code()).isEqualTo(1);
    assertThat(withoutFile.err()).startsWith("http.tls.certificate: " + pem + " does not exist");
    assertThat(dataDir).doesNotExist();
  }

  @Test
  void evaluatesVerifiesAndPredictsAFile() throws Exception {
    var evaluated =
        run(
            "evaluate",
            "--json",
            "--mask-pincode",
            "--data",
            DATA.resolve("addresses.csv").toString());
    assertThat(evaluated.code()).as(evaluated.err()).isZero();
    assertThat(new JsonObject(evaluated.out()).fieldNames())
        .contains("rows", "answered", "accuracy", "top3", "ece", "reliability", "coverage");

    assertThat(run("models", "verify").out()).contains("3 models, 0 problems");

    var out = directory.resolve("answers.csv");
    var predicted =
        run("predict", "--in", DATA.resolve("addresses.csv").toString(), "--out", out.toString());
    assertThat(predicted.code()).as(predicted.err()).isZero();
    assertThat(Files.readAllLines(out).get(0)).startsWith("address,pincode,cp_code,cp,confidence");
  }

  @Test
  void printsTheConfigurationInForceAndWhereItComesFrom() throws Exception {
    var conf = Files.writeString(directory.resolve("print.json"), "{\"cache\":{\"max_size\":5}}");
    Files.writeString(directory.resolve("uri"), "postgresql://cp:hunter2@db/cp\n");
    var environment = Map.of("CP_DATABASE_URI_FILE", "uri", "CP_HTTP_PROT", "1"); // beside it

    var printed =
        run(environment, "config", "print", "--effective", "--origin", "--conf", conf.toString());

    assertThat(printed.code()).as(printed.err()).isZero();
    assertThat(printed.err()).contains("warning: CP_HTTP_PROT sets no key");
    assertThat(printed.out().lines().map(line -> line.split(" {2,}")))
        .contains(
            new String[] {"KEY", "VALUE", "ORIGIN", "VARIABLE"},
            new String[] {"cache.max_size", "5", "file", "CP_CACHE_MAX_SIZE"},
            new String[] {"cache.enabled", "true", "default", "CP_CACHE_ENABLED"},
            new String[] {"models.dir", "\"" + models + "\"", "environment", "CP_MODELS_DIR"},
            new String[] {
              "database.uri", "\"postgresql://cp:***@db/cp\"", "secret_file", "CP_DATABASE_URI_FILE"
            });
  }

  @Test
  void saysWhatIsWrongAndExitsWithTheDocumentedCode() throws Exception {
    var conf =
        Files.writeString(directory.resolve("bad.json"), "{\"persistence\":{\"ack\":\"disk\"}}");
    var missing = directory.resolve("missing.csv").toString();

    assertThat(run().code()).isEqualTo(2);
    assertThat(run("serve", "--nonsense").code()).isEqualTo(2);
    assertThat(run("predict").code()).isEqualTo(2);
    assertThat(run("predict", "MG Road 560001").err()).contains("No model serves prefix 560");
    assertThat(run("config", "check", conf.toString()))
        .satisfies(ended -> assertThat(ended.code()).isEqualTo(1))
        .satisfies(ended -> assertThat(ended.out()).contains("persistence.ack is \"disk\""));
    assertThat(run("serve", "--conf", conf.toString()).err()).contains("\"disk\"");
    assertThat(run("train", "--data", missing, "--out", directory.resolve("x").toString()))
        .satisfies(ended -> assertThat(ended.code()).isEqualTo(1))
        .satisfies(ended -> assertThat(ended.err()).contains("There is no file"));
    assertThat(run("--version").out()).contains("cp-prediction-service ");
  }

  @Test
  void carriesTheNativesOfEveryPlatformOnce() throws IOException {
    try (var jar = new ZipFile(PackagedJar.file().toFile())) {
      assertThat(jar.stream().map(Object::toString))
          .contains(
              "lib/linux/x86_64/libxgboost4j.so",
              "lib/linux/aarch64/libxgboost4j.so",
              "lib/macos/aarch64/libxgboost4j.dylib",
              "postgres-linux-x86_64.txz",
              "postgres-linux-arm_64.txz",
              "postgres-darwin-arm_64.txz",
              "META-INF/LICENSE",
              "META-INF/services/ai.djl.engine.EngineProvider",
              "META-INF/services/org.flywaydb.core.extensibility.Plugin")
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void carriesNoNativesOfOtherPlatforms() throws IOException {
    try (var jar = new ZipFile(PackagedJar.file().toFile())) {
      assertThat(jar.stream().map(Object::toString).filter(NATIVE.asMatchPredicate()))
          .containsExactlyInAnyOrder(
              "lib/linux/x86_64/libxgboost4j.so",
              "lib/linux/aarch64/libxgboost4j.so",
              "lib/macos/aarch64/libxgboost4j.dylib",
              "com/sun/jna/linux-x86-64/libjnidispatch.so",
              "com/sun/jna/linux-aarch64/libjnidispatch.so",
              "com/sun/jna/darwin-aarch64/libjnidispatch.jnilib",
              "org/jline/nativ/Linux/x86_64/libjlinenative.so",
              "org/jline/nativ/Linux/arm64/libjlinenative.so",
              "org/jline/nativ/Mac/arm64/libjlinenative.jnilib",
              "postgres-linux-x86_64.txz",
              "postgres-linux-arm_64.txz",
              "postgres-darwin-arm_64.txz");
    }
  }

  /** A data directory for a start that unpacks nothing. */
  private static Path withPrograms(String name) throws IOException {
    var dataDir = directory.resolve(name);
    PostgresBinaries.copyTo(dataDir);
    return dataDir;
  }

  /** A process that serves. */
  private record Serving(Process process, int port) {}

  private Serving serve(Path dataDir) throws IOException {
    var process = start(Map.of("CP_DATA_DIR", dataDir.toString(), "CP_HTTP_PORT", "0"), "serve");
    var out = process.inputReader(StandardCharsets.UTF_8);
    for (var line = out.readLine(); line != null; line = out.readLine()) {
      var ready = READY.matcher(line);
      if (ready.matches()) {
        assertThat(ready.group(2)).isEqualTo("3");
        return new Serving(process, Integer.parseInt(ready.group(1)));
      }
    }
    throw new AssertionError("the service ended before it was ready");
  }

  private static Ended run(String... arguments) throws IOException, InterruptedException {
    return run(Map.of(), arguments);
  }

  private static Ended run(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    var err = Files.createTempFile(directory, "err", ".txt");
    var builder = builder(environment, arguments).redirectError(err.toFile());
    var process = builder.start();
    var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.waitFor(), out, Files.readString(err));
  }

  private Process start(Map<String, String> environment, String... arguments) throws IOException {
    var process =
        builder(environment, arguments).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    started.add(process);
    return process;
  }

  /** There for as long as a PostgreSQL runs on the data. */
  private static Path postmaster(Path dataDir) {
    return dataDir.resolve("postgres").resolve("postmaster.pid");
  }

  /** Whether one does; a killed one may leave its file, and one that starts an empty one. */
  private static boolean runsPostgres(Path dataDir) throws IOException {
    try (var lines = Files.lines(postmaster(dataDir))) {
      var id = lines.findFirst().filter(line -> !line.isBlank()).map(Long::parseLong);
      return id.isPresent() && ProcessHandle.of(Math.abs(id.get())).isPresent(); // initdb negates
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static ProcessBuilder builder(Map<String, String> environment, String... arguments)
      throws IOException {
    var command = PackagedJar.command("-Xmx1g");
    command.addAll(Arrays.asList(arguments));
    var builder = new ProcessBuilder(command);
    builder.directory(Files.createTempDirectory(directory, "elsewhere").toFile());
    builder.environment().put("CP_MODELS_DIR", models.toString());
    builder.environment().putAll(environment);
    return builder;
  }
}
