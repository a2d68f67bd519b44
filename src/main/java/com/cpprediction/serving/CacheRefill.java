package com.cpprediction.serving;

import com.cpprediction.bus.Bus;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.model.WrongPincodes;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refills the cache beside the requests, with up to {@code cache.warm_popular} addresses: after a
 * start, and where this node was given further models, with the most frequent recent ones in
 * PostgreSQL; after models were replaced, with those of their cached scores. It scores a few
 * addresses of this node's models at a time and pauses for three times as long as they took, so
 * that it slows down where requests keep the processors busy. Confined to one event loop, but for
 * {@link #popular}, {@link #replaced} and {@link #stop}, which are thread-safe.
 */
public final class CacheRefill {
  private static final Logger log = LoggerFactory.getLogger(CacheRefill.class);

  /** Addresses scored at a time. */
  private static final int CHUNK = 10;

  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(10);

  /** Pauses for so many times as long as the last addresses took. */
  private static final int IDLE_SHARE = 3;

  /** Models that a node is given one after the other are refilled for together. */
  private static final Duration SETTLING = Duration.ofMillis(200);

  /** Until PostgreSQL is asked again where it is away; doubled after each other failure. */
  public static final Duration RETRY = Duration.ofSeconds(5);

  /** Of a query that fails though PostgreSQL is there, which costs it and its other callers. */
  private static final int ATTEMPTS = 4;

  /** Of the query, which counts many rows; longer than the limit of a statement. */
  private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(30);

  private final Vertx vertx;
  private final Context context;
  private final Supplier<ServiceConfig> config;
  private final Supplier<ServingRelease> leases;
  private final PredictionCache cache;
  private final LookupRouter router;
  private final Dispatcher dispatcher;
  private final ShipmentReader reader;
  private final ParsingPool pool;
  private final AdmissionControl inFlight;
  private final ServiceMetrics metrics;
  private final Duration retry;

  /** Addresses to score, as {@link Address} or as {@link ShipmentReader#place} reads them. */
  private Deque<Object> left = new ArrayDeque<>();

  private boolean asking; // PostgreSQL, now or soon
  private int failures; // in a row, though PostgreSQL was there
  private boolean scoring; // now or soon
  private volatile boolean stopped;

  /**
   * To be made on the event loop that it runs on.
   *
   * @param leases gives a lease on the models in force
   * @param router for models of this node
   * @param retry {@link #RETRY}, but for tests
   */
  public CacheRefill(
      Vertx vertx,
      Supplier<ServiceConfig> config,
      Supplier<ServingRelease> leases,
      PredictionCache cache,
      LookupRouter router,
      Dispatcher dispatcher,
      ShipmentReader reader,
      ParsingPool pool,
      AdmissionControl inFlight,
      ServiceMetrics metrics,
      Duration retry) {
    this.vertx = vertx;
    context = vertx.getOrCreateContext();
    this.config = config;
    this.leases = leases;
    this.cache = cache;
    this.router = router;
    this.dispatcher = dispatcher;
    this.reader = reader;
    this.pool = pool;
    this.inFlight = inFlight;
    this.metrics = metrics;
    this.retry = retry;
  }

  /** Refills with the most frequent recent addresses, as soon as PostgreSQL names them. */
  public void popular() {
    if (!stopped) context.runOnContext(turn -> askIn(SETTLING));
  }

  /**
   * Refills with {@code addresses}, whose scores were those of replaced models.
   *
   * @param addresses the most used ones first
   */
  public void replaced(List<Address> addresses) {
    if (!stopped && !addresses.isEmpty()) context.runOnContext(turn -> add(addresses));
  }

  /** Scores no more addresses. */
  public void stop() {
    stopped = true;
  }

  private int most() {
    var now = config.get().cache();
    return stopped || inFlight.draining() || !now.enabled() ? 0 : now.warmPopular();
  }

  private void askIn(Duration pause) {
    if (asking) return;
    asking = true;
    vertx.setTimer(
        pause.toMillis(),
        fired -> {
          asking = false;
          ask();
        });
  }

  private void ask() {
    int most = most();
    if (most == 0) return;
    asking = true;
    Bus.<JsonArray>ask(vertx, Bus.POPULAR, most, Deadline.in(QUERY_TIMEOUT))
        .onComplete(done -> asking = false)
        .onSuccess(
            addresses -> {
              failures = 0;
              add(addresses.getList());
            })
        .onFailure(this::askAgain);
  }

  /** At fixed intervals while PostgreSQL is away, else a few times with exponential backoff. */
  private void askAgain(Throwable cause) {
    log.debug("No popular addresses yet", cause);
    if (Failure.of(cause) == Failure.NOT_READY) {
      askIn(retry);
    } else if (++failures < ATTEMPTS) {
      askIn(retry.multipliedBy(1L << failures));
    } else {
      failures = 0;
      log.warn("The cache is not refilled from PostgreSQL. {}", cause.getMessage());
    }
  }

  /** Those that are left of an earlier refill come after {@code addresses}. */
  private void add(Collection<?> addresses) {
    var all = new ArrayDeque<Object>(addresses);
    all.addAll(left);
    while (all.size() > most()) all.removeLast();
    left = all;
    cache.warmed(0, left.size());
    if (!scoring) scoreSome();
  }

  private void scoreSome() {
    scoring = false;
    if (left.isEmpty()) return;
    if (most() == 0) {
      left.clear();
      cache.warmed(0, 0);
      return;
    }
    scoring = true;
    int count = inFlight.admitSome(Math.min(CHUNK, left.size())); // 0: requests need the room
    long begun = System.nanoTime();
    score(count)
        .onComplete(
            done -> {
              inFlight.release(count);
              long pause = IDLE_SHARE * (System.nanoTime() - begun);
              vertx.setTimer(
                  Math.max(SHORTEST_PAUSE.toMillis(), TimeUnit.NANOSECONDS.toMillis(pause)),
                  fired -> scoreSome());
            });
  }

  /** Completes without a failure: what can't be scored is left to requests. */
  private Future<?> score(int count) {
    if (count == 0) return Future.succeededFuture();
    var some = new ArrayList<>(count);
    for (int i = 0; i < count; i++) some.add(left.remove());
    var lease = leases.get();
    return pool.parseInTurn(true, () -> place(some, lease))
        .compose(lookups -> lookUp(lookups, lease))
        .onComplete(done -> lease.close())
        .onFailure(cause -> log.warn("Cannot refill the cache with {} addresses", count, cause))
        .otherwise(0)
        .onSuccess(
            scored -> {
              metrics.cacheWarmed(scored);
              cache.warmed(scored, left.size());
            });
  }

  /** On a thread of the pool. */
  private PrefixLookups place(List<Object> some, ServingRelease lease) {
    var lookups = new PrefixLookups();
    for (var item : some) {
      try {
        var address = item instanceof Address read ? read : reader.place(item);
        var prefixes = reader.located(address, lease).prefixes();
        lookups.add(address, prefixes.stream().filter(lease.here()::contains).toList());
      } catch (ServiceException e) {
        log.trace("Not refilled: {}", e.failure()); // such as an address of a removed prefix
      }
    }
    return lookups;
  }

  /** Completes with the number of addresses that were scored. */
  private Future<Integer> lookUp(PrefixLookups lookups, ServingRelease lease) {
    var deadline = Deadline.in(config.get().prediction().timeout());
    var lane = dispatcher.lane(CHUNK);
    var found =
        lookups.lookUp(
            (prefix, addresses) ->
                router.lookup(
                    new LookupQuery(
                        lease,
                        lease.release(),
                        prefix,
                        addresses,
                        false,
                        false,
                        true,
                        WrongPincodes.prior(),
                        deadline,
                        lane)));
    var all = found.stream().<Future<?>>flatMap(List::stream).toList();
    return deadline
        .bound(vertx, Future.join(all))
        .transform(
            done -> Future.succeededFuture((int) found.stream().filter(this::scored).count()));
  }

  private boolean scored(List<Future<LookupResult>> found) {
    return found.stream().anyMatch(f -> f.succeeded() && f.result().source() == Source.MODEL);
  }
}
