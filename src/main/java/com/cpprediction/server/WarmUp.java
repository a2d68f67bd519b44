package com.cpprediction.server;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.DirectRecorder;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.HttpConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.http.HttpNode;
import com.cpprediction.http.HttpVerticle;
import com.cpprediction.logging.RequestId;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.CallerPincodes;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.RequestScorer;
import com.cpprediction.model.ScoringVerticle;
import com.cpprediction.persistence.DiscardingRecorder;
import com.cpprediction.prediction.Address;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.serving.SecondRelease;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves golden addresses over loopback before the service accepts requests, one by one, in batches
 * and in streams, so that its first requests find loaded classes and compiled code. It is a second
 * service in the same JVM: of the first one it shares the models alone, and has a Vert.x, meters, a
 * cache, an estimate of wrong pincodes and limits of its own, which end with it. Its predictions
 * are encoded as rows and discarded. Its port is open on loopback meanwhile, with a random token.
 */
final class WarmUp {
  private static final Logger log = LoggerFactory.getLogger(WarmUp.class);
  static final String LOOPBACK = "127.0.0.1";
  private static final Duration START_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(5);
  private static final int OK = 200;
  private static final String JSON = "application/json";
  private static final String NDJSON = "application/x-ndjson";
  private static final int CONNECTIONS = 2;

  /** Requests for each address: the second one finds it in the cache. */
  private static final int REPEATS = 2;

  /** Shipments in a batch or a stream. */
  private static final int TOGETHER = 8;

  /** Requests for single addresses before a batch and a stream. */
  private static final int SINGLES = 30;

  /** Requests that compile what the first ones of callers need; see proof.md, Start. */
  static final int ENOUGH = 150;

  /** For {@link #ENOUGH} requests on a busy machine, the limit may be exceeded so many times. */
  private static final int PATIENCE = 4;

  /**
   * Requests served.
   *
   * @param refused of them with a status other than 200
   */
  record Served(int requests, int refused) {
    static final Served NONE = new Served(0, 0);
  }

  private record Request(String path, String contentType, byte[] body) {}

  private final ServiceConfig config;
  private final ModelStore models;
  private final String token = UUID.randomUUID().toString();

  /**
   * @param config of the service; its {@code http} section is replaced
   */
  WarmUp(ServiceConfig config, ModelStore models) {
    this.config = alone(config, token);
    this.models = models;
  }

  private static ServiceConfig alone(ServiceConfig config, String token) {
    var http = config.http();
    var tokens = BearerTokens.of(token);
    var loopback =
        new HttpConfig(
            LOOPBACK,
            0,
            1,
            CONNECTIONS + 1, // one may still be closing
            http.maxPendingBytes(),
            http.maxStreams(),
            List.of(),
            tokens,
            tokens,
            new HttpConfig.Tls("", "", ""));
    return config.with(loopback);
  }

  /**
   * Blocks. A failure is logged, since a cold service serves, too.
   *
   * @param limit for the requests, without the start of their service; four times as long where
   *     there are few of them by then
   * @param stopping ends it early
   */
  Served run(Duration limit, BooleanSupplier stopping) {
    var addresses = models.goldenAddresses();
    if (addresses.isEmpty()) return Served.NONE; // a node of a cluster that holds no model yet
    MeterRegistry registry =
        config.metrics().enabled()
            ? new PrometheusMeterRegistry(PrometheusConfig.DEFAULT)
            : new CompositeMeterRegistry(); // without a child: drops all meters
    var vertx = VertxSetup.separate(registry, config.metrics().enabled());
    try {
      int port = start(vertx, registry);
      long begin = System.nanoTime();
      var served = call(port, addresses, limit, stopping);
      log.info(
          "Warmed up with {} requests in {} ms",
          served.requests(),
          Duration.ofNanos(System.nanoTime() - begin).toMillis());
      if (served.refused() > 0) log.warn("{} of them were refused", served.refused());
      return served;
    } catch (Exception e) { // await rethrows the cause, checked or not
      log.warn("Cannot warm up", e);
      return Served.NONE;
    } finally {
      close(vertx);
    }
  }

