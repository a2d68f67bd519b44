package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.batch;
import static com.cpprediction.http.HttpFixture.shipment;
import static com.cpprediction.http.HttpFixture.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.cpprediction.bus.ScoreReply;
import com.cpprediction.config.AuthConfig;
import com.cpprediction.config.BearerTokens;
import com.cpprediction.config.CallerConfig;
import com.cpprediction.config.CallerList;
import com.cpprediction.config.PredictionConfig;
import com.cpprediction.config.Role;
import com.cpprediction.logging.CapturedLog;
import com.cpprediction.prediction.Failure;
import com.cpprediction.serving.HealthCheck;
import com.cpprediction.testing.Certificates;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import inference.GrpcService;
import inference.GrpcService.InferTensorContents;
import inference.GrpcService.ModelInferRequest;
import inference.GrpcService.ModelInferRequest.InferInputTensor;
import inference.GrpcService.ModelInferRequest.InferRequestedOutputTensor;
import inference.GrpcService.ModelInferResponse;
import inference.GrpcService.ModelMetadataRequest;
import inference.GrpcService.ModelMetadataResponse;
import inference.GrpcService.ModelReadyRequest;
import inference.GrpcService.ModelReadyResponse;
import inference.GrpcService.ServerLiveRequest;
import inference.GrpcService.ServerLiveResponse;
import inference.GrpcService.ServerMetadataRequest;
import inference.GrpcService.ServerMetadataResponse;
import inference.GrpcService.ServerReadyRequest;
import inference.GrpcService.ServerReadyResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.StreamResetException;
import io.vertx.core.json.JsonObject;
import io.vertx.grpc.health.v1.HealthCheckRequest;
import io.vertx.grpc.health.v1.HealthCheckResponse;
import io.vertx.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.vertx.grpc.health.v1.HealthListRequest;
import io.vertx.grpc.health.v1.HealthListResponse;
import io.vertx.grpc.reflection.v1.ServerReflectionRequest;
import io.vertx.grpc.reflection.v1.ServerReflectionResponse;
import io.vertx.grpc.reflection.v1.ServerReflectionResponse.MessageResponseCase;
import io.vertx.junit5.VertxExtension;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The Open Inference Protocol over gRPC, called by the client of grpc-java. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class GrpcPortTest {
  private static final String SERVICE = "inference.GRPCInferenceService/";
  private static final String INFER = '/' + SERVICE + "ModelInfer";
  private static final String REFLECTION =
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

  /** Of times that a caller may take. */
  private static final Duration LIMIT = Duration.ofSeconds(2);

  private static final Metadata.Key<String> CODE = key("cp-code");
  private static final Metadata.Key<String> PUSHBACK = key("grpc-retry-pushback-ms");
  private static final String TOKEN = "0123456789abcdef-shop";

  /** Kept, since Vert.x closes a client that the garbage collector finds. */
  private final List<HttpClient> clients = new ArrayList<>();

  private HttpFixture edge;
  private ManagedChannel channel;

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
    edge.grpc = true;
  }

  @AfterEach
  void close() throws Exception {
    if (channel != null) channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    for (var client : clients) client.close().await(10, TimeUnit.SECONDS);
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private void start() throws Exception {
    edge.start();
    channel = NettyChannelBuilder.forAddress("127.0.0.1", edge.grpcPort()).usePlaintext().build();
  }

  @Test
  void infersAsABatchPredicts() throws Exception {
    start();
    var request =
        request(
                tensor("address", "12, MG Road", "Church Street 560001"),
                tensor("pincode", "560017", ""),
                tensor("shipment_id", "S1", "S2"))
            .setId("42")
            .build();

    var response = infer(request);

    var predicted =
        predicted(
            shipment("S1", "12, MG Road").put("pincode", "560017"),
            shipment("S2", "Church Street 560001"));
    assertThat(response.getModelName()).isEqualTo("cp");
    assertThat(response.getId()).isEqualTo("42");
    assertThat(response.getRawOutputContentsCount()).isZero();
    assertThat(texts(response, "cp"))
        .isEqualTo(predicted.stream().map(one -> one.getString("cp")).toList());
    assertThat(numbers(response, "confidence"))
        .isEqualTo(predicted.stream().map(one -> one.getDouble("confidence")).toList());
    assertThat(output(response, "alternatives").getShapeList()).containsExactly(2L, 2L);
    assertThat(texts(response, "shipment_id")).containsExactly("S1", "S2");
    assertThat(texts(response, "error")).containsExactly("", "");
    assertThat(edge.recorded())
        .extracting(kept -> kept.request().shipmentId())
        .containsExactly("S1", "S2", "S1", "S2");
    var count = "{method=\"POST\",route=\"%s\",status=\"200\"} 1".formatted(INFER);
    until(() -> edge.registry.scrape().contains("cp_http_requests_seconds_count" + count));
  }

  private List<JsonObject> predicted(JsonObject... shipments) throws Exception {
    return new JsonObject(edge.post("/predict/batch", batch(shipments)).body())
        .getJsonArray("results").stream().map(JsonObject.class::cast).toList();
  }

  @Test
  void returnsRawOutputsForRawInputs() throws Exception {
    start();
    var plain = request(tensor("address", "12, MG Road 560017", "कस्तूरबा रोड 560001")).build();

    var raw = infer(raw(plain));

    var response = infer(plain);
    assertThat(raw.getOutputsList()).noneMatch(output -> output.hasContents());
    assertThat(raw.getRawOutputContentsCount()).isEqualTo(raw.getOutputsCount());
    for (int i = 0; i < raw.getOutputsCount(); i++) {
      var output = response.getOutputs(i);
      if (Set.of("shipment_id", "prediction_id").contains(output.getName())) continue;
      assertThat(raw.getRawOutputContents(i))
          .as(output.getName())
          .isEqualTo(
              output.getDatatype().equals("BYTES")
                  ? lengthPrefixed(output.getContents().getBytesContentsList())
                  : littleEndian(output.getContents().getFp64ContentsList()));
    }
  }

  @Test
  void returnsTheRequestedOutputsOfTheModelOfAPrefix() throws Exception {
    start();
    var request =
        request(tensor("address", "Pune 411001"))
            .setModelName("560")
            .addOutputs(InferRequestedOutputTensor.newBuilder().setName("prefix"))
            .addOutputs(InferRequestedOutputTensor.newBuilder().setName("cp"));

    var response = infer(request.build());

    assertThat(response.getOutputsList())
        .extracting(ModelInferResponse.InferOutputTensor::getName)
        .containsExactly("prefix", "cp");
    assertThat(texts(response, "prefix")).containsExactly("560");
  }

  @Test
  void oneOfSeveralFailsAlone() throws Exception {
    start();

    var response = infer(request(tensor("address", "", "MG Road 560017")).build());

    assertThat(texts(response, "error")).containsExactly("malformed-request", "");
    assertThat(edge.recorded()).hasSize(1);
    assertThat(edge.metrics.failures().count(Failure.MALFORMED_REQUEST)).isEqualTo(1);
  }

  @Test
  void theOnlyOneFailsTheCall() throws Exception {
    start();

    var failure = failure(request(tensor("address", "Anna Salai, Chennai 600001")).build());

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(failure.getTrailers().get(CODE)).isEqualTo("unknown-prefix");
    assertThat(failure.getTrailers().get(key("x-request-id"))).isNotEmpty();
    assertThat(edge.recorded()).isEmpty();
  }

  /** Part of the message, and the request. */
  static Stream<Arguments> malformed() {
    var address = tensor("address", "MG Road 560017");
    return Stream.of(
        arguments("The input address is missing", ModelInferRequest.newBuilder()),
        arguments("There is no input \"text\"", request(tensor("text", "a"))),
        arguments(
            "must have the datatype BYTES",
            request(address.toBuilder().setDatatype("FP32").build())),
        arguments("must have the shape", request(address.toBuilder().addShape(2).build())),
        arguments("must have the shape", request(address.toBuilder().clearShape().build())),
        arguments(
            "must have the shape",
            request(address.toBuilder().setShape(0, Long.MAX_VALUE).build())),
        arguments("must have the shape", request(address.toBuilder().setShape(0, -1).build())),
        arguments("its shape says 2", request(address.toBuilder().setShape(0, 2).build())),
        arguments("is there twice", request(address, address)),
        arguments("address has 1", request(address, tensor("pincode", "560017", "560001"))),
        arguments(
            "must be bytes_contents",
            request(
                address.toBuilder()
                    .setContents(InferTensorContents.newBuilder().addIntContents(1))
                    .build())),
        arguments(
            "must be UTF-8",
            request(
                address.toBuilder()
                    .setContents(
                        InferTensorContents.newBuilder()
                            .addBytesContents(ByteString.copyFrom(new byte[] {(byte) 0xC3})))
                    .build())),
        arguments(
            "must be one for each",
            request(address)
                .addRawInputContents(ByteString.EMPTY)
                .addRawInputContents(ByteString.EMPTY)),
        arguments("send one of them", request(address).addRawInputContents(ByteString.EMPTY)),
        arguments(
            "4 bytes, little-endian",
            raw(request(address).build(), ByteString.copyFrom(new byte[] {9, 0, 0, 0, 'a'}))),
        arguments(
            "4 bytes, little-endian",
            raw(request(address).build(), ByteString.copyFrom(new byte[] {1, 0}))),
        arguments(
            "4 bytes, little-endian",
            raw(request(address).build(), ByteString.copyFrom(new byte[] {-1, -1, -1, -1, 'a'}))),
        arguments(
            "more than 1000 elements",
            raw(request(address).build(), ByteString.copyFrom(new byte[4 * 30_000]))),
        arguments(
            "must have the shape",
            raw(
                request(address.toBuilder().setShape(0, 30_000).build()).build(),
                ByteString.copyFrom(new byte[] {9}))),
        arguments(
            "more than 20000 fields",
            request(
                address.toBuilder()
                    .setContents(
                        InferTensorContents.newBuilder()
                            .addAllInt64Contents(Collections.nCopies(30_000, 1L)))
                    .build())),
        arguments(
            "more than 20000 fields",
            request(address.toBuilder().addAllShape(Collections.nCopies(30_000, 1L)).build())),
        arguments(
            "must be bytes_contents", // a packed element of 8 bytes counts once
            request(
                address.toBuilder()
                    .setContents(
                        InferTensorContents.newBuilder()
                            .addAllFp64Contents(Collections.nCopies(10_000, 1.0)))
                    .build())),
        arguments(
            "There is no output \"x\"",
            request(address).addOutputs(InferRequestedOutputTensor.newBuilder().setName("x"))),
        arguments(
            "requested twice",
            request(address)
                .addOutputs(InferRequestedOutputTensor.newBuilder().setName("cp"))
                .addOutputs(InferRequestedOutputTensor.newBuilder().setName("cp"))));
  }

  @ParameterizedTest(name = "{index} {0}")
  @MethodSource("malformed")
  void refusesAMalformedRequest(String message, ModelInferRequest.Builder request)
      throws Exception {
    start();

    var failure = failure(request.setModelName("cp").build());

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(failure.getStatus().getDescription()).contains(message);
    assertThat(failure.getTrailers().get(CODE)).isEqualTo("malformed-request");
    assertThat(edge.recorded()).isEmpty();
  }

  @Test
  void refusesAnUnknownModelOrVersion() throws Exception {
    start();
    var request = request(tensor("address", "MG Road 560017"));

    for (var one :
        List.of(
            request.clone().setModelName("999"),
            request.clone().setModelVersion("1"),
            request.clone().setModelName(""))) {
      assertThat(failure(one.build()).getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    }
    assertThat(edge.recorded()).isEmpty();
  }

  @Test
  void describesServerAndModels() throws Exception {
    start();

    var live =
        call(
            "ServerLive",
            ServerLiveRequest.getDefaultInstance(),
            ServerLiveResponse.getDefaultInstance());
    var server =
        call(
            "ServerMetadata",
            ServerMetadataRequest.getDefaultInstance(),
            ServerMetadataResponse.getDefaultInstance());
    var model =
        call(
            "ModelMetadata",
            ModelMetadataRequest.newBuilder().setName("cp").build(),
            ModelMetadataResponse.getDefaultInstance());
    var unknown =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                call(
                    "ModelMetadata",
                    ModelMetadataRequest.newBuilder().setName("x").build(),
                    ModelMetadataResponse.getDefaultInstance()));

    assertThat(live.getLive()).isTrue();
    assertThat(server.getName()).isEqualTo("cp-prediction-service");
    var rest = new JsonObject(edge.get("/v2/models/cp").body());
    assertThat(model.getVersions(0)).isEqualTo(rest.getJsonArray("versions").getString(0));
    assertThat(model.getOutputsCount()).isEqualTo(rest.getJsonArray("outputs").size());
    assertThat(model.getInputs(0).getName()).isEqualTo("address");
    assertThat(model.getInputs(0).getShapeList()).containsExactly(-1L);
    assertThat(unknown.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void tellsReadinessOfServerModelsAndServices() throws Exception {
    var ready = new AtomicBoolean(true);
    edge.checks.add(new HealthCheck("journal", ready::get, JsonObject::new));
    start();

    for (boolean now : new boolean[] {true, false}) {
      ready.set(now);
      var status = now ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
      assertThat(
              call(
                      "ServerReady",
                      ServerReadyRequest.getDefaultInstance(),
                      ServerReadyResponse.getDefaultInstance())
                  .getReady())
          .isEqualTo(now);
      assertThat(
              call(
                      "ModelReady",
                      ModelReadyRequest.newBuilder().setName("560").build(),
                      ModelReadyResponse.getDefaultInstance())
                  .getReady())
          .isEqualTo(now);
      for (var name : List.of("", "inference.GRPCInferenceService", "cp", "560")) {
        assertThat(health(name).getStatus()).as(name).isEqualTo(status);
      }
      var list =
          ClientCalls.blockingUnaryCall(
              channel,
              method(
                  "grpc.health.v1.Health/List",
                  MethodType.UNARY,
                  HealthListRequest.getDefaultInstance(),
                  HealthListResponse.getDefaultInstance()),
              CallOptions.DEFAULT,
              HealthListRequest.getDefaultInstance());
      assertThat(list.getStatusesMap().values())
          .hasSize(3)
          .allMatch(one -> one.getStatus() == status);
    }
    var unknown = catchThrowableOfType(StatusRuntimeException.class, () -> health("other"));
    assertThat(unknown.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void watchersHearOfEachChangeAndOfTheEnd() throws Exception {
    var ready = new AtomicBoolean(true);
    edge.checks.add(new HealthCheck("journal", ready::get, JsonObject::new));
    edge.maxStreams = 1;
    start();

    var heard = watch();
    until(() -> heard.messages.size() == 1);
    ready.set(false);
    until(() -> heard.messages.size() == 2);
    edge.stop().await(20, TimeUnit.SECONDS);
    until(() -> heard.end != null);

    assertThat(heard.messages)
        .extracting(HealthCheckResponse::getStatus)
        .containsExactly(ServingStatus.SERVING, ServingStatus.NOT_SERVING);
    assertThat(heard.end.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
  }

  @Test
  void watchesHaveSlotsOfTheirOwn() throws Exception {
    edge.maxStreams = 1;
    start();
    var watches = IntStream.range(0, 64).mapToObj(i -> watch()).toList();
    for (var one : watches) until(() -> one.messages.size() == 1);

    var refused = watch();
    until(() -> refused.end != null);

    assertThat(refused.end.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(refused.end.getDescription()).contains("64 watches");
    var line = shipment("S1", "MG Road 560017").encode() + '\n';
    assertThat(
            edge.send(
                    "POST",
                    "/predict/stream",
                    line.getBytes(StandardCharsets.UTF_8),
                    "Content-Type",
                    "application/x-ndjson")
                .statusCode())
        .isEqualTo(200);
  }

  private Heard<HealthCheckResponse> watch() {
    var heard = new Heard<HealthCheckResponse>();
    var method =
        method(
            "grpc.health.v1.Health/Watch",
            MethodType.SERVER_STREAMING,
            HealthCheckRequest.getDefaultInstance(),
            HealthCheckResponse.getDefaultInstance());
    ClientCalls.asyncServerStreamingCall(
        channel.newCall(method, CallOptions.DEFAULT),
        HealthCheckRequest.getDefaultInstance(),
        heard);
    return heard;
  }

  @Test
  void reflectsItsServices() throws Exception {
    start();

    var list = reflect(ServerReflectionRequest.newBuilder().setListServices("*").build());
    var file =
        reflect(
            ServerReflectionRequest.newBuilder()
                .setFileContainingSymbol("inference.GRPCInferenceService")
                .build());

    assertThat(list.getListServicesResponse().getServiceList())
        .extracting(one -> one.getName())
        .containsExactlyInAnyOrder(
            "inference.GRPCInferenceService",
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection");
    assertThat(file.getFileDescriptorResponse().getFileDescriptorProtoList())
        .containsExactly(GrpcService.getDescriptor().toProto().toByteString());
    var count = "cp_http_requests_seconds_count{method=\"POST\",route=\"%s\",status=\"200\"} 2";
    until(() -> edge.registry.scrape().contains(count.formatted(REFLECTION)));
  }

  @Test
  void respondsToEachQuestionOfAStream(Vertx vertx) throws Exception {
    start();
    var list = ServerReflectionRequest.newBuilder().setListServices("*").build();
    var symbols =
        Stream.of(
                "inference.ModelInferRequest.InferInputTensor",
                "inference.GRPCInferenceService.ModelInfer",
                "grpc.health.v1.Health",
                "other")
            .map(name -> ServerReflectionRequest.newBuilder().setFileContainingSymbol(name).build())
            .toList();
    var body = Buffer.buffer(framed(0, body(list)));
    for (var symbol : symbols) body.appendBytes(framed(1, gzip(body(symbol))));
    body.appendBytes(framed(0, new byte[0]));

    try (var log = new CapturedLog()) {
      var responses = reflections(vertx, body);

      assertThat(responses)
          .extracting(ServerReflectionResponse::getMessageResponseCase)
          .containsExactly(
              MessageResponseCase.LIST_SERVICES_RESPONSE,
              MessageResponseCase.FILE_DESCRIPTOR_RESPONSE,
              MessageResponseCase.FILE_DESCRIPTOR_RESPONSE,
              MessageResponseCase.FILE_DESCRIPTOR_RESPONSE,
              MessageResponseCase.ERROR_RESPONSE,
              MessageResponseCase.ERROR_RESPONSE);
      assertThat(responses.get(0).getOriginalRequest()).isEqualTo(list);
      assertThat(responses.get(4).getErrorResponse().getErrorCode()).isEqualTo(5);
      assertThat(responses.get(5).getErrorResponse().getErrorCode()).isEqualTo(3);
      until(() -> edge.registry.scrape().contains("cp_http_pending_bytes 0.0"));
      assertThat(log.plain()).noneMatch(line -> line.contains("IllegalStateException"));
    }
  }

  /** Sends {@code body} in one DATA frame; all of the responses. */
  private List<ServerReflectionResponse> reflections(Vertx vertx, Buffer body) throws Exception {
    var bytes =
        client(vertx, new Http2Settings())
            .request(HttpMethod.POST, edge.grpcPort(), "127.0.0.1", REFLECTION)
            .compose(
                request ->
                    request
                        .putHeader("content-type", "application/grpc")
                        .putHeader("grpc-encoding", "gzip")
                        .send(body))
            .compose(HttpClientResponse::body)
            .await(20, TimeUnit.SECONDS);
    var responses = new ArrayList<ServerReflectionResponse>();
    for (int at = 0; at < bytes.length(); ) {
      int end = at + 5 + bytes.getInt(at + 1);
      responses.add(ServerReflectionResponse.parseFrom(bytes.getBytes(at + 5, end)));
      at = end;
    }
    return responses;
  }

  @Test
  void takesTheTokensOfHttp() throws Exception {
    var digest = ByteBuffer.wrap(BearerTokens.digest(TOKEN));
    var reader = ByteBuffer.wrap(BearerTokens.digest("0123456789abcdef-reads"));
    edge.auth =
        new AuthConfig(
            new CallerList(
                List.of(
                    new CallerConfig("shop", List.of(digest), Set.of(Role.PREDICT), 0.001, 0),
                    new CallerConfig("reader", List.of(reader), Set.of(Role.READ), 0, 0))));
    start();
    var request = request(tensor("address", "MG Road 560017")).build();

    assertThat(failure(request).getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(failure(with("authorization", "Bearer wrong"), request).getStatus().getCode())
        .isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(
            failure(with("authorization", "Bearer 0123456789abcdef-reads"), request)
                .getStatus()
                .getCode())
        .isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(texts(infer(with("authorization", "Bearer " + TOKEN), request), "error"))
        .containsExactly("");
    var limited = failure(with("authorization", "Bearer " + TOKEN), request);

    assertThat(limited.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(limited.getTrailers().get(CODE)).isEqualTo("rate-limited");
    assertThat(Long.parseLong(limited.getTrailers().get(PUSHBACK))).isGreaterThan(1_000);
    assertThat(edge.recorded()).hasSize(1);
  }

  @Test
  void tooManyShipmentsInFlightAreUnavailableForAMoment() throws Exception {
    var held = Promise.<ScoreReply>promise();
    edge.prediction =
        new PredictionConfig(
            HttpFixture.WORKERS, 0, 1, Duration.ofSeconds(30), OptionalDouble.of(0.01), 0.5);
    edge.scorer =
        request ->
            held.future()
                .map(done -> HttpFixture.reply(request, HttpFixture.FINGERPRINTS.get("560")));
    start();
    var heard = new Heard<ModelInferResponse>();
    var request = request(tensor("address", "MG Road 560017")).build();
    ClientCalls.asyncUnaryCall(channel.newCall(inferMethod(), CallOptions.DEFAULT), request, heard);
    until(() -> edge.inFlight() == 1);

    var failure = failure(request);
    held.complete();
    until(() -> heard.end != null);

    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(failure.getTrailers().get(CODE)).isEqualTo("overloaded");
    assertThat(failure.getTrailers().get(PUSHBACK)).isEqualTo("1000");
    assertThat(heard.end.getCode()).isEqualTo(Status.Code.OK);
    assertThat(edge.recorded()).hasSize(1);
  }

  @Test
  void theTimeOfTheCallerEndsTheCall(Vertx vertx) throws Exception {
    edge.scorer = request -> Promise.<ScoreReply>promise().future();
    start();

    var answer =
        send(
            vertx,
            INFER,
            framed(0, body(request(tensor("address", "MG Road 560017")).build())),
            "grpc-timeout",
            "50m");
    var wrong = send(vertx, INFER, framed(0, new byte[0]), "grpc-timeout", "soon");

    assertThat(answer.status()).isEqualTo("4");
    assertThat(answer.code()).isEqualTo("deadline-exceeded");
    assertThat(wrong.status()).isEqualTo("3");
    assertThat(edge.recorded()).isEmpty();
  }

  @Test
  void readsGzip() throws Exception {
    start();
    var request = request(tensor("address", "MG Road 560017")).build();

    var response =
        ClientCalls.blockingUnaryCall(
            channel, inferMethod(), CallOptions.DEFAULT.withCompression("gzip"), request);

    assertThat(texts(response, "cp")).isEqualTo(texts(infer(request), "cp"));
  }

  /** Status and code, path, body, and headers beside the usual. */
  static Stream<Arguments> hostile() throws IOException {
    var valid = body(request(tensor("address", "MG Road 560017")).build());
    var bomb = gzip(new byte[64 * 1024 * 1024]);
    var empties = new byte[100_000]; // empty inputs, two bytes each
    for (int i = 0; i < empties.length; i += 2) empties[i] = 0x2A;
    var group = new byte[] {0x53, 0x54};
    var booleans = InferTensorContents.newBuilder(); // a byte each
    booleans.addAllBoolContents(Collections.nCopies(3_000_000, true));
    var packed = body(request(tensor("address").toBuilder().setContents(booleans).build()).build());
    var twice = Buffer.buffer(framed(0, valid)).appendBytes(framed(0, valid)).getBytes();
    return Stream.of(
        arguments("8", "too-large", INFER, framed(1, bomb), new String[] {"grpc-encoding", "gzip"}),
        arguments(
            "3",
            "malformed-request",
            INFER,
            framed(1, valid),
            new String[] {"grpc-encoding", "gzip"}),
        arguments("3", "malformed-request", INFER, framed(1, gzip(valid)), new String[0]),
        arguments(
            "12",
            "unsupported-media-type",
            INFER,
            framed(1, valid),
            new String[] {"grpc-encoding", "snappy"}),
        arguments("8", "too-large", INFER, new byte[] {0, 0x7F, 0, 0, 0, 1}, new String[0]),
        arguments("8", "too-large", INFER, framed(0, new byte[5 * 1024 * 1024]), new String[0]),
        arguments(
            "8",
            "too-large",
            '/' + SERVICE + "ServerLive",
            framed(0, new byte[70_000]),
            new String[0]),
        arguments("3", "malformed-request", INFER, new byte[0], new String[0]),
        arguments("3", "malformed-request", INFER, new byte[] {0, 0, 0, 0, 9, 1}, new String[0]),
        arguments("3", "malformed-request", INFER, twice, new String[0]),
        arguments("3", "malformed-request", INFER, framed(0, new byte[] {7, 7, 7}), new String[0]),
        arguments("3", "malformed-request", INFER, framed(0, empties), new String[0]),
        arguments("3", "malformed-request", INFER, framed(0, group), new String[0]),
        arguments(
            "3",
            "malformed-request",
            INFER,
            framed(1, gzip(packed)),
            new String[] {"grpc-encoding", "gzip"}),
        arguments(
            "12", "method-not-allowed", '/' + SERVICE + "Other", framed(0, valid), new String[0]),
        arguments("12", "method-not-allowed", "/predict", framed(0, valid), new String[0]),
        arguments(
            "8", "too-large", REFLECTION, framed(1, bomb), new String[] {"grpc-encoding", "gzip"}),
        arguments("3", "malformed-request", REFLECTION, framed(0, group), new String[0]),
        arguments(
            "7",
            "forbidden",
            INFER,
            framed(0, valid),
            new String[] {"origin", "http://elsewhere.example"}));
  }

  @ParameterizedTest(name = "{index} {1}")
  @MethodSource("hostile")
  void refusesHostileInputWithAStatus(
      String status, String code, String path, byte[] body, String[] headers, Vertx vertx)
      throws Exception {
    start();

    var answer = send(vertx, path, body, headers);

    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.code()).isEqualTo(code);
    assertThat(edge.recorded()).isEmpty();
    assertThat(texts(infer(request(tensor("address", "MG Road 560017")).build()), "error"))
        .containsExactly("");
    until(() -> edge.registry.scrape().contains("cp_http_pending_bytes 0.0"));
  }

  @Test
  void disconnectsNoOneElseForACallThatIsNotComplete(Vertx vertx) throws Exception {
    edge.receiveTimeout = LIMIT;
    var held = Promise.<ScoreReply>promise();
    edge.scorer =
        request ->
            held.future()
                .map(done -> HttpFixture.reply(request, HttpFixture.FINGERPRINTS.get("560")));
    start();
    var valid = framed(0, body(request(tensor("address", "MG Road 560017")).build()));
    var client = client(vertx, new Http2Settings());
    var complete = call(client, INFER).await(20, TimeUnit.SECONDS);
    var other = answer(complete, valid, true);
    until(() -> edge.inFlight() == 1);
    var incomplete = call(client, INFER).await(20, TimeUnit.SECONDS);

    var answer = answer(incomplete, valid, false).await(20, TimeUnit.SECONDS);
    held.complete();

    assertThat(incomplete.connection()).isSameAs(complete.connection());
    assertThat(answer.status()).isEqualTo("4");
    assertThat(answer.code()).isEqualTo("deadline-exceeded");
    assertThat(other.await(20, TimeUnit.SECONDS).code()).isNull();
    until(() -> edge.recorded().size() == 1);
  }

  /** With a window of no bytes a response stays with the service until its caller reads it. */
  @Test
  void givesUpResponsesThatAreNotRead(Vertx vertx) throws Exception {
    edge.receiveTimeout = LIMIT;
    start();
    var valid = framed(0, body(request(tensor("address", "MG Road 560017")).build()));
    var request =
        call(client(vertx, new Http2Settings().setInitialWindowSize(0)), INFER)
            .await(20, TimeUnit.SECONDS);
    var reset = new AtomicLong(-1);
    request.response().onSuccess(head -> head.exceptionHandler(cause -> reset.set(code(cause))));
    request.exceptionHandler(cause -> reset.set(code(cause))).end(Buffer.buffer(valid));

    try (var log = new CapturedLog()) {
      until(() -> reset.get() >= 0);

      assertThat(reset.get()).isEqualTo(8);
      assertThat(edge.recorded()).hasSize(1);
      until(() -> edge.registry.scrape().contains("cp_http_pending_bytes 0.0"));
      assertThat(log.plain()).noneMatch(line -> line.contains("NullPointerException"));
    }
  }

  private static long code(Throwable cause) {
    return cause instanceof StreamResetException reset ? reset.getCode() : Long.MAX_VALUE;
  }

  @Test
  void closesConnectionsWithoutACallAndPingsThoseWithWatches(Vertx vertx) throws Exception {
    edge.receiveTimeout = LIMIT;
    start();
    var pings = new AtomicInteger();
    var closed = new AtomicBoolean();
    var watching =
        call(client(vertx, new Http2Settings()), "/grpc.health.v1.Health/Watch")
            .await(20, TimeUnit.SECONDS);
    watching.connection().pingHandler(ping -> pings.incrementAndGet());
    watching.connection().closeHandler(end -> closed.set(true));
    answer(watching, framed(0, new byte[0]), true).await(20, TimeUnit.SECONDS);
    var silent = call(client(vertx, new Http2Settings()), INFER).await(20, TimeUnit.SECONDS);
    var ended = new AtomicBoolean();
    silent.connection().closeHandler(end -> ended.set(true));

    until(ended::get);
    until(() -> pings.get() > 0);

    assertThat(closed).isFalse();
  }

  @Test
  void takesNothingButGrpc(Vertx vertx) throws Exception {
    start();

    var json = send(vertx, INFER, framed(0, new byte[0]), "content-type", "application/grpc+json");

    assertThat(json.http()).isEqualTo(415);
    assertThat(edge.recorded()).isEmpty();
  }

  @Test
  void endsAStreamThatIsNotGrpcBeforeItsCallerDoes(Vertx vertx) throws Exception {
    start();
    var request = call(client(vertx, new Http2Settings()), INFER).await(20, TimeUnit.SECONDS);
    var reset = new AtomicLong(-1);
    request.exceptionHandler(cause -> reset.set(code(cause)));
    request.putHeader("content-type", "text/plain").setChunked(true).write(Buffer.buffer("a"));

    until(() -> reset.get() >= 0);

    assertThat(reset.get()).isZero();
  }

  @Test
  void closesAConnectionOfHttp11AfterItsRequest() throws Exception {
    start();
    try (var socket = new Socket("127.0.0.1", edge.grpcPort())) {
      socket.setSoTimeout(60_000);
      socket
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".getBytes(StandardCharsets.UTF_8));

      var response = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

      assertThat(response).startsWith("HTTP/1.1 415 ");
    }
  }

  @Test
  void closesConnectionsBeyondTheLimit(Vertx vertx) throws Exception {
    edge.maxConnections = 1;
    start();
    infer(request(tensor("address", "MG Road 560017")).build());

    var second =
        NettyChannelBuilder.forAddress("127.0.0.1", edge.grpcPort()).usePlaintext().build();
    try {
      assertThat(
              failure(second, request(tensor("address", "MG Road 560017")).build())
                  .getStatus()
                  .getCode())
          .isEqualTo(Status.Code.UNAVAILABLE);
    } finally {
      second.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void servesWithTls(@TempDir Path directory) throws Exception {
    var certificates = new Certificates(directory);
    var authority = certificates.authority("authority");
    edge.secure(certificates.signedBy(authority, "server"), Certificates.trusting(authority));
    edge.start();
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", edge.grpcPort())
            .sslContext(GrpcSslContexts.forClient().trustManager(authority.own()).build())
            .build();

    assertThat(texts(infer(request(tensor("address", "MG Road 560017")).build()), "error"))
        .containsExactly("");
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void everyGeneratedMessageGetsAForeseenStatus(long seed) throws Exception {
    start();
    var random = new Random(seed);
    var service = GrpcService.getDescriptor().findServiceByName("GRPCInferenceService");
    int stored = 0;
    for (int round = 0; round < 100; round++) {
      for (var method : service.getMethods()) {
        Message request = generated(method.getInputType(), random, 0);
        var type = DynamicMessage.getDefaultInstance(method.getOutputType());
        try {
          var response = call(method.getName(), request, type);
          if (method.getName().equals("ModelInfer")) {
            var errors = texts(ModelInferResponse.parseFrom(response.toByteString()), "error");
            stored += (int) errors.stream().filter(String::isEmpty).count();
          }
        } catch (StatusRuntimeException e) {
          assertThat(e.getStatus().getCode())
              .as("%s %s", e.getStatus(), request)
              .isIn(
                  Status.Code.INVALID_ARGUMENT,
                  Status.Code.NOT_FOUND,
                  Status.Code.FAILED_PRECONDITION);
        }
      }
    }

    assertThat(stored).isPositive();
    assertThat(edge.recorded()).hasSize(stored);
  }

  /** A message of any fields; often such that an inference succeeds. */
  private static Message generated(Descriptor type, Random random, int depth) {
    if (type.getName().equals("ModelInferRequest") && random.nextInt(4) == 0) {
      var addresses =
          IntStream.range(0, 1 + random.nextInt(3))
              .mapToObj(
                  i -> random.nextBoolean() ? "MG Road 560017" : "x".repeat(random.nextInt(3)));
      var valid = request(tensor("address", addresses.toArray(String[]::new))).build();
      return random.nextBoolean() ? valid : raw(valid).build();
    }
    var message = DynamicMessage.newBuilder(type);
    for (var field : type.getFields()) {
      int count = field.isRepeated() ? random.nextInt(3) : random.nextInt(2);
      for (int i = 0; i < count; i++) {
        var value = value(field, random, depth);
        if (field.isRepeated()) message.addRepeatedField(field, value);
        else message.setField(field, value);
      }
    }
    return message.build();
  }

  private static Object value(FieldDescriptor field, Random random, int depth) {
    return switch (field.getJavaType()) {
      case MESSAGE -> generated(field.getMessageType(), random, depth + 1);
      case STRING ->
          List.of("", "cp", "560", "address", "pincode", "BYTES", "error", "é\u0000")
              .get(random.nextInt(8));
      case BYTE_STRING ->
          random.nextBoolean()
              ? ByteString.copyFromUtf8("MG Road 560017")
              : ByteString.copyFrom(new byte[random.nextInt(9)]);
      case BOOLEAN -> random.nextBoolean();
      case INT -> random.nextInt();
      case LONG -> random.nextBoolean() ? 1L : random.nextLong();
      case FLOAT -> random.nextFloat();
      case DOUBLE -> random.nextDouble();
      case ENUM -> throw new AssertionError("The protocol has none");
    };
  }

  // Requests and responses

  private static InferInputTensor tensor(String name, String... elements) {
    var contents = InferTensorContents.newBuilder();
    for (var element : elements) contents.addBytesContents(ByteString.copyFromUtf8(element));
    return InferInputTensor.newBuilder()
        .setName(name)
        .setDatatype("BYTES")
        .addShape(elements.length)
        .setContents(contents)
        .build();
  }

  private static ModelInferRequest.Builder request(InferInputTensor... inputs) {
    return ModelInferRequest.newBuilder().setModelName("cp").addAllInputs(List.of(inputs));
  }

  /** The same request with raw inputs. */
  private static ModelInferRequest.Builder raw(ModelInferRequest request) {
    return raw(
        request,
        request.getInputsList().stream()
            .map(input -> lengthPrefixed(input.getContents().getBytesContentsList()))
            .toArray(ByteString[]::new));
  }

  private static ModelInferRequest.Builder raw(ModelInferRequest request, ByteString... contents) {
    var raw = request.toBuilder().addAllRawInputContents(List.of(contents));
    raw.getInputsBuilderList().forEach(InferInputTensor.Builder::clearContents);
    return raw;
  }

  private static ByteString lengthPrefixed(List<ByteString> elements) {
    var joined = ByteString.EMPTY;
    for (var element : elements) {
      var length = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(element.size());
      joined = joined.concat(ByteString.copyFrom(length.flip())).concat(element);
    }
    return joined;
  }

  private static ByteString littleEndian(List<Double> numbers) {
    var bytes = ByteBuffer.allocate(8 * numbers.size()).order(ByteOrder.LITTLE_ENDIAN);
    numbers.forEach(bytes::putDouble);
    return ByteString.copyFrom(bytes.flip());
  }

  private static ModelInferResponse.InferOutputTensor output(
      ModelInferResponse response, String name) {
    return response.getOutputsList().stream()
        .filter(output -> output.getName().equals(name))
        .findAny()
        .orElseThrow();
  }

  /** Elements of an output of texts, raw or not; none of one that was not requested. */
  private static List<String> texts(ModelInferResponse response, String name) {
    for (int i = 0; i < response.getOutputsCount(); i++) {
      if (!response.getOutputs(i).getName().equals(name)) continue;
      if (response.getRawOutputContentsCount() == 0) {
        return response.getOutputs(i).getContents().getBytesContentsList().stream()
            .map(ByteString::toStringUtf8)
            .toList();
      }
      var raw =
          response.getRawOutputContents(i).asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
      var texts = new ArrayList<String>();
      while (raw.hasRemaining()) {
        var element = new byte[raw.getInt()];
        raw.get(element);
        texts.add(ByteString.copyFrom(element).toStringUtf8());
      }
      return texts;
    }
    return List.of();
  }

  private static List<Double> numbers(ModelInferResponse response, String name) {
    return output(response, name).getContents().getFp64ContentsList();
  }

  // Calls by grpc-java

  private static <Q extends Message, R extends Message> MethodDescriptor<Q, R> method(
      String name, MethodType type, Q request, R response) {
    return MethodDescriptor.<Q, R>newBuilder()
        .setType(type)
        .setFullMethodName(name)
        .setRequestMarshaller(ProtoUtils.marshaller(request))
        .setResponseMarshaller(ProtoUtils.marshaller(response))
        .build();
  }

  private static MethodDescriptor<ModelInferRequest, ModelInferResponse> inferMethod() {
    return method(
        SERVICE + "ModelInfer",
        MethodType.UNARY,
        ModelInferRequest.getDefaultInstance(),
        ModelInferResponse.getDefaultInstance());
  }

  private <Q extends Message, R extends Message> R call(String name, Q request, R type) {
    return ClientCalls.blockingUnaryCall(
        channel,
        method(SERVICE + name, MethodType.UNARY, request, type),
        CallOptions.DEFAULT,
        request);
  }

  private ModelInferResponse infer(ModelInferRequest.Builder request) {
    return infer(channel, request.build());
  }

  private ModelInferResponse infer(ModelInferRequest request) {
    return infer(channel, request);
  }

  private static ModelInferResponse infer(Channel caller, ModelInferRequest request) {
    return ClientCalls.blockingUnaryCall(caller, inferMethod(), CallOptions.DEFAULT, request);
  }

  private StatusRuntimeException failure(ModelInferRequest request) {
    return failure(channel, request);
  }

  private static StatusRuntimeException failure(Channel caller, ModelInferRequest request) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> infer(caller, request));
  }

  private Channel with(String name, String value) {
    var metadata = new Metadata();
    metadata.put(key(name), value);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
  }

  private HealthCheckResponse health(String service) {
    var request = HealthCheckRequest.newBuilder().setService(service).build();
    return ClientCalls.blockingUnaryCall(
        channel,
        method(
            "grpc.health.v1.Health/Check",
            MethodType.UNARY,
            request,
            HealthCheckResponse.getDefaultInstance()),
        CallOptions.DEFAULT,
        request);
  }

  private ServerReflectionResponse reflect(ServerReflectionRequest request) throws Exception {
    var heard = new Heard<ServerReflectionResponse>();
    var method =
        method(
            "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            MethodType.BIDI_STREAMING,
            request,
            ServerReflectionResponse.getDefaultInstance());
    var requests =
        ClientCalls.asyncBidiStreamingCall(channel.newCall(method, CallOptions.DEFAULT), heard);
    requests.onNext(request); // and responded to before the caller has ended
    until(() -> heard.messages.size() == 1);
    requests.onCompleted();
    until(() -> heard.end != null);
    return heard.messages.element();
  }

  private static final class Heard<R> implements StreamObserver<R> {
    private final Queue<R> messages = new ConcurrentLinkedQueue<>();
    private volatile Status end;

    @Override
    public void onNext(R message) {
      messages.add(message);
    }

    @Override
    public void onError(Throwable cause) {
      end = Status.fromThrowable(cause);
    }

    @Override
    public void onCompleted() {
      end = Status.OK;
    }
  }

  // Calls by bare HTTP/2

  private record Answer(int http, String status, String code) {}

  private Answer send(Vertx vertx, String path, byte[] body, String... headers) throws Exception {
    return send(vertx, path, body, true, headers);
  }

  /**
   * @param complete whether the caller ends its stream
   * @param headers names and values in turn
   */
  private Answer send(Vertx vertx, String path, byte[] body, boolean complete, String... headers)
      throws Exception {
    return call(client(vertx, new Http2Settings()), path)
        .compose(
            request -> {
              for (int i = 0; i < headers.length; i += 2)
                request.putHeader(headers[i], headers[i + 1]);
              return answer(request, body, complete);
            })
        .await(20, TimeUnit.SECONDS);
  }

  private HttpClient client(Vertx vertx, Http2Settings settings) {
    var client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setInitialSettings(settings));
    clients.add(client);
    return client;
  }

  private Future<HttpClientRequest> call(HttpClient client, String path) {
    return client
        .request(HttpMethod.POST, edge.grpcPort(), "127.0.0.1", path)
        .map(
            request ->
                request.putHeader("content-type", "application/grpc").putHeader("te", "trailers"));
  }

  private static Future<Answer> answer(HttpClientRequest request, byte[] body, boolean complete) {
    request.exceptionHandler(reset -> {}); // after the response
    var response = request.response();
    request.setChunked(true);
    if (complete) request.end(Buffer.buffer(body));
    else request.write(Buffer.buffer(body));
    return response.map(
        head ->
            new Answer(
                head.statusCode(), head.getHeader("grpc-status"), head.getHeader("cp-code")));
  }

  private static byte[] body(Message message) {
    return message.toByteArray();
  }

  private static byte[] framed(int flag, byte[] message) {
    return Buffer.buffer()
        .appendByte((byte) flag)
        .appendInt(message.length)
        .appendBytes(message)
        .getBytes();
  }

  private static byte[] gzip(byte[] plain) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(plain);
    }
    return out.toByteArray();
  }
}
