package com.cpprediction.http;

import com.cpprediction.config.Role;
import com.cpprediction.grpc.GrpcCall;
import com.cpprediction.grpc.GrpcEndpoint;
import com.cpprediction.grpc.GrpcFailure;
import com.cpprediction.grpc.GrpcMethod;
import com.cpprediction.grpc.ModelInference;
import com.cpprediction.http.Inferences.Inference;
import com.cpprediction.metrics.Shed;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.Problem;
import com.cpprediction.serving.Reply;
import com.cpprediction.tracing.TraceStep;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.internal.http.HttpServerRequestInternal;
import io.vertx.core.internal.http.HttpServerRequestWrapper;
import io.vertx.core.net.ServerSSLOptions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The port of gRPC: HTTP/2 alone, with TLS where HTTP has it. Its calls are requests of the routes
 * of {@link GrpcEndpoint}, with the guard, limits, meters and failure log of HTTP. The port of HTTP
 * can't have them, too: its limits on connections, its direct route and its half-closed callers
 * rely on HTTP/1.1. Confined to one event loop.
 */
final class GrpcPort {
  /** Any free port, the same for all verticles of a node, and not that of HTTP. */
  private static final int ANY_SHARED_PORT = -2;

  /** Bytes of a message at most, by methods that don't infer. */
  private static final int SMALL_MESSAGE = 64 * 1024;

  private static final int FRAME_HEAD = 5; // flag and length before a message
  private static final int MAX_CALLS = 100; // of a connection at a time
  private static final int MAX_WATCHES = 64; // of a node
  private static final int MAX_HEADERS = 8 * 1024;
  private static final int IDLE_SECONDS = 60;
  private static final int TIMEOUT_CHECKS = 20; // per time limit for a message
  private static final int OK = 200;
  private static final int NOT_GRPC = 415;
  private static final int NO_ERROR = 0; // code of a stream that is reset after its response
  private static final int CANCEL = 8; // code of a stream that is reset before its end

  private final Vertx vertx;
  private final HttpNode node;
  private final Guard guard;
  private final SameOrigin origins;
  private final Inferences inferences;
  private final Operation.OperationContext context;
  private final GrpcEndpoint endpoint;
  private final RequestTimeout<Call> messageTimeout;
  private final RequestTimeout<Call> readTimeout;
  private final GrpcConnections connections;
  private final HttpServer server;

  GrpcPort(
      Vertx vertx,
      HttpNode node,
      Guard guard,
      SameOrigin origins,
      Inferences inferences,
      Operation.OperationContext context) {
    this.vertx = vertx;
    this.node = node;
    this.guard = guard;
    this.origins = origins;
    this.inferences = inferences;
    this.context = context;
    endpoint = new GrpcEndpoint(vertx, inferences, BodyReceiver.MAX_BYTES);
    var receive = node.timeouts().receive();
    messageTimeout = new RequestTimeout<>(receive, Call::timedOut);
    readTimeout = new RequestTimeout<>(receive, Call::unread);
    connections = new GrpcConnections(node, Duration.ofSeconds(IDLE_SECONDS));
    vertx.setPeriodic(
        receive.toMillis() / TIMEOUT_CHECKS,
        tick -> {
          messageTimeout.expire();
          readTimeout.expire();
          connections.expire();
        });
    vertx.setPeriodic(receive.toMillis(), tick -> connections.ping());
    var statuses =
        Stream.concat(Stream.of(OK), Arrays.stream(Failure.values()).map(Failure::status)).toList();
    for (var method : GrpcMethod.values()) {
      node.metrics().httpRoute(method.path(), List.of(HttpMethod.POST.name()), statuses);
    }
    server =
        vertx
            .createHttpServer(options())
            .connectionHandler(connections::opened)
            .requestHandler(request -> new Call((HttpServerRequestInternal) request).begin());
  }

  private HttpServerOptions options() {
    var options =
        new HttpServerOptions()
            .setCompressionSupported(false)
            .setDecompressionSupported(false)
            .setIdleTimeout(IDLE_SECONDS)
            .setAlpnVersions(List.of(HttpVersion.HTTP_2))
            .setInitialSettings(
                new Http2Settings()
                    .setMaxConcurrentStreams(MAX_CALLS)
                    .setMaxHeaderListSize(MAX_HEADERS))
            .setSslHandshakeTimeout(node.timeouts().receive().toMillis())
            .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
    node.identity()
        .ifPresent(
            watcher ->
                options
                    .setSsl(true)
                    .setUseAlpn(true)
                    .setSslEngineOptions(node.handshakes().engine())
                    .setKeyCertOptions(watcher.current().options())
                    .setEnabledSecureTransportProtocols(HttpVerticle.TLS));
    return options;
  }