  /** Waits, so that its threads don't compete with the first requests. */
  private static void close(Vertx vertx) {
    try {
      vertx.close().await(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (Exception e) { // await rethrows the cause, checked or not
      log.warn("The warm-up does not end cleanly", e);
    }
  }

  /** The request of number {@code n}: singles, each twice, and now and then a batch or a stream. */
  private static Request request(int n, List<Address> addresses) {
    int turn = n / (SINGLES + 2);
    int single = turn * SINGLES + Math.min(n % (SINGLES + 2), SINGLES);
    return switch (n % (SINGLES + 2) - SINGLES) {
      case 0 -> batch(latest(single, addresses));
      case 1 -> stream(latest(single, addresses));
      default -> new Request("/predict", JSON, bytes(shipment(single, addresses)));
    };
  }

  private static JsonObject shipment(int single, List<Address> addresses) {
    var address = addresses.get(single / REPEATS % addresses.size());
    return new JsonObject()
        .put("shipment_id", "warm-up-" + single)
        .put("address", address.text())
        .put("pincode", address.pincode());
  }

  /** Shipments before {@code single}, which are in the cache by then. */
  private static List<JsonObject> latest(int single, List<Address> addresses) {
    return IntStream.range(single - TOGETHER, single)
        .mapToObj(earlier -> shipment(earlier, addresses))
        .toList();
  }

  private static Request batch(List<JsonObject> shipments) {
    var body = new JsonObject().put("shipments", new JsonArray(shipments));
    return new Request("/predict/batch", JSON, bytes(body));
  }

  private static Request stream(List<JsonObject> shipments) {
    var lines = shipments.stream().map(JsonObject::encode).collect(Collectors.joining("\n"));
    return new Request("/predict/stream", NDJSON, lines.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] bytes(JsonObject json) {
    return json.toBuffer().getBytes();
  }

  /** Its addresses don't count in {@code GET /models/status}. */
  private RequestScorer scorer(ServiceMetrics metrics) {
    return new RequestScorer(models, metrics, (prefix, addresses) -> {});
  }

  /** The port of a service of its own. */
  private int start(Vertx vertx, MeterRegistry registry) throws Exception {
    var metrics = new ServiceMetrics(registry, Version.current());
    var prediction = config.prediction();
    Bus.registerCodecs(vertx.eventBus());
    RequestId.propagate(vertx.eventBus());
    var http =
        new HttpNode(
            vertx,
            () -> config,
            models::lease,
            () -> scorer(metrics)::serve,
            new CallerPincodes(prediction::wrongPincodes, metrics, Clock.systemUTC()),
            new PredictionCache(config.cache(), registry),
            OwnerDirectory.ALONE,
            SecondRelease.NONE,
            new DirectRecorder(),
            metrics,
            List.of(),
            JsonObject::new,
            Optional.empty(),
            Clock.systemUTC(),
            HttpNode.Timeouts.of(Duration.ZERO));
    var number = new AtomicInteger();
    vertx
        .deployVerticle(
            new DiscardingRecorder(),
            new DeploymentOptions().setThreadingModel(ThreadingModel.WORKER)) // as the journal's
        .compose(
            ok ->
                vertx.deployVerticle(
                    () -> new ScoringVerticle(number.getAndIncrement(), scorer(metrics)),
                    new DeploymentOptions()
                        .setThreadingModel(ThreadingModel.WORKER)
                        .setWorkerPoolName("cp-warm-up")
                        .setWorkerPoolSize(prediction.workers())
                        .setInstances(prediction.workers())))
        .compose(ok -> vertx.deployVerticle(new HttpVerticle(http)))
        .await(START_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    return http.port();
  }

  /** Each connection sends the next request. */
  private Served call(int port, List<Address> addresses, Duration limit, BooleanSupplier stopping)
      throws InterruptedException, ExecutionException {
    var next = new AtomicInteger();
    var refused = new AtomicInteger();
    long begin = System.nanoTime();
    var callers = Executors.newFixedThreadPool(CONNECTIONS);
    try {
      Callable<Void> caller =
          () -> {
            try (var connection = new LoopbackConnection(port, token, READ_TIMEOUT)) {
              while (goesOn(System.nanoTime() - begin, limit, next.get())
                  && !stopping.getAsBoolean()) {
                var request = request(next.getAndIncrement(), addresses);
                int status = connection.post(request.path(), request.contentType(), request.body());
                if (status != OK) refused.incrementAndGet();
              }
            }
            return null;
          };
      for (var done : callers.invokeAll(Collections.nCopies(CONNECTIONS, caller))) done.get();
    } finally {
      callers.shutdown();
    }
    return new Served(next.get(), refused.get());
  }

  /** Whether to send another request after {@code nanos} and {@code sent} requests. */
  static boolean goesOn(long nanos, Duration limit, int sent) {
    return nanos < limit.toNanos() * (sent < ENOUGH ? PATIENCE : 1);
  }
}
