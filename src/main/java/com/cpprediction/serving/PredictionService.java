package com.cpprediction.serving;

import com.cpprediction.bus.DirectRecorder;
import com.cpprediction.bus.RecordRequest;
import com.cpprediction.bus.Recorded;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.RefusalResult;
import com.cpprediction.metrics.Shed;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.model.WrongPincodes;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Posterior;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.PrefixSource;
import com.cpprediction.prediction.Refusal;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.tracing.TraceStep;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The use case: shipments in, recorded predictions out, over HTTP and the event bus alike. A
 * request is served by one release of the models, on which it holds a lease from the reading of its
 * body to its end. Fails with {@link ServiceException}s only.
 */
public final class PredictionService {
  public static final int MAX_BATCH = 1_000;

  private static final Logger log = LoggerFactory.getLogger(PredictionService.class);
  private static final Set<String> BATCH = Set.of("shipments");
  private static final int RECORDING_SHARE = 10; // of the time of a batch, a tenth is for recording

  private final Supplier<PredictionConfig> config;
  private final Supplier<ServingRelease> leases;
  private final LookupRouter router;
  private final OwnerDirectory owners;
  private final SecondRelease second;
  private final Dispatcher dispatcher;
  private final ServiceMetrics metrics;
  private final ShipmentReader reader;
  private final AdmissionControl inFlight;
  private final Recorder recorder;
  private final DeadlineSweep deadlines;
  private final RefusalBudget refusalBudget;

  /**
   * @param leases gives a lease on the models in force
   * @param second the shadow release, which predictions are compared with once they are sent
   * @param refusalBudget of the node
   * @param directRecorder of the node
   * @param recordTogether whether the requests of one pass of the event loop are recorded together,
   *     and end together
   */
  public PredictionService(
      Vertx vertx,
      Supplier<PredictionConfig> config,
      Supplier<ServingRelease> leases,
      LookupRouter router,
      OwnerDirectory owners,
      SecondRelease second,
      Dispatcher dispatcher,
      ServiceMetrics metrics,
      ShipmentReader reader,
      AdmissionControl inFlight,
      RefusalBudget refusalBudget,
      DirectRecorder directRecorder,
      boolean recordTogether) {
    this.config = config;
    this.leases = leases;
    this.router = router;
    this.owners = owners;
    this.second = second;
    this.dispatcher = dispatcher;
    this.metrics = metrics;
    this.reader = reader;
    this.inFlight = inFlight;
    this.refusalBudget = refusalBudget;
    recorder = new Recorder(vertx, directRecorder, recordTogether);
    deadlines = new DeadlineSweep(vertx);
  }

  /**
   * Reads the body of {@code POST /predict}; on any thread.
   *
   * @param caller its wrong pincodes, which are assumed and which the predictions tell
   * @return to be served, which ends its lease
   */
  public Shipments single(JsonObject body, boolean explain, WrongPincodes caller) {
    return read(List.of(body), explain, caller, reader, Item::read);
  }

  /** As {@link #single(JsonObject, boolean, WrongPincodes)}, of a shipment parsed already. */
  public Shipments single(TypedShipment shipment, boolean explain, WrongPincodes caller) {
    return read(List.of(shipment), explain, caller, reader, Item::read);
  }

  /** As {@link #batch(JsonObject, WrongPincodes)}, of shipments parsed already. */
  public Shipments batch(List<TypedShipment> shipments, WrongPincodes caller) {
    return read(shipments, false, caller, reader, Item::read);
  }

  /** As {@link #batch(List, WrongPincodes)}, by the model of {@code prefix} alone. */
  public Shipments batch(List<TypedShipment> shipments, String prefix, WrongPincodes caller) {
    return read(shipments, false, caller, reader.within(prefix), Item::read);
  }

