package com.cpprediction.http;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.DirectRecorder;
import com.cpprediction.bus.RecordBatch;
import com.cpprediction.bus.RecordReply;
import com.cpprediction.bus.RecordRequest;
import com.cpprediction.bus.Recorded;
import com.cpprediction.bus.ScoreBatch;
import com.cpprediction.bus.ScoreReplies;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.cache.PredictionCache;
import com.cpprediction.config.AuthConfig;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.CacheConfig;
import com.cpprediction.config.ClusterConfig;
import com.cpprediction.config.GrpcConfig;
import com.cpprediction.config.HttpConfig;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.CallerPincodes;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Locator;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.SharedDeadline;
import com.cpprediction.serving.HealthCheck;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.serving.SecondRelease;
import com.cpprediction.testing.Certificates.Pair;
import com.cpprediction.testing.OpenLeases;
import com.cpprediction.testing.TestScores;
import com.cpprediction.tls.IdentityWatcher;
import com.cpprediction.tls.KeyFiles;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** A running {@link HttpVerticle} with lambdas for the other verticles. */
public final class HttpFixture {
  public static final Map<String, String> FINGERPRINTS =
      Map.of("560", "a".repeat(64), "411", "b".repeat(64));

  /** Workers that may be asked; {@link #prediction} says how many are. */
  static final int WORKERS = 8;

  /** Threads that served a request of predictions. */
  final Set<Thread> loops = ConcurrentHashMap.newKeySet();

  final List<ScoreRequest> scoreRequests = new CopyOnWriteArrayList<>();
  final List<RecordRequest> batches = new CopyOnWriteArrayList<>();
  final List<JsonObject> audited = new CopyOnWriteArrayList<>();
  public final List<HealthCheck> checks = new ArrayList<>();
  public final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  public ServiceMetrics metrics = new ServiceMetrics(registry, "test");
  final PredictionCache cache = new PredictionCache(ServiceConfig.defaults().cache(), registry);

  volatile PredictionConfig prediction =
      new PredictionConfig(WORKERS, 0, 10_000, Duration.ofSeconds(5), OptionalDouble.of(0.01), 0.5);
  volatile OwnerDirectory owners = OwnerDirectory.ALONE;
  SecondRelease second = SecondRelease.NONE;
  volatile Function<ScoreRequest, Future<ScoreReply>> scorer =
      request -> Future.succeededFuture(reply(request, FINGERPRINTS.get("560")));
  volatile Function<RecordRequest, Future<JsonArray>> recorder =
      batch -> Future.succeededFuture(new JsonArray());
  volatile Function<RecordRequest, JsonArray> taken = batch -> new JsonArray();
  ClusterConfig cluster = ServiceConfig.defaults().cluster();
  Clock clock = Clock.systemUTC();
  volatile AuthConfig auth = ServiceConfig.defaults().auth();
  public volatile String adminToken = "";

  /** The body of {@code GET /outcomes/weeks}. */
  JsonObject weeks =
      new JsonObject()
          .put("since", "2026-09-07")
          .put("by", "prefix")
          .put("weeks", new JsonArray())
          .put("worst", new JsonArray());

  /** The CPs and prefixes of {@code GET /models/names}, whatever is asked for. */
  JsonArray cps = new JsonArray();

  JsonArray places = new JsonArray();

  /** The body of {@code GET /history}. */
  JsonObject history = emptyHistory();

  volatile String predictToken = "";
  String host = "127.0.0.1";
  int instances = Integer.getInteger("fixture.instances", 1);
  int maxConnections = 1_000;
  boolean grpc;
  volatile int maxPendingBytes;
  volatile int maxStreams = 1_000;
  volatile List<String> allowedHosts = List.of();
  Duration receiveTimeout = Duration.ofSeconds(30);
  public Duration grace = Duration.ofSeconds(5);
  Duration closeDelay = Duration.ofMillis(1);

  /** Explains the only address of a request. */
  volatile Function<ScoreRequest, Future<JsonObject>> explainer =
      request -> Future.succeededFuture(new JsonObject());

