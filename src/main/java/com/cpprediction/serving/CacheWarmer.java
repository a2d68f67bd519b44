package com.cpprediction.serving;

import com.cpprediction.bus.Bus;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.common.Slots;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.json.ParseCost;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.model.WrongPincodes;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Fills the cache ahead of requests: scores addresses without recording them. */
public final class CacheWarmer {
  static final int MAX_ADDRESSES = 10_000;

  /**
   * Addresses scored at a time, so that warming never holds the workers for long; where the limit
   * of shipments in flight is lower, half of that.
   */
  private static final int CHUNK = 100;

  /** Longest warming; the response then counts what was warmed so far. */
  private static final Duration LONGEST = Duration.ofSeconds(30);

  private static final Set<String> KNOWN = Set.of("addresses", "popular");

  private final Vertx vertx;
  private final Supplier<PredictionConfig> config;
  private final Supplier<ServingRelease> leases;
  private final PredictionCache cache;
  private final LookupRouter router;
  private final OwnerDirectory owners;
  private final Dispatcher dispatcher;
  private final ShipmentReader reader;
  private final ParsingPool pool;
  private final AdmissionControl inFlight;
  private final Slots running;

  /**
   * @param leases gives a lease on the models in force
   * @param running counts the warmings of all event loops, of which one may run at a time
   */
  public CacheWarmer(
      Vertx vertx,
      Supplier<PredictionConfig> config,
      Supplier<ServingRelease> leases,
      PredictionCache cache,
      LookupRouter router,
      OwnerDirectory owners,
      Dispatcher dispatcher,
      ShipmentReader reader,
      ParsingPool pool,
      AdmissionControl inFlight,
      Slots running) {
    this.vertx = vertx;
    this.config = config;
    this.leases = leases;
    this.cache = cache;
    this.router = router;
    this.owners = owners;
    this.dispatcher = dispatcher;
    this.reader = reader;
    this.pool = pool;
    this.inFlight = inFlight;
    this.running = running;
  }

  /**
   * Responds to {@code POST /cache/warm}; one at a time.
   *
   * @param requestId names the request in the log
   * @param left whether the caller has left, and warming may end
   */
  public Future<JsonObject> warm(JsonObject body, String requestId, BooleanSupplier left) {
    if (running.used() > 0) return busy();
    if (!cache.enabled()) {
      return Future.failedFuture(
          Failure.NOT_READY.because("The cache is switched off; see cache.enabled"));
    }
    try {
      ShipmentReader.onlyKnown(body, KNOWN);
      if (body.size() != 1) {
        throw ShipmentReader.malformed("Send either addresses or popular");
      }
      var addresses =
          body.containsKey("popular") ? popular(body) : Future.succeededFuture(listed(body));
      if (!running.tryAcquire(1)) return busy();
      return addresses
          .compose(all -> new Run(all, left).chunk(0))
          .recover(
              cause -> Future.failedFuture(Problem.logged(cause, requestId, "warming the cache")))
          .onComplete(done -> running.release());
    } catch (ServiceException e) {
      return Future.failedFuture(e);
    }
  }

  private static Future<JsonObject> busy() {
    return Future.failedFuture(
        Failure.OVERLOADED.because("The cache is being warmed already; try again later"));
  }

  private static JsonArray listed(JsonObject body) {
    if (!(body.getValue("addresses") instanceof JsonArray addresses)) {
      throw ShipmentReader.malformed("addresses must be an array");
    }
    if (addresses.isEmpty() || addresses.size() > MAX_ADDRESSES) {
      throw ShipmentReader.malformed(
          "addresses has " + addresses.size() + " items, must have 1 to " + MAX_ADDRESSES);
    }
    return addresses;
  }