  Future<?> listen() {
    var config = node.config().get();
    int port = config.grpc().port();
    return server
        .listen(port == 0 ? ANY_SHARED_PORT : port, config.http().host())
        .onSuccess(listening -> node.listeningGrpc(listening.actualPort()));
  }

  /** Applies to new connections. */
  Future<?> useCertificate(ServerSSLOptions options) {
    return server.updateSSLOptions(options.setApplicationLayerProtocols(List.of("h2")));
  }

  /**
   * Ends what is open and gives calls in flight time to finish.
   *
   * @param grace in milliseconds
   */
  Future<?> shutdown(long grace) {
    endpoint.stop();
    messageTimeout.expireAll();
    return server.shutdown(grace, TimeUnit.MILLISECONDS);
  }

  /**
   * One call: the request that the endpoint reads, whose bytes it counts against the limit of the
   * method and the byte budget.
   */
  private final class Call extends HttpServerRequestWrapper implements GrpcCall {
    private final HttpConnection connection;
    private final Exchange exchange;
    private final @Nullable GrpcMethod method;
    private final BodyReceiver.Limit limit;
    private long received; // bytes of all messages
    private long held; // bytes of the message that is not complete
    private long reserved; // for those
    private @Nullable RequestBody message; // the latest that is complete
    private @Nullable Buffer served; // the response of an inference
    private int unwritten; // messages
    private boolean watching;
    private boolean responding;
    private boolean failed;
    private boolean ended;

    Call(HttpServerRequestInternal request) {
      super(request);
      connection = request.connection();
      connections.began(connection);
      exchange = new Exchange(request, node.budget());
      method = GrpcMethod.of(request.path());
      if (method != null) {
        exchange.route(method.path());
        exchange.method(HttpMethod.POST);
      }
      boolean infers = method == GrpcMethod.MODEL_INFER;
      limit =
          new BodyReceiver.Limit(infers ? BodyReceiver.MAX_BYTES : SMALL_MESSAGE, exchange.route());
    }

    void begin() {
      response().endHandler(sent -> finish()).closeHandler(closed -> finish());
      if (!GrpcEndpoint.accepts(this)) {
        refuse();
        return;
      }
      messageTimeout.start(this);
      pause();
      authorize().onSuccess(authorized -> run(this::receive)).onFailure(this::fail);
    }

    /** Responds to a request that is not one of gRPC; one of HTTP/1.1 is the last on its socket. */
    private void refuse() {
      responding = true;
      boolean unread = !isEnded();
      response()
          .setStatusCode(NOT_GRPC)
          .end()
          .onComplete(
              sent -> {
                if (version() != HttpVersion.HTTP_2) connection.close();
                else if (unread) response().reset(NO_ERROR);
              });
    }

    private Future<Void> authorize() {
      if (method != GrpcMethod.MODEL_INFER) return Future.succeededFuture();
      return guard.authorize(this, Role.PREDICT).onSuccess(exchange::caller).mapEmpty();
    }

    private void run(Runnable step) {
      if (ended) return;
      try {
        step.run();
      } catch (ServiceException e) {
        fail(e);
      }
    }

    private void receive() {
      if (node.stopping()) throw stopping();
      origins.check(this, false);
      exchange.timeout(GrpcEndpoint.timeoutMillis(this));
      if (method == null) throw Failure.METHOD_NOT_ALLOWED.because("There is no such method");
      if (method == GrpcMethod.MODEL_INFER) operation().rejectIfFull(exchange.limits());
      endpoint.handle(this, this);
      resume();
    }

    @Override
    public HttpServerRequest handler(@Nullable Handler<Buffer> taker) {
      super.handler(taker == null ? null : chunk -> run(() -> receive(chunk, taker)));
      return this;
    }

    @Override
    public HttpServerRequest endHandler(@Nullable Handler<Void> taker) {
      super.endHandler(
          taker == null
              ? null
              : end -> {
                if (!complete()) taker.handle(end);
              });
      return this;
    }

    private void receive(Buffer chunk, Handler<Buffer> taker) {
      if (complete()) return; // the rest of the request is discarded
      received += chunk.length();
      if (received > limit.bytes() + FRAME_HEAD) throw limit.exceeded();
      held += chunk.length();
      if (held > node.budget().maxReservation()) throw RequestBody.tooLarge();
      if (held > reserved) {
        long most = Math.min(Math.max(held, 2 * reserved), limit.bytes() + FRAME_HEAD);
        node.budget().reserve(most - reserved);
        reserved = most;
      }
      try {
        taker.handle(chunk);
      } catch (UnsupportedOperationException e) { // as Vert.x finds no name of a compression
        throw Failure.MALFORMED_REQUEST.because("A compressed message needs grpc-encoding");
      }
    }

