package com.cpprediction.serving;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.OwnerReply;
import com.cpprediction.bus.OwnerRequest;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.cache.PredictionCache.Key;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.Hop;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Catalog;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Lookup;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.SharedDeadline;
import com.cpprediction.serving.Dispatcher.Lane;
import com.cpprediction.serving.OwnerDirectory.Owner;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/**
 * Finds answers: in this node's cache, from its workers, or at the node that owns the prefix, whose
 * cache it is then. Records nothing.
 */
public final class AnswerRouter {
  private static final int ATTEMPTS = 2; // the best owner, then another one

  private final Vertx vertx;
  private final Supplier<ServiceConfig> config;
  private final PredictionCache cache;
  private final OwnerDirectory owners;
  private final ServiceMetrics metrics;
  private final Dispatcher dispatcher;

  /**
   * An answer and who gave it.
   *
   * @param release it was asked of
   * @param by null where this process is a node of its own
   * @param hop whether {@code by} is another node
   */
  record Found(Lookup lookup, String release, Owner by, Hop hop) {}

  public AnswerRouter(
      Vertx vertx,
      Supplier<ServiceConfig> config,
      PredictionCache cache,
      OwnerDirectory owners,
      ServiceMetrics metrics,
      Dispatcher dispatcher) {
    this.vertx = vertx;
    this.config = config;
    this.cache = cache;
    this.owners = owners;
    this.metrics = metrics;
    this.dispatcher = dispatcher;
  }

  /** The lane of what is asked for one address. */
  Lane single() {
    return dispatcher.singles();
  }

  /** A lane for what one caller asks for together. */
  Lane bulk() {
    return dispatcher.bulk();
  }

  /**
   * The release that one request is to be answered with, all of it: that of {@code models} unless
   * only another one has somebody for each of {@code prefixes}.
   */
  String release(Collection<String> prefixes, Catalog models) {
    if (models.here().containsAll(prefixes)) return models.release();
    var mine = models.release();
    if (prefixes.stream().allMatch(p -> models.here().contains(p) || answered(p, mine))) {
      return mine;
    }
    return owners.releases().stream()
        .filter(other -> prefixes.stream().allMatch(prefix -> answered(prefix, other)))
        .findFirst()
        .orElse(mine);
  }

  private boolean answered(String prefix, String release) {
    return !owners.of(prefix, release).isEmpty();
  }

  /**
   * Looks {@code addresses} up, and has those scored and cached that aren't there. The futures fail
   * with whatever went wrong, which whoever asked has still to see to.
   *
   * @param prefix routing key of every address; must be in {@code models}
   * @param release as {@link #release}
   * @param lane in which what has to be scored here waits
   * @return one future for each address, in order
   */
  List<Future<Found>> find(
      String prefix,
      List<Address> addresses,
      Catalog models,
      String release,
      Deadline deadline,
      Lane lane) {
    if (release.equals(models.release()) && models.here().contains(prefix)) {
      metrics.lookedUp(Hop.LOCAL, addresses.size());
      return here(prefix, addresses, models, deadline, lane).stream()
          .map(lookup -> lookup.map(one -> new Found(one, release, owners.self(), Hop.LOCAL)))
          .toList();
    }
    var candidates = owners.of(prefix, release);
    if (candidates.isEmpty()) {
      var unserved = unserved(prefix);
      return addresses.stream().map(address -> Future.<Found>failedFuture(unserved)).toList();
    }
    metrics.lookedUp(Hop.REMOTE, addresses.size());
    var asked = ask(candidates, 0, new OwnerRequest(prefix, release, addresses, deadline));
    var found = new ArrayList<Future<Found>>(addresses.size());
    for (int i = 0; i < addresses.size(); i++) {
      int item = i;
      found.add(asked.map(all -> all.get(item)));
    }
    return found;
  }

  private ServiceException unserved(String prefix) {
    return Failure.NOT_READY.because(
        owners.self() == null
            ? "The model of prefix " + prefix + " can't be used just now; /health says why"
            : "No node answers prefix " + prefix + " just now; try again in a moment");
  }

