package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.LIST;

import com.cpprediction.testing.Browser;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.Scrape;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** The page at the root of a running service, as a browser shows it. */
@Timeout(120)
class DashboardIT {
  private static final String ADDRESS = "Kadri Hills, near Kadri Temple, Mangalore 575002";

  /** Texts whose contrast with what is behind them is less than 4.5 (WCAG 2.2, 1.4.3). */
  private static final String CONTRASTS =
      """
      const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
      const opaque = element => {
        for (let at = element; at; at = at.parentElement) {
          const colour = rgb(getComputedStyle(at).backgroundColor);
          if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
      };
      const luminance = ([r, g, b]) => [r, g, b]
        .map(part => part / 255)
        .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const bad = [];
      while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
        const [dark, bright] = [rgb(getComputedStyle(element).color), opaque(element)]
          .map(luminance).sort((a, b) => a - b);
        const contrast = (bright + 0.05) / (dark + 0.05);
        if (contrast < 4.5) bad.push(`${texts.currentNode.data}: ${contrast}`);
      }
      return bad;
      """;

  @RegisterExtension
  private static final TestService service =
      new TestService(directory -> configuration(SmallRelease.copyTo(directory.resolve("models"))));

  private static final Http http = service.http();

  private static Path models;
  private static Browser browser;
  private static String url;

  @BeforeAll
  static void start() throws Exception {
    models = service.directory().resolve("models");
    url = "http://127.0.0.1:" + service.port() + "/";
    browser = Browser.start();
  }

  @AfterAll
  static void stop() {
    browser.close();
  }

  @BeforeEach
  void open() {
    browser.viewport(1440, 900).dark(false).open(url);
    browser.until(driver -> text("#link").equals("Ready") && !text("#models-note").isEmpty());
  }

