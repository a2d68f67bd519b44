package com.cpprediction.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Browser;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;

/** The API documentation in a browser. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class DocsTest {
  private static final String PREDICT = "#operations-Predictions-predict";

  private static Browser browser;
  private HttpFixture edge;

  @BeforeAll
  static void startBrowser() {
    browser = Browser.start();
  }

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx).start();
    browser.requests(); // clears those of the test before
  }

  @AfterAll
  static void closeBrowser() {
    browser.close();
  }

  @Test
  void showsTheContractAndExecutesAnOperationFromTheServiceAlone() {
    browser.open(edge.base() + "/docs");
    browser.find(PREDICT + " .opblock-summary-control").click();
    browser.find(PREDICT + " .execute").click();
    var status = browser.find(PREDICT + " .live-responses-table .response .response-col_status");

    assertThat(status.getText()).startsWith("200");
    assertThat(edge.recorded()).hasSize(1);
    assertThat(browser.driver().findElements(By.cssSelector(".opblock"))).hasSizeGreaterThan(10);
    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.requests()).hasSizeGreaterThan(4).allMatch(at -> at.startsWith(edge.base()));
  }

  @Test
  void isOperatedByKeyboardAndFollowsTheColoursOfTheSystem() {
    browser.dark(true).open(edge.base() + "/docs");
    var summary = browser.find(PREDICT + " .opblock-summary-control");
    browser.run("arguments[0].focus()", summary);
    summary.sendKeys(Keys.ENTER);

    assertThat(browser.find(PREDICT + " .execute").isDisplayed()).isTrue();
    assertThat(background()).isEqualTo("rgb(28, 32, 34)");
    browser.dark(false);
    browser.until(driver -> !background().equals("rgb(28, 32, 34)"));
    assertThat(browser.complaints()).isEmpty();
  }

  private String background() {
    return (String) browser.run("return getComputedStyle(document.body).backgroundColor");
  }
}
