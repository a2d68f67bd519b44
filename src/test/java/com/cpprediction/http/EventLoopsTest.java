package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.shipment;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.dashboard.EventStream;
import com.cpprediction.serving.HealthCheck;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Four event loops serve one port, within the limits of one node. */
@ExtendWith(VertxExtension.class)
@Timeout(120)
class EventLoopsTest {
  private static final int LOOPS = 4;
  private static final int CONNECTIONS = 64;

  private HttpFixture edge;
  private HttpClient client;

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
    edge.instances = LOOPS;
    client =
        vertx.createHttpClient(
            new HttpClientOptions().setKeepAlive(true),
            new PoolOptions().setHttp1MaxSize(CONNECTIONS));
  }

  @AfterEach
  void tearDown() throws Exception {
    client.close().await(60, SECONDS);
    if (edge.started()) edge.stop().otherwiseEmpty().await(60, SECONDS);
  }

  @Test
  void allLoopsServeUnderLoad() throws Exception {
    edge.start();

    for (int round = 0; round < 10; round++) {
      int from = round * CONNECTIONS;
      var responses = all(predictAll(from));

      assertThat(responses).extracting(HttpClientResponse::statusCode).containsOnly(200);
    }

    assertThat(edge.loops).hasSize(LOOPS);
    assertThat(edge.recorded().stream().map(one -> one.request().shipmentId()))
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, 10 * CONNECTIONS).mapToObj(i -> "S" + i).toList());
    HttpFixture.until(() -> edge.inFlight() == 0);
  }

  @Test
  void messagesAreDealtToAllLoops() throws Exception {
    edge.start();

    for (int i = 0; i < LOOPS; i++) {
      var served = edge.ask(Bus.PREDICT, shipment("S" + i, "Door " + i + ", MG Road 560017"));
      assertThat(served.body().getString("shipment_id")).isEqualTo("S" + i);
    }

    assertThat(edge.loops).hasSize(LOOPS);
  }

  @Test
  void anAddressIsRegisteredOnceWhateverTheNumberOfLoops(Vertx vertx) throws Exception {
    edge.start();

    vertx.eventBus().publish(Bus.PREDICT, shipment("S1", "MG Road 560017")); // to each consumer
    HttpFixture.until(() -> !edge.batches.isEmpty());
    edge.stop().await(60, SECONDS);

    assertThat(edge.recorded()).hasSize(1);
  }

  @Test
  void theLimitOnShipmentsIsThatOfTheNode() throws Exception {
    int limit = 7;
    edge.prediction =
        new PredictionConfig(4, 0, limit, Duration.ofSeconds(30), OptionalDouble.of(0.01), 0.5);
    var held = holdScores();
    edge.start();

    var responses = predictAll(0);
    HttpFixture.until(
        () -> responses.stream().filter(Future::isComplete).count() == CONNECTIONS - limit);
    assertThat(edge.inFlight()).isEqualTo(limit);
    held.complete();

    var statuses =
        all(responses).stream()
            .collect(Collectors.groupingBy(HttpClientResponse::statusCode, Collectors.counting()));
    assertThat(statuses)
        .containsOnly(Map.entry(200, (long) limit), Map.entry(503, (long) CONNECTIONS - limit));
    assertThat(edge.recorded()).hasSize(limit);
    HttpFixture.until(() -> edge.inFlight() == 0);
  }

  @Test
  void theLimitOnStreamsIsThatOfTheNode() throws Exception {
    edge.maxStreams = LOOPS;
    edge.start();
    var open = new ArrayList<StreamCaller>();
    for (int i = 0; i < LOOPS; i++) open.add(new StreamCaller(client, edge.base()));

    for (int i = 0; i < 2 * LOOPS; i++) { // on whichever loop
      assertThat(new StreamCaller(client, edge.base()).status()).isEqualTo(503);
    }
    for (int i = 0; i < LOOPS; i++) {
      assertThat(open.get(i).send(shipment("S" + i, "MG Road 560017")).end().rest()).hasSize(1);
    }
  }

  @Test
  void theLimitOnConnectionsIsThatOfTheNode() throws Exception {
    edge.maxConnections = LOOPS;
    edge.start();
    var open = new ArrayList<Socket>();
    try {
      for (int i = 0; i < LOOPS; i++) {
        open.add(edge.connect());
        open.get(i)
            .getOutputStream()
            .write("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes());
        assertThat(open.get(i).getInputStream().read()).isEqualTo('H');
      }
      for (int i = 0; i < LOOPS; i++) {
        try (var further = edge.connect()) {
          assertThat(further.getInputStream().read()).isEqualTo(-1);
        }
      }
    } finally {
      for (var socket : open) socket.close();
    }
  }

  @Test
  void eachListenerOfEventsGetsThemWhicheverLoopItIsOn() throws Exception {
    var computing = ConcurrentHashMap.<Thread>newKeySet();
    edge.checks.add(
        new HealthCheck(
            "watched",
            () -> true,
            () -> {
              computing.add(Thread.currentThread());
              return new JsonObject();
            }));
    edge.start();
    var events = new ArrayList<Future<String>>();

    for (int i = 0; i < 2 * LOOPS; i++) {
      var first = Promise.<String>promise();
      events.add(first.future());
      request(HttpMethod.GET, "/events")
          .compose(request -> request.putHeader("Accept", EventStream.TYPE).send())
          .onSuccess(
              response ->
                  response.handler(
                      chunk -> {
                        if (chunk.toString().contains("event: state")) {
                          first.tryComplete(chunk.toString());
                        }
                      }));
    }

    for (var event : events) assertThat(event.await(60, SECONDS)).contains("data: {");
    assertThat(computing).as("once for all loops").hasSize(1);
  }

  @Test
  void stopsOnceEveryLoopHasFinishedItsRequests() throws Exception {
    var held = holdScores();
    edge.start();
    var responses = predictAll(0);
    HttpFixture.until(() -> edge.inFlight() == CONNECTIONS);

    var stopped = edge.stop();
    HttpFixture.until(() -> !accepts());
    assertThat(stopped.isComplete()).isFalse();
    held.complete();

    assertThat(all(responses)).extracting(HttpClientResponse::statusCode).containsOnly(200);
    stopped.await(60, SECONDS);
    assertThat(edge.recorded()).hasSize(CONNECTIONS);
  }

  /** Keeps scores back until the promise is completed. */
  private Promise<Void> holdScores() {
    var held = Promise.<Void>promise();
    edge.scorer =
        request ->
            held.future()
                .map(go -> HttpFixture.reply(request, HttpFixture.FINGERPRINTS.get("560")));
    return held;
  }

  /** A request on each connection, for the shipments from this number on. */
  private List<Future<HttpClientResponse>> predictAll(int from) {
    return IntStream.range(from, from + CONNECTIONS)
        .mapToObj(i -> predict(shipment("S" + i, "Door " + i + ", MG Road 560017")))
        .toList();
  }

  private boolean accepts() {
    try (var socket = edge.connect()) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private Future<HttpClientResponse> predict(JsonObject shipment) {
    return request(HttpMethod.POST, "/predict")
        .compose(
            request ->
                request.putHeader("Content-Type", RouteContract.JSON).send(shipment.toBuffer()))
        .compose(response -> response.body().map(body -> response));
  }

  private Future<HttpClientRequest> request(HttpMethod method, String path) {
    var address = edge.address();
    return client.request(method, address.getPort(), address.getHostString(), path);
  }

  private static List<HttpClientResponse> all(List<Future<HttpClientResponse>> responses)
      throws Exception {
    return Future.all(responses).await(30, SECONDS).<HttpClientResponse>list();
  }
}
