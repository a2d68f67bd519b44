package com.cpprediction.loadtest;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class LoadGeneratorTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Buffer MISS = new JsonObject().put("source", "model").toBuffer();
  private static final Buffer HIT = new JsonObject().put("source", "cache").toBuffer();
  private static final RequestSource REQUESTS =
      new RequestSource("/predict", 1, i -> Buffer.buffer(Long.toString(i)));

  private Vertx vertx;
  private LoadGenerator generator;

  @BeforeEach
  void keep(Vertx vertx) {
    this.vertx = vertx;
  }

  @AfterEach
  void close() {
    if (generator != null) generator.close();
  }

  @Test
  void sendsEveryDueRequestOnce() throws Exception {
    var seen = new ArrayList<String>();
    serve(
        request ->
            request
                .body()
                .onSuccess(
                    body -> {
                      seen.add(body.toString());
                      request.response().end(seen.size() % 4 == 0 ? HIT : MISS);
                    }));

    var step = generator.open("s", REQUESTS, 200, SECOND, LoadGenerator.Listener.NONE);

    assertThat(step.due()).isEqualTo(200);
    assertThat(step.sent()).isEqualTo(200);
    assertThat(step.ok()).isEqualTo(200);
    assertThat(step.cached()).isEqualTo(50);
    assertThat(step.hitRate()).isEqualTo(0.25);
    assertThat(step.failed()).isZero();
    assertThat(step.latency().getTotalCount()).isEqualTo(200);
    assertThat(seen).hasSize(200).doesNotHaveDuplicates();
  }

  @Test
  void severalThreadsShareTheRequestsOfAStepBetweenThem() throws Exception {
    var seen = ConcurrentHashMap.<String>newKeySet();
    var server =
        vertx
            .createHttpServer()
            .requestHandler(
                request ->
                    request
                        .body()
                        .onSuccess(
                            body -> {
                              seen.add(body.toString());
                              request.response().end(MISS);
                            }))
            .listen(0, "127.0.0.1")
            .await(60, SECONDS);
    var target = Target.of("http://127.0.0.1:" + server.actualPort(), null, null, false);
    generator = new LoadGenerator(List.of(target), 6, 3, Arrivals.POISSON);

    var open = generator.open("s", REQUESTS, 200, SECOND, LoadGenerator.Listener.NONE);
    long inOpenLoop = seen.size();
    seen.clear();
    var counted = generator.count("s", REQUESTS, 5, 100, LoadGenerator.Listener.NONE);

    assertThat(open.ok()).isEqualTo(open.due()).isEqualTo(inOpenLoop).isGreaterThan(100);
    assertThat(open.latency().getTotalCount()).isEqualTo(open.due());
    assertThat(open.lag().getTotalCount()).isEqualTo(open.due());
    assertThat(counted.ok()).isEqualTo(100);
    assertThat(seen).hasSize(100);
  }

  @Test
  void aStallCountsInTheSecondsInWhichItsRequestsWereDue() throws Exception {
    var waiting = new ArrayList<HttpServerRequest>();
    serve(
        request -> {
          waiting.add(request);
          if (waiting.size() > 150) request.response().end(MISS);
          if (waiting.size() != 150) return; // the last of them is due after 1.49 s
          waiting.forEach(held -> held.response().end(MISS));
        });

    var step =
        generator.open("s", REQUESTS, 100, SECOND.multipliedBy(3), LoadGenerator.Listener.NONE);

    var seconds = step.series().seconds();
    assertThat(seconds).hasSize(3);
    assertThat(seconds).allSatisfy(second -> assertThat(second.due()).isEqualTo(100));
    assertThat(seconds).allSatisfy(second -> assertThat(second.ok()).isEqualTo(100));
    assertThat(seconds.get(0).millis(100)).isGreaterThan(1_400);
    assertThat(seconds.get(0).millis(100)).isGreaterThan(seconds.get(1).millis(100));
  }

  @Test
  void aStallCountsInTheLatencyOfAllRequestsDueMeanwhile() throws Exception {
    var waiting = new ArrayList<HttpServerRequest>();
    serve(
        request -> {
          waiting.add(request);
          if (waiting.size() < 100) return;
          waiting.forEach(held -> held.response().end(MISS));
          waiting.clear();
        });

    var step = generator.open("s", REQUESTS, 200, SECOND, LoadGenerator.Listener.NONE);

    // The first of a hundred requests waits for the last one, due 495 ms later.
    assertThat(step.ok()).isEqualTo(200);
    assertThat(step.maxMillis()).isGreaterThan(494);
    assertThat(step.latency().getCountBetweenValues(245_000, 60_000_000))
        .isGreaterThanOrEqualTo(100);
  }

  @Test
  void aGrowingQueueMeansThatTheRateWasNotHeld() throws Exception {
    var waiting = new ArrayList<HttpServerRequest>();
    serve(
        request -> {
          waiting.add(request);
          if (waiting.size() <= 50) request.response().end(MISS);
          if (waiting.size() == 200) {
            vertx.setTimer(
                2_000,
                later -> waiting.subList(50, 200).forEach(held -> held.response().end(MISS)));
          }
        });

    var step = generator.open("s", REQUESTS, 200, SECOND, LoadGenerator.Listener.NONE);

    assertThat(step.ok()).isEqualTo(200);
    assertThat(step.openAtEnd()).isEqualTo(150);
    assertThat(step.held()).isFalse();
    assertThat(step.verdict()).isNotEmpty();
  }

  @Test
  void aConstantNumberInFlightIsNoGrowingQueue() throws Exception {
    serve(request -> vertx.setTimer(500, later -> request.response().end(MISS)));

    var step =
        generator.open("s", REQUESTS, 200, SECOND.multipliedBy(2), LoadGenerator.Listener.NONE);

    assertThat(step.openAtEnd()).isGreaterThan(20);
    assertThat(step.held()).isTrue();
  }

  @Test
  void latencyOfALateRequestCountsFromItsDueTime() throws Exception {
    serve(request -> request.response().end(MISS));
    var slow =
        new RequestSource(
            "/predict",
            1,
            i -> {
              if (i == 0) block(300);
              return Buffer.buffer("x");
            });

    var step = generator.open("s", slow, 100, SECOND, LoadGenerator.Listener.NONE);

    assertThat(step.ok()).isEqualTo(100);
    // Requests due within the 300 ms of the blocked generator were late.
    assertThat(step.lag().getCountBetweenValues(100_000, 60_000_000)).isGreaterThanOrEqualTo(15);
    assertThat(step.latency().getCountBetweenValues(100_000, 60_000_000))
        .isGreaterThanOrEqualTo(15);
    assertThat(step.onSchedule()).isFalse();
    assertThat(step.verdict()).contains("this program was late itself");
  }

  @Test
  void countsErrorsByStatusAndCode() throws Exception {
    var requests = new AtomicInteger();
    serve(
        request -> {
          switch (requests.getAndIncrement() % 4) {
            case 0 ->
                request
                    .response()
                    .setStatusCode(503)
                    .end(new JsonObject().put("code", "overloaded").toBuffer());
            case 1 -> request.response().setStatusCode(502).end("<html>");
            case 2 -> request.connection().close();
            default -> request.response().end(MISS);
          }
        });

    var step = generator.count("s", REQUESTS, 1, 40, LoadGenerator.Listener.NONE);

    assertThat(step.ok()).isEqualTo(10);
    assertThat(step.errors()).containsEntry("503 overloaded", 10L).containsEntry("502", 10L);
    assertThat(step.failed()).isEqualTo(30);
    assertThat(step.uncertain()).isEqualTo(10);
    assertThat(step.refusals().getTotalCount()).isEqualTo(20);
    assertThat(step.latency().getTotalCount()).isEqualTo(20);
    assertThat(step.service().getTotalCount()).isEqualTo(10);
  }

  @Test
  void timedOutRequestsCountAndDoNotAffectTheNextStep() throws Exception {
    var asked = new ArrayList<String>();
    var silent = new AtomicInteger(1);
    var server =
        vertx
            .createHttpServer()
            .requestHandler(
                request ->
                    request
                        .body()
                        .onSuccess(
                            body -> {
                              asked.add(body.toString());
                              if (silent.get() == 0) request.response().end(MISS);
                            }))
            .listen(0, "127.0.0.1")
            .await(60, SECONDS);
    var target = Target.of("http://127.0.0.1:" + server.actualPort(), null, null, false);
    generator = new LoadGenerator(target, 1, Duration.ofSeconds(2));

    // One connection: the other requests time out waiting for it.
    var first = generator.count("s", REQUESTS, 3, 3, LoadGenerator.Listener.NONE);
    asked.clear();
    silent.set(0);
    var second = generator.count("s", REQUESTS, 1, 5, LoadGenerator.Listener.NONE);

    assertThat(first.uncertain()).isEqualTo(3);
    assertThat(first.latency().getMinValue()).isGreaterThanOrEqualTo(1_990_000);
    assertThat(second.ok()).isEqualTo(5);
    assertThat(asked).containsExactly("0", "1", "2", "3", "4");
  }

  @Test
  void aClosedLoopHasOneRequestInFlightPerCaller() throws Exception {
    var open = new AtomicInteger();
    var most = new AtomicInteger();
    serve(
        request -> {
          most.accumulateAndGet(open.incrementAndGet(), Math::max);
          vertx.setTimer(
              5,
              later -> {
                open.decrementAndGet();
                request.response().end(MISS);
              });
        });

    var step =
        generator.closed("s", REQUESTS, 6, Duration.ofMillis(500), LoadGenerator.Listener.NONE);

    assertThat(most).hasValue(6);
    assertThat(step.ok()).isEqualTo(step.sent()).isGreaterThan(6);
    assertThat(step.held()).isTrue();
  }

  @Test
  void reportsProgress() throws Exception {
    serve(request -> request.response().end(MISS));
    var last = new AtomicLong();

    generator.open("s", REQUESTS, 100, SECOND, (seconds, ok, f, p99) -> last.set(ok));

    assertThat(last).hasValue(100);
  }

  @Test
  void aRefusedConnectionIsAnErrorOfEachRequest() throws Exception {
    generator = new LoadGenerator(Target.of("http://127.0.0.1:1", null, null, false), 4);

    var step = generator.count("s", REQUESTS, 1, 3, LoadGenerator.Listener.NONE);

    assertThat(step.ok()).isZero();
    assertThat(step.failed()).isEqualTo(3);
    assertThatThrownBy(() -> generator.get("/health/ready"))
        .isInstanceOf(LoadTestException.class)
        .hasMessageContaining("http://127.0.0.1:1/health/ready");
  }

  private void serve(Handler<HttpServerRequest> handler) throws Exception {
    var server =
        vertx.createHttpServer().requestHandler(handler).listen(0, "127.0.0.1").await(60, SECONDS);
    generator =
        new LoadGenerator(
            Target.of("http://127.0.0.1:" + server.actualPort(), null, null, false), 256);
  }

  private static void block(long millis) {
    long end = System.nanoTime() + MILLISECONDS.toNanos(millis);
    while (System.nanoTime() < end) Thread.onSpinWait();
  }
}
