package com.cpprediction.dashboard;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.dashboard.EventStream.Snapshot;
import com.cpprediction.dashboard.EventStream.Topic;
import com.cpprediction.http.HttpFixture;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.serving.AdmissionControl;
import com.cpprediction.serving.HealthCheck;
import com.cpprediction.serving.HealthReport;
import com.cpprediction.serving.OwnerDirectory;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.parsetools.RecordParser;
import io.vertx.ext.web.Router;
import io.vertx.junit5.VertxExtension;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
@Timeout(60)
public class EventStreamTest {
  private static final Duration PERIOD = Duration.ofMillis(5);

  private static final Pattern DATA = Pattern.compile("^data: (\\d+) ");

  private final AtomicInteger refreshes = new AtomicInteger();
  private final List<HttpClient> clients =
      new ArrayList<>(); // an unreferenced client would be closed
  private HttpFixture edge;
  private String deployment; // of the test's own server, if any

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
    edge.answer(Bus.MODELS_STATUS, ignored -> Future.succeededFuture(models()));
  }

  /** Closing Vert.x alone would wait for the listeners to disconnect. */
  @AfterEach
  void tearDown(Vertx vertx) throws Exception {
    if (deployment != null) vertx.undeploy(deployment).await(60, SECONDS);
  }

  @Test
  void sendsStateAndModelsToANewListenerAtOnce() throws Exception {
    edge.checks.add(new HealthCheck("models", () -> true, JsonObject::new));
    edge.start();
    edge.post("/predict", HttpFixture.shipment("S1", "12, MG Road 560017"));

    try (var listener = listen()) {
      assertThat(listener.head()).startsWith("HTTP/1.1 200").contains("text/event-stream");
      var state = listener.next("state");
      var models = listener.next("models");

      assertThat(state.getJsonObject("health")).isEqualTo(health());
      assertThat(
              state
                  .getJsonObject("meters")
                  .getJsonObject("predictions")
                  .getJsonObject("model")
                  .getInteger("count"))
          .isEqualTo(1);
      assertThat(state.encode()).doesNotContain("MG Road");
      assertThat(models.getJsonArray("models").getJsonObject(0).getString("prefix"))
          .isEqualTo("560");
      assertThat(models.getJsonObject("cluster").getBoolean("enabled")).isFalse();
    }
  }

  @Test
  void endsTheStreamOfAnOperatorWhoseRightsHaveEnded() throws Exception {
    edge.start();

    try (var listener = listen()) { // on this machine, while no token is configured
      listener.next("state");
      edge.adminToken = "admin-token-of-16+";

      assertThat(listener.next("end").getString("code")).isEqualTo("unauthorized");
      assertThat(listener.rest()).doesNotContain("event:");
    }
    try (var listener = listen()) {
      listener.next("state");
      edge.adminToken = "";
      assertThat(listener.next("state")).isNotNull(); // who gains rights goes on
    }
  }

  @Test
  void keepsSendingTheState() throws Exception {
    edge.start();

    try (var listener = listen()) {
      var first = listener.next("state");
      var second = listener.next("state");

      assertThat(second.getLong("uptime_ms")).isGreaterThan(first.getLong("uptime_ms"));
    }
  }

  @Test
  void respondsToHead() throws Exception {
    edge.start();

    var answer = edge.send("HEAD", "/events", null);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type")).hasValue("text/event-stream");
  }

  @Test
  void limitsTheListenersUntilOneDisconnects() throws Exception {
    edge.start();
    var listeners = new ArrayList<Listener>();
    for (int i = 0; i < EventStream.MAX_LISTENERS; i++) listeners.add(listen());
    for (var listener : listeners) listener.next("state");

    var refused = edge.get("/events");
    listeners.get(0).close();
    HttpFixture.until(
        () -> {
          try (var another = listen()) {
            return another.head().startsWith("HTTP/1.1 200");
          }
        });

    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(new JsonObject(refused.body()).getString("code")).isEqualTo("overloaded");
    assertThat(refused.headers().firstValue("Retry-After")).isPresent();
    assertThat(edge.registry.scrape())
        .containsPattern("cp_shed_total\\{reason=\"listeners\"} [1-9]");
    for (var listener : listeners) listener.close();
  }

  @Test
  void endsEveryStreamWhenTheServiceStops() throws Exception {
    edge.grace = Duration.ofMinutes(5);
    edge.start();
    try (var listener = listen()) {
      listener.next("state");

      edge.stop().await(60, SECONDS);

      assertThat(listener.rest()).endsWith("\n0\n\n"); // complete, with the last chunk
    }
  }

  @Test
  void refreshesOnceForAllListeners(Vertx vertx) throws Exception {
    var begun = new LinkedBlockingQueue<Promise<Snapshot>>();
    var server =
        serve(
            vertx,
            new Topic(
                "number",
                1,
                () -> {
                  var look = Promise.<Snapshot>promise();
                  begun.add(look);
                  return look.future();
                }));
    var listeners = List.of(listen(vertx, server), listen(vertx, server), listen(vertx, server));

    begun.poll(60, SECONDS).complete(Snapshot.same("[1]"));

    for (var listener : listeners) assertThat(text(listener, 1)).endsWith("data: [1]");
    assertThat(begun).hasSizeLessThanOrEqualTo(1); // the refresh of the next period
  }

  @Test
  void refreshesNothingWithoutListeners(Vertx vertx) throws Exception {
    var server = serve(vertx, new Topic("number", 1, this::number));
    assertThat(refreshes.get()).isZero();
    var listener = listen(vertx, server);
    text(listener, 3);

    listener.request().connection().close().await(60, SECONDS);
    HttpFixture.until(() -> quiet(vertx));
  }

  @Test
  void queuesNothingForASlowListener(Vertx vertx) throws Exception {
    var big = "x".repeat(1 << 18);
    var server =
        serve(
            vertx,
            new Topic(
                "big",
                1,
                () ->
                    Future.succeededFuture(
                        Snapshot.same(refreshes.incrementAndGet() + " " + big))));
    var listener = listen(vertx, server);
    var received = new CopyOnWriteArrayList<Integer>();
    listener.handler(
        RecordParser.newDelimited(
            "\n",
            line -> {
              var number = DATA.matcher(line.getString(0, Math.min(20, line.length())));
              if (number.find()) received.add(Integer.valueOf(number.group(1)));
            }));
    HttpFixture.until(() -> refreshes.get() >= 200); // 50 MB, more than sockets buffer

    listener.resume();
    HttpFixture.until(() -> received.stream().anyMatch(number -> number > 200));

    assertThat(received).isSorted();
    assertThat(received.stream().filter(number -> number <= 200)).hasSizeLessThan(100);
  }

  @Test
  void sendsOnlyChangedSnapshots(Vertx vertx) throws Exception {
    var server =
        serve(
            vertx,
            new Topic("same", 1, () -> Future.succeededFuture(Snapshot.same("[\"same\"]"))),
            new Topic("number", 1, this::number));

    var text = text(listen(vertx, server), 20);

    assertThat(text.split("event: same", -1)).hasSize(2);
  }

  @Test
  void continuesAfterAFailedRefresh(Vertx vertx) throws Exception {
    var server =
        serve(
            vertx,
            new Topic("broken", 1, () -> Future.failedFuture("on purpose")),
            new Topic("number", 1, this::number));

    assertThat(text(listen(vertx, server), 10)).contains("event: number");
  }

  @Test
  void continuesAfterARefreshThatThrew(Vertx vertx) throws Exception {
    var server =
        serve(
            vertx,
            new Topic(
                "number",
                1,
                () -> {
                  if (refreshes.get() == 0 && refreshes.incrementAndGet() == 1) {
                    throw new IllegalStateException("on purpose");
                  }
                  return number();
                }));

    assertThat(text(listen(vertx, server), 2)).contains("event: number");
  }

  @Test
  void showsMemoryAndCacheWithMetricsOff(Vertx vertx) throws Exception {
    var off = new ServiceMetrics(new CompositeMeterRegistry(), "test");
    var cache = new PredictionCache(ServiceConfig.defaults().cache(), off.registry());
    var health = new HealthReport(List.of(), () -> false);
    var dashboard =
        new DashboardState(
            vertx,
            off,
            cache,
            OwnerDirectory.ALONE,
            new AdmissionControl(() -> 10, 1, off),
            health,
            new Alerts(health, off, Optional::empty, Clock.systemUTC()),
            Clock.systemUTC());

    var state = new JsonObject(dashboard.state().await(60, SECONDS).forOthers());

    var meters = state.getJsonObject("meters");
    assertThat(meters.getBoolean("on")).isFalse();
    assertThat(meters.fieldNames()).containsExactlyInAnyOrder("on", "memory");
    assertThat(meters.getJsonObject("memory").getLong("heap_used_bytes")).isPositive();
    assertThat(state.getJsonObject("cache").getLong("max_size")).isPositive();
  }

  private Future<Snapshot> number() {
    return Future.succeededFuture(Snapshot.same("[" + refreshes.incrementAndGet() + "]"));
  }

  /** Whether no refresh happened for some periods. */
  private boolean quiet(Vertx vertx) throws Exception {
    int before = refreshes.get();
    vertx.timer(10 * PERIOD.toMillis(), MILLISECONDS).await(60, SECONDS);
    return refreshes.get() == before;
  }

  /** A server of {@code topics} with a period of a few milliseconds. */
  private HttpServer serve(Vertx vertx, Topic... topics) throws Exception {
    var server = vertx.createHttpServer();
    deployment =
        vertx
            .deployVerticle(
                new VerticleBase() {
                  private EventStream events;

                  @Override
                  public Future<?> start() {
                    events =
                        new EventStream(vertx, edge.metrics, PERIOD, List.of(topics), ctx -> true);
                    var router = Router.router(vertx);
                    router.get("/events").handler(events::listen);
                    return server.requestHandler(router).listen(0, "127.0.0.1");
                  }

                  @Override
                  public Future<?> stop() throws Exception {
                    events.close();
                    return super.stop();
                  }
                })
            .await(60, SECONDS);
    return server;
  }

  private HttpClientResponse listen(Vertx vertx, HttpServer server) throws Exception {
    var client = vertx.createHttpClient();
    clients.add(client);
    return client
        .request(HttpMethod.GET, server.actualPort(), "127.0.0.1", "/events")
        .compose(request -> request.send())
        .map(HttpClientResponse::pause)
        .await(60, SECONDS);
  }

  /** Reads {@code events} events of {@code listener}. */
  private static String text(HttpClientResponse listener, int events) throws Exception {
    var received = new StringBuffer();
    listener.handler(buffer -> received.append(buffer.toString()));
    listener.resume();
    HttpFixture.until(() -> received.toString().split("event: ", -1).length > events);
    return received.substring(0, received.lastIndexOf("\n\n"));
  }

  private static JsonObject models() {
    return new JsonObject()
        .put("models", new JsonArray().add(new JsonObject().put("prefix", "560")));
  }

  private static JsonObject health() {
    return new JsonObject()
        .put("status", "up")
        .put("ready", true)
        .put("checks", new JsonObject().put("models", new JsonObject().put("ready", true)));
  }

  private Listener listen() throws IOException {
    var socket = edge.connect();
    var request = "GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    return new Listener(
        socket,
        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8)),
        new HashMap<>());
  }

  /** Reads line by line, chunk headers included, and buffers events not yet consumed. */
  private record Listener(Socket socket, BufferedReader lines, Map<String, JsonObject> received)
      implements AutoCloseable {
    String head() throws IOException {
      var head = new StringBuilder();
      for (var line = lines.readLine(); !line.isEmpty(); line = lines.readLine()) {
        head.append(line).append('\n');
      }
      return head.toString();
    }

    /** The next event of this name. */
    JsonObject next(String event) throws IOException {
      for (int i = 0; i < 100 && !received.containsKey(event); i++) {
        var line = lines.readLine();
        if (!line.startsWith("event: ")) continue;
        var data = lines.readLine().substring("data: ".length());
        received.put(line.substring("event: ".length()), new JsonObject(data));
      }
      var next = received.remove(event);
      if (next == null) throw new AssertionError("no event " + event);
      return next;
    }

    String rest() throws IOException {
      var rest = new StringBuilder();
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        rest.append(line).append('\n');
      }
      return rest.toString();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
