package com.cpprediction.serving;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.RecordRequest;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.Hop;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Located;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.AnswerRouter.Found;
import com.cpprediction.serving.Dispatcher.Lane;
import com.cpprediction.serving.OwnerDirectory.Owner;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the service is for, behind both doors: shipments in, kept predictions out. Answers fail with
 * {@link ServiceException}s.
 */
public final class PredictionService {
  public static final int MAX_BATCH = 1_000;

  private static final Logger log = LoggerFactory.getLogger(PredictionService.class);
  private static final ServiceException OVERTAKEN =
      Failure.NOT_READY.because("The models were replaced this moment; try again");
  private static final Set<String> BATCH = Set.of("shipments");
  private static final int RECORDING_SHARE = 10; // of the time of a batch, a tenth is for recording

  private final Vertx vertx;
  private final Supplier<PredictionConfig> config;
  private final Supplier<Catalog> catalog;
  private final AnswerRouter scores;
  private final ServiceMetrics metrics;
  private final ShipmentReader reader;
  private final AdmissionControl inFlight;

  /**
   * What {@code POST /predict} asks.
   *
   * @param models what it was read against
   * @param explain whether the answer is to be explained
   */
  public record One(PredictionRequest request, Catalog models, boolean explain) {}

  /** An answer, who gave it, and what the caller wanted to know of it. */
  record Told(Prediction prediction, Found found, JsonObject explanation) {}

  /**
   * What {@code POST /predict/batch} asks, or some lines of {@code POST /predict/stream}.
   *
   * @param models what it was read against
   */
  public record Many(List<Item> items, Catalog models) {}

  public PredictionService(
      Vertx vertx,
      Supplier<PredictionConfig> config,
      Supplier<Catalog> catalog,
      AnswerRouter scores,
      ServiceMetrics metrics,
      ShipmentReader reader,
      AdmissionControl inFlight) {
    this.vertx = vertx;
    this.config = config;
    this.catalog = catalog;
    this.scores = scores;
    this.metrics = metrics;
    this.reader = reader;
    this.inFlight = inFlight;
  }

  /** Reads the body of {@code POST /predict}; on any thread. */
  public One one(JsonObject body) {
    return Catalog.read(catalog, models -> new One(reader.request(body, models), models, false));
  }

  /** Reads the body of {@code POST /predict?explain=true}; on any thread. */
  public One explained(JsonObject body) {
    var one = one(body);
    return new One(one.request(), one.models(), true);
  }

  /** Answers {@code POST /predict}. */
  public Future<Reply> predict(One asked, Deadline deadline, String requestId) {
    long start = System.nanoTime();
    var request = asked.request();
    try {
      inFlight.admit(1);
    } catch (ServiceException e) {
      metrics.failed(e.failure());
      return Future.failedFuture(e);
    }
    return deadline
        .bound(vertx, tell(asked, deadline, scores.single()))
        .compose(
            told ->
                recordOne(told.prediction(), deadline, requestId)
                    .map(
                        prediction -> {
                          metrics.answered(prediction.source(), System.nanoTime() - start);
                          return Reply.of(
                              PredictionJson.encode(prediction).mergeIn(told.explanation()),
                              List.of(told.found()));
                        }))
        .recover(
            cause -> {
              var failure = Problem.logged(cause, requestId, "prediction " + request.id());
              metrics.failed(failure.failure());
              return Future.failedFuture(failure);
            })
        .onComplete(done -> inFlight.release(1));
  }

  /**
   * What {@code asked} is answered. Where models that were replaced on the way leave it without an
   * answer, it is asked again of those that replaced them; where the one it joined gave up first,
   * it asks for itself.
   */
  private Future<Told> tell(One asked, Deadline deadline, Lane lane) {
    var request = asked.request();
    var release = release(List.of(request), List.of(request.prefix()), asked.models());
    var found =
        scores.find(
            request.prefix(), List.of(request.address()), asked.models(), release, deadline, lane);
    return tell(asked, found.get(0), deadline, lane);
  }