  /** As {@link #single}, of {@code POST /predict/batch}. */
  public Shipments batch(JsonObject body, WrongPincodes caller) {
    ShipmentReader.onlyKnown(body, BATCH);
    if (!(body.getValue("shipments") instanceof JsonArray shipments)) {
      throw ShipmentReader.malformed("shipments must be an array");
    }
    if (shipments.isEmpty() || shipments.size() > MAX_BATCH) {
      throw ShipmentReader.malformed(
          "shipments has " + shipments.size() + " items, must have 1 to " + MAX_BATCH);
    }
    return read(shipments.stream().toList(), false, caller, reader, Item::read);
  }

  /** As {@link #single}, of lines of {@code POST /predict/stream}. */
  public Shipments lines(List<byte @Nullable []> lines, WrongPincodes caller) {
    return read(lines, false, caller, reader, Item::parse);
  }

  private interface Reading<T> {
    Item read(T raw, ShipmentReader reader, ServingRelease lease, PincodeErrors wrongPincodes);
  }

  private <T> Shipments read(
      List<T> raw,
      boolean explain,
      WrongPincodes caller,
      ShipmentReader reader,
      Reading<T> reading) {
    var lease = leases.get();
    try {
      var errors = caller.errors(); // the same for all of a request
      var items = new ArrayList<Item>(raw.size());
      for (var one : raw) items.add(reading.read(one, reader, lease, errors));
      var shadow = reader == this.reader ? second.canary() : null;
      return shadow == null
          ? new Shipments(items, lease, explain, caller, reader)
          : arms(items, lease, shadow, explain, caller);
    } catch (RuntimeException | Error e) {
      lease.close();
      throw e;
    }
  }

  /**
   * Deals items to the served release and to the shadow release.
   *
   * @param shadow closed where it serves none of them
   */
  private Shipments arms(
      List<Item> items,
      ServingRelease lease,
      ServingRelease shadow,
      boolean explain,
      WrongPincodes caller) {
    var served = new ArrayList<Item>(items.size());
    var canary = new ArrayList<Item>();
    try {
      for (var item : items) (servedByShadow(item, shadow) ? canary : served).add(item);
      if (!shadow.locatesAs(lease)) canary.forEach(item -> item.relocate(reader, shadow));
    } catch (RuntimeException | Error e) {
      shadow.close();
      throw e;
    }
    if (canary.isEmpty()) {
      shadow.close();
      return new Shipments(items, lease, explain, caller, reader);
    }
    var byShadow = new Shipments(canary, shadow, explain, caller, reader).byCanary();
    if (served.isEmpty()) {
      lease.close();
      return byShadow;
    }
    var byServed = new Shipments(served, lease, explain, caller, reader);
    return Shipments.ofArms(items, List.of(byServed, byShadow));
  }

  private boolean servedByShadow(Item item, ServingRelease shadow) {
    return item.located()
        && second.serves(item.request().address())
        && shadow.here().containsAll(item.request().hypotheses().prefixes());
  }

  /** Responds to {@code POST /predict}. */
  public Future<Reply> predict(Shipments asked, Deadline deadline, String requestId) {
    var item = asked.items().get(0);
    return admitAndServe(asked, deadline, requestId)
        .map(
            served -> {
              var failure = item.failure();
              if (failure == null) return item;
              var id = item.shipmentId();
              throw id == null ? failure : failure.of(id);
            });
  }

  /** Responds to {@code POST /predict/batch}. */
  public Future<Reply> predictBatch(Shipments asked, Deadline deadline, String requestId) {
    return admitAndServe(asked, deadline, requestId).map(served -> asked);
  }

  private Future<Void> admitAndServe(Shipments asked, Deadline deadline, String requestId) {
    int count = asked.open().size();
    Supplier<Future<Void>> serving =
        () -> {
          inFlight.admit(count);
          asked.admitted(count);
          return begun(() -> lookUpAndRecord(asked, deadline, requestId))
              .onComplete(done -> inFlight.release(asked.admitted()));
        };
    return serve(asked, TraceStep.current(), serving, requestId);
  }

  /** The future of {@code work}, or its exception as a failed one. */
  private static Future<Void> begun(Supplier<Future<Void>> work) {
    try {
      return work.get();
    } catch (RuntimeException | Error e) {
      return Future.failedFuture(e);
    }
  }

