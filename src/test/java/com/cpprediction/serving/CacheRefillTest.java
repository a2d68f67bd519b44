package com.cpprediction.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.common.Slots;
import com.cpprediction.config.CacheConfig;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.logging.CapturedLog;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.TestScores;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class CacheRefillTest {
  private static final int LIMIT = 40; // shipments in flight, of which a refill may have half
  private static final String FINGERPRINT = "f";
  private static final Duration RETRY = Duration.ofMillis(20);

  /** Of a cluster: another node has the model of 411. */
  private final ServingRelease release =
      ServingRelease.of(
          "release",
          Set.of("560", "411"),
          Map.of("560", FINGERPRINT, "411", FINGERPRINT),
          Set.of("560"),
          Locator.NONE);

  private final List<String> scored = new CopyOnWriteArrayList<>(); // canonical texts
  private final AtomicInteger asked = new AtomicInteger();
  private final ServiceMetrics metrics = new ServiceMetrics(new SimpleMeterRegistry(), "test");
  private final AdmissionControl inFlight = new AdmissionControl(() -> LIMIT, 1, metrics);
  private final PredictionCache cache = TestReaders.cache(true);
  private volatile CacheConfig config = config(1_000);
  private volatile Promise<Void> gate = open(); // that each score waits for
  private volatile LookupRouter router = this::lookup;
  private Vertx vertx;
  private CacheRefill refill;

  @BeforeEach
  void setUp(Vertx vertx) {
    this.vertx = vertx;
    Bus.registerCodecs(vertx.eventBus());
    refill = vertx.getOrCreateContext().executeBlocking(() -> 0).compose(ok -> made()).await();
  }

  /** On an event loop. */
  private Future<CacheRefill> made() {
    var prediction = ServiceConfig.defaults().prediction();
    return Future.succeededFuture(
        new CacheRefill(
            vertx,
            () -> with(config, prediction),
            this::lease,
            cache,
            query -> router.lookup(query),
            new Dispatcher(
                vertx,
                new ScoringWorkers(vertx, 1, 1),
                new InlineScorer(() -> 0, request -> Future.failedFuture("not asked"))),
            TestReaders.shipments(() -> PincodeErrors.of(0.01)),
            new ParsingPool(vertx, 1, new Slots(), metrics),
            inFlight,
            metrics,
            RETRY));
  }

  private static ServiceConfig with(CacheConfig cache, PredictionConfig prediction) {
    var all = ServiceConfig.defaults();
    return new ServiceConfig(
        all.dataDir(),
        all.server(),
        all.models(),
        all.http(),
        all.grpc(),
        all.auth(),
        prediction,
        cache,
        all.persistence(),
        all.review(),
        all.journal(),
        all.database(),
        all.cluster(),
        all.metrics(),
        all.telemetry(),
        all.log());
  }

  private static CacheConfig config(int warmPopular) {
    return new CacheConfig(true, 1_000, Duration.ofHours(1), warmPopular);
  }

  private static Promise<Void> open() {
    var open = Promise.<Void>promise();
    open.complete();
    return open;
  }

  private ServingRelease lease() {
    assertThat(release.retain()).isTrue();
    return release;
  }

  private List<Future<LookupResult>> lookup(LookupQuery query) {
    assertThat(query.ahead()).isTrue();
    return query.addresses().stream()
        .map(
            address -> {
              scored.add(address.text());
              var scores = TestScores.of(FINGERPRINT, address, List.of(new Candidate("CP1", 0.9)));
              return gate.future().map(ok -> new LookupResult(scores, Source.MODEL));
            })
        .toList();
  }

  private static List<String> texts(String name, int count) {
    return IntStream.range(0, count).mapToObj(i -> name + " " + (char) ('a' + i)).toList();
  }

  private static List<Address> addresses(String name, int count) {
    return texts(name, count).stream().map(text -> new Address(text, "560001")).toList();
  }

  private static JsonArray popular(List<String> texts) {
    var addresses = new JsonArray();
    texts.forEach(
        text -> addresses.add(new JsonObject().put("address", text).put("pincode", "560001")));
    return addresses;
  }

  /** Serves the lookups of popular addresses in turn; an empty or missing reply is a failure. */
  private void store(List<JsonArray> answers) {
    vertx
        .eventBus()
        .<Integer>localConsumer(
            Bus.POPULAR,
            message -> {
              int turn = asked.getAndIncrement();
              if (turn < answers.size() && !answers.get(turn).isEmpty()) {
                message.reply(answers.get(turn));
              } else {
                message.fail(Failure.NOT_READY.code(), "away");
              }
            });
  }

  private void awaitRefill(int addresses) throws Exception {
    Await.until("%d addresses are warmed".formatted(addresses), () -> cache.warmed() == addresses);
  }

  @Test
  void asksAgainUntilPostgresIsThereAndThenNoMore() throws Exception {
    store(List.of(new JsonArray(), new JsonArray(), popular(texts("road", 25))));

    refill.popular();
    awaitRefill(25);

    assertThat(scored).containsExactlyElementsOf(texts("road", 25));
    assertThat(asked).hasValue(3);
    assertThat(cache.stats().getInteger("to_warm")).isZero();
    assertThat(inFlight.shipments()).isZero();
  }

  @Test
  void givesUpAQueryThatFailsThoughPostgresIsThere() throws Exception {
    vertx
        .eventBus()
        .<Integer>localConsumer(
            Bus.POPULAR,
            message -> {
              var failure = Failure.DEADLINE_EXCEEDED;
              if (asked.incrementAndGet() <= 2) failure = Failure.NOT_READY; // not counted
              if (asked.get() > 6) message.reply(popular(texts("road", 5)));
              else message.fail(failure.code(), "as the test wants");
            });

    try (var log = new CapturedLog()) {
      refill.popular();
      Await.until("it gives up", () -> log.plain().stream().anyMatch(CacheRefillTest::givenUp));

      assertThat(asked).as("twice and four times").hasValue(6);
    }

    refill.popular();
    awaitRefill(5);
    assertThat(asked).hasValue(7);
  }

  private static boolean givenUp(String message) {
    return message.contains("The cache is not refilled");
  }

  @Test
  void skipsWhatOtherNodesServeAndWhatCannotBePlaced() throws Exception {
    var addresses = popular(List.of("near"));
    addresses.add(new JsonObject().put("address", "far").put("pincode", "411001"));
    addresses.add(new JsonObject().put("address", "nowhere").putNull("pincode"));
    addresses.add(new JsonObject().put("address", "-").putNull("pincode"));
    addresses.addAll(popular(List.of("next")));
    store(List.of(addresses));

    refill.popular();
    awaitRefill(2);

    assertThat(scored).containsExactly("near", "next");
  }

  @Test
  void aNewerSwapGoesFirstAndLosesNothingOfTheEarlierOne() throws Exception {
    gate = Promise.promise();
    refill.replaced(addresses("earlier", 20));
    Await.until("a chunk is scored", () -> scored.size() == 10);

    refill.replaced(addresses("newer", 15));
    gate.complete();
    awaitRefill(35);

    assertThat(scored.subList(10, 25)).containsExactlyElementsOf(texts("newer", 15));
    assertThat(scored.subList(25, 35))
        .containsExactlyElementsOf(texts("earlier", 20).subList(10, 20));
  }

  @Test
  void takesNoMoreThanConfigured() throws Exception {
    config = config(12);

    refill.replaced(addresses("road", 20));
    awaitRefill(12);

    Await.until("none is left", () -> cache.stats().getInteger("to_warm") == 0);
    assertThat(scored).hasSize(12);
  }

  @Test
  void leavesTheRoomToRequestsWhileTheyUseHalfOfIt() throws Exception {
    inFlight.admit(LIMIT / 2);
    store(List.of(popular(texts("road", 5))));

    refill.popular();
    Await.until("it waits", () -> cache.stats().getInteger("to_warm") == 5);
    assertThat(scored).isEmpty();
    inFlight.release(LIMIT / 2);

    awaitRefill(5);
  }

  @Test
  void aFailedLookupStopsNothing() throws Exception {
    router =
        query -> {
          router = this::lookup;
          throw new IllegalStateException("broken");
        };

    refill.replaced(addresses("road", 20));

    awaitRefill(10);
    assertThat(inFlight.shipments()).isZero();
  }

  @Test
  void stopsWithItsVerticle() throws Exception {
    gate = Promise.promise();
    refill.replaced(addresses("road", 20));
    Await.until("a chunk is scored", () -> scored.size() == 10);

    refill.stop();
    gate.complete();
    refill.replaced(addresses("late", 1));

    Await.until("the rest is given up", () -> cache.stats().getInteger("to_warm") == 0);
    assertThat(scored).hasSize(10);
  }
}
