package com.cpprediction.http;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.serving.HealthCheck;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.testing.Browser;
import com.cpprediction.testing.TestScores;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;

/** The dashboard while the service is degraded, unreachable or refuses requests. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class DashboardTest {
  private static final String HOSTILE = "<img src=x onerror=\"document.title='owned'\">";

  private static Browser browser;
  private HttpFixture edge;
  private String prefix = "560";
  private String word = "road";
  private JsonObject wrongPincodes; // absent in the status

  @BeforeAll
  static void startBrowser() {
    browser = Browser.start();
  }

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
    edge.answer(Bus.MODELS_STATUS, ignored -> Future.succeededFuture(models()));
    edge.explainer = request -> Future.succeededFuture(explanation(word));
  }

  @AfterEach
  void leave() throws Exception {
    browser.open("about:blank");
    edge.stop().otherwiseEmpty().await(10, SECONDS);
  }

  @AfterAll
  static void closeBrowser() {
    browser.close();
  }

  @Test
  void showsDataAsTextOnly() throws Exception {
    var hostile = new JsonObject().put("outcome", "refused").put("error", "No key " + HOSTILE);
    edge.checks.add(new HealthCheck("config", () -> true, () -> hostile));
    var refused = new JsonObject().put("failed", new JsonObject().put(HOSTILE, HOSTILE));
    edge.checks.add(new HealthCheck("models", () -> true, () -> refused));
    edge.checks.add(new HealthCheck(HOSTILE, () -> false, JsonObject::new));
    prefix = HOSTILE;
    word = HOSTILE;
    edge.start();
    browser.open(edge.base() + "/");

    predict(HOSTILE + " 560017");

    assertThat(text("#answer")).contains(HOSTILE);
    browser.until(driver -> text("#notices").split(HOSTILE, -1).length == 5);
    browser.until(driver -> text("#models tbody").contains(HOSTILE));
    assertThat(browser.driver().findElements(By.tagName("img"))).isEmpty();
    assertThat(browser.driver().getTitle()).isEqualTo("⚠ CP Prediction Service");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void promptsForTheRequiredToken() throws Exception {
    edge.predictToken = "a-token-of-the-test";
    edge.start();
    browser.open(edge.base() + "/");

    predict("12, MG Road 560017");
    assertThat(browser.find("#answer .bad").getText()).isEqualTo("Unauthorized");
    browser.find("#token").sendKeys("another-token-of-the-test", Keys.ENTER);
    browser.until(driver -> text("#token-note").startsWith("This token is not accepted"));
    browser.find("#token").clear();
    browser.find("#token").sendKeys("a-token-of-the-test", Keys.ENTER);

    assertThat(browser.find("#answer .cp").getText()).startsWith("CP");
    assertThat(edge.recorded()).hasSize(1);
    assertThat(browser.run("return localStorage.length + sessionStorage.length")).isEqualTo(0L);
    assertThat(browser.complaints()).hasSize(2).allMatch(line -> line.contains("401"));
  }

  @Test
  void explainsAFailureAndShowsItsGuesses() throws Exception {
    edge.serve(ServingRelease.of(HttpFixture.FINGERPRINTS, text -> TestScores.chances("560", 0.4)));
    edge.start();
    browser.open(edge.base() + "/");

    predict("12, MG Road");

    assertThat(browser.find("#answer .bad").getText()).isEqualTo("Pincode required");
    assertThat(text("#answer")).contains("its words alone leave too much doubt");
    assertThat(text("#answer .candidates li")).contains("CP").contains("38.8 %");
    assertThat(browser.complaints()).hasSize(1).allMatch(line -> line.contains("422"));
  }

  @Test
  void namesTheMissingFiguresWithMetricsOff() throws Exception {
    edge.metrics = new ServiceMetrics(new CompositeMeterRegistry(), "test");
    edge.start();
    browser.open(edge.base() + "/");

    browser.until(driver -> text("#notices").startsWith("Metrics are off."));
    assertThat(text("#rate")).isEqualTo("–");
    assertThat(text("#model-p99")).isEqualTo("–");
    assertThat(text("#answered")).isEqualTo("–");
    assertThat(text("#doubt"))
        .containsPattern("Predictions corrected\\s+–")
        .containsPattern("Mean doubt\\s+–");
    assertThat(text("#undoubted")).isEqualTo("Doubts are not measured while metrics are off.");
    assertThat(text("#process")).contains("MiB");
    assertThat(text("#link")).isEqualTo("Ready");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void showsNoPercentilesOfExpiredMeasurements() throws Exception {
    var clock = new MockClock();
    edge.metrics = new ServiceMetrics(new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock), "test");
    edge.metrics.answered(Source.MODEL, 5_000_000);
    clock.add(Duration.ofHours(1));
    edge.start();
    browser.open(edge.base() + "/");

    browser.until(driver -> text("#model-count").equals("1"));
    assertThat(text("#model-p50")).isEqualTo("–");
    assertThat(browser.complaints()).isEmpty();
  }

  private static JsonObject kinds(double slips, double near, double far) {
    return new JsonObject().put("slips", slips).put("near", near).put("far", far);
  }

  @Test
  void showsHowTheShareOfWrongPincodesMoved() throws Exception {
    var moves =
        new JsonArray()
            .add(move("2026-01-02T03:04:05Z", 0.01, 0.02))
            .add(move("2026-01-02T04:04:05Z", 0.02, 0.03))
            .add(move("2026-01-02T04:05:05Z", 0.03, 0.02));
    wrongPincodes =
        new JsonObject()
            .put("share", 0.02)
            .put("source", "estimated")
            .put("kinds", kinds(0.015, 0.004, 0.001))
            .put("estimate", kinds(0.015, 0.00745, 0.001))
            .put("observed", 4_321)
            .put("moves", moves);
    edge.start();
    browser.open(edge.base() + "/");

    browser.until(driver -> text("#wrong-share").contains("estimate"));

    assertThat(text("#wrong-share"))
        .containsPattern("Assumed now\\s+2.0 %")
        .containsPattern("Set by\\s+the estimate")
        .containsPattern("Typing errors\\s+1.5 %")
        .containsPattern("Other pincodes of the prefix\\s+0.4 %")
        .containsPattern("Any other pincodes\\s+0.1 %")
        .containsPattern("Estimate\\s+2.3 %")
        .containsPattern("Latest predictions behind it\\s+4,321");
    assertThat(text("#wrong-moves tbody"))
        .containsPattern("(?s)3.0 %\\s+2.0 %.*2.0 %\\s+3.0 %.*1.0 %\\s+2.0 %"); // newest first
    assertThat(browser.find("#wrong-moves [role=img]").getDomAttribute("aria-label"))
        .startsWith("The estimate went from 1.0 % to 2.0 % since the start");
    assertThat(line()).matches("M0 28.41H[\\d.]+V16.81H[\\d.]+V5.22H[\\d.]+V16.81H100");
    assertThat(text("#wrong-most-label")).isEqualTo("3.0 %");
    assertThat(browser.driver().findElement(By.id("wrong-unmoved")).isDisplayed()).isFalse();
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void showsCorrectedPredictionsAndTheDistributionOfDoubts() throws Exception {
    for (int i = 0; i < 1_500; i++) edge.metrics.pincodeDoubted(0.0005);
    edge.metrics.pincodeDoubted(0.3);
    edge.metrics.pincodeDoubted(1);
    edge.metrics.corrected();
    for (int i = 0; i < 4; i++) edge.metrics.answered(Source.MODEL, 5_000_000);
    edge.start();
    browser.open(edge.base() + "/");

    browser.until(driver -> text("#doubt").contains("1,502"));

    assertThat(text("#doubt"))
        .containsPattern("Predictions corrected\\s+1 \\(25.0 %\\)")
        .containsPattern("Predictions with a pincode\\s+1,502")
        .containsPattern("Mean doubt\\s+0.1 %");
    assertThat(text("#doubts").split("\\n+"))
        .containsExactly(
            "0–0.1 %", "1,500",
            "0.1–1 %", "0",
            "1–5 %", "0",
            "5–10 %", "0",
            "10–25 %", "0",
            "25–50 %", "1",
            "50–75 %", "0",
            "75–90 %", "0",
            "90–99 %", "0",
            "99–100 %", "1");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void distinguishesHealthyFromUnhealthyNodes() throws Exception {
    var nodes =
        new JsonArray()
            .add(member("a:1").put("self", true))
            .add(member("b:1").put("fresh", true))
            .add(member("c:1").put("suspect", true))
            .add(member("d:1").put("leaving", true));
    edge.owners = new Cluster(nodes);
    edge.start();
    browser.open(edge.base() + "/");

    browser.until(driver -> text("#node").equals("node a:1"));
    assertThat(text("#cluster"))
        .containsPattern("a:1 \\(this one\\)\\s+well, 399 models")
        .containsPattern("b:1\\s+just started, 399 models")
        .containsPattern("c:1\\s+silent, 399 models")
        .containsPattern("d:1\\s+leaving, 399 models")
        .containsPattern("Owners missing\\s+7");
    assertThat(text("#cluster .warn")).startsWith("silent");
    assertThat(browser.complaints()).isEmpty();
  }

  private static JsonObject member(String name) {
    return new JsonObject()
        .put("name", name)
        .put("ready", 399)
        .put("fresh", false)
        .put("leaving", false)
        .put("suspect", false)
        .put("self", false);
  }

  /** JSON of {@code GET /cluster} on node a. */
  private record Cluster(JsonArray members) implements OwnerDirectory {
    @Override
    public Owner self() {
      return new Owner("a", "a:1");
    }

    @Override
    public List<Owner> of(String prefix, String release) {
      return List.of();
    }

    @Override
    public Set<String> releases() {
      return Set.of();
    }

    @Override
    public void markUnresponsive(Owner owner) {}

    @Override
    public JsonObject describe() {
      return new JsonObject()
          .put("enabled", true)
          .put("node", new JsonObject().put("name", "a:1"))
          .put("members", members)
          .put("replicas", 2)
          .put("replicas_missing", 7)
          .put("unanswered", new JsonArray());
    }
  }

  @Test
  void showsWhyTheServiceIsNotReady() throws Exception {
    edge.checks.add(
        new HealthCheck("models", () -> false, () -> new JsonObject().put("directory", "/there")));
    edge.checks.add(
        new HealthCheck(
            "database",
            () -> false,
            () -> new JsonObject().put("status", "down").put("error", "Connection refused")));
    edge.start();
    browser.open(edge.base() + "/");

    browser.until(driver -> text("#link").equals("Not ready"));
    assertThat(text("#notices"))
        .contains("No model is loaded from /there")
        .contains("PostgreSQL, which can’t be reached: Connection refused");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void showsDegradedPartsOfAReadyService() throws Exception {
    edge.checks.add(
        new HealthCheck(
            "models",
            () -> true,
            () -> Optional.of("1 of 3 models can't be used: 560"),
            JsonObject::new));
    edge.start();
    browser.open(edge.base() + "/");

    browser.until(driver -> text("#link").equals("Degraded"));
    assertThat(text("#notices")).contains("Degraded: models. 1 of 3 models can't be used: 560");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void showsALostConnectionAndReconnects(Vertx vertx) throws Exception {
    edge.start();
    var client = vertx.createNetClient();
    var server =
        vertx
            .createNetServer()
            .connectHandler(caller -> connect(caller, client))
            .listen(0, "127.0.0.1")
            .await(5, SECONDS);
    browser.open("http://127.0.0.1:" + server.actualPort() + "/");
    browser.until(driver -> text("#link").equals("Ready"));

    edge.stop().await(10, SECONDS);
    browser.until(driver -> text("#link").startsWith("Disconnected: this is how it was at "));
    edge.start(); // on another port
    browser.until(driver -> text("#link").equals("Ready"));

    assertThat(browser.complaints()).allMatch(line -> line.contains("/events"));
  }

  /** Proxy with a fixed port for services that restart. */
  private void connect(NetSocket caller, NetClient client) {
    caller.pause();
    var address = edge.address();
    client
        .connect(address.getPort(), address.getHostString())
        .onFailure(cause -> caller.close())
        .onSuccess(
            service -> {
              caller.pipeTo(service);
              service.pipeTo(caller);
            });
  }

  private static void predict(String address) {
    var box = browser.find("#address");
    box.clear();
    box.sendKeys(address, Keys.ENTER);
    browser.until(
        driver -> !driver.findElements(By.cssSelector("#answer > :not(.note)")).isEmpty());
  }

  private static String text(String selector) {
    return (String) browser.run("return document.querySelector(arguments[0]).innerText", selector);
  }

  private JsonObject models() {
    var model =
        new JsonObject()
            .put("prefix", prefix)
            .put("model", prefix + "@3f9a1c2e")
            .put("cps", 3)
            .put("mapped_bytes", 1_000)
            .put("requests", 7);
    return new JsonObject()
        .put("loaded", 1)
        .put("engine", "mapped")
        .put("mapping", "mapped")
        .put("last_reload", new JsonObject())
        .put("wrong_pincodes", wrongPincodes)
        .put("models", new JsonArray().add(model));
  }

  private static JsonObject move(String at, double from, double to) {
    return new JsonObject().put("at", at).put("from", from).put("to", to);
  }

  /** Path of the step line of moves. */
  private static String line() {
    return browser.driver().findElement(By.id("wrong-line")).getDomAttribute("d");
  }

  private static JsonObject explanation(String word) {
    var of = new JsonObject().put("first", 0.5).put("second", 0.25).put("effect", 0.25);
    return new JsonObject()
        .put("first", "CP1")
        .put("second", "CP2")
        .put("features", new JsonArray().add(of.copy().put("feature", "cosine_words")))
        .put("words", new JsonArray().add(of.copy().put("word", word)));
  }
}