  /**
   * Serves lines of {@code POST /predict/stream}, which were admitted. Each fails alone; the future
   * doesn't.
   */
  public Future<Void> predictLines(Shipments asked, Deadline deadline, String requestId) {
    asked.admitted(asked.items().size());
    return serve(
            asked, TraceStep.NONE, () -> lookUpAndRecord(asked, deadline, requestId), requestId)
        .otherwiseEmpty();
  }

  /**
   * Every request ends here: its items have a prediction or a failure then, they are counted, and
   * the lease is given back.
   *
   * @param request is told the outcome
   * @param serving what is done meanwhile; its failure is that of every item
   */
  private Future<Void> serve(
      Shipments asked, TraceStep request, Supplier<Future<Void>> serving, String requestId) {
    long start = System.nanoTime();
    return begun(serving)
        .transform(
            (served, cause) -> {
              var failure = cause == null ? null : failed(asked, cause, requestId);
              asked.close();
              long nanos = System.nanoTime() - start;
              for (var item : asked.items()) item.count(metrics, nanos);
              if (request.active()) RequestTrace.served(request, asked.items(), failure);
              if (second.present()) compare(asked.items(), asked.arms());
              return failure == null ? Future.succeededFuture() : Future.failedFuture(failure);
            });
  }

  private void compare(List<Item> items, List<Shipments> arms) {
    for (var item : items) item.count(second); // in their order, to be paired
    arms.forEach(this::compare);
  }

  /** With less than half of the admitted shipments to spare, nothing is compared. */
  private void compare(Shipments asked) {
    // The models of other nodes, or the one that the caller has named.
    if (asked.byPincode() || !asked.locates()) return;
    boolean busy = 2 * inFlight.shipments() > inFlight.limit();
    boolean canary = asked.canary();
    var release = asked.lease().release();
    for (var item : asked.items()) {
      var prediction = item.prediction();
      if (prediction != null) second.compare(prediction, release, canary, busy);
    }
  }

  private static ServiceException failed(Shipments asked, Throwable cause, String requestId) {
    var failure = Problem.logged(cause, requestId, asked.items().size() + " shipments");
    for (var item : asked.items()) item.fail(failure);
    return failure;
  }

  /** Settles every item and records the predictions; fails when none can be recorded. */
  private Future<Void> lookUpAndRecord(Shipments asked, Deadline deadline, String requestId) {
    if (deadline.over()) return Future.failedFuture(Deadline.exceeded());
    var good = asked.open();
    if (good.isEmpty()) return record(asked, deadline, requestId);
    var scoring = good.size() == 1 ? deadline : deadline.earlier(RECORDING_SHARE);
    if (asked.arms().size() > 1) {
      return Future.join(asked.arms().stream().map(arm -> lookUpOrAgain(arm, scoring)).toList())
          .transform(settled -> settleAndRecord(asked, asked.open(), deadline, requestId));
    }
    var found = lookUp(asked, scoring);
    if (found.succeeded()) return settleAndRecord(asked, good, deadline, requestId);
    return found
        .recover(refusal -> startAgain(asked, scoring))
        // Items without a prefix in the old release may have one in the new.
        .compose(settled -> settleAndRecord(asked, asked.open(), deadline, requestId));
  }

  private Future<Void> lookUpOrAgain(Shipments arm, Deadline deadline) {
    if (arm.open().isEmpty()) return Future.succeededFuture();
    return lookUp(arm, deadline).recover(refusal -> startAgain(arm, deadline));
  }

  private Future<Void> settleAndRecord(
      Shipments asked, List<Item> open, Deadline deadline, String requestId) {
    settle(open, asked.caller(), requestId);
    return record(asked, deadline, requestId);
  }

  /**
   * Looks the open items up, all with one release. Fails where that release is not served any more,
   * and another one is in force.
   */
  private Future<Void> lookUp(Shipments asked, Deadline deadline) {
    var release = release(asked.open(), asked.lease());
    var found = lookUp(asked, release, deadline);
    return found.isComplete()
        ? current(asked, release, deadline)
        : found.compose(all -> current(asked, release, deadline));
  }

