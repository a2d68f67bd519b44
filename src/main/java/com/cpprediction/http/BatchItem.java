package com.cpprediction.http;

import com.cpprediction.cache.PredictionCache.Lookup;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.AsyncResult;
import io.vertx.core.json.JsonObject;

/**
 * One shipment of a batch on its way to a prediction or a failure. Open until it has one; what
 * comes later is ignored. Confined to one context.
 */
final class BatchItem {
  private final String shipmentId;
  private final PredictionRequest request;
  private Prediction prediction;
  private ServiceException failure;

  private BatchItem(String shipmentId, PredictionRequest request, ServiceException failure) {
    this.shipmentId = shipmentId;
    this.request = request;
    this.failure = failure;
  }

  static BatchItem read(Object item, ShipmentReader reader, Catalog models) {
    try {
      var request = reader.request(item, models);
      return new BatchItem(request.shipmentId(), request, null);
    } catch (ServiceException e) {
      return new BatchItem(shipmentId(item), null, e);
    }
  }

  PredictionRequest request() {
    return request;
  }

  /** The answer, or null. */
  Prediction prediction() {
    return prediction;
  }

  boolean open() {
    return prediction == null && failure == null;
  }

  void settle(AsyncResult<Lookup> found) {
    if (!open()) return;
    if (found.succeeded()) {
      prediction = request.answer(found.result().scored(), found.result().source());
    } else {
      failure = Problem.seen(found.cause(), "prediction " + request.id());
    }
  }

  void giveUp() {
    if (open()) failure = Deadline.exceeded();
  }

  void count(ServiceMetrics metrics, long nanos) {
    if (prediction != null) metrics.answered(prediction.source(), nanos);
    else metrics.failed(failure.failure());
  }

  JsonObject json() {
    return prediction != null
        ? PredictionJson.encode(prediction)
        : new JsonObject().put("shipment_id", shipmentId).put("error", Problem.of(failure).json());
  }

  /** What the caller named a shipment that can't be read, or null when even that is unreadable. */
  private static String shipmentId(Object item) {
    if (!(item instanceof JsonObject json)) return null;
    try {
      return ShipmentReader.text(
          json.getValue("shipment_id"), "shipment_id", ShipmentReader.MAX_SHIPMENT_ID);
    } catch (ServiceException e) {
      return null;
    }
  }
}