  @AfterEach
  void logsNoErrorAndSendsNoRequestElsewhere() {
    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.requests()).isNotEmpty().allMatch(at -> at.startsWith(url));
  }

  @Test
  void showsTheNumbersOfTheMetricsOnceTrafficHasStopped() {
    for (var row : SmallRelease.rows().subList(0, 120)) { // enough for each percentile
      var request = Http.shipment("shown", row.typed()).put("pincode", row.pincode());
      http.post("/predict", request);
      http.post("/predict", request);
    }
    http.post("/predict", Http.shipment("shown", "nowhere").put("pincode", "999999"));

    var scrape = Scrape.of(http.get("/metrics").body());
    double model = answered(scrape, "model");
    double cache = answered(scrape, "cache");

    double errors =
        scrape.sum("cp_predictions_total", labels -> !labels.get("outcome").equals("ok"));
    var stored = Pattern.compile("Stored\\s+%,.0f\\s".formatted(model + cache));
    browser.until(
        driver ->
            value("answered") == model + cache
                && value("caller-failures") == errors
                && value("in-flight") == 0
                && stored.matcher(text("#storing")).find());
    assertThat(value("model-count")).isEqualTo(model).isPositive();
    assertThat(value("cache-count")).isEqualTo(cache).isPositive();
    assertThat(errors).isPositive();
    assertThat(text("#caller-failures-sub")).contains("unknown-prefix");
    assertThat(value("shed")).isEqualTo(scrape.sum("cp_shed_total", labels -> true));
    assertThat(scrape.values().get("cp_inflight")).isZero();
    var stats = http.get("/cache/stats").json();
    assertThat(value("hit-rate")).isEqualTo(stats.getDouble("hit_rate")).isBetween(0.01, 0.99);
    assertThat(text("#storing")).containsPattern("Rows waiting\\s+0\\s");
    double requests = requests();
    assertThat(requests).isGreaterThanOrEqualTo(model);
    browser.until(driver -> sumOfColumn(2) == requests); // models are told less often
    for (var source : List.of("model", "cache")) showsThePercentiles(source);
  }

  /** Both move on with time, so they are read until nothing moved in between. */
  private static void showsThePercentiles(String source) {
    browser.until(
        driver -> {
          var times =
              http.get("/metrics", "Accept", "application/json")
                  .json()
                  .getJsonObject("predictions")
                  .getJsonObject(source);
          return List.of("p50", "p95", "p99").stream()
              .allMatch(
                  percentile -> {
                    var id = source + "-" + percentile;
                    double value = times.getDouble(percentile);
                    return value == value(id) && (rounded(value) + " ms").equals(text("#" + id));
                  });
        });
  }

  @Test
  void predictsATypedAddressWithTheKeyboardAloneAndExplainsIt() {
    var keys = browser.driver().switchTo().activeElement();
    keys.sendKeys(Keys.TAB); // to the link over everything else
    browser.driver().switchTo().activeElement().sendKeys(Keys.ENTER);
    browser.driver().switchTo().activeElement().sendKeys(ADDRESS, Keys.TAB, Keys.TAB, Keys.ENTER);
    var shown = browser.find("#answer .cp").getText();

    var answer = http.post("/predict", Http.shipment("again", ADDRESS)).json();
    assertThat(shown).isEqualTo(answer.getString("cp"));
    assertThat(text("#answer .candidates li.first"))
        .contains(percent(answer.getDouble("confidence")));
    assertThat(text("#answer")).contains("Why " + shown + " rather than ").contains("kadri");
    assertThat(browser.driver().findElements(By.cssSelector("#answer .effects"))).hasSize(2);
    var shipment = text("#shipment");
    assertThat(shipment).startsWith("dashboard-");
    assertThat(browser.run("return getComputedStyle(document.activeElement).outlineStyle"))
        .isEqualTo("solid");
  }

  @Test
  void saysInWordsWhyAnEditAndAReleaseWereRefused() throws Exception {
    configure(new JsonObject().put("cache", new JsonObject().put("<b>size</b>", 1)));
    browser.until(driver -> text("#notices").contains("Configuration refused."));
    var release = models.resolve("release.json");
    var content = Files.readString(release);
    Files.writeString(release, "{}");
    http.post("/models/reload", new JsonObject());
    browser.until(driver -> text("#notices").contains("refused in the release."));
    browser.until(driver -> text("#release").contains("Why"));

    var config = http.get("/health").json().getJsonObject("checks").getJsonObject("config");
    assertThat(text("#notices")).contains(config.getString("error")).contains("is no key");
    assertThat(text("#config")).contains("refused since").contains(config.getString("error"));
    browser.until(driver -> text("#link").equals("Degraded")); // though what was in force still is
    assertThat(http.get("/health/ready").status()).isEqualTo(200);

    Files.writeString(release, content);
    http.post("/models/reload", new JsonObject());
    configure(new JsonObject());
    browser.until(driver -> text("#notices").isEmpty());
  }

  @Test
  void showsTheConfiguredShareOfWrongPincodes() throws Exception {
    configure(new JsonObject().put("prediction", new JsonObject().put("wrong_pincodes", 0.123)));

    browser.until(driver -> text("#wrong-share").contains("the configuration"));

    assertThat(text("#wrong-share")).containsPattern("Assumed now\\s+12.3 %");
    assertThat(text("#wrong-moves-title")).endsWith("unused while configured");
    configure(new JsonObject());
    browser.until(driver -> text("#wrong-share").contains("the estimate"));
    assertThat(text("#wrong-share")).doesNotContain("12.3 %");
    assertThat(text("#wrong-moves-title")).isEqualTo("Moves of the estimate");
  }

  @Test
  void showsHowTheShareOfWrongPincodesMovesWithTraffic() {
    do predictWithWrongPincodes(600);
    while (moves().isEmpty()); // estimates are five seconds apart
    browser.until(driver -> text("#wrong-moves tbody").contains("%"));

    var shares = http.get("/models/status").json().getJsonObject("wrong_pincodes");
    var moves = shares.getJsonArray("moves");
    var last = moves.getJsonObject(moves.size() - 1);
    assertThat(moves.getJsonObject(0).getDouble("from")).isEqualTo(0.008);
    assertThat(last.getDouble("to")).isEqualTo(shares.getDouble("share")).isNotEqualTo(0.008);
    assertThat(shares.getJsonObject("kinds").getDouble("far")).isGreaterThan(0.002);
    browser.until( // models are told less often
        driver ->
            browser.driver().findElements(By.cssSelector("#wrong-moves tbody tr")).size()
                == moves.size());
    assertThat(text("#wrong-moves tbody tr"))
        .contains(percent(last.getDouble("from")))
        .contains(percent(last.getDouble("to")));
    assertThat(text("#wrong-share"))
        .containsPattern("Assumed now\\s+" + percent(shares.getDouble("share")))
        .containsPattern("Set by\\s+the estimate");
    assertThat(browser.driver().findElement(By.id("wrong-unmoved")).isDisplayed()).isFalse();
    showsTheDoubtsOfTheMetrics();
    assertThat(browser.run(CONTRASTS)).asInstanceOf(LIST).isEmpty();
  }

  private static JsonArray moves() {
    var shares = http.get("/models/status").json().getJsonObject("wrong_pincodes");
    return shares.getJsonArray("moves");
  }

  private static void showsTheDoubtsOfTheMetrics() {
    var scrape = Scrape.of(http.get("/metrics").body());
    double all = scrape.values().get("cp_pincode_doubt_count");
    double corrected = scrape.values().get("cp_predictions_corrected_total");
    double mean = scrape.values().get("cp_pincode_doubt_sum") / all;

    browser.until(driver -> text("#doubt").contains(String.format(Locale.ROOT, "%,.0f", all)));
    assertThat(text("#doubt"))
        .containsPattern("Predictions corrected\\s+%,.0f".formatted(corrected))
        .containsPattern("Mean doubt\\s+" + percent(mean));
    var counts =
        "return [...document.querySelectorAll('#doubts li > :last-child')].map(at => at.innerText)";
    var sum =
        ((List<?>) browser.run(counts))
            .stream().mapToLong(some -> Long.parseLong(((String) some).replace(",", ""))).sum();
    assertThat((double) sum).isEqualTo(all).isPositive();
  }

  /** Addresses of one prefix with a pincode of another. */
  private static void predictWithWrongPincodes(int count) {
    var rows = SmallRelease.rows();
    var shipments = new JsonArray();
    for (int i = 0; i < count; i++) {
      var row = rows.get(i % rows.size());
      var prefix = row.pincode().substring(0, 3);
      var other =
          rows.stream().map(SmallRelease.Row::pincode).filter(pin -> !pin.startsWith(prefix));
      shipments.add(
          Http.shipment("wrong" + i, row.text()).put("pincode", other.findFirst().orElseThrow()));
    }
    http.post("/predict/batch", new JsonObject().put("shipments", shipments));
  }

  @Test
  void sortsAndFindsModelsAndShowsAllOfThem() {
    assertThat(rows()).hasSize(SmallRelease.PREFIXES.size());
    header("Prefix").click();
    assertThat(rows()).isEqualTo(SmallRelease.PREFIXES);
    header("Prefix").sendKeys(Keys.ENTER);
    assertThat(rows()).isEqualTo(List.of("831", "575", "180"));
    browser.find("#filter").sendKeys("57");

    assertThat(rows()).containsExactly("575");
    assertThat(browser.find("th[aria-sort]").getDomAttribute("aria-sort")).isEqualTo("descending");
  }

  @Test
  void fitsTheNarrowestPhone() {
    browser.viewport(360, 800);
    predict();

    assertThat(browser.run("return document.documentElement.scrollWidth")).isEqualTo(360L);
    assertThat(
            (Boolean)
                browser.run(
                    "const box = document.querySelector('.scroll:has(#models)');"
                        + "return box.scrollWidth > box.clientWidth"))
        .isTrue();
    for (var plot : browser.driver().findElements(By.cssSelector(".plot canvas"))) {
      browser.until(driver -> plot.getSize().width > 200 && plot.getSize().width < 340);
    }
  }

  @Test
  void canBeReadInTheDarkAndInTheLight() {
    predict();
    var light = background();
    assertThat(browser.run(CONTRASTS)).asInstanceOf(LIST).isEmpty();

    browser.dark(true);

    assertThat(background()).isNotEqualTo(light);
    assertThat(browser.run(CONTRASTS)).asInstanceOf(LIST).isEmpty();
  }

  private static void predict() {
    browser.find("#example").click();
    browser.find("#predict").click();
    browser.find("#answer .cp");
  }

  private static String background() {
    return (String) browser.run("return getComputedStyle(document.body).backgroundColor");
  }

  private static WebElement header(String title) {
    return browser.driver().findElement(By.xpath("//th/button[text()='" + title + "']"));
  }

  private static List<String> rows() {
    return browser.driver().findElements(By.cssSelector("#models tbody td:first-child")).stream()
        .map(WebElement::getText)
        .toList();
  }

  private static double sumOfColumn(int column) {
    var sum =
        """
        return [...document.querySelectorAll(`#models tbody td:nth-child(${arguments[0]})`)]
          .reduce((sum, cell) => sum + Number(cell.innerText.replaceAll(",", "")), 0);
        """;
    return ((Number) browser.run(sum, column)).doubleValue();
  }

  /** Addresses that all models scored; those of a doubted pincode count for several models. */
  private static double requests() {
    return http.get("/models/status").json().getJsonArray("models").stream()
        .mapToLong(model -> ((JsonObject) model).getLong("requests"))
        .sum();
  }

  private static double answered(Scrape scrape, String source) {
    return scrape.sum(
        "cp_predictions_total",
        labels -> labels.get("outcome").equals("ok") && labels.get("source").equals(source));
  }

  /** The number behind what is shown; NaN while there is none. */
  private static double value(String id) {
    var value = (String) browser.run("return document.getElementById(arguments[0]).value", id);
    return value.isEmpty() ? Double.NaN : Double.parseDouble(value);
  }

  private static String text(String selector) {
    var text = browser.run("return document.querySelector(arguments[0]).innerText", selector);
    return ((String) text).replace('\u00a0', ' '); // between a number and its unit
  }

  /** As the page writes shares that are neither next to nothing nor next to all. */
  private static String percent(double share) {
    if (share >= 0.9999 && share < 1) return ">99.99 %";
    return String.format(
        Locale.ROOT, share >= 0.9995 && share < 1 ? "%.2f %%" : "%.1f %%", 100 * share);
  }

  /** As the page rounds milliseconds. */
  private static String rounded(double ms) {
    int decimals = ms >= 100 ? 0 : ms >= 10 ? 1 : ms >= 1 ? 2 : 3;
    return String.format(
        Locale.ROOT, "%,." + decimals + "f", new BigDecimal(ms)); // exactly, as the browser does
  }

  private static void configure(JsonObject changes) throws Exception {
    service.configure(configuration(models).mergeIn(changes, true));
  }

  private static JsonObject configuration(Path models) {
    return new JsonObject()
        .put("models", new JsonObject().put("dir", models.toString()).put("poll_ms", 0));
  }
}
