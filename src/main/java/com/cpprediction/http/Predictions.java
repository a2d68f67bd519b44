package com.cpprediction.http;

import com.cpprediction.cache.PredictionCache;
import com.cpprediction.cache.PredictionCache.Key;
import com.cpprediction.cache.PredictionCache.Lookup;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Batch;
import com.cpprediction.prediction.Bus;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Located;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.ScoreReply;
import com.cpprediction.prediction.ScoreRequest;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.SharedDeadline;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the service is for, behind both doors: shipments in, kept predictions out. Answers fail with
 * {@link ServiceException}s.
 */
final class Predictions {
  static final int MAX_BATCH = 1_000;

  private static final Logger log = LoggerFactory.getLogger(Predictions.class);
  private static final ServiceException OVERTAKEN =
      Failure.NOT_READY.because("The models were replaced this moment; try again");
  private static final Set<String> BATCH = Set.of("shipments");
  private static final int RECORDING_SHARE = 10; // of the time of a batch, a tenth is for recording
  private static final int SMALL_BATCH = 20; // of the longest addresses, read in 20 ms

  private final Vertx vertx;
  private final Supplier<PredictionConfig> config;
  private final Supplier<Catalog> catalog;
  private final PredictionCache cache;
  private final ServiceMetrics metrics;
  private final ShipmentReader reader;
  private final InFlight inFlight;

  /**
   * What {@code POST /predict} asks.
   *
   * @param models what it was read against
   * @param explain whether the answer is to be explained
   */
  record One(PredictionRequest request, Catalog models, boolean explain) {}

  /** An answer, and what the caller wanted to know of it. */
  record Told(Prediction prediction, JsonObject explanation) {}

  /**
   * What {@code POST /predict/batch} asks.
   *
   * @param models what it was read against
   */
  record Many(List<BatchItem> items, Catalog models) {}

  Predictions(
      Vertx vertx,
      Supplier<PredictionConfig> config,
      Supplier<Catalog> catalog,
      PredictionCache cache,
      ServiceMetrics metrics,
      ShipmentReader reader,
      InFlight inFlight) {
    this.vertx = vertx;
    this.config = config;
    this.catalog = catalog;
    this.cache = cache;
    this.metrics = metrics;
    this.reader = reader;
    this.inFlight = inFlight;
  }

  /** Reads the body of {@code POST /predict}; on any thread. */
  One one(JsonObject body) {
    var models = catalog.get();
    return new One(reader.request(body, models), models, false);
  }

  /** Reads the body of {@code POST /predict?explain=true}; on any thread. */
  One explained(JsonObject body) {
    var one = one(body);
    return new One(one.request(), one.models(), true);
  }

  /** Answers {@code POST /predict}. */
  Future<JsonObject> predict(One asked, Deadline deadline, String requestId) {
    long start = System.nanoTime();
    var request = asked.request();
    try {
      inFlight.admit(1);
    } catch (ServiceException e) {
      metrics.failed(e.failure());
      return Future.failedFuture(e);
    }
    return deadline
        .bound(vertx, tell(asked, find(asked, deadline), deadline))
        .compose(
            told ->
                recordOne(told.prediction(), deadline, requestId)
                    .map(
                        prediction -> {
                          metrics.answered(prediction.source(), System.nanoTime() - start);
                          return PredictionJson.encode(prediction).mergeIn(told.explanation());
                        }))
        .recover(
            cause -> {
              var failure = Problem.seen(cause, requestId, "prediction " + request.id());
              metrics.failed(failure.failure());
              return Future.failedFuture(failure);
            })
        .onComplete(done -> inFlight.release(1));
  }

  /**
   * * What {@code asked} is answered. Where models that were replaced on the way leave it without
   * an answer, it is asked again of those that replaced them; where the one it joined gave up
   * first, it asks for itself.
   *
   * @param found what was looked up for it
   */
  private Future<Told> tell(One asked, Future<Lookup> found, Deadline deadline) {
    return found
        .map(one -> answer(asked, one))
        .compose(prediction -> explained(asked, prediction, deadline))
        .recover(
            cause ->
                again(asked, cause, deadline)
                    .compose(now -> tell(now, find(now, deadline), deadline)));
  }

  private Future<Lookup> find(One asked, Deadline deadline) {
    return cache.get(key(asked), deadline, until -> score(asked.request(), deadline, until));
  }