  private Future<Void> current(Shipments asked, String release, Deadline deadline) {
    var open = asked.open();
    return anyUnserved(open)
            && !deadline.over()
            && (asked.canary() || replaced(open, asked.lease(), release))
        ? Future.failedFuture(Failure.NOT_READY.because("The models were replaced"))
        : Future.succeededFuture();
  }

  private static boolean anyUnserved(List<Item> items) {
    for (var item : items) if (item.unserved()) return true;
    return false;
  }

  /**
   * Once and whole, since no request is served by two releases; by the served release, if the
   * shadow release can't.
   */
  private Future<Void> startAgain(Shipments asked, Deadline deadline) {
    asked.startAgain(leases.get(), inFlight::admitFurther);
    return lookUp(asked, release(asked.open(), asked.lease()), deadline);
  }

  private boolean replaced(List<Item> open, ServingRelease lease, String release) {
    try (var now = leases.get()) {
      return now != lease || !release.equals(release(open, now));
    }
  }

  /**
   * The release to serve {@code items} with, all of them: that of {@code lease} wherever one of
   * them has no pincode, since what places an address by its words is part of the release.
   */
  private String release(List<Item> items, ServingRelease lease) {
    if (items.size() == 1) {
      var request = items.get(0).request();
      return request.address().candidates().isEmpty()
          ? lease.release()
          : owners.releaseFor(request.hypotheses().prefixes(), lease);
    }
    var prefixes = new LinkedHashSet<String>();
    for (var item : items) {
      if (item.request().address().candidates().isEmpty()) return lease.release();
      prefixes.addAll(item.request().hypotheses().prefixes());
    }
    return owners.releaseFor(prefixes, lease);
  }

  /** Completes when every item has its results, or its time is up; doesn't fail. */
  private Future<Void> lookUp(Shipments asked, String release, Deadline deadline) {
    boolean byPincode = !release.equals(asked.lease().release());
    asked.byPincode(byPincode);
    if (byPincode) asked.relocateByPincode();
    var items = asked.open();
    if (items.isEmpty()) return Future.succeededFuture();
    var wrongPincodes = items.get(0).request().hypotheses().wrongPincodes();
    var lane = dispatcher.lane(items.size());
    var found =
        lookUp(
            items,
            (prefix, addresses) ->
                router.lookup(
                    new LookupQuery(
                        asked.lease(),
                        release,
                        prefix,
                        addresses,
                        byPincode,
                        asked.explain(),
                        false,
                        wrongPincodes,
                        deadline,
                        lane)));
    for (int i = 0; i < items.size(); i++) items.get(i).await(found.get(i));
    if (complete(found)) return Future.succeededFuture();
    return deadlines
        .bound(deadline, all(found))
        .transform((results, failure) -> Future.succeededFuture());
  }

  private static List<List<Future<LookupResult>>> lookUp(
      List<Item> items, BiFunction<String, List<Address>, List<Future<LookupResult>>> query) {
    if (items.size() == 1) {
      var request = items.get(0).request();
      return List.of(
          PrefixLookups.ofOne(request.address(), request.hypotheses().prefixes(), query));
    }
    var lookups = new PrefixLookups();
    for (var item : items) {
      lookups.add(item.request().address(), item.request().hypotheses().prefixes());
    }
    return lookups.lookUp(query);
  }

  private static Future<?> all(List<List<Future<LookupResult>>> found) {
    if (found.size() == 1 && found.get(0).size() == 1) return found.get(0).get(0);
    var all = new ArrayList<Future<?>>(2 * found.size());
    for (var ofItem : found) all.addAll(ofItem);
    return Future.join(all);
  }

  private static boolean complete(List<? extends List<? extends Future<?>>> found) {
    for (var ofItem : found) {
      for (var result : ofItem) if (!result.isComplete()) return false;
    }
    return true;
  }