  private final Vertx vertx;
  private final Queue<ServingRelease> releases = new ConcurrentLinkedQueue<>(); // newest last
  private final Set<Message<?>> unanswered = ConcurrentHashMap.newKeySet();
  private volatile ServingRelease current;
  private KeyFiles keyFiles; // none for plain HTTP
  private SSLContext trusted;
  private HttpClient client = HttpClient.newHttpClient();
  private HttpNode node;
  private Map<String, List<HttpMethod>> routes;
  private String deployment;

  public HttpFixture(Vertx vertx) {
    this.vertx = vertx;
    Bus.registerCodecs(vertx.eventBus());
    serve(ServingRelease.of(FINGERPRINTS, Locator.NONE));
    for (int worker = 0; worker < WORKERS; worker++) answer(Bus.score(worker), this::scoreAll);
    answer(
        Bus.AUDIT,
        (JsonObject entry) -> {
          audited.add(entry);
          return Future.succeededFuture();
        });
    answer(Bus.HISTORY, query -> Future.succeededFuture(history.toBuffer()));
    answer(Bus.OUTCOME_WEEKS, query -> Future.succeededFuture(weeks));
    answer(Bus.CPS, asked -> Future.succeededFuture(cps));
    answer(Bus.PREFIXES, asked -> Future.succeededFuture(places));
    OpenLeases.check(this::leases, this::answerAll);
    answer(
        Bus.RECORD,
        (RecordBatch batch) -> {
          var results = batch.requests().stream().map(this::record).toList();
          return Future.join(results)
              .map(done -> new RecordReply(results.stream().map(Future::result).toList()));
        });
  }

  /** A history without a point. */
  static JsonObject emptyHistory() {
    var series = new JsonObject();
    for (var name :
        List.of(
            "seconds",
            "from_model",
            "from_cache",
            "caller_failures",
            "service_failures",
            "hit_rate",
            "confidence",
            "doubt",
            "heap_bytes",
            "resident_bytes",
            "model_p50_ms",
            "model_p95_ms",
            "model_p99_ms",
            "cache_p50_ms",
            "cache_p95_ms",
            "cache_p99_ms")) {
      series.put(name, new JsonArray());
    }
    return new JsonObject()
        .put("source", "postgresql")
        .put("problems", new JsonObject())
        .put("step_seconds", 60)
        .put("at", new JsonArray())
        .put("series", series)
        .put("nodes", new JsonArray())
        .put("marks", new JsonArray());
  }

  private Future<Recorded> record(RecordRequest request) {
    batches.add(request);
    return recorder
        .apply(request)
        .map(refused -> new Recorded(null, ids(refused), ids(taken.apply(request))))
        .otherwise(cause -> Recorded.failed((ServiceException) cause));
  }

  private static List<UUID> ids(JsonArray ids) {
    return ids.stream().map(id -> UUID.fromString((String) id)).toList();
  }

  /** From now on requests are served with {@code release}. */
  public void serve(ServingRelease release) {
    releases.add(release);
    current = release;
  }

  private ServingRelease lease() {
    var release = current;
    loops.add(Thread.currentThread());
    assertThat(release.retain()).isTrue();
    return release;
  }

  private int leases() {
    return releases.stream().mapToInt(release -> release.uses() - 1).sum();
  }

  /** Answers {@code address} with what {@code neighbour} says, failures included. */
  public <Q, A> void answer(String address, Function<Q, Future<A>> neighbour) {
    vertx
        .eventBus()
        .<Q>consumer(
            address,
            message -> {
              unanswered.add(message);
              neighbour
                  .apply(message.body())
                  .onComplete(done -> unanswered.remove(message))
                  .onSuccess(message::reply)
                  .onFailure(cause -> message.fail(Failure.of(cause).code(), cause.getMessage()));
            });
  }

  /** For neighbours that never answer: at the end of a test they do. */
  private void answerAll() {
    unanswered.forEach(message -> message.fail(Failure.NOT_READY.code(), "the test is over"));
  }