  /** {@code asked} of the models of now; fails with {@code cause} when that would be no use. */
  private Future<One> again(One asked, Throwable cause, Deadline deadline) {
    var models = catalog.get();
    boolean worth =
        cause == OVERTAKEN
            || !models.equals(asked.models())
            || Failure.of(cause) == Failure.DEADLINE_EXCEEDED; // of somebody else
    if (!worth || deadline.over()) return Future.failedFuture(cause);
    var request = asked.request();
    try {
      var located = reader.located(request.address(), models);
      return Future.succeededFuture(new One(request.at(located), models, asked.explain()));
    } catch (ServiceException e) {
      return Future.failedFuture(e);
    }
  }

  /** Adds what {@code ?explain=true} asks for; before it is recorded, since it may fail. */
  private Future<Told> explained(One asked, Prediction prediction, Deadline deadline) {
    if (!asked.explain()) return Future.succeededFuture(new Told(prediction, new JsonObject()));
    var request = prediction.request();
    var question =
        new JsonObject()
            .put("text", request.address().text())
            .put("pincode", request.address().pincode())
            .put("fingerprint", prediction.scored().fingerprint());
    return vertx
        .eventBus()
        .<JsonObject>request(
            Bus.explain(request.prefix()), question, local(deadline.remainingMillis()))
        .map(reply -> new Told(prediction, new JsonObject().put("explanation", reply.body())));
  }

  /** Whether the body of a batch takes long to read. */
  static boolean big(JsonObject body) {
    return body.getValue("shipments") instanceof JsonArray shipments
        && shipments.size() > SMALL_BATCH;
  }

  /** Reads the body of {@code POST /predict/batch}; on any thread. */
  Many many(JsonObject body) {
    ShipmentReader.onlyKnown(body, BATCH);
    if (!(body.getValue("shipments") instanceof JsonArray shipments)) {
      throw ShipmentReader.malformed("shipments must be an array");
    }
    if (shipments.isEmpty() || shipments.size() > MAX_BATCH) {
      throw ShipmentReader.malformed(
          "shipments has " + shipments.size() + " items, must have 1 to " + MAX_BATCH);
    }
    var models = catalog.get();
    var items = shipments.stream().map(item -> BatchItem.read(item, reader, models)).toList();
    var claimed = new HashMap<UUID, PredictionRequest>();
    items.forEach(item -> item.claim(claimed));
    return new Many(items, models);
  }

  /** Answers {@code POST /predict/batch}. */
  Future<JsonObject> predictBatch(Many asked, Deadline deadline, String requestId) {
    long start = System.nanoTime();
    var items = asked.items();
    var good = items.stream().filter(BatchItem::open).toList();
    try {
      inFlight.admit(good.size());
    } catch (ServiceException e) {
      failWhole(items, e);
      return Future.failedFuture(e);
    }
    return scoreItems(good, asked.models(), deadline.earlier(RECORDING_SHARE), requestId)
        .compose(settled -> recordItems(good, deadline, requestId))
        .map(
            recorded -> {
              long nanos = System.nanoTime() - start;
              var json = batchJson(items);
              items.forEach(item -> item.count(metrics, nanos));
              return json;
            })
        .recover(
            cause -> {
              var failure = Problem.seen(cause, requestId, "a batch of " + items.size());
              failWhole(items, failure);
              return Future.failedFuture(failure);
            })
        .onComplete(done -> inFlight.release(good.size()));
  }

  /** Every item that isn't bad itself fails with {@code failure}. */
  private void failWhole(List<BatchItem> items, ServiceException failure) {
    for (var item : items) {
      item.fail(failure);
      item.count(metrics, 0);
    }
  }

  /**
   * Looks {@code addresses} up, and scores and caches those that aren't there; records nothing. The
   * futures fail with whatever went wrong, which whoever asked has still to see to.
   *
   * @param prefix routing key of every address; must be in {@code models}
   * @return one future for each address, in order
   */
  List<Future<Lookup>> lookUp(
      String prefix, List<Address> addresses, Catalog models, Deadline deadline) {
    var fingerprint = models.fingerprints().get(prefix);
    var keys = addresses.stream().map(address -> new Key(fingerprint, address)).toList();
    return cache.getAll(
        keys,
        deadline,
        (missing, until) ->
            score(prefix, missing.stream().map(Key::address).toList(), deadline, until));
  }

  /**
   * What was found as the answer to {@code asked}. The model that scored it may be newer than the
   * one asked, but not when its confidence goes with another's, nor when somebody else asked for
   * it: what they got may have been replaced since.
   *
   * @throws ServiceException when it needs a pincode after all, or has to be asked again
   */
  private Prediction answer(One asked, Lookup found) {
    var request = asked.request();
    var located = request.located();
    boolean replaced = !found.scored().fingerprint().equals(key(asked).fingerprint());
    if (replaced && (located.source() == Located.Source.TEXT || found.source() == Source.CACHE)) {
      throw OVERTAKEN;
    }
    double least = config.get().minTextConfidence();
    return request.answer(located.answer(found.scored(), least), found.source());
  }

