package com.cpprediction.serving;

import com.cpprediction.bus.OwnerReply;
import com.cpprediction.bus.OwnerRequest;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Lookup;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * The door for other nodes: answers what they accepted of prefixes that this node owns, from its
 * cache where it can. They record what comes of it.
 */
public final class OwnerEndpoint {
  private final Vertx vertx;
  private final Supplier<Catalog> catalog;
  private final AnswerRouter scores;
  private final AdmissionControl inFlight;
  private final Supplier<Duration> timeout;

  /**
   * @param timeout longest an explanation may take
   */
  public OwnerEndpoint(
      Vertx vertx,
      Supplier<Catalog> catalog,
      AnswerRouter scores,
      AdmissionControl inFlight,
      Supplier<Duration> timeout) {
    this.vertx = vertx;
    this.catalog = catalog;
    this.scores = scores;
    this.inFlight = inFlight;
    this.timeout = timeout;
  }

  public void answer(Message<OwnerRequest> message) {
    var request = message.body();
    int count = request.addresses().size();
    try {
      inFlight.admit(count);
    } catch (ServiceException e) {
      fail(message, e);
      return;
    }
    Future.succeededFuture(request)
        .compose(this::lookUp)
        .onComplete(done -> inFlight.release(count))
        .onSuccess(lookups -> message.reply(new OwnerReply(lookups)))
        .onFailure(cause -> fail(message, cause));
  }

  /** Of one release and no other, even if it is replaced meanwhile. */
  private Future<List<Lookup>> lookUp(OwnerRequest request) {
    var models = catalog.get();
    var prefix = request.prefix();
    // Another release may place the same pincode elsewhere.
    boolean placed =
        request.addresses().stream()
            .map(Address::pincode)
            .allMatch(pincode -> pincode == null || prefix.equals(models.prefixOf(pincode)));
    if (!models.release().equals(request.release()) || !models.here().contains(prefix) || !placed) {
      return Future.failedFuture(
          Failure.NOT_READY.because(
              "This node does not answer prefix " + prefix + " with that release now"));
    }
    var fingerprint = models.fingerprints().get(prefix);
    var lane = request.addresses().size() == 1 ? scores.single() : scores.bulk();
    var lookups = scores.here(prefix, request.addresses(), models, request.deadline(), lane);
    return request
        .deadline()
        .bound(vertx, Future.all(lookups))
        .map(all -> all.<Lookup>list())
        .compose(
            all -> {
              boolean asAsked =
                  all.stream().allMatch(one -> one.scored().fingerprint().equals(fingerprint));
              if (asAsked) return Future.succeededFuture(all);
              if (request.deadline().over()) return Future.failedFuture(Deadline.exceeded());
              return lookUp(request);
            });
  }

  /** Passes a question on to the worker that has the model. */
  public void explain(Message<JsonObject> message) {
    scores
        .explain(message.body(), Deadline.in(timeout.get()))
        .onSuccess(message::reply)
        .onFailure(cause -> fail(message, cause));
  }

  private static void fail(Message<?> message, Throwable cause) {
    var problem = Problem.of(Problem.logged(cause, "of another node", message.address()));
    message.fail(problem.failure().code(), problem.detail());
  }
}
