package com.cpprediction.serving;

import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.cache.PredictionCache.Key;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.prediction.SharedDeadline;
import com.cpprediction.tracing.TraceStep;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Looks up in this node's cache, and has a worker score what isn't there. */
public final class LocalRouter implements LookupRouter {
  private final Vertx vertx;
  private final Supplier<PredictionConfig> config;
  private final PredictionCache cache;
  private final Dispatcher dispatcher;

  public LocalRouter(
      Vertx vertx,
      Supplier<PredictionConfig> config,
      PredictionCache cache,
      Dispatcher dispatcher) {
    this.vertx = vertx;
    this.config = config;
    this.cache = cache;
    this.dispatcher = dispatcher;
  }

  /** As {@link LookupRouter#lookup}, of a {@linkplain LookupQuery#local() local} query. */
  @Override
  public List<Future<LookupResult>> lookup(LookupQuery query) {
    var addresses = query.addresses();
    var found = cached(query, addresses);
    var results = new ArrayList<Future<LookupResult>>(found.size());
    for (int i = 0; i < found.size(); i++) {
      var address = addresses.get(i);
      var result = found.get(i);
      if (!result.succeeded()) result = result.recover(cause -> again(query, address, cause));
      results.add(query.explain() ? result.compose(one -> explained(query, address, one)) : result);
    }
    return results;
  }

  private List<Future<LookupResult>> cached(LookupQuery query, List<Address> addresses) {
    var prefix = query.prefix();
    var fingerprint = Objects.requireNonNull(query.lease().fingerprints().get(prefix), prefix);
    var keys = new ArrayList<Key>(addresses.size());
    for (var address : addresses) keys.add(new Key(fingerprint, address));
    var step = TraceStep.begin("cache");
    var found =
        cache.getAll(
            keys,
            query.ahead(),
            ScoringWorkers.CHUNK,
            query.deadline(),
            (missing, until) -> score(query, missing, until, step));
    if (step.active()) end(step.set(TraceStep.PREFIX, prefix), found);
    return found;
  }

  /** Ends {@code step} once all of {@code found} are complete. */
  private static void end(TraceStep step, List<Future<LookupResult>> found) {
    Future.join(found)
        .onComplete(
            done -> {
              int hits = 0;
              for (var result : found) {
                if (result.succeeded() && result.result().source() == Source.CACHE) hits++;
              }
              step.set(TraceStep.SHIPMENTS, found.size()).set(TraceStep.HITS, hits);
              if (done.succeeded()) step.end();
              else step.fail(Failure.of(done.cause()).slug());
            });
  }

  /** Looks up once more where the caller whose scoring this one joined ran out of time first. */
  private Future<LookupResult> again(LookupQuery query, Address address, Throwable cause) {
    return Failure.of(cause) == Failure.DEADLINE_EXCEEDED && !query.deadline().over()
        ? cached(query, List.of(address)).get(0)
        : Future.failedFuture(cause);
  }

  private Future<LookupResult> explained(LookupQuery query, Address address, LookupResult result) {
    var until = new SharedDeadline(query.deadline());
    return ask(query, List.of(address), until, query.deadline(), true)
        .map(reply -> result.explainedBy(reply.explanations().get(0)));
  }

  /**
   * Without a cache only the caller waits, so scoring ends with the caller's time. With one, others
   * may join until then, and get their whole time too.
   *
   * @param until latest deadline of the callers: what no caller waits for any more is not scored
   * @param lookup the step of the first caller
   */
  private Future<List<PrefixScores>> score(
      LookupQuery query, List<Key> keys, SharedDeadline until, TraceStep lookup) {
    var latest = until.latest();
    var end = cache.enabled() ? latest.later(config.get().timeout()) : latest;
    var addresses = new ArrayList<Address>(keys.size());
    for (var key : keys) addresses.add(key.address());
    long asked = System.nanoTime();
    var step = lookup.child("score");
    var replied = ask(query, addresses, until, end, false);
    if (step.active())
      end(step.set(TraceStep.PREFIX, query.prefix()), addresses.size(), asked, replied);
    return replied.map(
        reply -> {
          cache.loaded(addresses.size(), reply.begun() - asked, reply.nanos());
          return reply.scores();
        });
  }

  private static void end(TraceStep step, int addresses, long asked, Future<ScoreReply> replied) {
    step.set(TraceStep.SHIPMENTS, addresses);
    replied
        .onSuccess(
            reply ->
                step.set(TraceStep.WAITED, TimeUnit.NANOSECONDS.toMicros(reply.begun() - asked))
                    .end())
        .onFailure(cause -> step.fail(Failure.of(cause).slug()));
  }

  /** Keeps a lease of its own: others may wait for the same scores when the caller has given up. */
  private Future<ScoreReply> ask(
      LookupQuery query,
      List<Address> addresses,
      SharedDeadline until,
      Deadline end,
      boolean explain) {
    var lease = query.lease();
    if (!lease.retain()) return Future.failedFuture(Deadline.exceeded()); // the caller gave up
    var request =
        new ScoreRequest(
            lease.generation(), query.prefix(), addresses, until, explain, query.wrongPincodes());
    return dispatcher
        .dispatch(query.lane(), request, end)
        .onComplete(done -> lease.close())
        .recover(
            cause ->
                Future.failedFuture(
                    Failure.of(cause) == Failure.DEADLINE_EXCEEDED ? Deadline.exceeded() : cause));
  }
}
