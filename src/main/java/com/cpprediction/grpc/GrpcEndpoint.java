package com.cpprediction.grpc;

import com.cpprediction.grpc.GrpcMethod.Service;
import com.cpprediction.inference.InferenceModel;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Message;
import inference.GrpcService;
import inference.GrpcService.ModelMetadataRequest;
import inference.GrpcService.ModelMetadataResponse;
import inference.GrpcService.ModelMetadataResponse.TensorMetadata;
import inference.GrpcService.ModelReadyRequest;
import inference.GrpcService.ModelReadyResponse;
import inference.GrpcService.ServerLiveRequest;
import inference.GrpcService.ServerLiveResponse;
import inference.GrpcService.ServerMetadataRequest;
import inference.GrpcService.ServerMetadataResponse;
import inference.GrpcService.ServerReadyRequest;
import inference.GrpcService.ServerReadyResponse;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.grpc.common.GrpcHeaderNames;
import io.vertx.grpc.common.GrpcMessage;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;
import io.vertx.grpc.health.v1.HealthCheckRequest;
import io.vertx.grpc.health.v1.HealthCheckResponse;
import io.vertx.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.vertx.grpc.health.v1.HealthListRequest;
import io.vertx.grpc.health.v1.HealthListResponse;
import io.vertx.grpc.health.v1.HealthProto;
import io.vertx.grpc.reflection.v1.ServerReflectionProto;
import io.vertx.grpc.reflection.v1.ServerReflectionRequest;
import io.vertx.grpc.server.GrpcProtocol;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import io.vertx.grpc.server.GrpcServerRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC services of a node: the Open Inference Protocol, version 2, health and reflection.
 * Messages are read from their bytes here and not by Vert.x, which doesn't bound what a compressed
 * one expands to. Confined to one event loop.
 */
public final class GrpcEndpoint {
  private static final String GZIP = "gzip";
  private static final String IDENTITY = "identity";
  private static final String WHOLE = ""; // name of the server in health checks
  private static final Set<String> CONTENT_TYPES =
      Set.of(GrpcFailure.CONTENT_TYPE, GrpcFailure.CONTENT_TYPE + "+proto");
  private static final Set<String> SERVICES =
      Set.of(Service.INFERENCE, Service.HEALTH, Service.REFLECTION);
  private static final Pattern TIMEOUT = Pattern.compile("([0-9]{1,8})([HMSmun])");
  private static final Map<Character, TimeUnit> UNITS =
      Map.of(
          'H', TimeUnit.HOURS,
          'M', TimeUnit.MINUTES,
          'S', TimeUnit.SECONDS,
          'm', TimeUnit.MILLISECONDS,
          'u', TimeUnit.MICROSECONDS,
          'n', TimeUnit.NANOSECONDS);

  private final InferenceBackend backend;
  private final HealthWatch watch;
  private final Reflection reflection =
      new Reflection(
          List.of(
              GrpcService.getDescriptor(),
              HealthProto.getDescriptor(),
              ServerReflectionProto.getDescriptor()));
  private final GrpcServer server;
  private final int maxMessageBytes;

  /** The call that {@link #server} is given, until the handler of its method has run. */
  private @Nullable GrpcCall beginning;

  /**
   * @param maxMessageBytes bytes of a message at most
   */
  public GrpcEndpoint(Vertx vertx, InferenceBackend backend, int maxMessageBytes) {
    this.backend = backend;
    this.maxMessageBytes = maxMessageBytes;
    watch = new HealthWatch(vertx, this::watchedStatus);
    var options = new GrpcServerOptions().setMaxMessageSize(maxMessageBytes);
    Set.copyOf(options.getEnabledProtocols()).forEach(options::removeEnabledProtocol);
    server = GrpcServer.server(vertx, options.addEnabledProtocol(GrpcProtocol.HTTP_2));
    addService(GrpcService.getDescriptor(), Service.INFERENCE);
    addService(HealthProto.getDescriptor(), Service.HEALTH);
    addService(ServerReflectionProto.getDescriptor(), Service.REFLECTION);
  }

  private void addService(FileDescriptor file, String name) {
    var service = ServiceName.create(name);
    var builder =
        io.vertx.grpc.server.Service.service(service, file.findServiceByName(service.name()));
    for (var method : GrpcMethod.values()) {
      if (!method.service().equals(name)) continue;
      builder.bind(
          ServiceMethod.server(
              service, method.method(), GrpcMessageEncoder.IDENTITY, GrpcMessageDecoder.IDENTITY),
          rpc -> begin(method, rpc));
    }
    server.addService(builder.build());
  }