  /** Settles every item; the future doesn't fail. */
  private Future<Void> scoreItems(
      List<BatchItem> good, Catalog models, Deadline deadline, String requestId) {
    var byPrefix = new LinkedHashMap<String, List<BatchItem>>();
    for (var item : good) {
      byPrefix.computeIfAbsent(item.request().prefix(), prefix -> new ArrayList<>()).add(item);
    }
    var outcomes = new ArrayList<Future<Told>>(good.size());
    byPrefix.forEach(
        (prefix, group) -> {
          var addresses = group.stream().map(item -> item.request().address()).toList();
          var found = lookUp(prefix, addresses, models, deadline);
          for (int i = 0; i < group.size(); i++) {
            var item = group.get(i);
            var asked = new One(item.request(), models, false);
            outcomes.add(tell(asked, found.get(i), deadline).onComplete(item::settle));
          }
        });
    if (outcomes.isEmpty()) return Future.succeededFuture();
    return deadline
        .bound(vertx, Future.join(outcomes))
        .transform(
            joined -> {
              good.forEach(BatchItem::giveUp);
              good.stream()
                  .map(BatchItem::cause)
                  .filter(Objects::nonNull)
                  .distinct()
                  .forEach(
                      cause -> Problem.seen(cause, requestId, "some of " + good.size() + " items"));
              return Future.succeededFuture();
            });
  }

  private Future<Prediction> recordOne(Prediction prediction, Deadline deadline, String requestId) {
    return record(List.of(prediction), deadline)
        .map(
            refused -> {
              if (!refused.isEmpty()) throw notKept(refused.size(), requestId);
              return prediction;
            });
  }

  private Future<Void> recordItems(List<BatchItem> good, Deadline deadline, String requestId) {
    var predictions = good.stream().map(BatchItem::prediction).filter(Objects::nonNull).toList();
    if (predictions.isEmpty()) return Future.succeededFuture();
    return record(predictions, deadline)
        .map(
            refused -> {
              if (refused.isEmpty()) return null;
              var failure = notKept(refused.size(), requestId);
              for (var item : good) {
                if (refused.contains(item.request().id().toString())) item.fail(failure);
              }
              return null;
            });
  }

  private static ServiceException notKept(int count, String requestId) {
    log.error(
        "Cannot answer request {}: {} predictions were refused for storing", requestId, count);
    return Failure.INTERNAL.because("The prediction could not be stored");
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

  private static Key key(One asked) {
    var request = asked.request();
    return new Key(asked.models().fingerprints().get(request.prefix()), request.address());
  }

  private Future<Scored> score(PredictionRequest request, Deadline deadline, SharedDeadline until) {
    return score(request.prefix(), List.of(request.address()), deadline, until)
        .map(all -> all.get(0));
  }

  /**
   * * Without a cache only the caller waits, so scoring ends with the caller's time. With one,
   * others may join until then, and get their whole time too.
   *
   * @param until when anybody waits: what nobody waits for any more is not scored
   */
  private Future<List<Scored>> score(
      String prefix, List<Address> addresses, Deadline deadline, SharedDeadline until) {
    long time = deadline.remainingMillis();
    if (cache.enabled()) time += config.get().timeout().toMillis();
    return vertx
        .eventBus()
        .<ScoreReply>request(Bus.score(prefix), new ScoreRequest(addresses, until), local(time))
        .map(reply -> reply.body().scored())
        .recover(
            cause ->
                Future.failedFuture(
                    Failure.of(cause) == Failure.DEADLINE_EXCEEDED ? Deadline.exceeded() : cause));
  }

  /** The ids of those that were refused. */
  private Future<Set<Object>> record(List<Prediction> predictions, Deadline deadline) {
    return vertx
        .eventBus()
        .<JsonArray>request(Bus.RECORD, new Batch(predictions), local(deadline.remainingMillis()))
        .onFailure(
            cause -> {
              if (Failure.of(cause) == Failure.OVERLOADED) metrics.shed(Shed.STORING);
            })
        .map(reply -> reply.body() == null ? Set.of() : new HashSet<>(reply.body().getList()));
  }

  private static DeliveryOptions local(long timeoutMillis) {
    return new DeliveryOptions().setLocalOnly(true).setSendTimeout(timeoutMillis);
  }
}