  /**
   * As {@link #tell(One, Deadline, Lane)}.
   *
   * @param found what was looked up for it
   */
  private Future<Told> tell(One asked, Future<Found> found, Deadline deadline, Lane lane) {
    return found
        .map(one -> answer(asked, one))
        .compose(told -> explained(asked, told, deadline))
        .recover(cause -> again(asked, cause, deadline).compose(now -> tell(now, deadline, lane)));
  }

  /**
   * The release to answer {@code requests} with, all of them: that of {@code models} wherever one
   * of them has no pincode, since what places an address by its words is part of the release.
   */
  private String release(
      Collection<PredictionRequest> requests, Collection<String> prefixes, Catalog models) {
    boolean byText = requests.stream().anyMatch(r -> r.located().source() == Located.Source.TEXT);
    return byText ? models.release() : scores.release(prefixes, models);
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
      return Future.succeededFuture(
          Catalog.read(
              catalog,
              now ->
                  new One(
                      request.at(reader.located(request.address(), now)), now, asked.explain())));
    } catch (ServiceException e) {
      return Future.failedFuture(e);
    }
  }

  /** Adds what {@code ?explain=true} asks for; before it is recorded, since it may fail. */
  private Future<Told> explained(One asked, Told told, Deadline deadline) {
    if (!asked.explain()) return Future.succeededFuture(told);
    var request = told.prediction().request();
    var question =
        new JsonObject()
            .put("prefix", request.prefix())
            .put("text", request.address().text())
            .put("pincode", request.address().pincode())
            .put("fingerprint", told.prediction().scored().fingerprint());
    boolean remote = told.found().hop() == Hop.REMOTE;
    return (remote
            ? explainThere(told.found().by(), question, deadline)
            : scores.explain(question, deadline))
        .map(
            explanation ->
                new Told(
                    told.prediction(),
                    told.found(),
                    new JsonObject().put("explanation", explanation)));
  }

  private Future<JsonObject> explainThere(Owner owner, JsonObject question, Deadline deadline) {
    long time = scores.patience(deadline.remainingMillis(), 1);
    return vertx
        .eventBus()
        .<JsonObject>request(
            Bus.explainAt(owner.id()), question, new DeliveryOptions().setSendTimeout(time))
        .recover(
            cause ->
                Future.failedFuture(
                    AnswerRouter.answered(cause) || deadline.over()
                        ? cause
                        : Failure.NOT_READY.because("The node that answered is gone; try again")))
        .map(Message::body);
  }

  /** Reads the body of {@code POST /predict/batch}; on any thread. */
  public Many many(JsonObject body) {
    ShipmentReader.onlyKnown(body, BATCH);
    if (!(body.getValue("shipments") instanceof JsonArray shipments)) {
      throw ShipmentReader.malformed("shipments must be an array");
    }
    if (shipments.isEmpty() || shipments.size() > MAX_BATCH) {
      throw ShipmentReader.malformed(
          "shipments has " + shipments.size() + " items, must have 1 to " + MAX_BATCH);
    }
    return read(shipments.stream().toList(), (item, models) -> Item.read(item, reader, models));
  }

  /** Answers {@code POST /predict/batch}. */
  public Future<Reply> predictBatch(Many asked, Deadline deadline, String requestId) {
    long start = System.nanoTime();
    var items = asked.items();
    var good = items.stream().filter(Item::open).toList();
    try {
      inFlight.admit(good.size());
    } catch (ServiceException e) {
      failWhole(items, e);
      return Future.failedFuture(e);
    }
    return answerItems(good, asked.models(), deadline, requestId)
        .map(
            recorded -> {
              long nanos = System.nanoTime() - start;
              var json = batchJson(items);
              items.forEach(item -> item.count(metrics, nanos));
              return Reply.of(json, items.stream().map(Item::found).toList());
            })
        .recover(
            cause -> {
              var failure = Problem.logged(cause, requestId, "a batch of " + items.size());
              failWhole(items, failure);
              return Future.failedFuture(failure);
            })
        .onComplete(done -> inFlight.release(good.size()));
  }

  /** Reads lines of {@code POST /predict/stream}; on any thread. */
  public Many lines(List<byte[]> lines) {
    return read(lines, (line, models) -> Item.parse(line, reader, models));
  }

  /** All against one catalog; an id is of one shipment among them. */
  private <T> Many read(List<T> raw, BiFunction<T, Catalog, Item> reading) {
    var many =
        Catalog.read(
            catalog,
            models ->
                new Many(raw.stream().map(one -> reading.apply(one, models)).toList(), models));
    var claimed = new HashMap<UUID, PredictionRequest>();
    many.items().forEach(item -> item.claim(claimed));
    return many;
  }

  /**
   * Answers lines of {@code POST /predict/stream}, which were admitted. Each fails alone; the
   * future doesn't.
   */
  public Future<Void> predictLines(Many asked, Deadline deadline, String requestId) {
    long start = System.nanoTime();
    var items = asked.items();
    var good = items.stream().filter(Item::open).toList();
    return answerItems(good, asked.models(), deadline, requestId)
        .transform(
            answered -> {
              if (answered.failed()) {
                var what = "a stream's " + good.size() + " lines";
                var failure = Problem.logged(answered.cause(), requestId, what);
                good.forEach(item -> item.fail(failure));
              }
              long nanos = System.nanoTime() - start;
              items.forEach(item -> item.count(metrics, nanos));
              return Future.succeededFuture();
            });
  }

  /** Settles and keeps {@code good}; fails when none of it can be kept. */
  private Future<Void> answerItems(
      List<Item> good, Catalog models, Deadline deadline, String requestId) {
    var scoring = deadline.earlier(RECORDING_SHARE);
    return scoreItems(good, models, scoring, requestId)
        .compose(settled -> ofOneRelease(good, scoring, requestId))
        .compose(settled -> recordItems(good, deadline, requestId));
  }

  /** Every item that isn't bad itself fails with {@code failure}. */
  private void failWhole(List<Item> items, ServiceException failure) {
    for (var item : items) {
      item.fail(failure);
      item.count(metrics, 0);
    }
  }

  /**
   * What was found as the answer to {@code asked}. The model that scored it here may be newer than
   * the one asked, but not when its confidence goes with another's, nor when somebody else asked
   * for it: what they got may have been replaced since.
   *
   * @throws ServiceException when it needs a pincode after all, or has to be asked again
   */
  private Told answer(One asked, Found found) {
    var request = asked.request();
    var located = request.located();
    var models = asked.models();
    var scored = found.lookup().scored();
    boolean byText = located.source() == Located.Source.TEXT;
    if (found.hop() == Hop.LOCAL
        && !scored.fingerprint().equals(models.fingerprints().get(request.prefix()))) {
      if (byText || found.lookup().source() == Source.CACHE) throw OVERTAKEN;
      var now = catalog.get();
      if (scored.fingerprint().equals(now.fingerprints().get(request.prefix()))) {
        found = new Found(found.lookup(), now.release(), found.by(), found.hop());
      }
    }
    double least = config.get().minTextConfidence();
    var prediction = request.answer(located.answer(scored, least), found.lookup().source());
    return new Told(prediction, found, new JsonObject());
  }

  /** Settles every item; the future doesn't fail. */
  private Future<Void> scoreItems(
      List<Item> good, Catalog models, Deadline deadline, String requestId) {
    var byPrefix = new LinkedHashMap<String, List<Item>>();
    for (var item : good) {
      byPrefix.computeIfAbsent(item.request().prefix(), prefix -> new ArrayList<>()).add(item);
    }
    var outcomes = new ArrayList<Future<Told>>(good.size());
    var lane = scores.bulk();
    var release = release(good.stream().map(Item::request).toList(), byPrefix.keySet(), models);
    byPrefix.forEach(
        (prefix, group) -> {
          var addresses = group.stream().map(item -> item.request().address()).toList();
          var found = scores.find(prefix, addresses, models, release, deadline, lane);
          for (int i = 0; i < group.size(); i++) {
            var item = group.get(i);
            var asked = new One(item.request(), models, false);
            outcomes.add(tell(asked, found.get(i), deadline, lane).onComplete(item::settle));
          }
        });
    if (outcomes.isEmpty()) return Future.succeededFuture();
    return deadline
        .bound(vertx, Future.join(outcomes))
        .transform(
            joined -> {
              good.forEach(Item::giveUp);
              good.stream()
                  .map(Item::cause)
                  .filter(Objects::nonNull)
                  .distinct()
                  .forEach(
                      cause ->
                          Problem.logged(cause, requestId, "some of " + good.size() + " items"));
              return Future.succeededFuture();
            });
  }

  /**
   * Sees to it that no two items are answered by different releases, when models were replaced on
   * the way: asks all of them again, of those of now, and fails the fewer if even that was
   * overtaken. The future doesn't fail.
   */
  private Future<Void> ofOneRelease(List<Item> good, Deadline deadline, String requestId) {
    if (releases(good).size() < 2) return Future.succeededFuture();
    var models =
        Catalog.read(
            catalog,
            now -> {
              for (var item : good) {
                try {
                  item.again(item.request().at(reader.located(item.request().address(), now)));
                } catch (ServiceException e) {
                  item.fail(e);
                }
              }
              return now;
            });
    var open = good.stream().filter(Item::open).toList();
    return scoreItems(open, models, deadline, requestId)
        .onSuccess(
            settled -> {
              var releases = releases(good);
              if (releases.size() < 2) return;
              var most =
                  Collections.max(releases.entrySet(), Map.Entry.comparingByValue()).getKey();
              for (var item : good) {
                if (item.found() != null && !item.found().release().equals(most)) {
                  item.fail(OVERTAKEN);
                }
              }
            });
  }

  /** How many items each release answered. */
  private static Map<String, Integer> releases(List<Item> items) {
    var releases = new HashMap<String, Integer>();
    for (var item : items) {
      if (item.found() != null) releases.merge(item.found().release(), 1, Integer::sum);
    }
    return releases;
  }

  private Future<Prediction> recordOne(Prediction prediction, Deadline deadline, String requestId) {
    return record(List.of(prediction), deadline, requestId)
        .map(
            failures -> {
              if (!failures.isEmpty()) throw failures.values().iterator().next();
              return prediction;
            });
  }

  private Future<Void> recordItems(List<Item> good, Deadline deadline, String requestId) {
    var predictions = good.stream().map(Item::prediction).filter(Objects::nonNull).toList();
    if (predictions.isEmpty()) return Future.succeededFuture();
    return record(predictions, deadline, requestId)
        .map(
            failures -> {
              if (failures.isEmpty()) return null;
              for (var item : good) {
                var failure = failures.get(item.request().id().toString());
                if (failure != null) item.fail(failure);
              }
              return null;
            });
  }

  private static ServiceException notKept(int count, String requestId) {
    log.error(
        "Cannot answer request {}: {} predictions were refused for storing", requestId, count);
    return Failure.INTERNAL.because("The prediction could not be stored");
  }

  private static JsonObject batchJson(List<Item> items) {
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

  /** Why those that aren't kept are not, by their ids. */
  private Future<Map<String, ServiceException>> record(
      List<Prediction> predictions, Deadline deadline, String requestId) {
    return vertx
        .eventBus()
        .<JsonObject>request(
            Bus.RECORD, new RecordRequest(predictions), local(deadline.remainingMillis()))
        .onFailure(
            cause -> {
              if (Failure.of(cause) == Failure.OVERLOADED) metrics.shed(Shed.STORING);
            })
        .map(reply -> failures(reply.body(), requestId));
  }

  private static Map<String, ServiceException> failures(JsonObject kept, String requestId) {
    var failures = new HashMap<String, ServiceException>();
    for (var id : kept.getJsonArray("taken")) failures.put((String) id, PredictionIds.taken());
    var refused = kept.getJsonArray("refused");
    if (!refused.isEmpty()) {
      var failure = notKept(refused.size(), requestId);
      for (var id : refused) failures.put((String) id, failure);
    }
    return failures;
  }

  private static DeliveryOptions local(long timeoutMillis) {
    return new DeliveryOptions().setLocalOnly(true).setSendTimeout(timeoutMillis);
  }
}