  /** As {@link #find}, of a prefix that {@code models} has here. */
  List<Future<Lookup>> here(
      String prefix, List<Address> addresses, Catalog models, Deadline deadline, Lane lane) {
    var fingerprint = models.fingerprints().get(prefix);
    var keys = addresses.stream().map(address -> new Key(fingerprint, address)).toList();
    return cache.getAll(
        keys,
        Dispatcher.CHUNK,
        deadline,
        (missing, until) ->
            score(prefix, missing.stream().map(Key::address).toList(), until, lane));
  }

  /**
   * Without a cache only the caller waits, so scoring ends with the caller's time. With one, others
   * may join until then, and get their whole time too.
   *
   * @param until when anybody waits: what nobody waits for any more is not scored
   */
  private Future<List<Scored>> score(
      String prefix, List<Address> addresses, SharedDeadline until, Lane lane) {
    var request = new ScoreRequest(addresses, until);
    return dispatcher
        .dispatch(
            lane,
            () -> until.latest().over(),
            worker ->
                vertx
                    .eventBus()
                    .<ScoreReply>request(Bus.score(prefix, worker), request, local(time(until))))
        .map(reply -> reply.body().scored())
        .recover(
            cause ->
                Future.failedFuture(
                    Failure.of(cause) == Failure.DEADLINE_EXCEEDED ? Deadline.exceeded() : cause));
  }

  private long time(SharedDeadline until) {
    long time = until.latest().remainingMillis();
    return cache.enabled() ? time + config.get().prediction().timeout().toMillis() : time;
  }

  /**
   * Has a worker of this node explain an answer.
   *
   * @param question as {@link Bus#explain}, with the prefix in it
   */
  public Future<JsonObject> explain(JsonObject question, Deadline deadline) {
    var prefix = question.getString("prefix");
    return dispatcher
        .dispatch(
            single(),
            deadline::over,
            worker ->
                vertx
                    .eventBus()
                    .<JsonObject>request(
                        Bus.explain(prefix, worker), question, local(deadline.remainingMillis())))
        .map(Message::body);
  }

  private Future<List<Found>> ask(List<Owner> candidates, int attempt, OwnerRequest request) {
    var prefix = request.prefix();
    var owner = candidates.get(attempt);
    boolean last = attempt + 1 == Math.min(ATTEMPTS, candidates.size());
    long remaining = request.deadline().remainingMillis();
    int count = request.addresses().size();
    long time = last ? patience(remaining, count) : Math.min(remaining / 2 + 1, attempt(count));
    boolean whole = time >= attempt(count); // else it is the caller who is impatient
    var end = Deadline.in(Duration.ofMillis(time)); // what nobody waits for is not scored there
    long begun = System.nanoTime();
    return vertx
        .eventBus()
        .<OwnerReply>request(
            Bus.owner(owner.id()), request.until(end), new DeliveryOptions().setSendTimeout(time))
        .map(
            reply -> {
              metrics.hopped(System.nanoTime() - begun);
              var lookups = reply.body().lookups();
              if (lookups.size() != count) {
                throw new IllegalStateException(
                    lookups.size() + " answers of " + owner.name() + " for " + count);
              }
              return lookups.stream()
                  .map(lookup -> new Found(lookup, request.release(), owner, Hop.REMOTE))
                  .toList();
            })
        .recover(
            cause -> {
              metrics.hopFailed();
              if (!answered(cause) && whole) owners.markUnresponsive(owner);
              if (request.deadline().over()) return Future.failedFuture(Deadline.exceeded());
              if (!last) return ask(candidates, attempt + 1, request);
              var failure = Failure.of(cause);
              if (answered(cause)
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

  /** An address takes a fraction of a millisecond; a whole batch must not look like a dead node. */
  private long attempt(int addresses) {
    return config.get().cluster().attempt().toMillis() + addresses;
  }

  /**
   * How long to wait for the last node that is asked, in milliseconds: not to the caller's end,
   * since whoever gets a refusal in time may ask elsewhere.
   */
  long patience(long remaining, int addresses) {
    return Math.min(remaining, 2 * attempt(addresses));
  }

  static boolean answered(Throwable cause) {
    return cause instanceof ReplyException e && e.failureType() == ReplyFailure.RECIPIENT_FAILURE;
  }

  private static DeliveryOptions local(long timeoutMillis) {
    return new DeliveryOptions().setLocalOnly(true).setSendTimeout(timeoutMillis);
  }
}
