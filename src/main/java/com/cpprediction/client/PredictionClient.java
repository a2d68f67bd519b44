package com.cpprediction.client;

import com.cpprediction.bus.Bus;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Client of the service over the event bus. It assigns every shipment's {@code prediction_id}, so
 * that a retried request is stored once. Futures fail with {@link ServiceException}s, whose
 * {@linkplain ServiceException#failure() failure} is the {@code code} of the HTTP contract, and
 * complete on the caller's context. Thread-safe; needs no closing.
 */
public final class PredictionClient {
  /** Default deadline of a call. */
  public static final Duration DEADLINE = Duration.ofSeconds(5);

  /** Time after which a request is retried on another node; longer for a batch. */
  private static final Duration ATTEMPT = Duration.ofSeconds(1);

  private static final String DEADLINE_MS = "X-Deadline-Ms";

  private final Vertx vertx;
  private final Duration deadline;

  private PredictionClient(Vertx vertx, Duration deadline) {
    this.vertx = Objects.requireNonNull(vertx, "vertx");
    this.deadline = deadline;
  }

  /**
   * @param vertx a member of the service's cluster, or the service's own Vert.x
   */
  public static PredictionClient of(Vertx vertx) {
    return new PredictionClient(vertx, DEADLINE);
  }

  /**
   * A client with another deadline.
   *
   * @param within per call, including its retry; at least 1 ms
   */
  public PredictionClient within(Duration within) {
    if (within.toMillis() < 1) throw new IllegalArgumentException(within + " is less than 1 ms");
    return new PredictionClient(vertx, within);
  }

  /** Predicts one shipment; the prediction is recorded as {@code persistence.ack} says. */
  public Future<Answer> predict(Shipment shipment) {
    return request(Bus.PREDICT, 1, shipment.toJson(PredictionIds.next().toString()))
        .map(Answer::of);
  }

  /**
   * Predicts 1 to 1,000 shipments in one request.
   *
   * @return one result for each, in order; fails when the whole request fails
   */
  public Future<List<BatchResult>> predictBatch(List<Shipment> shipments) {
    var shipmentsJson = new JsonArray();
    for (var shipment : shipments)
      shipmentsJson.add(shipment.toJson(PredictionIds.next().toString()));
    return request(
            Bus.PREDICT_BATCH, shipments.size(), new JsonObject().put("shipments", shipmentsJson))
        .map(
            reply -> {
              var results = new ArrayList<BatchResult>(shipments.size());
              for (var result : reply.getJsonArray("results")) {
                results.add(batchResult((JsonObject) result));
              }
              return results;
            });
  }

  /**
   * Reports the outcomes of 1 to 1,000 shipments; a repeated report is stored once.
   *
   * @return one result for each, in order, once all are committed; fails when none could be stored
   */
  public Future<List<OutcomeResult>> report(List<Outcome> reports) {
    var outcomesJson = new JsonArray(reports.stream().map(Outcome::toJson).toList());
    return request(Bus.OUTCOMES, reports.size(), new JsonObject().put("outcomes", outcomesJson))
        .map(
            reply ->
                reply.getJsonArray("results").stream()
                    .map(result -> outcomeResult((JsonObject) result))
                    .toList());
  }

  /**
   * Erases all that is stored about a shipment; may be repeated.
   *
   * @return what was erased, once it is gone from PostgreSQL; fails while that is away
   */
  public Future<Erased> erase(String shipmentId) {
    return request(Bus.SHIPMENTS_ERASE, 1, new JsonObject().put("shipment_id", shipmentId))
        .map(reply -> Erased.of(reply.getJsonObject("erased")));
  }

  /** JSON of {@code GET /models/status} on an arbitrary node. */
  public Future<JsonObject> modelsStatus() {
    return request(Bus.MODELS_STATUS, 1, null);
  }

  /** JSON of {@code GET /cache/stats} on an arbitrary node. */
  public Future<JsonObject> cacheStats() {
    return request(Bus.CACHE_STATS, 1, null);
  }

  private static BatchResult batchResult(JsonObject result) {
    var error = result.getJsonObject("error");
    return error == null
        ? new BatchResult(Answer.of(result), null)
        : new BatchResult(null, failure(error));
  }

  private static OutcomeResult outcomeResult(JsonObject result) {
    var error = result.getJsonObject("error");
    return error == null
        ? OutcomeResult.of(result)
        : new OutcomeResult(null, null, null, failure(error));
  }

  private static ServiceException failure(JsonObject error) {
    return Failure.ofSlug(error.getString("code"))
        .because(error.getString("detail"), members(error));
  }

  private static JsonObject members(JsonObject error) {
    var members = error.copy();
    for (var own : List.of("type", "title", "status", "code", "detail")) members.remove(own);
    return members;
  }

  /**
   * @param shipments size of the request, which lengthens the first attempt
   */
  private Future<JsonObject> request(String address, int shipments, @Nullable JsonObject body) {
    var until = Deadline.in(deadline);
    long attempt = Math.min(deadline.toMillis() / 2, ATTEMPT.toMillis() + 2L * shipments);
    return request(address, body, until, Math.max(1, attempt))
        .recover(
            cause ->
                undelivered(cause) && !until.over()
                    ? request(address, body, until, until.remainingMillis())
                    : Future.failedFuture(cause))
        .recover(cause -> Future.failedFuture(toServiceException(cause)));
  }

  /** Sends the whole remaining deadline even with a shorter attempt: a slow node still records. */
  private Future<JsonObject> request(
      String address, @Nullable JsonObject body, Deadline until, long millis) {
    var options =
        new DeliveryOptions()
            .setSendTimeout(millis)
            .addHeader(DEADLINE_MS, Long.toString(until.remainingMillis()));
    return vertx.eventBus().<JsonObject>request(address, body, options).map(reply -> reply.body());
  }

  /** Whether the request may not have reached a node, so that a retry is useful. */
  private static boolean undelivered(Throwable cause) {
    return cause instanceof ReplyException e && e.failureType() != ReplyFailure.RECIPIENT_FAILURE;
  }

  private static ServiceException toServiceException(Throwable cause) {
    if (cause instanceof ServiceException e) return e;
    if (!undelivered(cause)) {
      var failure = Failure.of(cause);
      return failure.because(Objects.requireNonNullElse(cause.getMessage(), failure.title()));
    }
    return ((ReplyException) cause).failureType() == ReplyFailure.TIMEOUT
        ? Failure.DEADLINE_EXCEEDED.because("No node answered in time; it may yet be stored, once")
        : Failure.NOT_READY.because("No node could be asked; is this Vert.x in their cluster?");
  }
}