    @Override
    public <T> Future<T> read(Buffer bytes, boolean gzipped, Function<byte[], T> parser) {
      return context.reader().read(body(bytes), gzipped, parser);
    }

    @Override
    public Future<Buffer> infer(Buffer bytes, boolean gzipped) {
      return operation()
          .serve(exchange, body(bytes), gzipped)
          .map(
              reply -> {
                if (!reply.servedBy().isEmpty()) {
                  response().putHeader(Exchange.SERVED_BY, reply.servedBy());
                }
                context
                    .failures()
                    .addItems(reply, exchange.requestId(), exchange.route(), exchange.caller());
                return Objects.requireNonNull(served);
              });
    }

    private Operation<Asked> operation() {
      return new Operation<>(
          Operation.Parser.ofBytes(
              this::read, asked -> asked.inference.size(), asked -> asked.inference.discard()),
          (asked, deadline, requestId) ->
              inferences
                  .infer(asked.inference, deadline, requestId)
                  .<Reply>map(
                      reply -> {
                        served = asked.message.response(reply);
                        return reply;
                      }),
          context);
    }

    private Asked read(byte[] body, String caller) {
      var asked = ModelInference.parse(body);
      return new Asked(
          asked, inferences.read(asked.name(), asked.version(), asked.request(), caller));
    }

    /** The complete message, which takes the reservation of its bytes over. */
    private RequestBody body(Buffer bytes) {
      if (method == GrpcMethod.REFLECTION) messageTimeout.start(this); // of the next one
      else messageTimeout.cancel(this);
      if (message != null) message.release();
      var body = new RequestBody(node.budget(), limit, bytes, reserved);
      message = body;
      reserved = 0;
      held = 0;
      return body;
    }

    /** Whether the response is complete, on its way or not. */
    private boolean complete() {
      return ended() || response().ended();
    }

    @Override
    public void send(int bytes, Supplier<Future<Void>> sending) {
      responding = true;
      TraceStep.current().grpc(GrpcFailure.OK);
      node.budget().add(bytes);
      unwritten++;
      readTimeout.start(this);
      sending
          .get()
          .onComplete(
              written -> {
                node.budget().release(bytes);
                if (--unwritten == 0) readTimeout.cancel(this);
                else readTimeout.start(this);
              });
    }

    /** Ends a response that its caller doesn't read, so that its bytes are released. */
    private void unread() {
      response().reset(CANCEL);
    }

    @Override
    public void watch() {
      if (!node.watches().tryAcquire(MAX_WATCHES)) {
        node.metrics().shed(Shed.LISTENERS);
        throw Failure.OVERLOADED.because(
            MAX_WATCHES + " watches are open; end one, or call Check instead");
      }
      watching = true;
      connections.watch(connection);
    }

    @Override
    public boolean ended() {
      return ended || failed;
    }

    private void timedOut() {
      if (node.stopping()) {
        fail(stopping());
        return;
      }
      node.metrics().shed(Shed.SLOW_BODY);
      fail(
          Failure.DEADLINE_EXCEEDED.because(
              "The message was not complete within %d s; nothing was stored"
                  .formatted(node.timeouts().receive().toSeconds())));
    }

    @Override
    public void fail(Throwable cause) {
      if (complete()) return;
      responding = true;
      failed = true;
      var failure = Problem.logged(cause, exchange.requestId(), exchange.route());
      exchange.status(failure.failure().status());
      var step = TraceStep.current().set(TraceStep.OUTCOME, failure.failure().slug());
      step.grpc(GrpcFailure.code(failure.failure()));
      context.failures().add(exchange, failure, exchange.status());
      boolean unread = !isEnded();
      GrpcFailure.send(response(), Problem.of(failure))
          .onSuccess(
              sent -> {
                if (unread) response().reset(NO_ERROR); // the caller stops sending
              });
    }

    /** Releases what the call holds, after its response or where the caller has left. */
    private void finish() {
      if (ended) return;
      ended = true;
      messageTimeout.cancel(this);
      node.budget().release(reserved);
      reserved = 0;
      if (message != null) message.release();
      if (watching) {
        node.watches().release();
        connections.unwatch(connection);
      }
      connections.ended(connection);
      long nanos = exchange.nanos();
      AccessLog.write(exchange, nanos, !responding);
      if (!responding) return;
      node.metrics().httpRequest(exchange.route(), exchange.method(), exchange.status(), nanos);
    }
  }

  /** A message and the request in it. */
  private record Asked(ModelInference message, Inference inference) {}

  private static ServiceException stopping() {
    return Failure.NOT_READY.because("Not ready: stopping");
  }
}
