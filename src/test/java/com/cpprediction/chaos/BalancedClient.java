package com.cpprediction.chaos;

import com.cpprediction.chaos.TrialRequests.Request;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.ClusterNode;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Asks all nodes in turn, as a load balancer does: it leaves out those that don't say they are
 * ready, gives those that were away little at first, and what one of them doesn't answer it asks
 * the next one, once and with the same id. Open loop, on one event loop of its own; its methods may
 * be called from any other thread.
 */
final class BalancedClient implements AutoCloseable {
  private static final long LOOK_MILLIS = 200;
  private static final long LOOK_PATIENCE_MILLIS = 1_000;

  /** Of one attempt. */
  private static final long PATIENCE_MILLIS = 3_000;

  /**
   * For a node that was not ready before to get its whole part: a JVM compiles what it is used for.
   */
  private static final long SLOW_START_NANOS = TimeUnit.SECONDS.toNanos(20);

  private static final double FIRST_PART = 0.05;

  private static final int CONNECT_MILLIS = 1_000;
  private static final int CONNECTIONS = 1_000;

  /** Sooner than the service closes an idle connection, or a request may meet its end. */
  private static final int IDLE_SECONDS = 5;

  /** At the same time, of {@link #warm}. */
  private static final int WINDOW = 20;

  private static final String REMOTE = "hop=remote";

  private final Vertx vertx = Vertx.vertx();
  private final Context context = vertx.getOrCreateContext();
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger batches = new AtomicInteger();
  private final AtomicInteger mixed = new AtomicInteger();
  private final List<OpenLoop> loops = new ArrayList<>();
  private final HttpClient http;
  private final List<Target> targets;
  private final TrialRequests requests;
  private final SampleAddresses addresses;
  private volatile Throwable failure;
  private int turn;

  /** A node as the balancer sees it. */
  private static final class Target {
    private final String name;
    private final RequestOptions address;
    private boolean ready;
    private boolean looking;
    private int late; // looks in a row
    private boolean failed; // it was away
    private long since; // when it became ready
    private double credit;

    private Target(ClusterNode node) {
      name = node.name();
      address =
          new RequestOptions()
              .setHost(node.process().host())
              .setPort(node.process().port())
              .putHeader("content-type", "application/json");
    }

    private void ready(boolean now) {
      if (now && !ready && failed) since = System.nanoTime();
      if (!now) failed = true;
      ready = now;
    }

    /** Whether it is its turn; less often while it is new. */
    private boolean takes() {
      if (since == 0) return true;
      double part = (double) (System.nanoTime() - since) / SLOW_START_NANOS;
      credit += Math.min(1, Math.max(FIRST_PART, part));
      if (credit < 1) return false;
      credit -= 1;
      return true;
    }

    private RequestOptions to(HttpMethod method, String path) {
      return new RequestOptions(address).setMethod(method).setURI(path);
    }
  }

  private record Reply(int status, boolean remote, Buffer body) {}

  BalancedClient(List<ClusterNode> nodes, TrialRequests requests, SampleAddresses addresses) {
    this.requests = requests;
    this.addresses = addresses;
    targets = nodes.stream().map(Target::new).toList();
    http =
        vertx
            .httpClientBuilder()
            .with(
                new HttpClientOptions()
                    .setConnectTimeout(CONNECT_MILLIS)
                    .setKeepAliveTimeout(IDLE_SECONDS))
            .with(new PoolOptions().setHttp1MaxSize(CONNECTIONS))
            // Its requests fail, too, and are settled: nothing to log.
            .withConnectHandler(connection -> connection.exceptionHandler(broken -> {}))
            .build();
    context.runOnContext(
        go -> {
          look();
          vertx.setPeriodic(LOOK_MILLIS, tick -> look());
        });
  }

  private void look() {
    targets.stream().filter(target -> !target.looking).forEach(this::look);
  }

  private void look(Target target) {
    target.looking = true;
    send(target.to(HttpMethod.GET, "/health/ready"), Buffer.buffer(), LOOK_PATIENCE_MILLIS)
        .onComplete(
            done -> {
              target.looking = false;
              target.late = done.cause() instanceof TimeoutException ? target.late + 1 : 0;
              if (target.late == 1) return; // once may be by chance
              target.ready(done.succeeded() && done.result().status() == 200);
            });
  }

  /** The next one in turn that is ready; where none is, the next one. */
  private Target next() {
    return nextAfter(null);
  }

  /** As {@link #next}, but another one, if there is one. */
  private Target nextAfter(Target failed) {
    for (int i = 0; i < targets.size(); i++) {
      var target = targets.get(turn++ % targets.size());
      if (target.ready && target != failed && target.takes()) return target;
    }
    return targets.get(turn++ % targets.size());
  }

  /** Sends {@code count}, few at a time, to processes that haven't answered yet. */
  void warm(int count) throws Exception {
    for (int left = count; left > 0; left -= WINDOW) {
      for (int i = 0; i < WINDOW; i++) {
        open.incrementAndGet();
        context.runOnContext(go -> attempt(requests.request(), next()));
      }
      awaitSettled();
    }
  }

  /**
   * @param rate predictions per second
   */
  void openLoop(double rate) {
    loops.add(OpenLoop.begin(context, rate, this::single));
  }

  private void single(long meant) {
    open.incrementAndGet();
    attempt(requests.request(meant), next());
  }

  /**
   * @param rate batches per second
   * @param size predictions in each
   */
  void openLoop(double rate, int size) {
    loops.add(OpenLoop.begin(context, rate, meant -> batch(size, meant)));
  }

