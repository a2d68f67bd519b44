package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.testing.Browser;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Keys;

/** Cross-site requests of a real browser to a service on the user's machine. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class CrossSiteTest {
  private static final String REBOUND = "rebound.example";

  /** Resolves to the readable part of each response, null where the browser blocked it. */
  private static final String ATTACK =
      """
      const [base, shipment, done] = arguments;
      const ask = async (method, path, body, type, mode) => {
        const headers = type ? { 'Content-Type': type } : {};
        try {
          const answer = await fetch(base + path, { method, body, headers, mode });
          return answer.type === 'opaque' ? null : { status: answer.status, text: await answer.text() };
        } catch (refused) {
          return null;
        }
      };
      const post = (path, body) => new Promise(resolve => {
        const frame = document.createElement('iframe');
        frame.name = 'f' + Math.random();
        document.body.append(frame);
        const form = document.createElement('form');
        form.action = base + path;
        form.method = 'POST';
        form.enctype = 'text/plain';
        form.target = frame.name;
        const field = document.createElement('input');
        field.name = body.slice(0, -1) + ',"x":"';
        field.value = '"}';
        form.append(field);
        document.body.append(form);
        frame.onload = () => resolve(null);
        form.submit();
      });
      (async () => {
        const outcomes = '{"outcomes":[{"shipment_id":"S1","cp":"CP1"}]}';
        const warm = '{"addresses":["MG Road 560017"]}';
        const got = [];
        for (const type of ['text/plain', 'application/x-www-form-urlencoded', undefined, 'application/json']) {
          for (const mode of ['no-cors', 'cors']) {
            got.push(await ask('POST', '/predict', shipment, type, mode));
            got.push(await ask('POST', '/predict/batch', '{"shipments":[' + shipment + ']}', type, mode));
            got.push(await ask('POST', '/predict/stream', shipment, type, mode));
            got.push(await ask('POST', '/outcomes', outcomes, type, mode));
            got.push(await ask('POST', '/cache/warm', warm, type, mode));
            got.push(await ask('POST', '/models/reload', '{}', type, mode));
          }
        }
        got.push(await ask('POST', '/models/reload', undefined, undefined, 'no-cors'));
        got.push(await ask('POST', '/predict', new Blob([shipment]), undefined, 'no-cors'));
        if (document.body) await post('/predict', shipment);
        for (const path of ['/config', '/predictions/S1', '/models/status', '/metrics', '/health']) {
          got.push(await ask('GET', path, undefined, undefined, 'no-cors'));
          got.push(await ask('GET', path, undefined, undefined, 'cors'));
        }
        got.push(await ask('DELETE', '/cache', undefined, undefined, 'cors'));
        done(JSON.stringify(got));
      })();
      """;

  private static Browser browser;
  private final AtomicInteger ran = new AtomicInteger();
  private HttpFixture edge;
  private int port;

  @BeforeAll
  static void startBrowser() {
    browser = Browser.start(REBOUND);
    browser.driver().manage().timeouts().scriptTimeout(Duration.ofSeconds(40));
  }

  @AfterAll
  static void closeBrowser() {
    browser.close();
  }

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    edge = new HttpFixture(vertx);
    for (var address :
        List.of(Bus.MODELS_RELOAD_AS, Bus.MODELS_STATUS, Bus.STORED, Bus.JUDGE, Bus.POPULAR)) {
      edge.answer(
          address,
          question -> {
            ran.incrementAndGet();
            return Future.succeededFuture(new JsonObject().put("models", new JsonArray()));
          });
    }
    var explanation = new JsonObject().put("first", "CP1").put("second", "CP2");
    explanation.put("features", new JsonArray()).put("words", new JsonArray());
    edge.explainer = request -> Future.succeededFuture(explanation);
    edge.start();
    assertThat(edge.post("/predict", shipment("S1", "MG Road 560017")).statusCode()).isEqualTo(200);
    port = edge.address().getPort();
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "localhost", REBOUND})
  void aPageOfAnotherSiteDoesNothingAndReadsNothing(String site, Vertx vertx) throws Exception {
    var other =
        vertx
            .createHttpServer()
            .requestHandler(
                request ->
                    request
                        .response()
                        .putHeader("Content-Type", "text/html")
                        .end("<!doctype html><title>Other</title><body>"))
            .listen(0, "127.0.0.1")
            .await(60, SECONDS);
    browser.open("http://" + site + ":" + other.actualPort() + "/");

    for (var read : attack(edge.base())) assertThat(read).isNull();
    nothingHappened();
  }

  @Test
  void aRebindingSiteDoesNothingAndReadsNothing() {
    var base = "http://" + REBOUND + ":" + port;
    browser.open(base + "/"); // scripts now run in that site's origin

    assertThat(browser.run("return location.origin")).isEqualTo(base);
    for (var read : attack(base)) {
      if (read == null) continue;
      assertThat(((JsonObject) read).getInteger("status")).isEqualTo(403);
      assertThat(((JsonObject) read).getString("text")).contains("\"code\":\"forbidden\"");
    }
    nothingHappened();
  }

  @Test
  void aLinkFromAnotherSiteOpensAWorkingDashboard(Vertx vertx) throws Exception {
    var other =
        vertx
            .createHttpServer()
            .requestHandler(
                request ->
                    request
                        .response()
                        .putHeader("Content-Type", "text/html")
                        .end("<!doctype html><a href='" + edge.base() + "/'>there</a>"))
            .listen(0, "127.0.0.1")
            .await(60, SECONDS);
    browser.open("http://localhost:" + other.actualPort() + "/");

    browser.find("a").click();
    var box = browser.find("#address");
    box.sendKeys("12, MG Road 560017", Keys.ENTER);

    assertThat(browser.find("#answer .cp").getText()).startsWith("CP");
    assertThat(edge.recorded()).hasSize(2);
  }

  private static JsonArray attack(String base) {
    var shipment = shipment("S2", "Brigade Road 560001").encode();
    return new JsonArray((String) browser.driver().executeAsyncScript(ATTACK, base, shipment));
  }

  private void nothingHappened() {
    assertThat(edge.recorded()).hasSize(1); // by its own script
    assertThat(edge.scoreRequests).hasSize(1);
    assertThat(edge.cache.stats().getLong("size")).isEqualTo(1);
    assertThat(ran).hasValue(0);
  }
}
