package com.cpprediction.http;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Failure;
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
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;

/** The dashboard while the service is degraded, unreachable or refuses requests. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class DashboardTest {
  private static final String HOSTILE = "<img src=x onerror=\"document.title='owned'\">";

  /** Controls of less than 24 by 24 pixels (WCAG 2.2, 2.5.8), but for links in sentences. */
  private static final String SMALL_TARGETS =
      """
      return [...document.querySelectorAll('a, button, input, select, textarea')]
        .filter(at => at.checkVisibility() && !at.closest('p') && !at.matches('.skip'))
        .map(at => [at.id || at.textContent, at.getBoundingClientRect()])
        .filter(([, { width, height }]) => width < 24 || height < 24)
        .map(([name, { width, height }]) => `${name}: ${width} x ${height}`);
      """;

  /** Values in more than one line. */
  private static final String BROKEN_LINES =
      """
      const lines = at => {
        const range = document.createRange();
        range.selectNodeContents(at);
        return new Set([...range.getClientRects()].map(({ bottom }) => Math.round(bottom / 8))).size;
      };
      return [...document.querySelectorAll('dd.short, .big, .percentiles dd, .doubts li > :last-child')]
        .filter(at => at.checkVisibility() && lines(at) > 1)
        .map(at => at.textContent);
      """;

  private static final String BOX_BEFORE_TILES =
      """
      const top = selector => document.querySelector(selector).getBoundingClientRect().top;
      return top('.ask') < top('.tiles');
      """;

  private static Browser browser;
  private HttpFixture edge;
  private String prefix = "560";
  private String word = "road";
  private final JsonObject drift = drift();
  private JsonObject wrongPincodes; // absent in the status

  @BeforeAll
  static void startBrowser() {
    browser = Browser.start();
  }

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
    edge.answer(Bus.MODELS_STATUS, ignored -> Future.succeededFuture(models()));
    edge.answer(Bus.MODELS_DRIFT, ignored -> Future.succeededFuture(drift));
    edge.answer(
        Bus.SHADOW_STATUS,
        ignored -> Future.succeededFuture(new JsonObject().put("enabled", false)));
    edge.explainer = request -> Future.succeededFuture(explanation(word));
  }

  @AfterEach
  void leave() throws Exception {
    browser.open("about:blank");
    edge.stop().otherwiseEmpty().await(60, SECONDS);
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
    browser.until(driver -> text("#history-note").startsWith("Nothing is stored"));
    assertThat(browser.complaints()).isNotEmpty().allMatch(line -> line.contains("401"));
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
        .startsWith("The estimate went from 1.0\u00a0% to 2.0\u00a0% since the start");
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
  void showsTheLastDayWithItsGapsAndMarks() throws Exception {
    edge.history =
        history()
            .put("source", "prometheus")
            .put("problems", new JsonObject().put("postgresql", "The database is not available"));
    edge.start();
    browser.open(edge.base() + "/");

    browser.until(driver -> text("#marks").contains("start: version 2"));
    assertThat(text("#history-note"))
        .isEqualTo("from Prometheus · PostgreSQL: The database is not available");
    assertThat(text("#marks"))
        .contains("configuration edited: cache.max_size")
        .contains("other models: release 3f9a1c2e");
    assertThat(browser.find("#spans [aria-pressed=true]").getText()).isEqualTo("24 h");
    browser.until(driver -> inked("#plot-rate", 0.25) && inked("#plot-rate", 0.75));
    assertThat(inked("#plot-rate", 0.5)).as("the gap").isFalse();
    browser.find("#spans [value=live]").click();
    browser.until(driver -> !inked("#plot-rate", 0.25));
    assertThat(text("#history-note")).isEqualTo("since this page was opened");
    assertThat(browser.complaints())
        .allMatch(line -> line.contains("getImageData")); // of this test
  }

  private static final Map<String, Integer> VALUES = Map.of("seconds", 60, "from_model", 6_000);

  /** A day of 1,440 minutes, without those between 11 and 13 hours ago. */
  private static JsonObject history() {
    var history = HttpFixture.emptyHistory();
    long now = System.currentTimeMillis() / 60_000 * 60;
    for (int ago = 1_439; ago > 0; ago--) {
      if (ago > 660 && ago < 780) continue;
      history.getJsonArray("at").add(now - ago * 60L);
      for (var name : history.getJsonObject("series").fieldNames()) {
        history.getJsonObject("series").getJsonArray(name).add(VALUES.getOrDefault(name, 1));
      }
    }
    history.getJsonArray("nodes").add("a:1");
    return history.put(
        "marks",
        new JsonArray()
            .add(mark(now - 3_600, "config", "cache.max_size"))
            .add(mark(now - 7_200, "reload", "release 3f9a1c2e, 3 models"))
            .add(mark(now - 39_600, "start", "version 2")));
  }

  private static JsonObject mark(long at, String kind, String text) {
    return new JsonObject()
        .put("at", Instant.ofEpochSecond(at).toString())
        .put("node", "a:1")
        .put("kind", kind)
        .put("text", text);
  }

  /** Whether something is drawn above the axis of a plot, so far from its left. */
  private static boolean inked(String plot, double share) {
    var script =
        """
        const over = document.querySelector(`${arguments[0]} .u-over`);
        const canvas = document.querySelector(`${arguments[0]} canvas`);
        const box = canvas.getBoundingClientRect();
        const part = over.getBoundingClientRect();
        const x = Math.round(part.left - box.left + arguments[1] * part.width);
        const height = Math.round(part.height) - 4;
        const pixels = canvas.getContext('2d').getImageData(x, Math.round(part.top - box.top) + 2, 1, height).data;
        let colours = 0;
        for (let i = 0; i < pixels.length; i += 4) {
          const [r, g, b, a] = pixels.slice(i, i + 4);
          if (a > 0 && Math.max(r, g, b) - Math.min(r, g, b) > 60) colours++;
        }
        return colours > 0;
        """;
    return (Boolean) browser.run(script, plot, share);
  }

  @Test
  void listsTheFailuresBehindANumber() throws Exception {
    edge.metrics.failures().add(Failure.TOO_LARGE, 413, "r-of-a-caller", "/predict", "shop", null);
    edge.metrics.failures().add(Failure.INTERNAL, 500, "r-of-ours", "/predict", "", HOSTILE);
    edge.start();
    browser.open(edge.base() + "/");
    browser.until(driver -> text("#caller-failures").equals("1"));

    browser.find("#caller-failures-open").sendKeys(Keys.ENTER);
    browser.until(driver -> text("#failures").contains("r-of-a-caller"));
    assertThat(text("#failures")).contains("413 too-large", "shop").doesNotContain("r-of-ours");
    browser.find("#service-failures-open").sendKeys(Keys.ENTER);
    browser.until(driver -> text("#failures").contains("r-of-ours"));
    assertThat(text("#failures")).contains(HOSTILE).doesNotContain("r-of-a-caller");
    browser.find("#failures-close").sendKeys(Keys.ENTER);

    assertThat(browser.driver().findElement(By.id("failures")).isDisplayed()).isFalse();
    assertThat(browser.driver().switchTo().activeElement().getDomAttribute("id"))
        .isEqualTo("service-failures-open");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void showsAccuracyOverWeeksAndWhatIsStoredOfAShipment() throws Exception {
    var week =
        new JsonObject()
            .put("week", "2026-09-14")
            .put("outcomes", 40)
            .put("right", 30)
            .put("top3", 35);
    var worst = week.copy().put("name", "560").put("weeks", new JsonArray().add(week));
    edge.weeks.getJsonArray("weeks").add(week);
    edge.weeks.getJsonArray("worst").add(worst);
    edge.answer(
        Bus.STORED,
        id ->
            Future.succeededFuture(
                new JsonArray()
                    .add(
                        new JsonObject()
                            .put("cp", "CP1")
                            .put("confidence", 0.75)
                            .put("pincode", "560017")
                            .put("pincode_believed", "560071")
                            .put("pincode_doubt", 0.9)
                            .put("model", "560@3f9a1c2e")
                            .put("predicted_at", "2026-09-14T03:00:00Z"))));
    edge.answer(
        Bus.OUTCOME_OF,
        id ->
            Future.succeededFuture(
                new JsonObject()
                    .put("cp", "CP2")
                    .put("result", "alternative")
                    .put("origin", "review")
                    .put("author", HOSTILE)
                    .put("reported_at", "2026-09-15T03:00:00Z")));
    nameCps(HOSTILE);
    edge.start();
    browser.open(edge.base() + "/");

    browser.until(driver -> text("#weeks-rows").contains("BENGALURU URBAN"));
    browser.until(driver -> text("#models tbody").contains("BENGALURU URBAN"));
    browser.until(driver -> text("#drift-prefixes tbody").contains("BENGALURU URBAN"));
    assertThat(text("#drift-all")).contains("2: CP2 Jayanagar SO, " + HOSTILE + " (560)");
    assertThat(text("#drift-prefixes tbody"))
        .containsPattern("560\\s+BENGALURU URBAN\\s+900\\s+1.0 %\\s+91.0 %\\s+95.0 % to 97.0 %")
        .containsPattern("411\\s+900\\s+1.0 %\\s+91.0 %\\s+–");
    assertThat(text("#weeks-rows")).containsPattern("All\\s+40\\s+75.0 %");
    assertThat(browser.find("#weeks-rows [role=img]").getDomAttribute("aria-label"))
        .contains("14")
        .contains("75.0");
    browser.find("#shipment-wanted").sendKeys("S1", Keys.ENTER);
    browser.until(driver -> text("#shipment-found").contains("It went to CP2"));
    assertThat(text("#shipment-found"))
        .contains("It went to CP2 Jayanagar SO, " + HOSTILE + ", one of the alternatives")
        .contains("reviewed by " + HOSTILE)
        .contains("560071 believed, doubt 90.0 %");
    assertThat(browser.complaints()).isEmpty();
  }

  @ParameterizedTest(name = "{0} px, data: {1}")
  @CsvSource({"1280,true", "390,true", "360,true", "1280,false", "360,false"})
  void fitsTheScreen(int width, boolean data) throws Exception {
    if (data) {
      edge.history = history();
      edge.metrics.answered(Source.MODEL, 5_000_000);
      for (int i = 0; i < 399; i++) edge.metrics.failed(Failure.UNKNOWN_PREFIX);
      edge.metrics.failures().add(Failure.UNKNOWN_PREFIX, 422, "r", "/predict", "shop", "S1");
      edge.metrics.pincodeDoubted(4.88e-4);
      nameCps("Dakshina Kannada and Thiruvananthapuram");
    }
    edge.start();
    browser.viewport(width, 900).dark(width == 360).open(edge.base() + "/");
    browser.until(driver -> text("#link").equals("Ready") && !text("#process").isEmpty());
    browser.until(driver -> text("#models tbody").contains("560"));
    if (data) browser.until(driver -> text("#drift-prefixes tbody").contains("BENGALURU URBAN"));

    assertThat(browser.run("return document.documentElement.scrollWidth"))
        .isEqualTo(browser.run("return document.documentElement.clientWidth"));
    assertThat((List<?>) browser.run(SMALL_TARGETS)).isEmpty();
    assertThat((List<?>) browser.run(BROKEN_LINES)).isEmpty();
    boolean boxFirst = (Boolean) browser.run(BOX_BEFORE_TILES);
    assertThat(boxFirst).isEqualTo(width < 600);
    if (data) {
      assertThat(text("#doubt")).containsPattern("Mean doubt\\s+0.049 %");
      browser.until(driver -> text("#model-p50").endsWith("ms"));
      assertThat(text("#model-p95")).as("of one sample").isEqualTo("–");
      assertThat(text("#model-p99")).isEqualTo("–");
    }
    browser.viewport(1280, 900).dark(false);
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
            .await(60, SECONDS);
    browser.open("http://127.0.0.1:" + server.actualPort() + "/");
    browser.until(driver -> text("#link").equals("Ready"));

    edge.stop().await(60, SECONDS);
    browser.until(driver -> text("#link").startsWith("Disconnected: this is how it was at "));
    edge.start(); // on another port
    browser.until(driver -> text("#link").equals("Ready"));

    assertThat(browser.complaints()).allMatch(line -> line.matches(".*/(events|history).*"));
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
    var text = browser.run("return document.querySelector(arguments[0]).innerText", selector);
    return ((String) text).replace('\u00a0', ' '); // between a number and its unit
  }

  private void nameCps(String district) {
    edge.cps =
        new JsonArray()
            .add(
                new JsonObject()
                    .put("cp", "CP2")
                    .put("prefix", "560")
                    .put("office", "Jayanagar SO")
                    .put("district", district));
    edge.places =
        new JsonArray()
            .add(
                new JsonObject()
                    .put("prefix", "560")
                    .put("cps", 2)
                    .put("districts", new JsonArray().add("BENGALURU URBAN"))
                    .put("states", new JsonArray()));
    drift
        .put(
            "closed_cps",
            new JsonObject()
                .put("count", 2)
                .put(
                    "first",
                    new JsonArray().add(new JsonObject().put("cp", "CP2").put("prefix", "560"))))
        .getJsonArray("prefixes")
        .add(drifted("560", new JsonObject().put("from", 0.95).put("to", 0.97)))
        .add(drifted("411", null));
  }

  private static JsonObject drifted(String prefix, JsonObject trained) {
    return new JsonObject()
        .put("prefix", prefix)
        .put("predictions", 900)
        .put("unknown_words", 0.01)
        .put("confidence", 0.91)
        .put("confidence_trained", trained);
  }

  /** As before the first look. */
  private static JsonObject drift() {
    var none = new JsonObject().put("count", 0).put("first", new JsonArray());
    return new JsonObject()
        .put("predictions", 0)
        .put("outcomes", null)
        .put("new_cps", none)
        .put("closed_cps", null)
        .put("prefixes", new JsonArray());
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