  private void attempt(Request request, Target target) {
    send(target.to(HttpMethod.POST, "/predict"), request.body().toBuffer(), PATIENCE_MILLIS)
        .onComplete(
            done -> {
              if (done.failed()) {
                failed(request, target, outcome(done.cause()), reason(done.cause()), 0);
                return;
              }
              var reply = done.result();
              if (reply.status() == 200) {
                answered(request, target, reply.body().toJsonObject());
                if (reply.remote()) request.tally().remote();
              } else {
                int status = reply.status();
                failed(request, target, outcome(status), status + code(reply.body()), status);
              }
            });
  }

  private void answered(Request request, Target target, JsonObject prediction) {
    guarded(() -> request.answered(prediction, target.name));
    open.decrementAndGet();
  }

  private void failed(
      Request request, Target target, RequestOutcome outcome, String reason, int status) {
    if (request.failed(outcome, reason)) {
      attempt(request, nextAfter(target));
      return;
    }
    guarded(() -> request.givenUp(status, target.name));
    open.decrementAndGet();
  }

  private void batch(int size, long meant) {
    var batch = new ArrayList<Request>();
    for (int i = 0; i < size; i++) {
      open.incrementAndGet();
      batch.add(requests.request(meant));
    }
    batch(batch, next());
  }

  private void batch(List<Request> requests, Target target) {
    batches.incrementAndGet();
    var shipments = new JsonArray();
    for (var request : requests) shipments.add(request.body());
    var body = new JsonObject().put("shipments", shipments).toBuffer();
    send(target.to(HttpMethod.POST, "/predict/batch"), body, PATIENCE_MILLIS)
        .onComplete(
            done -> {
              if (done.succeeded() && done.result().status() == 200) {
                results(requests, target, done.result().body().toJsonObject());
                return;
              }
              int status = done.succeeded() ? done.result().status() : 0;
              var outcome = done.succeeded() ? outcome(status) : outcome(done.cause());
              var reason =
                  done.succeeded() ? status + code(done.result().body()) : reason(done.cause());
              failed(requests, target, outcome, "batch " + reason, status);
            });
  }

  private void results(List<Request> requests, Target target, JsonObject body) {
    var results = body.getJsonArray("results");
    var models = new HashSet<String>();
    var failed = new ArrayList<Request>();
    var reason = "";
    for (int i = 0; i < requests.size(); i++) {
      var result = results.getJsonObject(i);
      if (result.containsKey("cp")) {
        models.add(result.getString("model"));
        answered(requests.get(i), target, result);
      } else {
        failed.add(requests.get(i));
        reason = "item " + result.getJsonObject("error").getString("code");
      }
    }
    if (addresses.releases(models).size() > 1) mixed.incrementAndGet();
    // What an item's own failure is about was not kept, unless it is unknown.
    var outcome =
        reason.equals("item deadline-exceeded") ? RequestOutcome.UNKNOWN : RequestOutcome.REFUSED;
    if (!failed.isEmpty()) failed(failed, target, outcome, reason, 503);
  }

  private void failed(
      List<Request> requests, Target target, RequestOutcome outcome, String reason, int status) {
    var again = new ArrayList<Request>();
    for (var request : requests) {
      if (request.failed(outcome, reason)) {
        again.add(request);
      } else {
        guarded(() -> request.givenUp(status, target.name));
        open.decrementAndGet();
      }
    }
    if (!again.isEmpty()) batch(again, nextAfter(target));
  }

  private Future<Reply> send(RequestOptions options, Buffer body, long patienceMillis) {
    return http.request(options)
        .compose(
            request ->
                request
                    .send(body)
                    .compose(
                        response ->
                            response
                                .body()
                                .map(
                                    whole ->
                                        new Reply(
                                            response.statusCode(),
                                            isRemote(response.getHeader("x-served-by")),
                                            whole)))
                    .timeout(patienceMillis, TimeUnit.MILLISECONDS)
                    .onFailure(late -> request.reset()));
  }

  private static boolean isRemote(String servedBy) {
    return servedBy != null && servedBy.contains(REMOTE);
  }

  private static RequestOutcome outcome(int status) {
    return status == 503 || status / 100 == 4 ? RequestOutcome.REFUSED : RequestOutcome.UNKNOWN;
  }

  private static RequestOutcome outcome(Throwable broken) {
    return broken instanceof ConnectException ? RequestOutcome.REFUSED : RequestOutcome.UNKNOWN;
  }

  private static String reason(Throwable broken) {
    if (broken instanceof TimeoutException) return "time-out";
    return broken.getClass().getSimpleName() + ": " + broken.getMessage();
  }

  private static String code(Buffer problem) {
    try {
      return " " + problem.toJsonObject().getString("code");
    } catch (RuntimeException e) { // no problem document: said by its status alone
      return "";
    }
  }

  private void guarded(Runnable bookkeeping) {
    try {
      bookkeeping.run();
    } catch (RuntimeException e) {
      failure = e;
    }
  }

  /** Batches sent, second attempts included. */
  int batches() {
    return batches.get();
  }

  /** Batches whose answer had models of more than one release. */
  int mixed() {
    return mixed.get();
  }

  /** Sends nothing more and waits for every outcome. */
  void finish() throws Exception {
    loops.forEach(OpenLoop::end);
    var passed = new CountDownLatch(1);
    context.runOnContext(go -> passed.countDown());
    passed.await();
    awaitSettled();
  }

  private void awaitSettled() throws Exception {
    Await.until("every request settled", () -> healthy() && open.get() == 0);
  }

  /** Fails where the client itself did. */
  boolean healthy() {
    if (failure != null) throw new IllegalStateException("the client failed", failure);
    return true;
  }

  @Override
  public void close() {
    http.close().compose(closed -> vertx.close()).await();
  }
}