  public HttpFixture start() throws Exception {
    var defaults = ServiceConfig.defaults();
    var identity =
        Optional.ofNullable(keyFiles)
            .map(files -> new IdentityWatcher(vertx, files, metrics, Clock.systemUTC()));
    var wrongPincodes =
        new CallerPincodes(() -> prediction.wrongPincodes(), metrics, Clock.systemUTC());
    node =
        new HttpNode(
            vertx,
            () ->
                new ServiceConfig(
                    defaults.dataDir(),
                    defaults.server(),
                    defaults.models(),
                    http(),
                    grpc ? new GrpcConfig(true, 0) : GrpcConfig.OFF,
                    auth,
                    prediction,
                    defaults.cache(),
                    defaults.persistence(),
                    defaults.review(),
                    defaults.journal(),
                    defaults.database(),
                    cluster,
                    defaults.metrics(),
                    defaults.telemetry(),
                    defaults.log()),
            this::lease,
            () -> this::score,
            wrongPincodes,
            cache,
            owners,
            second,
            new DirectRecorder(),
            metrics,
            checks,
            () -> new JsonObject().put("http.port", 0),
            identity,
            clock,
            new HttpNode.Timeouts(grace, closeDelay, receiveTimeout));
    var verticles = new ConcurrentLinkedQueue<HttpVerticle>();
    deployment =
        vertx
            .deployVerticle(
                () -> {
                  var verticle = new HttpVerticle(node);
                  verticles.add(verticle);
                  return verticle;
                },
                new DeploymentOptions().setInstances(node.instances()))
            .await(60, SECONDS);
    routes = verticles.element().served();
    return this;
  }

  /** Serves HTTPS with the PEM files of {@code pair}. */
  public void secure(Pair pair, SSLContext trusting) {
    secure(pair.certificate().toString(), pair.key().toString(), "", trusting);
  }

  public void secure(String certificate, String key, String password, SSLContext trusting) {
    keyFiles = KeyFiles.of("http.tls", certificate, key, password, Path::of);
    trusted = trusting;
    client = HttpClient.newBuilder().sslContext(trusting).build();
  }

  private HttpConfig http() {
    return new HttpConfig(
        host,
        0,
        instances,
        maxConnections,
        maxPendingBytes,
        maxStreams,
        allowedHosts,
        BearerTokens.of(adminToken),
        BearerTokens.of(predictToken),
        new HttpConfig.Tls("", "", ""));
  }

  public Future<Void> stop() {
    return vertx.undeploy(deployment);
  }

  CallerPincodes wrongPincodes() {
    return node.wrongPincodes();
  }

  /** The port of gRPC, where it is served. */
  int grpcPort() {
    return node.grpcPort();
  }

  public boolean started() {
    return node != null;
  }

  /** Shipments in flight, by the meter. */
  public int inFlight() {
    return (int) registry.get("cp.inflight").gauge().value();
  }

  /** As {@link HttpVerticle#served()}. */
  public Map<String, List<HttpMethod>> served() {
    return routes;
  }

  public void switchCacheOff() {
    cache.apply(new CacheConfig(false, 10, Duration.ofMinutes(1), 0));
  }

  public Socket connect() throws IOException {
    var socket = connectPlain();
    if (trusted == null) return socket;
    var secured =
        (SSLSocket) trusted.getSocketFactory().createSocket(socket, host, node.port(), true);
    secured.startHandshake();
    return secured;
  }

  /** As {@link #connect}, without TLS. */
  public Socket connectPlain() throws IOException {
    var socket = new Socket();
    socket.connect(address());
    socket.setSoTimeout(10_000);
    return socket;
  }

  public InetSocketAddress address() {
    return new InetSocketAddress(host, node.port());
  }

