package com.cpprediction.chaos;

import com.cpprediction.testing.Await;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sends predictions and keeps the ledger of them: open loop, at a constant rate whatever comes
 * back, with latencies from the moment that was meant for sending, so that a stall shows; or closed
 * loop, a number of callers that each wait for their answer. All of it runs on one event loop; its
 * methods may be called from any other thread.
 */
final class LoadClient implements AutoCloseable {
  /** Longer than the service's own deadline, so that it is seldom the client who gives up. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final Duration CONNECT = Duration.ofSeconds(2);
  private static final int CONNECTIONS = 1_000;

  /** Sooner than the service closes an idle connection, or a request may meet its end. */
  private static final int IDLE_SECONDS = 5;

  private static final long REFUSED_PAUSE_MILLIS = 50;

  private final Vertx vertx = Vertx.vertx();
  private final Context context = vertx.getOrCreateContext();
  private final HttpClient http;
  private final RequestOptions target;
  private final Ledger ledger;
  private final Shipments shipments;
  private final Map<Phase, Latencies> latencies = new EnumMap<>(Phase.class);
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong answered = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();
  private final AtomicLong open = new AtomicLong();
  private volatile Phase phase = Phase.BEFORE;
  private volatile Throwable failure;
  private volatile boolean sending; // in the closed loop
  private volatile OpenLoop loop;

  LoadClient(int port, Ledger ledger, long seed) {
    this.ledger = ledger;
    shipments = new Shipments(seed);
    target =
        new RequestOptions()
            .setMethod(HttpMethod.POST)
            .setHost("127.0.0.1")
            .setPort(port)
            .setURI("/predict")
            .putHeader("content-type", "application/json");
    http =
        vertx
            .httpClientBuilder()
            .with(
                new HttpClientOptions()
                    .setConnectTimeout((int) CONNECT.toMillis())
                    .setKeepAliveTimeout(IDLE_SECONDS))
            .with(new PoolOptions().setHttp1MaxSize(CONNECTIONS))
            // Its requests fail, too, and are settled: nothing to log.
            .withConnectHandler(connection -> connection.exceptionHandler(broken -> {}))
            .build();
    for (var each : Phase.values()) latencies.put(each, new Latencies());
  }

  /**
   * @param rate requests per second
   */
  void openLoop(int rate) {
    loop = OpenLoop.begin(context, rate, this::send);
  }

  /**
   * @param callers requests in flight at any time
   */
  void closedLoop(int callers) {
    sending = true;
    for (int i = 0; i < callers; i++) context.runOnContext(go -> again());
  }

  private void again() {
    if (!sending) return;
    send(System.nanoTime())
        .onComplete(
            done -> {
              // A refusal comes at once; repeating it at once would only measure refusals.
              if (done.result() == RequestOutcome.OK) again();
              else vertx.setTimer(REFUSED_PAUSE_MILLIS, later -> again());
            });
  }

  /** Sends {@code count} at the same time and waits for all of them. */
  void burst(int count) throws Exception {
    long before = sent.get();
    for (int i = 0; i < count; i++) context.runOnContext(go -> send(System.nanoTime()));
    awaitSent(before + count);
    awaitSettled();
  }

  private Future<RequestOutcome> send(long intended) {
    var shipment = shipments.next();
    var when = phase;
    try {
      ledger.sending(shipment.id(), shipment.shipmentId());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    open.incrementAndGet();
    sent.incrementAndGet();
    return http.request(target)
        .transform(
            connected ->
                connected.succeeded()
                    ? exchange(connected.result(), shipment, when, intended)
                    : Future.succeededFuture(settle(shipment, RequestOutcome.REFUSED, 0)))
        .onComplete(
            done -> {
              if (done.failed()) failure = done.cause();
              open.decrementAndGet();
            });
  }

  private Future<RequestOutcome> exchange(
      HttpClientRequest request, Shipments.Shipment shipment, Phase when, long intended) {
    return request
        .send(shipment.body().toBuffer())
        .compose(response -> response.body().map(body -> new Reply(response, body)))
        .timeout(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
        .transform(
            done -> {
              if (done.failed()) {
                request.reset();
                return Future.succeededFuture(settle(shipment, RequestOutcome.UNKNOWN, 0));
              }
              return Future.succeededFuture(record(done.result(), shipment, when, intended));
            });
  }

  private record Reply(HttpClientResponse head, Buffer body) {}

  private RequestOutcome record(
      Reply reply, Shipments.Shipment shipment, Phase when, long intended) {
    int status = reply.head().statusCode();
    if (status != 200) {
      boolean refusal = status == 503 || status / 100 == 4;
      return settle(shipment, refusal ? RequestOutcome.REFUSED : RequestOutcome.UNKNOWN, status);
    }
    latencies.get(when).add(System.nanoTime() - intended);
    var json = new JsonObject(reply.body());
    try {
      ledger.answered(
          shipment.id(),
          new Ledger.Answer(
              json.getString("cp"), json.getDouble("confidence"), json.getString("model")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    answered.incrementAndGet();
    return RequestOutcome.OK;
  }

  private RequestOutcome settle(Shipments.Shipment shipment, RequestOutcome outcome, int status) {
    try {
      ledger.settled(shipment.id(), outcome, status);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (outcome == RequestOutcome.REFUSED) refused.incrementAndGet();
    return outcome;
  }

  long sent() {
    return sent.get();
  }

  /** How many were answered with a prediction. */
  long answered() {
    return answered.get();
  }

  long refused() {
    return refused.get();
  }

  /** Waits until {@code total} requests have been sent since the beginning. */
  void awaitSent(long total) throws Exception {
    Await.until(total + " requests sent", () -> healthy() && sent.get() >= total);
  }

  /** Waits until {@code more} requests have been sent from now on. */
  void awaitMore(long more) throws Exception {
    awaitSent(sent.get() + more);
  }

  /** Waits until {@code more} requests have been answered from now on. */
  void awaitAnswered(long more) throws Exception {
    long total = answered.get() + more;
    Await.until(total + " requests answered", () -> healthy() && answered.get() >= total);
  }

  private boolean healthy() {
    if (failure != null) throw new IllegalStateException("the client failed", failure);
    return true;
  }

  /** Begins to measure anew. */
  void forgetLatencies() {
    context.runOnContext(go -> latencies.replaceAll((each, old) -> new Latencies()));
  }

  void enter(Phase next) {
    phase = next;
  }

  /** Sends nothing more and waits for every outcome. */
  void finish() throws Exception {
    sending = false;
    if (loop != null) loop.end();
    var passed = new CountDownLatch(1);
    context.runOnContext(go -> passed.countDown());
    passed.await();
    awaitSettled();
  }

  private void awaitSettled() throws Exception {
    Await.until("every request settled", () -> healthy() && open.get() == 0);
  }

  /** Of answers with a prediction; to be asked when {@linkplain #finish() finished}. */
  Latencies latencies(Phase of) {
    return latencies.get(of);
  }

  @Override
  public void close() {
    http.close().compose(closed -> vertx.close()).await();
  }
}
