package com.cpprediction.serving;

import com.cpprediction.json.MalformedJsonException;
import com.cpprediction.json.StrictJson;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.AnswerRouter.Found;
import com.cpprediction.serving.PredictionService.Told;
import io.vertx.core.AsyncResult;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.UUID;

/**
 * One shipment of a batch or a stream on its way to a prediction or a failure. Open until it has
 * one; what comes later is ignored. Read on one thread, then confined to one context.
 */
public final class Item {
  /** Bytes of a line of a stream at most. */
  public static final int MAX_LINE = 16 * 1024;

  private final String shipmentId;
  private PredictionRequest request;
  private Found found;
  private Prediction prediction;
  private ServiceException failure;
  private Throwable cause;

  private Item(String shipmentId, PredictionRequest request, ServiceException failure) {
    this.shipmentId = shipmentId;
    this.request = request;
    this.failure = failure;
  }

  public static Item read(Object item, ShipmentReader reader, Catalog models) {
    try {
      var request = reader.request(item, models);
      return new Item(request.shipmentId(), request, null);
    } catch (ServiceException e) {
      return new Item(ShipmentReader.shipmentId(item), null, e);
    }
  }

  /**
   * Reads a line of a stream.
   *
   * @param content JSON, or null where there is more than a line may hold
   */
  static Item parse(byte[] content, ShipmentReader reader, Catalog models) {
    if (content == null) {
      return failed(Failure.TOO_LARGE.because("The line is longer than " + MAX_LINE + " bytes"));
    }
    try {
      return read(StrictJson.parse(content), reader, models);
    } catch (MalformedJsonException e) {
      return failed(Failure.MALFORMED_REQUEST.because(e.getMessage()));
    }
  }

  /** One of which nothing can be read. */
  public static Item failed(ServiceException failure) {
    return new Item(null, null, failure);
  }

  /**
   * Fails this when an earlier item has its prediction id for another shipment: one id is one row,
   * so that only one of the two could be kept.
   *
   * @param claimed the first request of each id
   */
  void claim(Map<UUID, PredictionRequest> claimed) {
    if (!open()) return;
    var first = claimed.putIfAbsent(request.id(), request);
    if (first == null
        || first.shipmentId().equals(shipmentId) && first.address().equals(request.address())) {
      return;
    }
    fail(PredictionIds.taken());
  }

  PredictionRequest request() {
    return request;
  }

  /** The answer, or null. */
  Prediction prediction() {
    return prediction;
  }

  /** Who found the answer, or null. */
  Found found() {
    return found;
  }

  /** Forgets how it was answered, to be asked as {@code another} instead; unless it can't be. */
  void again(PredictionRequest another) {
    if (failure != null && cause == null) return; // bad in itself, or too late
    request = another;
    found = null;
    prediction = null;
    failure = null;
    cause = null;
  }

  /** Why it could not be scored, or null. */
  Throwable cause() {
    return cause;
  }

  boolean open() {
    return prediction == null && failure == null;
  }

  void settle(AsyncResult<Told> told) {
    if (!open()) return;
    if (told.succeeded()) {
      prediction = told.result().prediction();
      found = told.result().found();
    } else {
      cause = told.cause();
      failure = Problem.toServiceException(cause);
    }
  }

  void giveUp() {
    if (open()) failure = Deadline.exceeded();
  }

  /** Takes the prediction back, if there is one; a failure it has already stays. */
  void fail(ServiceException reason) {
    if (failure != null) return;
    prediction = null;
    found = null;
    failure = reason;
  }

  void count(ServiceMetrics metrics, long nanos) {
    if (prediction != null) metrics.answered(prediction.source(), nanos);
    else metrics.failed(failure.failure());
  }

  public JsonObject json() {
    return prediction != null
        ? PredictionJson.encode(prediction)
        : new JsonObject().put("shipment_id", shipmentId).put("error", Problem.of(failure).json());
  }

  /**
   * As an answer in a stream.
   *
   * @param line of the stream
   */
  public JsonObject json(long line) {
    return prediction != null ? json() : json().put("line", line);
  }
}
