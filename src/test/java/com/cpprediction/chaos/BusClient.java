package com.cpprediction.chaos;

import static java.util.concurrent.TimeUnit.SECONDS;

import com.cpprediction.chaos.TrialRequests.Request;
import com.cpprediction.client.PredictionClient;
import com.cpprediction.prediction.Failure;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Ports;
import com.hazelcast.config.Config;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.config.XmlConfigBuilder;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.json.JsonObject;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A Vert.x application that has nothing of ours: it joins the cluster and sends plain JSON to
 * {@value #PREDICT}; what times out, finds no consumer or is to be tried again it sends again with
 * the same id.
 */
final class BusClient implements AutoCloseable {
  static final String PREDICT = "cp.predict";

  /** Those of the nodes, as they must be the same for all members. */
  private static final String SETTINGS = "conf/hazelcast.xml";

  private static final String NAME = "bus"; // of what answered, which a message does not tell
  private static final long PATIENCE_MILLIS = 2_000;

  /** Of what is sent once: a consumer that isn't there won't ever answer. */
  private static final long LONG_PATIENCE_MILLIS = 10_000;

  private static final int JOIN_SECONDS = 60;

  /** At the same time, of {@link #sendAll}. */
  private static final int WINDOW = 16;

  private final AtomicInteger open = new AtomicInteger();
  private final List<OpenLoop> loops = new ArrayList<>();
  private final Vertx vertx;
  private final Context context;
  private final TrialRequests requests;
  private volatile Throwable failure;

  private BusClient(Vertx vertx, TrialRequests requests) {
    this.vertx = vertx;
    this.requests = requests;
    context = vertx.getOrCreateContext();
  }

  /**
   * Joins as a plain member; blocks for seconds.
   *
   * @param host its own address
   * @param members {@code host:port} of the nodes
   */
  static BusClient join(String host, List<String> members, TrialRequests requests)
      throws Exception {
    var bus = new EventBusOptions().setHost(host).setPort(0);
    var vertx =
        Vertx.builder()
            .with(new VertxOptions().setEventBusOptions(bus))
            .withClusterManager(new HazelcastClusterManager(hazelcast(host, members)))
            .buildClustered()
            .await(JOIN_SECONDS, SECONDS);
    return new BusClient(vertx, requests);
  }

  private static Config hazelcast(String host, List<String> members) throws IOException {
    var config = new XmlConfigBuilder(SETTINGS).build();
    config.setClusterName("cp-prediction");
    config
        .setProperty("hazelcast.phone.home.enabled", "false")
        .setProperty("hazelcast.socket.bind.any", "false");

    var network = config.getAdvancedNetworkConfig();
    var endpoint =
        new ServerSocketEndpointConfig().setPort(Ports.free()).setPortAutoIncrement(false);
    endpoint.getInterfaces().setEnabled(true).setInterfaces(List.of(host));
    network.setMemberEndpointConfig(endpoint);
    network.getJoin().getAutoDetectionConfig().setEnabled(false);
    network.getJoin().getMulticastConfig().setEnabled(false);
    network.getJoin().getTcpIpConfig().setEnabled(true).setMembers(members);
    return config;
  }

  /**
   * @param rate predictions per second
   */
  void openLoop(double rate) {
    loops.add(OpenLoop.begin(context, rate, meant -> attempt(requests.request(meant), true)));
  }

  /**
   * Sends {@code count} predictions, each to one consumer that must answer, and waits for all of
   * them.
   *
   * @return why some were not answered
   */
  List<String> sendAll(int count) throws Exception {
    var failures = new ArrayList<String>(); // on the context only
    var left = new AtomicInteger(count);
    var done = new CountDownLatch(count);
    for (int i = 0; i < WINDOW; i++) context.runOnContext(go -> sendNext(left, done, failures));
    Await.until("all were sent", () -> healthy() && done.getCount() == 0);
    return failures;
  }

  private void sendNext(AtomicInteger left, CountDownLatch done, List<String> failures) {
    if (left.getAndDecrement() <= 0) return;
    attempt(requests.request(), false)
        .onComplete(
            answered -> {
              if (answered.failed()) failures.add(answered.cause().toString());
              done.countDown();
              sendNext(left, done, failures);
            });
  }

  /** The client that applications get, on the same bus. */
  PredictionClient typed() {
    return PredictionClient.of(vertx);
  }

  void publish(String address) {
    publish(address, null);
  }

  void publish(String address, Object body) {
    vertx.eventBus().publish(address, body);
  }

  Future<Message<Object>> request(String address, Object body, DeliveryOptions options) {
    return vertx.eventBus().request(address, body, options);
  }

  /** What one address answers, as it came. */
  JsonObject ask(String address, JsonObject body) {
    return vertx.eventBus().<JsonObject>request(address, body).await().body();
  }

  /**
   * @param again whether it is sent again without a reply
   */
  private Future<Void> attempt(Request request, boolean again) {
    open.incrementAndGet();
    long patience = again ? PATIENCE_MILLIS : LONG_PATIENCE_MILLIS;
    return vertx
        .eventBus()
        .<JsonObject>request(
            PREDICT, request.body(), new DeliveryOptions().setSendTimeout(patience))
        .transform(done -> settled(request, done, again))
        .onComplete(done -> open.decrementAndGet());
  }

  private Future<Void> settled(
      Request request, AsyncResult<Message<JsonObject>> done, boolean again) {
    try {
      if (done.failed()) return failed(request, done.cause(), again);
      request.answered(done.result().body(), NAME);
      return Future.succeededFuture();
    } catch (RuntimeException e) {
      failure = e;
      return Future.failedFuture(e);
    }
  }

  private Future<Void> failed(Request request, Throwable cause, boolean again) {
    var reason = cause instanceof ReplyException reply ? reply.failureType() : ReplyFailure.ERROR;
    boolean unheard = reason == ReplyFailure.TIMEOUT || reason == ReplyFailure.NO_HANDLERS;
    int status = Failure.of(cause).status();
    var outcome =
        status == 503 || status / 100 == 4 ? RequestOutcome.REFUSED : RequestOutcome.UNKNOWN;
    boolean more = request.failed(outcome, "bus " + reason + " " + status);
    if (more && (status == 503 || again && unheard)) return attempt(request, again);
    request.givenUp(status, NAME);
    return Future.failedFuture(cause);
  }

  /** Sends nothing more and waits for every outcome. */
  void finish() throws Exception {
    loops.forEach(OpenLoop::end);
    var passed = new CountDownLatch(1);
    context.runOnContext(go -> passed.countDown());
    passed.await();
    Await.until("every message settled", () -> healthy() && open.get() == 0);
  }

  private boolean healthy() {
    if (failure != null) throw new IllegalStateException("the client failed", failure);
    return true;
  }

  @Override
  public void close() {
    vertx.close().await();
  }
}
