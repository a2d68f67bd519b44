package com.cpprediction.cli;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Browser;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashSet;
import java.util.Set;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(VertxExtension.class)
class LoadTestCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final Set<String> known = new HashSet<>(); // addresses, on the event loop
  private volatile String authorization;
  private volatile boolean ready = true;
  private String url;

  @TempDir private Path dir;

  /** A stub of the service that returns an address from its cache on the second request. */
  @BeforeEach
  void serve(Vertx vertx) throws Exception {
    HttpServer server =
        vertx
            .createHttpServer()
            .requestHandler(
                request -> {
                  authorization = request.getHeader("Authorization");
                  switch (request.path()) {
                    case "/health/ready" ->
                        request
                            .response()
                            .setStatusCode(ready ? 200 : 503)
                            .end(
                                ready
                                    ? "{\"status\":\"ready\"}"
                                    : "{\"code\":\"not-ready\",\"detail\":\"Not ready: models\"}");
                    case "/models/status" -> request.response().end("{\"release\":\"</script>\"}");
                    case "/cluster" -> request.response().end("{\"enabled\":false}");
                    case "/metrics" ->
                        request
                            .response()
                            .setStatusCode(404)
                            .end("{\"code\":\"not-found\",\"detail\":\"Metrics are off\"}");
                    case "/cache/stats" -> request.response().end("{\"size\":0}");
                    default ->
                        request
                            .body()
                            .onSuccess(
                                body -> {
                                  var address = body.toJsonObject().getString("address");
                                  var source = known.add(address) ? "model" : "cache";
                                  request
                                      .response()
                                      .end(new JsonObject().put("source", source).toBuffer());
                                });
                  }
                })
            .listen(0, "127.0.0.1")
            .await(60, SECONDS);
    url = "http://127.0.0.1:" + server.actualPort();
  }

  @Test
  void stepsThroughRatesAndTestsTheCache() throws Exception {
    int exit =
        run(
            "load-test",
            "--url",
            url,
            "--max-qps",
            "200",
            "--steps",
            "2",
            "--duration",
            "0.5",
            "--warm-up",
            "0.1",
            "--test-cache",
            "--report",
            dir.resolve("r").toString());

    assertThat(out.toString()).contains("100/s", "200/s", "first time", "again", "Cache: p50");
    var report = new JsonObject(Files.readString(dir.resolve("r/report.json")));
    var steps = report.getJsonArray("steps");
    assertThat(steps).hasSize(4);
    assertThat(exit).isEqualTo(held(steps) ? 0 : 1);
    assertThat(steps.getJsonObject(0).getInteger("ok")).isEqualTo(50);
    assertThat(steps.getJsonObject(1).getInteger("ok")).isEqualTo(100);
    assertThat(steps.getJsonObject(1).getInteger("cached")).isZero();
    assertThat(steps.getJsonObject(2).getInteger("cached")).isZero();
    assertThat(steps.getJsonObject(3).getInteger("cached")).isEqualTo(100);
    var encoded = steps.getJsonObject(1).getJsonObject("latency").getString("histogram");
    var bytes = ByteBuffer.wrap(Base64.getDecoder().decode(encoded));
    assertThat(Histogram.decodeFromCompressedByteBuffer(bytes, 0).getTotalCount()).isEqualTo(100);
    try (var browser = Browser.start()) {
      browser.open(dir.resolve("r/report.html").toUri().toString());
      assertThat(browser.find("#steps tbody tr").getText()).startsWith("100/s");
      assertThat(browser.find("#by-rate canvas").isDisplayed()).isTrue();
      assertThat(browser.find("#percentiles canvas").isDisplayed()).isTrue();
      assertThat(browser.find("#series canvas").isDisplayed()).isTrue();
      assertThat(browser.find("#about").getText()).contains("</script>");
      assertThat(browser.viewport(360, 800).run("return document.body.scrollWidth <= 360"))
          .isEqualTo(true);
      assertThat(browser.complaints()).isEmpty();
    }
  }

  /** Whether all rates were held; a busy machine may miss one. */
  private static boolean held(JsonArray steps) {
    return steps.stream().allMatch(step -> ((JsonObject) step).getBoolean("held"));
  }

  @Test
  void sendsItsTokenAndKeepsItOutOfTheJsonReport() {
    int exit =
        run(
            "load-test",
            "--url",
            url,
            "--steps",
            "100,50",
            "--duration",
            "0.2",
            "--warm-up",
            "0",
            "--profile",
            "hits",
            "--token",
            "hunter2-hunter2-hunter2",
            "--json");

    assertThat(err.toString()).isEmpty();
    var report = new JsonObject(out.toString());
    assertThat(exit).isEqualTo(held(report.getJsonArray("steps")) ? 0 : 1);
    assertThat(report.getJsonArray("steps").getJsonObject(0).getDouble("rate")).isEqualTo(100);
    assertThat(report.getJsonArray("steps").getJsonObject(1).getInteger("cached")).isEqualTo(10);
    assertThat(authorization).isEqualTo("Bearer hunter2-hunter2-hunter2");
    assertThat(report.encode()).doesNotContain("hunter2");
  }

  @Test
  void doesNotLoadAServiceThatIsNotReadyOrNotRunning() {
    ready = false;

    assertThat(run("load-test", "--url", url)).isEqualTo(1);
    assertThat(err.toString()).contains("is not ready to be measured: Not ready: models");
    assertThat(run("load-test", "--url", "http://127.0.0.1:1")).isEqualTo(1);
    assertThat(err.toString()).contains("is it running there?");
    assertThat(known).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--url ftp://x | is not like http://127.0.0.1:8000",
        "--url http://user:secret@x | is not like http://127.0.0.1:8000",
        "--url http://x/predict | is not like http://127.0.0.1:8000",
        "--url http://127.0.0.1:99999 | has a port that is not in 1..65535",
        "--token x\u0001y | the token has characters other than visible ASCII",
        "--ca x.pem --insecure | give either --ca or --insecure",
        "--max-qps 0 | --max-qps must be above 0",
        "--steps 2.5 | --steps: give a number in 1..100",
        "--steps 10,-5 | rates must be in",
        "--max-qps 100 --steps 50,150 | a rate is above --max-qps",
        "--duration 0 | --duration must be in 0.1..3600",
        "--connections 0 | --connections must be in 1..10000",
        "--threads 0 | --threads must be in 1..64",
        "--arrivals often | --arrivals must be constant or poisson",
        "--fail-if p98>20ms | must begin with p50, p90, p99, p99.9, max, error-rate, rate",
        "--fail-if p99>20 | needs a unit: us, ms or s",
        "--find p99 | is not like p99<10ms",
        "--find p99<10ms --steps 10 | --find and --steps exclude each other",
        "--find p99<10ms --test-cache | --find and --test-cache exclude each other",
        "--histogram x.txt | --histogram must end in .hgrm or .hlog",
        "--url http://127.0.0.1:1,ftp://x | is not like http://127.0.0.1:8000",
        "--profile some | --profile must be misses, hits, mixed, batch, stream, wrong-pincodes"
      })
  void wrongUsageNamesTheFault(String arguments, String message) {
    var all = ("load-test " + arguments).split(" ");

    assertThat(run(all)).isEqualTo(2);
    assertThat(err.toString()).contains(message);
  }

  private int run(String... arguments) {
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
  }
}