  /**
   * Whether {@code request} is one of gRPC with messages of Protocol Buffers; no other is handled.
   */
  public static boolean accepts(HttpServerRequest request) {
    return request.version() == HttpVersion.HTTP_2
        && request.method() == HttpMethod.POST
        && CONTENT_TYPES.contains(
            Objects.requireNonNullElse(request.getHeader(HttpHeaders.CONTENT_TYPE), ""));
  }

  /**
   * The longest time that the caller waits, in milliseconds; absent where it doesn't say.
   *
   * @throws ServiceException where it can't be read
   */
  public static OptionalLong timeoutMillis(HttpServerRequest request) {
    var given = request.getHeader(GrpcHeaderNames.GRPC_TIMEOUT);
    if (given == null) return OptionalLong.empty();
    var matcher = TIMEOUT.matcher(given);
    if (!matcher.matches()) {
      throw Failure.MALFORMED_REQUEST.because(
          "grpc-timeout must be up to 8 digits and a unit: H, M, S, m, u or n");
    }
    var unit = UNITS.get(matcher.group(2).charAt(0));
    return OptionalLong.of(Objects.requireNonNull(unit).toMillis(Long.parseLong(matcher.group(1))));
  }

  /**
   * Serves a request, whose methods it has, or which there are none for.
   *
   * @param request paused
   */
  public void handle(HttpServerRequest request, GrpcCall call) {
    beginning = call;
    server.handle(request);
    beginning = null;
  }

  /** Ends responses that stay open. */
  public void stop() {
    watch.stop();
  }

  private void begin(GrpcMethod method, GrpcServerRequest<Buffer, Buffer> rpc) {
    var call = Objects.requireNonNull(beginning);
    switch (method) {
      case SERVER_LIVE ->
          unary(
              rpc,
              call,
              ServerLiveRequest.getDefaultInstance(),
              request -> ServerLiveResponse.newBuilder().setLive(true).build());
      case SERVER_READY ->
          unary(
              rpc,
              call,
              ServerReadyRequest.getDefaultInstance(),
              request -> ServerReadyResponse.newBuilder().setReady(backend.ready()).build());
      case SERVER_METADATA ->
          unary(rpc, call, ServerMetadataRequest.getDefaultInstance(), request -> metadata());
      case MODEL_READY ->
          unary(rpc, call, ModelReadyRequest.getDefaultInstance(), this::modelReady);
      case MODEL_METADATA ->
          unary(
              rpc,
              call,
              ModelMetadataRequest.getDefaultInstance(),
              request -> metadata(model(request.getName(), request.getVersion())));
      case MODEL_INFER ->
          receive(
              rpc,
              call,
              message -> respond(rpc, call, call.infer(message.payload(), isCompressed(message))));
      case HEALTH_CHECK -> unary(rpc, call, HealthCheckRequest.getDefaultInstance(), this::check);
      case HEALTH_LIST -> unary(rpc, call, HealthListRequest.getDefaultInstance(), all -> list());
      case HEALTH_WATCH ->
          receive(
              rpc,
              call,
              message ->
                  read(message, call, HealthCheckRequest.getDefaultInstance())
                      .onSuccess(request -> watch(request, call, rpc))
                      .onFailure(call::fail));
      case REFLECTION -> describe(rpc, call);
    }
  }

  /** Responds to one message with one. */
  private <Q extends Message> void unary(
      GrpcServerRequest<Buffer, Buffer> rpc, GrpcCall call, Q type, Function<Q, Message> method) {
    receive(
        rpc,
        call,
        message -> respond(rpc, call, read(message, call, type).map(method).map(Messages::buffer)));
  }

  /** Ends the response once its message is written: Vert.x can't discard trailers that wait. */
  private static void respond(
      GrpcServerRequest<Buffer, Buffer> rpc, GrpcCall call, Future<Buffer> response) {
    response
        .onSuccess(
            message -> {
              if (call.ended()) return;
              call.send(
                  message.length(),
                  () -> rpc.response().write(message).compose(written -> rpc.response().end()));
            })
        .onFailure(call::fail);
  }

  /** Passes on the only message of a call, once the caller has sent all. */
  private void receive(
      GrpcServerRequest<Buffer, Buffer> rpc, GrpcCall call, Consumer<GrpcMessage> taker) {
    var messages = new ArrayList<GrpcMessage>(1);
    failTooLarge(rpc, call);
    rpc.messageHandler(
        message -> {
          if (messages.isEmpty()) messages.add(message);
          else call.fail(oneMessage());
        });
    rpc.endHandler(
        end -> {
          if (call.ended()) return;
          if (messages.isEmpty()) {
            call.fail(oneMessage());
            return;
          }
          try {
            taker.accept(messages.remove(0));
          } catch (ServiceException e) {
            call.fail(e);
          }
        });
  }

