package com.cpprediction.server;

import com.cpprediction.bus.Bus;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.HttpConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.http.HttpNode;
import com.cpprediction.http.HttpVerticle;
import com.cpprediction.logging.RequestId;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.ModelStore;
import com.cpprediction.model.RequestScorer;
import com.cpprediction.model.ScoringVerticle;
import com.cpprediction.model.WrongPincodes;
import com.cpprediction.persistence.DiscardingRecorder;
import com.cpprediction.serving.OwnerDirectory;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves golden addresses over loopback before the service accepts requests, so that its first
 * requests find loaded classes and compiled code. It is a second service in the same JVM: of the
 * first one it shares the models alone, and has a Vert.x, meters, a cache, an estimate of wrong
 * pincodes and limits of its own, which end with it. Its predictions are encoded as rows and
 * discarded. Its port is open on loopback meanwhile, with a random token.
 */
final class WarmUp {
  private static final Logger log = LoggerFactory.getLogger(WarmUp.class);
  static final String LOOPBACK = "127.0.0.1";
  private static final Duration START_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(5);
  private static final int OK = 200;
  private static final int CONNECTIONS = 2;

  /** Requests for each address: the second one finds it in the cache. */
  private static final int REPEATS = 2;

  /**
   * Requests served.
   *
   * @param refused of them with a status other than 200
   */
  record Served(int requests, int refused) {
    static final Served NONE = new Served(0, 0);
  }

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
   * @param limit for the requests, without the start of their service
   * @param stopping ends it early
   */
  Served run(Duration limit, BooleanSupplier stopping) {
    var requests = requests();
    if (requests.isEmpty()) return Served.NONE; // a node of a cluster that holds no model yet
    MeterRegistry registry =
        config.metrics().enabled()
            ? new PrometheusMeterRegistry(PrometheusConfig.DEFAULT)
            : new CompositeMeterRegistry(); // without a child: drops all meters
    var vertx = VertxSetup.separate(registry, config.metrics().enabled());
    try {
      int port = start(vertx, registry);
      long begin = System.nanoTime();
      var served = call(port, requests, begin + limit.toNanos(), stopping);
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

  /** The bodies of requests to predict, each address twice. */
  private List<byte[]> requests() {
    var requests = new ArrayList<byte[]>();
    for (var address : models.goldenAddresses()) {
      for (int i = 0; i < REPEATS; i++) {
        var shipment =
            new JsonObject()
                .put("shipment_id", "warm-up-" + requests.size())
                .put("address", address.text())
                .put("pincode", address.pincode());
        requests.add(shipment.toBuffer().getBytes());
      }
    }
    return requests;
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
            new WrongPincodes(prediction::wrongPincodes, metrics, Clock.systemUTC()),
            new PredictionCache(config.cache(), registry),
            OwnerDirectory.ALONE,
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

  /** Sends {@code requests} round and round, each connection the next one. */
  private Served call(int port, List<byte[]> requests, long end, BooleanSupplier stopping)
      throws InterruptedException, ExecutionException {
    var next = new AtomicInteger();
    var refused = new AtomicInteger();
    var callers = Executors.newFixedThreadPool(CONNECTIONS);
    try {
      Callable<Void> caller =
          () -> {
            try (var connection = new LoopbackConnection(port, token, READ_TIMEOUT)) {
              while (System.nanoTime() - end < 0 && !stopping.getAsBoolean()) {
                var body = requests.get(next.getAndIncrement() % requests.size());
                if (connection.post("/predict", body) != OK) refused.incrementAndGet();
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
}
