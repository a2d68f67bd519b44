package com.cpprediction.http;

import com.cpprediction.cache.PredictionCache;
import com.cpprediction.cache.PredictionCache.Key;
import com.cpprediction.cache.PredictionCache.Lookup;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Batch;
import com.cpprediction.prediction.Bus;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.ScoreReply;
import com.cpprediction.prediction.ScoreRequest;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * What the service is for, behind both doors: shipments in, kept predictions out. Every future
 * fails with a {@link ServiceException}.
 */
final class Predictions {
  static final int MAX_BATCH = 1_000;

  private static final Set<String> BATCH = Set.of("shipments");
  private static final int RECORDING_SHARE = 10; // of the time of a batch, a tenth is for recording

  private final Vertx vertx;
  private final Supplier<PredictionConfig> config;
  private final Supplier<Catalog> catalog;
  private final PredictionCache cache;
  private final ServiceMetrics metrics;
  private final ShipmentReader reader;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final Promise<Void> drained = Promise.promise();
  private boolean draining;

  Predictions(
      Vertx vertx,
      Supplier<PredictionConfig> config,
      Supplier<Catalog> catalog,
      PredictionCache cache,
      ServiceMetrics metrics,
      ShipmentReader reader) {
    this.vertx = vertx;
    this.config = config;
    this.catalog = catalog;
    this.cache = cache;
    this.metrics = metrics;
    this.reader = reader;
    metrics.inFlight(inFlight::get);
  }

  /** Completes once no shipment is being answered any more; to be asked when no new one comes. */
  Future<Void> drained() {
    draining = true;
    release(0);
    return drained.future();
  }

  /** Answers {@code POST /predict}. */
  Future<JsonObject> predict(JsonObject body) {
    long start = System.nanoTime();
    PredictionRequest request;
    Catalog models = catalog.get();
    try {
      request = reader.request(body, models);
      admit(1);
    } catch (ServiceException e) {
      metrics.failed(e.failure());
      return Future.failedFuture(e);
    }
    var deadline = Deadline.in(config.get().timeout());
    return deadline
        .bound(vertx, cache.get(key(request, models), () -> score(request, deadline)))
        .map(found -> request.answer(found.scored(), found.source()))
        .compose(prediction -> record(List.of(prediction), deadline).map(prediction))
        .map(
            prediction -> {
              metrics.answered(prediction.source(), System.nanoTime() - start);
              return PredictionJson.encode(prediction);
            })
        .recover(
            cause -> {
              var failure = Problem.seen(cause, "prediction " + request.id());
              metrics.failed(failure.failure());
              return Future.failedFuture(failure);
            })
        .onComplete(done -> release(1));
  }

  /** Answers {@code POST /predict/batch}. */
  Future<JsonObject> predictBatch(JsonObject body) {
    long start = System.nanoTime();
    var models = catalog.get();
    List<BatchItem> items;
    List<BatchItem> good;
    try {
      items = items(body, models);
      good = items.stream().filter(BatchItem::open).toList();
      admit(good.size());
    } catch (ServiceException e) {
      metrics.failed(e.failure());
      return Future.failedFuture(e);
    }
    var deadline = Deadline.in(config.get().timeout());
    return scoreItems(good, models)
        .compose(settled -> recordItems(good, deadline))
        .map(
            recorded -> {
              long nanos = System.nanoTime() - start;
              items.forEach(item -> item.count(metrics, nanos));
              return batchJson(items);
            })
        .recover(
            cause -> {
              var failure = Problem.seen(cause, "a batch of " + items.size());
              items.forEach(item -> metrics.failed(failure.failure()));
              return Future.failedFuture(failure);
            })
        .onComplete(done -> release(good.size()));
  }

  /**
   * Looks {@code addresses} up, and scores and caches those that aren't there; records nothing.
   *
   * @param prefix routing key of every address; must be in {@code models}
   * @return one future for each address, in order
   */
  List<Future<Lookup>> lookUp(
      String prefix, List<Address> addresses, Catalog models, Deadline deadline) {
    var fingerprint = models.fingerprints().get(prefix);
    var keys = addresses.stream().map(address -> new Key(fingerprint, address)).toList();
    return cache.getAll(
        keys, missing -> score(prefix, missing.stream().map(Key::address).toList(), deadline));
  }