  /** Sends {@code request} verbatim and reads until the service closes the connection. */
  public String raw(String request) throws IOException {
    try (var socket = connect()) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  public HttpResponse<String> get(String path, String... headers) throws Exception {
    return send("GET", path, null, headers);
  }

  public HttpResponse<String> post(String path, JsonObject body) throws Exception {
    return post(path, body.toBuffer().getBytes());
  }

  public HttpResponse<String> post(String path, byte[] body) throws Exception {
    return send("POST", path, body, "Content-Type", "application/json");
  }

  /**
   * @param headers names and values in turn; the content type defaults to that of the path
   */
  public HttpResponse<String> send(String method, String path, byte[] body, String... headers)
      throws Exception {
    return client.send(request(method, path, body, headers), BodyHandlers.ofString());
  }

  /**
   * Posts {@code body} with these headers only, without a content type unless it is one of them.
   */
  HttpResponse<byte[]> postBytes(String path, byte[] body, String... headers) throws Exception {
    var request =
        HttpRequest.newBuilder(URI.create(base() + path)).POST(BodyPublishers.ofByteArray(body));
    if (headers.length > 0) request.headers(headers);
    return client.send(request.build(), BodyHandlers.ofByteArray());
  }

  /** As {@link #get}, asynchronously. */
  public Future<HttpResponse<String>> getting(String path) {
    return Future.fromCompletionStage(
        client.sendAsync(request("GET", path, null), BodyHandlers.ofString()));
  }

  /** As {@link #post(String, JsonObject)}, asynchronously. */
  public Future<HttpResponse<String>> posting(String path, JsonObject body) {
    return Future.fromCompletionStage(
        client.sendAsync(
            request("POST", path, body.toBuffer().getBytes(), "Content-Type", "application/json"),
            BodyHandlers.ofString()));
  }

  /** As {@link #send} without a body, unawaited. */
  Future<HttpResponse<String>> sending(String method, String path) {
    return Future.fromCompletionStage(
        client.sendAsync(request(method, path, null), BodyHandlers.ofString()));
  }

  public Message<JsonObject> ask(String address, Object body) throws Exception {
    return vertx.eventBus().<JsonObject>request(address, body).await(60, SECONDS);
  }

  public static JsonObject shipment(String id, String address) {
    return new JsonObject().put("shipment_id", id).put("address", address);
  }

  public static JsonObject batch(JsonObject... shipments) {
    return new JsonObject().put("shipments", new JsonArray(List.<Object>of((Object[]) shipments)));
  }

  public static ScoreReply reply(ScoreRequest request, String fingerprint) {
    return new ScoreReply(
        request.addresses().stream().map(address -> scored(address, fingerprint)).toList(),
        List.of(),
        System.nanoTime(),
        0);
  }

  /** A request to score {@code address} for prefix 560. */
  static ScoreRequest scoreRequest(Address address) {
    var deadline = new SharedDeadline(Deadline.in(Duration.ofMinutes(1)));
    return new ScoreRequest(0, "560", List.of(address), deadline, false, PincodeErrors.of(0.01));
  }

  /** Waits up to 60 s until {@code condition} holds. */
  public static void until(Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + SECONDS.toNanos(60);
    while (!condition.call()) {
      if (System.nanoTime() > end) throw new AssertionError("not within 60 s");
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** Predictions of all record requests. */
  public List<Prediction> recorded() {
    return batches.stream().flatMap(batch -> batch.predictions().stream()).toList();
  }

  private static PrefixScores scored(Address address, String fingerprint) {
    return TestScores.of(
        fingerprint,
        address,
        List.of(
            new Candidate("CP" + address.text().hashCode(), 0.97),
            new Candidate("CP2", 0.02),
            new Candidate("CP3", 0.004)));
  }

  private Future<ScoreReplies> scoreAll(ScoreBatch batch) {
    if (batch == null) return Future.succeededFuture();
    var replies = batch.requests().stream().map(this::score).toList();
    return Future.join(replies)
        .transform(done -> Future.succeededFuture(new ScoreReplies(replies)));
  }

  private Future<ScoreReply> score(ScoreRequest request) {
    if (request.explain()) {
      var scored = reply(request, FINGERPRINTS.get(request.prefix())).scores();
      return explainer
          .apply(request)
          .map(explanation -> new ScoreReply(scored, List.of(explanation), System.nanoTime(), 0));
    }
    scoreRequests.add(request);
    return request.prefix().equals("411")
        ? Future.succeededFuture(reply(request, FINGERPRINTS.get("411")))
        : scorer.apply(request);
  }

  private HttpRequest request(String method, String path, byte[] body, String... headers) {
    var request =
        HttpRequest.newBuilder(URI.create(base() + path))
            .timeout(Duration.ofSeconds(20))
            .method(
                method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
    if (headers.length > 0) request.headers(headers);
    if (body != null && !List.of(headers).contains("Content-Type")) {
      request.header(
          "Content-Type", path.endsWith("stream") ? RouteContract.NDJSON : RouteContract.JSON);
    }
    return request.version(HttpClient.Version.HTTP_1_1).build();
  }

  /** The base URL, without a trailing slash. */
  public String base() {
    return "%s://%s:%d".formatted(trusted == null ? "http" : "https", host, node.port());
  }
}