  private Future<JsonArray> popular(JsonObject body) {
    if (!(body.getValue("popular") instanceof Number number)
        || number.doubleValue() != number.intValue() // as JSON Schema has it, 5.0 is whole
        || number.intValue() < 1
        || number.intValue() > MAX_ADDRESSES) {
      throw ShipmentReader.malformed("popular must be a whole number from 1 to " + MAX_ADDRESSES);
    }
    return Bus.ask(vertx, Bus.POPULAR, number.intValue(), Deadline.in(config.get().timeout()));
  }

  /**
   * Some of the addresses, read.
   *
   * @param bad how many can't be served
   */
  private record Placed(PrefixLookups lookups, int bad) {}

  /** One warming: chunk after chunk, counting. */
  private final class Run {
    private final JsonArray addresses;
    private final BooleanSupplier left;
    private final Deadline end = Deadline.in(LONGEST);
    private int seen;
    private int warmed;
    private int alreadyCached;
    private int failed;

    Run(JsonArray addresses, BooleanSupplier left) {
      this.addresses = addresses;
      this.left = left;
    }

    Future<JsonObject> chunk(int start) {
      seen = start;
      if (start >= addresses.size() || end.over() || left.getAsBoolean() || inFlight.draining()) {
        return Future.succeededFuture(summary());
      }
      int chunk = Math.max(1, Math.min(CHUNK, inFlight.limit() / 2));
      int next = Math.min(start + chunk, addresses.size());
      inFlight.admit(next - start);
      var lease = leases.get();
      return placed(start, next, lease)
          .compose(placed -> lookUp(placed, lease))
          .onComplete(
              done -> {
                lease.close();
                inFlight.release(next - start);
              })
          .compose(done -> nextTurn())
          .compose(turn -> chunk(next));
    }

    /** Reads some of the addresses, elsewhere if that takes long. */
    private Future<Placed> placed(int start, int end, ServingRelease lease) {
      var some = new JsonArray(addresses.getList().subList(start, end));
      return pool.parseInTurn(ParseCost.big(some), () -> place(some, lease));
    }

    private Future<Void> lookUp(Placed placed, ServingRelease lease) {
      failed += placed.bad();
      var deadline = Deadline.in(config.get().timeout());
      var lane = dispatcher.lane(CHUNK);
      var found =
          placed
              .lookups()
              .lookUp(
                  (prefix, group) -> {
                    var release = owners.releaseFor(List.of(prefix), lease);
                    return router.lookup(
                        new LookupQuery(
                            lease,
                            release,
                            prefix,
                            group,
                            false,
                            false,
                            false,
                            WrongPincodes.prior(),
                            deadline,
                            lane));
                  });
      var all = found.stream().<Future<?>>flatMap(List::stream).toList();
      return deadline
          .bound(vertx, Future.join(all))
          .transform(
              joined -> {
                found.forEach(this::count);
                return Future.succeededFuture();
              });
    }

    /** Lets the event loop serve others between two chunks. */
    private Future<Void> nextTurn() {
      var turn = Promise.<Void>promise();
      vertx.runOnContext(turn::complete);
      return turn.future();
    }

    /** On any thread. */
    private Placed place(JsonArray some, ServingRelease lease) {
      var lookups = new PrefixLookups();
      int bad = 0;
      for (var item : some) {
        try {
          var address = reader.place(item);
          lookups.add(address, reader.located(address, lease).prefixes());
        } catch (ServiceException e) {
          bad++;
        }
      }
      return new Placed(lookups, bad);
    }

    /**
     * @param found of one address, by prefix
     */
    private void count(List<Future<LookupResult>> found) {
      if (!found.stream().allMatch(Future::succeeded)) failed++;
      else if (found.stream().anyMatch(f -> f.result().source() == Source.MODEL)) warmed++;
      else alreadyCached++;
    }

    private JsonObject summary() {
      return new JsonObject()
          .put("requested", addresses.size())
          .put("warmed", warmed)
          .put("already_cached", alreadyCached)
          .put("failed", failed)
          .put("left", addresses.size() - seen);
    }
  }
}
