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
 * Asks the service over the event bus that this Vert.x shares with its nodes. Every shipment gets
 * its {@code prediction_id} here, so that what is asked again, because nobody answered in time, is
 * stored once. Futures fail with {@link ServiceException}s, whose {@linkplain
 * ServiceException#failure() failure} is the {@code code} that HTTP has. Thread-safe; futures
 * complete on the caller's context. Holds nothing that had to be closed.
 */
public final class PredictionClient {
  /** How long an answer may take unless the caller says. */
  public static final Duration DEADLINE = Duration.ofSeconds(5);

  /** After it a node counts as gone, and another is asked; a batch has some more. */
  private static final Duration ATTEMPT = Duration.ofSeconds(1);

  private static final String DEADLINE_MS = "X-Deadline-Ms";

  private final Vertx vertx;
  private final Duration deadline;

  private PredictionClient(Vertx vertx, Duration deadline) {
    this.vertx = Objects.requireNonNull(vertx, "vertx");
    this.deadline = deadline;
  }

  /**
   * @param vertx a member of the service's cluster, or the Vert.x that the service runs on
   */
  public static PredictionClient of(Vertx vertx) {
    return new PredictionClient(vertx, DEADLINE);
  }

  /**
   * The same with another deadline.
   *
   * @param within for each call, both attempts of it together; at least 1 ms
   */
  public PredictionClient within(Duration within) {
    if (within.toMillis() < 1) throw new IllegalArgumentException(within + " is less than 1 ms");
    return new PredictionClient(vertx, within);
  }

  /** Predicts one shipment; the answer is kept as {@code persistence.ack} promises. */
  public Future<Answer> predict(Shipment shipment) {
    return ask(Bus.PREDICT, 1, shipment.toJson(PredictionIds.next().toString())).map(Answer::of);
  }

  /**
   * Predicts 1 to 1,000 shipments in one pass.
   *
   * @return one outcome for each, in order; the future fails when none could be asked for
   */
  public Future<List<BatchResult>> predictBatch(List<Shipment> shipments) {
    var asked = new JsonArray();
    for (var shipment : shipments) asked.add(shipment.toJson(PredictionIds.next().toString()));
    return ask(Bus.PREDICT_BATCH, shipments.size(), new JsonObject().put("shipments", asked))
        .map(
            reply -> {
              var outcomes = new ArrayList<BatchResult>(shipments.size());
              for (var result : reply.getJsonArray("results")) {
                outcomes.add(outcome((JsonObject) result));
              }
              return outcomes;
            });
  }

  /**
   * Reports where 1 to 1,000 shipments truly went; each is stored once, however often it is asked.
   *
   * @return what the prediction of each was worth, in order, once all are committed; the future
   *     fails when none could be stored
   */
  public Future<List<OutcomeResult>> report(List<Outcome> deliveries) {
    var told = new JsonArray(deliveries.stream().map(Outcome::toJson).toList());
    return ask(Bus.OUTCOMES, deliveries.size(), new JsonObject().put("outcomes", told))
        .map(
            reply ->
                reply.getJsonArray("results").stream()
                    .map(result -> judgement((JsonObject) result))
                    .toList());
  }

  /** JSON as {@code GET /models/status}, of one of the nodes. */
  public Future<JsonObject> modelsStatus() {
    return ask(Bus.MODELS_STATUS, 1, null);
  }

  /** JSON as {@code GET /cache/stats}, of one of the nodes. */
  public Future<JsonObject> cacheStats() {
    return ask(Bus.CACHE_STATS, 1, null);
  }

  private static BatchResult outcome(JsonObject result) {
    var error = result.getJsonObject("error");
    return error == null
        ? new BatchResult(Answer.of(result), null)
        : new BatchResult(null, failure(error));
  }

  private static OutcomeResult judgement(JsonObject result) {
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
   * @param shipments how many, so that a batch that takes a while is not taken for a dead node
   */
  private Future<JsonObject> ask(String address, int shipments, @Nullable JsonObject body) {
    var until = Deadline.in(deadline);
    long attempt = Math.min(deadline.toMillis() / 2, ATTEMPT.toMillis() + 2L * shipments);
    return ask(address, body, until, Math.max(1, attempt))
        .recover(
            cause ->
                unanswered(cause) && !until.over()
                    ? ask(address, body, until, until.remainingMillis())
                    : Future.failedFuture(cause))
        .recover(cause -> Future.failedFuture(known(cause)));
  }

  /** Whoever is asked first may use the whole time: a slow answer is kept, and never doubled. */
  private Future<JsonObject> ask(
      String address, @Nullable JsonObject body, Deadline until, long millis) {
    var options =
        new DeliveryOptions()
            .setSendTimeout(millis)
            .addHeader(DEADLINE_MS, Long.toString(until.remainingMillis()));
    return vertx.eventBus().<JsonObject>request(address, body, options).map(reply -> reply.body());
  }

  /** Whether the node that was asked may never have seen it: another one will. */
  private static boolean unanswered(Throwable cause) {
    return cause instanceof ReplyException e && e.failureType() != ReplyFailure.RECIPIENT_FAILURE;
  }

  private static ServiceException known(Throwable cause) {
    if (cause instanceof ServiceException e) return e;
    if (!unanswered(cause)) return Failure.of(cause).because(cause.getMessage());
    return ((ReplyException) cause).failureType() == ReplyFailure.TIMEOUT
        ? Failure.DEADLINE_EXCEEDED.because("No node answered in time; it may yet be stored, once")
        : Failure.NOT_READY.because("No node could be asked; is this Vert.x in their cluster?");
  }
}