  private void admit(int shipments) {
    int limit = config.get().maxInFlight();
    if (inFlight.addAndGet(shipments) > limit) {
      release(shipments);
      throw Failure.OVERLOADED.because(
          "More than " + limit + " shipments would be in flight; try again in a moment");
    }
  }

  private void release(int shipments) {
    if (inFlight.addAndGet(-shipments) == 0 && draining) drained.tryComplete();
  }

  private List<BatchItem> items(JsonObject body, Catalog models) {
    ShipmentReader.onlyKnown(body, BATCH);
    if (!(body.getValue("shipments") instanceof JsonArray shipments)) {
      throw ShipmentReader.malformed("shipments must be an array");
    }
    if (shipments.isEmpty() || shipments.size() > MAX_BATCH) {
      throw ShipmentReader.malformed(
          "shipments has " + shipments.size() + " items, must have 1 to " + MAX_BATCH);
    }
    return shipments.stream().map(item -> BatchItem.read(item, reader, models)).toList();
  }

  /** Settles every item; the future doesn't fail. */
  private Future<Void> scoreItems(List<BatchItem> good, Catalog models) {
    var timeout = config.get().timeout();
    var deadline = Deadline.in(timeout.minus(timeout.dividedBy(RECORDING_SHARE)));
    var byPrefix = new LinkedHashMap<String, List<BatchItem>>();
    for (var item : good) {
      byPrefix.computeIfAbsent(item.request().prefix(), prefix -> new ArrayList<>()).add(item);
    }
    var outcomes = new ArrayList<Future<Lookup>>(good.size());
    byPrefix.forEach(
        (prefix, group) -> {
          var addresses = group.stream().map(item -> item.request().address()).toList();
          var found = lookUp(prefix, addresses, models, deadline);
          for (int i = 0; i < group.size(); i++) {
            outcomes.add(found.get(i).onComplete(group.get(i)::settle));
          }
        });
    if (outcomes.isEmpty()) return Future.succeededFuture();
    return deadline
        .bound(vertx, Future.join(outcomes))
        .transform(
            joined -> {
              good.forEach(BatchItem::giveUp);
              return Future.succeededFuture();
            });
  }

  private Future<Void> recordItems(List<BatchItem> good, Deadline deadline) {
    var predictions = good.stream().map(BatchItem::prediction).filter(Objects::nonNull).toList();
    return predictions.isEmpty() ? Future.succeededFuture() : record(predictions, deadline);
  }

  private static JsonObject batchJson(List<BatchItem> items) {
    var results = new JsonArray(new ArrayList<>(items.size()));
    int predicted = 0;
    int cached = 0;
    for (var item : items) {
      results.add(item.json());
      if (item.prediction() == null) continue;
      predicted++;
      if (item.prediction().source() == Source.CACHE) cached++;
    }
    var summary =
        new JsonObject()
            .put("count", items.size())
            .put("predicted", predicted)
            .put("failed", items.size() - predicted)
            .put("cached", cached);
    return new JsonObject().put("results", results).put("summary", summary);
  }

  private static Key key(PredictionRequest request, Catalog models) {
    return new Key(models.fingerprints().get(request.prefix()), request.address());
  }

  private Future<Scored> score(PredictionRequest request, Deadline deadline) {
    return score(request.prefix(), List.of(request.address()), deadline).map(all -> all.get(0));
  }

  /**
   * Without a cache only the caller waits, so scoring ends with the caller's time. With one, others
   * may join until then, and get their whole time too.
   */
  private Future<List<Scored>> score(String prefix, List<Address> addresses, Deadline deadline) {
    long time = deadline.remainingMillis();
    if (cache.enabled()) time += config.get().timeout().toMillis();
    return vertx
        .eventBus()
        .<ScoreReply>request(Bus.score(prefix), new ScoreRequest(addresses), local(time))
        .map(reply -> reply.body().scored())
        .recover(
            cause ->
                Future.failedFuture(
                    Failure.of(cause) == Failure.DEADLINE_EXCEEDED
                        ? Deadline.exceeded()
                        : Problem.seen(cause, "addresses of prefix " + prefix)));
  }

  private Future<Void> record(List<Prediction> predictions, Deadline deadline) {
    return vertx
        .eventBus()
        .request(Bus.RECORD, new Batch(predictions), local(deadline.remainingMillis()))
        .mapEmpty();
  }

  private static DeliveryOptions local(long timeoutMillis) {
    return new DeliveryOptions().setLocalOnly(true).setSendTimeout(timeoutMillis);
  }
}
