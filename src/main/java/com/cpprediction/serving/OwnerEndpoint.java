package com.cpprediction.serving;

import com.cpprediction.bus.OwnerReply;
import com.cpprediction.bus.OwnerRequest;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.tracing.TraceStep;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import java.util.List;
import java.util.function.Supplier;

/**
 * Serves other nodes: looks up what they accepted of prefixes that this node owns, from its cache
 * where it can. They record the predictions.
 */
public final class OwnerEndpoint {
  private final DeadlineSweep deadlines;
  private final Supplier<ServingRelease> leases;
  private final LookupRouter local;
  private final Dispatcher dispatcher;
  private final AdmissionControl inFlight;

  /**
   * @param leases gives a lease on the models in force
   */
  public OwnerEndpoint(
      Vertx vertx,
      Supplier<ServingRelease> leases,
      LookupRouter local,
      Dispatcher dispatcher,
      AdmissionControl inFlight) {
    deadlines = new DeadlineSweep(vertx);
    this.leases = leases;
    this.local = local;
    this.dispatcher = dispatcher;
    this.inFlight = inFlight;
  }

  /**
   * @param message an {@link OwnerRequest}; any other is refused
   */
  public void serve(Message<?> message) {
    if (!(message.body() instanceof OwnerRequest request)) {
      fail(message, ShipmentReader.malformed("The message must be an OwnerRequest"));
      return;
    }
    int count = request.addresses().size();
    try {
      inFlight.admit(count);
    } catch (ServiceException e) {
      fail(message, e);
      return;
    }
    var lease = leases.get();
    Future.succeededFuture(request)
        .compose(asked -> lookUp(asked, lease))
        .onComplete(
            done -> {
              lease.close();
              inFlight.release(count);
            })
        .onSuccess(results -> message.reply(new OwnerReply(results)))
        .onFailure(cause -> fail(message, cause));
  }

  /** With the release that was asked for and no other, even if it is replaced meanwhile. */
  private Future<List<LookupResult>> lookUp(OwnerRequest request, ServingRelease lease) {
    var addresses = request.addresses();
    var query =
        new LookupQuery(
            lease,
            request.release(),
            request.prefix(),
            addresses,
            request.byPincode(),
            request.explain(),
            false,
            request.wrongPincodes(),
            request.deadline(),
            dispatcher.lane(addresses.size()));
    if (!query.local() || !placed(request, lease)) {
      return Future.failedFuture(
          Failure.NOT_READY.because(
              "This node does not answer prefix " + request.prefix() + " with that release now"));
    }
    return deadlines
        .bound(request.deadline(), Future.all(local.lookup(query)))
        .map(all -> all.<LookupResult>list());
  }

  /** Whether the release places every pincode where the caller's does, if that placed it. */
  private static boolean placed(OwnerRequest request, ServingRelease lease) {
    if (!request.byPincode()) return true;
    return request.addresses().stream()
        .map(Address::pincode)
        .allMatch(pincode -> pincode == null || request.prefix().equals(lease.prefixOf(pincode)));
  }

  private static void fail(Message<?> message, Throwable cause) {
    var problem = Problem.of(Problem.logged(cause, "of another node", message.address()));
    TraceStep.current().set(TraceStep.OUTCOME, problem.failure().slug());
    message.fail(problem.failure().code(), problem.detail());
  }
}
