package com.cpprediction.serving;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.OwnerReply;
import com.cpprediction.bus.OwnerRequest;
import com.cpprediction.config.ClusterConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.Hop;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.OwnerDirectory.Owner;
import com.cpprediction.tracing.TraceStep;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Looks up at another router where this node has the model, else at the node that owns the prefix,
 * whose cache it is then: at the best owner, then at another one.
 */
public final class OwnerRouter implements LookupRouter {
  private static final int ATTEMPTS = 2; // the best owner, then another one

  private final Vertx vertx;
  private final Supplier<ClusterConfig> config;
  private final LookupRouter local;
  private final OwnerDirectory owners;
  private final ServiceMetrics metrics;

  /**
   * @param local for what this node has the model of
   */
  public OwnerRouter(
      Vertx vertx,
      Supplier<ClusterConfig> config,
      LookupRouter local,
      OwnerDirectory owners,
      ServiceMetrics metrics) {
    this.vertx = vertx;
    this.config = config;
    this.local = local;
    this.owners = owners;
    this.metrics = metrics;
  }

  @Override
  public List<Future<LookupResult>> lookup(LookupQuery query) {
    int count = query.addresses().size();
    if (query.local()) {
      metrics.lookedUp(Hop.LOCAL, count);
      return here(query);
    }
    var candidates = owners.of(query.prefix(), query.release());
    var results = new ArrayList<Future<LookupResult>>(count);
    if (candidates.isEmpty()) {
      var unserved = unserved(query.prefix());
      for (int i = 0; i < count; i++) results.add(Future.failedFuture(unserved));
      return results;
    }
    metrics.lookedUp(Hop.REMOTE, count);
    var asked =
        ask(
            candidates,
            0,
            new OwnerRequest(
                query.prefix(),
                query.release(),
                query.addresses(),
                query.byPincode(),
                query.explain(),
                query.wrongPincodes(),
                query.deadline()));
    for (int i = 0; i < count; i++) {
      int item = i;
      results.add(asked.map(all -> all.get(item)));
    }
    return results;
  }

  private List<Future<LookupResult>> here(LookupQuery query) {
    var self = owners.self();
    if (self == null) return local.lookup(query);
    var label = label(self, Hop.LOCAL);
    return local.lookup(query).stream()
        .map(result -> result.map(one -> one.servedBy(label)))
        .toList();
  }

  private static String label(Owner owner, Hop hop) {
    return '"' + owner.name() + "\";hop=" + hop.label();
  }

  private ServiceException unserved(String prefix) {
    return Failure.NOT_READY.because(
        owners.self() == null
            ? "The model of prefix " + prefix + " can't be used just now; /health says why"
            : "No node answers prefix " + prefix + " just now; try again in a moment");
  }

  private Future<List<LookupResult>> ask(
      List<Owner> candidates, int attempt, OwnerRequest request) {
    var prefix = request.prefix();
    var owner = candidates.get(attempt);
    boolean last = attempt + 1 == Math.min(ATTEMPTS, candidates.size());
    long remaining = request.deadline().remainingMillis();
    int count = request.addresses().size();
    long whole = config.get().attempt().toMillis() + count; // a batch takes longer than an address
    // Not to the caller's end: a caller that gets a refusal in time may ask elsewhere.
    long time = last ? Math.min(remaining, 2 * whole) : Math.min(remaining / 2 + 1, whole);
    boolean patient = time >= whole;
    var end = Deadline.in(Duration.ofMillis(time)); // what no caller waits for is not scored there
    long begun = System.nanoTime();
    var options = new DeliveryOptions().setSendTimeout(time);
    var step = TraceStep.current().call("hop");
    step.inject(options);
    var replied =
        vertx.eventBus().<OwnerReply>request(Bus.owner(owner.id()), request.until(end), options);
    if (step.active()) {
      step.set(TraceStep.PREFIX, prefix).set(TraceStep.SHIPMENTS, count);
      step.set(TraceStep.NODE, owner.name()).set(TraceStep.ATTEMPT, attempt + 1);
      replied
          .onSuccess(reply -> step.end())
          .onFailure(cause -> step.fail(Failure.of(cause).slug()));
    }
    return replied
        .map(
            reply -> {
              metrics.hopped(System.nanoTime() - begun);
              var results = reply.body().results();
              if (results.size() != count) {
                throw new IllegalStateException(
                    results.size() + " results of " + owner.name() + " for " + count);
              }
              var label = label(owner, Hop.REMOTE);
              return results.stream().map(result -> result.servedBy(label)).toList();
            })
        .recover(
            cause -> {
              metrics.hopFailed();
              if (!responded(cause) && patient) owners.markUnresponsive(owner);
              if (request.deadline().over()) return Future.failedFuture(Deadline.exceeded());
              if (!last) return ask(candidates, attempt + 1, request);
              var failure = Failure.of(cause);
              if (responded(cause)
                  && failure != Failure.UNKNOWN_PREFIX
                  && failure != Failure.DEADLINE_EXCEEDED) { // of the attempt
                return Future.failedFuture(cause);
              }
              return Future.failedFuture(
                  Failure.NOT_READY.because(
                      "No node that owns prefix "
                          + prefix
                          + " answers just now; try again in a moment"));
            });
  }

  private static boolean responded(Throwable cause) {
    return cause instanceof ReplyException e && e.failureType() == ReplyFailure.RECIPIENT_FAILURE;
  }
}
