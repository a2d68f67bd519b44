package com.cpprediction.http;

import com.cpprediction.config.BearerTokens;
import com.cpprediction.inference.InferenceReply;
import com.cpprediction.metrics.FailureLog;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.Item;
import com.cpprediction.serving.Problem;
import com.cpprediction.serving.Reply;
import com.cpprediction.serving.Shipments;
import java.util.List;

/**
 * Adds failures to the log of failures: a request that fails as a whole once, else each of its
 * shipments that fails. Thread-safe.
 */
record FailedRequests(FailureLog log) {
  /** A request was responded to with a problem document. */
  void add(Exchange exchange, ServiceException failure, int status) {
    log.add(
        failure.failure(),
        status,
        exchange.requestId(),
        exchange.route(),
        exchange.caller(),
        failure.shipmentId());
  }

  /** As {@link #add(Exchange, ServiceException, int)}, of a request without an exchange. */
  void add(Failure failure, int status, String requestId, String route, String caller) {
    log.add(failure, status, requestId, route, caller, null);
  }

  /** A message to {@code address} was responded to with {@code cause}. */
  void addMessage(String address, String requestId, Throwable cause) {
    var known = Problem.toServiceException(cause);
    var failure = known.failure();
    log.add(
        failure, failure.status(), requestId, address, BearerTokens.UNNAMED, known.shipmentId());
  }

  /** The failed shipments of a response to several of them. */
  void addItems(Reply reply, String requestId, String route, String caller) {
    if (reply instanceof Shipments shipments) {
      addItems(shipments.items(), requestId, route, caller);
    } else if (reply instanceof InferenceReply inference) {
      addItems(inference.items(), requestId, route, caller);
    }
  }

  /** As {@link #addItems(Reply, String, String, String)}. */
  void addItems(List<Item> items, String requestId, String route, String caller) {
    for (var item : items) {
      if (item.failure() == null) continue;
      var failure = item.failure().failure();
      log.add(failure, failure.status(), requestId, route, caller, item.shipmentId());
    }
  }
}