  private void failTooLarge(GrpcServerRequest<Buffer, Buffer> rpc, GrpcCall call) {
    rpc.invalidMessageHandler(
        tooLarge ->
            call.fail(
                Failure.TOO_LARGE.because(
                    "The message is larger than %d bytes".formatted(maxMessageBytes))));
  }

  /** Responds to each message of a call, one after the other, as fast as the caller reads. */
  private void describe(GrpcServerRequest<Buffer, Buffer> rpc, GrpcCall call) {
    failTooLarge(rpc, call);
    rpc.messageHandler(
        message -> {
          if (call.ended()) return;
          rpc.pause();
          try {
            read(message, call, ServerReflectionRequest.getDefaultInstance())
                .map(request -> Messages.buffer(reflection.response(request)))
                .onSuccess(response -> write(response, rpc, call))
                .onFailure(call::fail);
          } catch (ServiceException e) {
            call.fail(e);
          }
        });
    rpc.endHandler(
        end -> {
          if (!call.ended()) call.send(0, () -> rpc.response().end());
        });
  }

  private static void write(Buffer response, GrpcServerRequest<Buffer, Buffer> rpc, GrpcCall call) {
    if (call.ended()) return;
    call.send(
        response.length(), () -> rpc.response().write(response).onSuccess(written -> rpc.resume()));
  }

  private static ServiceException oneMessage() {
    return Failure.MALFORMED_REQUEST.because("This method takes one message");
  }

  private static <T extends Message> Future<T> read(GrpcMessage message, GrpcCall call, T type) {
    return call.read(
        message.payload(), isCompressed(message), bytes -> Messages.parse(type, bytes));
  }

  private static boolean isCompressed(GrpcMessage message) {
    if (message.encoding().equals(IDENTITY)) return false;
    if (message.encoding().equals(GZIP)) return true;
    throw Failure.UNSUPPORTED_MEDIA_TYPE.because("Messages may be compressed with gzip only");
  }

  private InferenceModel model(String name, String version) {
    return backend.model(name, Messages.orNull(version));
  }

  private ModelReadyResponse modelReady(ModelReadyRequest request) {
    boolean served = backend.ready(request.getName(), Messages.orNull(request.getVersion()));
    return ModelReadyResponse.newBuilder().setReady(served && backend.ready()).build();
  }

  private ServerMetadataResponse metadata() {
    var json = backend.server();
    var metadata =
        ServerMetadataResponse.newBuilder()
            .setName(json.getString("name"))
            .setVersion(json.getString("version"));
    json.getJsonArray("extensions").forEach(one -> metadata.addExtensions((String) one));
    return metadata.build();
  }

  private static ModelMetadataResponse metadata(InferenceModel model) {
    var json = model.metadata();
    return ModelMetadataResponse.newBuilder()
        .setName(model.name())
        .addVersions(model.version())
        .setPlatform(json.getString("platform"))
        .addAllInputs(tensors(json.getJsonArray("inputs")))
        .addAllOutputs(tensors(json.getJsonArray("outputs")))
        .build();
  }

  private static List<TensorMetadata> tensors(JsonArray all) {
    var tensors = new ArrayList<TensorMetadata>();
    for (var one : all) {
      var json = (JsonObject) one;
      var tensor =
          TensorMetadata.newBuilder()
              .setName(json.getString("name"))
              .setDatatype(json.getString("datatype"));
      json.getJsonArray("shape").forEach(size -> tensor.addShape(((Number) size).longValue()));
      tensors.add(tensor.build());
    }
    return tensors;
  }

  private HealthCheckResponse check(HealthCheckRequest request) {
    return response(status(request.getService()));
  }

  private HealthListResponse list() {
    var list = HealthListResponse.newBuilder();
    for (var name : List.of(WHOLE, Service.INFERENCE, InferenceModel.ALL)) {
      list.putStatuses(name, response(status(name)));
    }
    return list.build();
  }

  private void watch(
      HealthCheckRequest request, GrpcCall call, GrpcServerRequest<Buffer, Buffer> rpc) {
    if (call.ended()) return;
    try {
      call.watch();
    } catch (ServiceException e) {
      call.fail(e);
      return;
    }
    watch.add(request.getService(), call, rpc.response());
  }

  /**
   * The status of the whole, of a service, or of a model by its name.
   *
   * @throws ServiceException where there is no such model
   */
  private ServingStatus status(String name) {
    boolean served = name.equals(WHOLE) || SERVICES.contains(name) || backend.ready(name, null);
    return served && backend.ready() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }

  private ServingStatus watchedStatus(String name) {
    try {
      return status(name);
    } catch (ServiceException e) { // it may come with another release
      return ServingStatus.SERVICE_UNKNOWN;
    }
  }

  private static HealthCheckResponse response(ServingStatus status) {
    return HealthCheckResponse.newBuilder().setStatus(status).build();
  }
}