  private void settle(List<Item> items, WrongPincodes caller, String requestId) {
    double least = config.get().minTextConfidence();
    for (var item : items) {
      var posterior = item.settle(least);
      if (posterior != null) observe(posterior, item, caller);
    }
    if (items.size() == 1 && items.get(0).cause() == null) return;
    var causes = new LinkedHashSet<Throwable>();
    for (var item : items) {
      var cause = item.cause();
      if (cause != null) causes.add(cause);
    }
    for (var cause : causes) {
      Problem.logged(cause, requestId, "some of " + items.size() + " shipments");
    }
  }

  private void observe(Posterior posterior, Item item, WrongPincodes caller) {
    if (posterior.likelihoods() != null) caller.observe(posterior.likelihoods());
    var doubt = posterior.belief().doubt();
    if (doubt != null) metrics.pincodeDoubted(doubt);
    boolean corrected = posterior.belief().source() == PrefixSource.CORRECTED;
    if (corrected && item.prediction() != null) metrics.corrected();
  }

  /**
   * Records predictions and refusals. Fails predictions that can't be recorded, and the future when
   * none can. Nothing waits for refusals alone: their response is the same, and one that can't be
   * recorded is counted.
   */
  private Future<Void> record(Shipments asked, Deadline deadline, String requestId) {
    var items = asked.items();
    var predictions = new ArrayList<Prediction>(items.size());
    for (var item : items) if (item.prediction() != null) predictions.add(item.prediction());
    var refusals = predictions.size() == items.size() ? List.<Refusal>of() : refusals(items);
    if (predictions.isEmpty() && refusals.isEmpty()) return Future.succeededFuture();
    var step = RequestTrace.beginRecording(predictions);
    var recording =
        recorder
            .record(new RecordRequest(predictions, refusals), deadline)
            .onComplete(recorded -> count(refusals.size(), recorded));
    if (step.active()) RequestTrace.endRecording(step, recording);
    if (predictions.isEmpty()) return Future.succeededFuture();
    return recording.transform(
        (recorded, cause) -> {
          var failure = cause == null ? recorded.failure() : cause;
          if (failure != null) {
            if (Failure.of(failure) == Failure.OVERLOADED) metrics.shed(Shed.STORING);
            return Future.failedFuture(failure);
          }
          var failures = failures(recorded, requestId);
          if (failures.isEmpty()) return Future.succeededFuture();
          for (var item : items) {
            if (item.prediction() == null) continue;
            var ofItem = failures.get(item.request().id());
            if (ofItem != null) item.fail(ofItem);
          }
          return Future.succeededFuture();
        });
  }

  private void count(int refusals, AsyncResult<Recorded> recorded) {
    boolean kept = recorded.succeeded() && recorded.result().failure() == null;
    metrics.refusals(kept ? RefusalResult.KEPT : RefusalResult.LOST, refusals);
  }

  private List<Refusal> refusals(List<Item> items) {
    int refused = 0;
    for (var item : items) if (item.refused()) refused++;
    if (refused == 0) return List.of();
    int room = refusalBudget.take(refused);
    metrics.refusals(RefusalResult.LIMITED, refused - room);
    var refusals = new ArrayList<Refusal>(room);
    for (var item : items) {
      if (refusals.size() < room && item.refused()) refusals.add(item.refusal());
    }
    return refusals;
  }

  /** Why predictions were not recorded, by their ids. */
  private static Map<UUID, ServiceException> failures(Recorded recorded, String requestId) {
    if (recorded.taken().isEmpty() && recorded.refused().isEmpty()) return Map.of();
    var failures = new HashMap<UUID, ServiceException>();
    for (var id : recorded.taken()) failures.put(id, PredictionIds.taken());
    if (!recorded.refused().isEmpty()) {
      log.error(
          "Cannot answer request {}: {} predictions were refused for storing",
          requestId,
          recorded.refused().size());
      var failure = Failure.INTERNAL.because("The prediction could not be stored");
      for (var id : recorded.refused()) failures.put(id, failure);
    }
    return failures;
  }
}
