package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Browser;
import com.cpprediction.testing.PackagedService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.openqa.selenium.Keys;

/** The page of reviewers in a real browser, and the service killed and started meanwhile. */
class ReviewPageIT {
  private static final int SHIPMENTS = 101;

  private static String uri;

  @RegisterExtension
  private static final PackagedService service =
      new PackagedService(
          () -> {
            uri = TestDatabase.create();
            return uri;
          },
          new JsonObject());

  private static final List<String> CPS =
      SmallRelease.rows().stream().map(SmallRelease.Row::cp).distinct().limit(4).toList();

  /** What was chosen, by shipment. */
  private final TreeMap<String, String> chosen = new TreeMap<>();

  @Test
  void aHundredReviewsByKeyboardAreStoredOnceAlthoughTheServiceIsKilled() throws Exception {
    Await.until(() -> service.ready() && !tables().isEmpty()); // migrated
    predict();
    try (var browser = Browser.start()) {
      var url = "http://127.0.0.1:" + service.port() + "/";
      browser.viewport(1280, 800).open(url + "review");
      assertThat(browser.find("#sign-in h2").getText()).isEqualTo("Sign in");
      browser.find("#token").sendKeys(PackagedService.ADMIN_TOKEN, Keys.ENTER);
      looksWell(browser);
      assertThat(browser.requests()).allMatch(at -> at.startsWith(url));

      var skipped = shown(browser);
      press(browser, "s");
      review(browser, 0, "1");
      var first = shown(browser);
      press(browser, "1");
      press(browser, "u");
      browser.until(driver -> shown(browser).equals(first));
      review(browser, 1, "2");
      search(browser);
      for (int i = 3; i < 40; i++) review(browser, i, Integer.toString(1 + i % 3));
      service.kill();
      for (int i = 40; i < 43; i++) review(browser, i, Integer.toString(1 + i % 3));
      browser.until(driver -> text(browser, "#notices").contains("decisions wait here"));
      service.start();
      browser.run("location.reload()");
      for (int i = 43; i < 100; i++) review(browser, i, Integer.toString(1 + i % 3));
      browser.until(driver -> browser.find("#empty").isDisplayed());
      browser.until(
          driver -> browser.run("return sessionStorage['cp-review-outbox']").equals("[]"));

      assertThat(chosen).hasSize(100).doesNotContainKey(skipped);
      assertThat(
              TestDatabase.query(
                  uri,
                  "SELECT concat_ws(' ', shipment_id, cp, origin) FROM outcomes ORDER BY shipment_id"))
          .containsExactlyInAnyOrderElementsOf(
              chosen.entrySet().stream()
                  .map(one -> one.getKey() + " " + one.getValue() + " review")
                  .toList());
    }
  }

  private static List<String> tables() throws Exception {
    return TestDatabase.query(uri, "SELECT relname FROM pg_class WHERE relname = 'review_claims'");
  }

  private static void predict() throws Exception {
    TestDatabase.execute(
        uri,
        """
        INSERT INTO predictions (prediction_id, predicted_at, shipment_id, address, pincode, prefix, cp, confidence,
                                 alternatives, fingerprint, source, prefix_source, pincode_field, pincode_doubt,
                                 pincode_believed)
        SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid, at,
               'S' || i, 'Shop ' || i || ', <img src=x onerror=alert(1)> Main Road, opp. the old bus stand, Ullal,'
               || ' Mangalore 575017', '575017', '575', '%1$s', 0.47, '[{"cp": "%2$s", "confidence": 0.31},'
               ' {"cp": "%3$s", "confidence": 0.05}]', repeat('f', 64), 'model', 'pincode', '575017', 0.62, '575020'
        FROM (SELECT i, date_trunc('second', now()) - interval '1 hour' + i * interval '1 second' AS at
              FROM generate_series(1, %4$d) AS i) AS times
        """
            .formatted(CPS.get(0), CPS.get(1), CPS.get(2), SHIPMENTS));
  }

  /** Id of the shipment that is shown, once one is. */
  private static String shown(Browser browser) {
    return browser.until(
        driver ->
            (String)
                browser.run(
                    "const at = document.getElementById('shipment');"
                        + " return !at || at.hidden ? null : at.dataset.shipment"));
  }

  private static void press(Browser browser, CharSequence key) {
    var before = shown(browser);
    browser.find("body").sendKeys(key);
    browser.until(
        driver ->
            browser.run(
                "const at = document.getElementById('shipment');"
                    + " return at.hidden || at.dataset.shipment !== arguments[0]",
                before));
  }

  private void review(Browser browser, int done, String key) {
    assertThat(chosen).hasSize(done);
    var shipment = shown(browser);
    assertThat(chosen).doesNotContainKey(shipment);
    chosen.put(shipment, CPS.get(Integer.parseInt(key) - 1));
    press(browser, key);
  }

  /** Finds a CP that isn't a candidate. */
  private void search(Browser browser) {
    var shipment = shown(browser);
    browser.find("body").sendKeys("/");
    browser.driver().switchTo().activeElement().sendKeys(CPS.get(3).toLowerCase());
    browser.until(driver -> text(browser, "#found").startsWith(CPS.get(3)));
    chosen.put(shipment, CPS.get(3));
    browser.driver().switchTo().activeElement().sendKeys(Keys.ENTER);
    browser.until(driver -> !shown(browser).equals(shipment));
  }

  private static String text(Browser browser, String selector) {
    return (String) browser.run("return document.querySelector(arguments[0]).innerText", selector);
  }

  /** Nothing is cut off, on no screen; the pictures are for people. */
  private static void looksWell(Browser browser) {
    shown(browser);
    assertThat(text(browser, "#address")).contains("<img src=x onerror=alert(1)>");
    assertThat(text(browser, "#candidates")).contains(CPS.get(0), CPS.get(1), CPS.get(2), "47 %");
    assertThat(text(browser, "#why")).contains("low confidence", "doubtful pincode");
    browser.until(driver -> text(browser, "#waiting").equals(Integer.toString(SHIPMENTS)));
    var problems = new ArrayList<String>();
    for (var dark : List.of(false, true)) {
      for (var width : List.of(1280, 390, 360)) {
        browser.viewport(width, width > 1000 ? 800 : 780).dark(dark);
        browser.screenshot(Path.of("target/review-%d%s.png".formatted(width, dark ? "-dark" : "")));
        var wide = browser.run("return document.documentElement.scrollWidth > innerWidth");
        if (wide.equals(true)) problems.add(width + " px");
      }
    }
    assertThat(problems).isEmpty();
    browser.viewport(1280, 800).dark(false);
    assertThat(browser.complaints()).noneMatch(line -> !line.contains("401"));
  }
}
