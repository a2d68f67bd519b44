package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.bus.Bus;
import com.cpprediction.logging.CapturedLog;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.OtlpReceiver;
import com.cpprediction.testing.Ports;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import inference.GrpcService.ModelInferRequest;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The traces that a receiver gets of a service. */
class TracingIT {
  private static final String CALLER = "00f067aa0ba902b7"; // span of the caller
  private static final String TOKEN = "token-of-the-tracing-test";
  private static final int GRPC_PORT = Ports.free();
  private static final String HIDDEN_WORD = "Quixotic";
  private static final String HIDDEN_ID = "hidden-shipment";
  private static final String STORED =
      "SELECT count(*) FROM predictions WHERE shipment_id = 'away'";
  private static final Pattern VERSION = Pattern.compile("cp_build_info\\{version=\"([^\"]+)\"}");

  @RegisterExtension private static final OtlpReceiver receiver = new OtlpReceiver();

  @RegisterExtension
  private static final TestService service =
      new TestService(directory -> config(0).mergeIn(grpc()));

  private static int traces;

  private final Http http = service.http();

  private static JsonObject config(double ratio) {
    return new JsonObject()
        .put("http", new JsonObject().put("port", 0).put("predict_token", TOKEN))
        .put("persistence", new JsonObject().put("ack", "journal"))
        .mergeIn(telemetry(receiver.endpoint(), ratio));
  }

  private static JsonObject grpc() {
    return new JsonObject()
        .put("grpc", new JsonObject().put("enabled", true).put("port", GRPC_PORT));
  }

  private static JsonObject telemetry(String endpoint, double ratio) {
    return new JsonObject()
        .put(
            "telemetry",
            new JsonObject().put("otlp_endpoint", endpoint).put("sample_ratio", ratio));
  }

  /** An id of a trace that no other test has. */
  private static String newTrace() {
    return HexFormat.of().toHexDigits(0x4bf92f3577b34da6L)
        + HexFormat.of().toHexDigits((long) ++traces);
  }

  private static String parent(String trace, boolean sampled) {
    return "00-%s-%s-%s".formatted(trace, CALLER, sampled ? "01" : "00");
  }

  private Http.Answer predict(JsonObject body, String... headers) {
    return post("/predict", body, headers);
  }

  private Http.Answer post(String path, JsonObject body, String... headers) {
    var all = new String[headers.length + 2];
    System.arraycopy(headers, 0, all, 0, headers.length);
    all[headers.length] = "authorization";
    all[headers.length + 1] = "Bearer " + TOKEN;
    return http.post(path, body, all);
  }

  private static JsonObject shipment(String id, int row, String more) {
    var sample = SmallRelease.rows().get(row);
    return Http.shipment(id, sample.typed() + more).put("pincode", sample.pincode());
  }

  @Test
  void aRequestIsOneTraceFromTheCallerToTheInsert() {
    var trace = newTrace();
    var shipment = shipment("traced", 1, " Traced Tower");

    var predicted = predict(shipment, "traceparent", parent(trace, true)).json();

    var request = receiver.await(trace, "POST /predict");
    var cache = receiver.await(trace, "cache");
    var score = receiver.await(trace, "score");
    var journal = receiver.await(trace, "journal");
    var insert = receiver.await(span -> span.links().contains(journal.id()));
    assertThat(request.parent()).isEqualTo(CALLER);
    assertThat(request.kind()).isEqualTo("SERVER");
    assertThat(List.of(cache.parent(), journal.parent())).containsOnly(request.id());
    assertThat(score.parent()).isEqualTo(cache.id());
    assertThat(receiver.trace(trace)).hasSize(4);
    assertThat(request.attributes())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "http.request.method", "POST",
                "http.route", "/predict",
                "http.response.status_code", "200",
                "url.scheme", "http",
                "cp.outcome", "ok",
                "cp.prefix", predicted.getString("prefix"),
                "cp.model", predicted.getString("model"),
                "cp.source", "model",
                "cp.shipments", "1"));
    assertThat(score.attributes()).containsEntry("cp.prefix", predicted.getString("prefix"));
    assertThat(insert.name()).isEqualTo("INSERT predictions");
    assertThat(insert.trace()).isNotEqualTo(trace);
    assertThat(insert.attributes())
        .containsEntry("db.system.name", "postgresql")
        .containsEntry("db.collection.name", "predictions");
  }

  @Test
  void aCallOverGrpcContinuesItsTrace() {
    var predicted = newTrace();
    var refused = newTrace();
    var request =
        ModelInferRequest.newBuilder()
            .setModelName("cp")
            .addInputs(GrpcIT.tensor("address", SmallRelease.rows().get(6).typed()))
            .build();

    call(
        request,
        Map.of("traceparent", parent(predicted, true), "authorization", "Bearer " + TOKEN));
    var refusal = Map.of("traceparent", parent(refused, true));
    assertThatThrownBy(() -> call(request, refusal)).hasMessageContaining("UNAUTHENTICATED");

    var name = "POST /inference.GRPCInferenceService/ModelInfer";
    var span = receiver.await(predicted, name);
    assertThat(span.parent()).isEqualTo(CALLER);
    assertThat(span.attributes())
        .containsEntry("rpc.system", "grpc")
        .containsEntry("rpc.grpc.status_code", "0")
        .containsEntry("cp.outcome", "ok");
    assertThat(receiver.await(predicted, "journal").parent()).isEqualTo(span.id());
    assertThat(receiver.await(refused, name).attributes())
        .containsEntry("rpc.grpc.status_code", "16")
        .containsEntry("cp.outcome", "unauthorized");
  }

  private static void call(ModelInferRequest request, Map<String, String> headers) {
    var metadata = new Metadata();
    headers.forEach(
        (name, value) ->
            metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value));
    var channel =
        NettyChannelBuilder.forAddress("127.0.0.1", GRPC_PORT)
            .usePlaintext()
            .intercept(MetadataUtils.newAttachHeadersInterceptor(metadata))
            .build();
    try {
      ClientCalls.blockingUnaryCall(channel, GrpcIT.INFER, CallOptions.DEFAULT, request);
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void aHitHasNoScore() {
    var shipment = shipment("hit", 2, " Hit Tower");
    predict(shipment);
    var trace = newTrace();

    predict(shipment, "traceparent", parent(trace, true));

    assertThat(receiver.await(trace, "POST /predict").attributes())
        .containsEntry("cp.source", "cache");
    assertThat(receiver.await(trace, "cache").attributes()).containsEntry("cp.cache.hits", "1");
    receiver.await(trace, "journal");
    assertThat(receiver.trace(trace)).noneMatch(span -> span.name().equals("score"));
  }

  @Test
  void theReceiverKnowsWhoSends() {
    var trace = newTrace();
    predict(shipment("who", 3, ""), "traceparent", parent(trace, true));

    var version = VERSION.matcher(http.get("/metrics").body());

    assertThat(version.find()).isTrue();
    assertThat(receiver.await(trace, "POST /predict").resource())
        .containsEntry("service.name", "cp-prediction-service")
        .containsEntry("service.version", version.group(1))
        .containsKey("service.instance.id");
  }

  @Test
  void aTraceThatItsCallerDoesNotRecordIsNotSent() {
    var unrecorded = newTrace();
    var recorded = newTrace();

    predict(shipment("not", 4, ""), "traceparent", parent(unrecorded, false));
    predict(shipment("not", 4, ""), "traceparent", parent(recorded, true));

    receiver.await(recorded, "POST /predict"); // spans are sent in the order of their ends
    assertThat(receiver.trace(unrecorded)).isEmpty();
  }

  @Test
  void tracesBeginHereAtTheRatioInForce() throws Exception {
    var first = newTrace();
    predict(shipment("ratio", 5, ""));
    predict(shipment("ratio", 5, ""), "traceparent", parent(first, true));
    receiver.await(first, "POST /predict");
    assertThat(receiver.spans())
        .noneMatch(span -> span.parent().isEmpty() && span.kind().equals("SERVER"));

    service.configure(config(1).mergeIn(grpc()));

    Await.until(
        "a trace begins",
        () -> {
          predict(shipment("ratio", 5, ""));
          return receiver.spans().stream()
              .anyMatch(span -> span.parent().isEmpty() && span.name().equals("POST /predict"));
        });
    http.get("/health"); // polled, and part of no trace
    var after = newTrace();
    predict(shipment("ratio", 5, ""), "traceparent", parent(after, true));
    receiver.await(after, "POST /predict"); // spans are sent in the order of their ends
    assertThat(receiver.spans()).noneMatch(span -> span.name().contains("/health"));
    service.configure(config(0).mergeIn(grpc()));
    Await.until(
        "no trace begins",
        () ->
            http.get("/config")
                .json()
                .getJsonObject("values")
                .getJsonObject("telemetry.sample_ratio")
                .getDouble("value")
                .equals(0.0));
  }

  @Test
  void aMessageOfTheBusContinuesItsTrace() {
    var trace = newTrace();
    var options = new DeliveryOptions().addHeader("traceparent", parent(trace, true));

    service
        .vertx()
        .eventBus()
        .request(Bus.PREDICT, shipment("bus", 6, " Bus Tower"), options)
        .await();

    var request = receiver.await(trace, "process cp.predict");
    assertThat(request.parent()).isEqualTo(CALLER);
    assertThat(request.attributes())
        .containsEntry("cp.outcome", "ok")
        .containsEntry("messaging.destination.template", "cp.predict");
    assertThat(receiver.await(trace, "cache").parent()).isEqualTo(request.id());
    assertThat(receiver.await(trace, "journal").parent()).isEqualTo(request.id());
  }

  @Test
  void aHistogramNamesATraceInOpenMetricsOnly() {
    var trace = newTrace();
    predict(shipment("exemplar", 7, " Exemplar Tower"), "traceparent", parent(trace, true));
    var prometheus = // as its server asks
        "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.1";

    var scrape = http.get("/metrics", "accept", prometheus).body();

    assertThat(scrape).contains("trace_id=").endsWith("# EOF\n");
    assertThat(http.get("/metrics").body()).doesNotContain("trace_id");
  }

  @Test
  void noSpanHasAnAddressAShipmentOrAToken() {
    var trace = newTrace();
    String[] traced = {"traceparent", parent(trace, true)};
    var hidden = shipment(HIDDEN_ID, 8, ' ' + HIDDEN_WORD);

    predict(hidden, traced);
    predict(hidden.copy().put("pincode", HIDDEN_WORD), traced);
    predict(Http.shipment(HIDDEN_ID, HIDDEN_WORD), traced);
    post("/predict?explain=true", hidden, traced);
    post("/predict/batch", new JsonObject().put("shipments", JsonArray.of(hidden)), traced);
    post("/predict/" + HIDDEN_ID + '?' + HIDDEN_WORD, hidden, traced); // not found
    http.get("/predictions/" + HIDDEN_ID, traced); // unauthorized
    http.get("/" + HIDDEN_WORD, "traceparent", traced[1], "x-request-id", HIDDEN_ID);
    var options = new DeliveryOptions().addHeader("traceparent", traced[1]);
    service.vertx().eventBus().request(Bus.PREDICT, hidden, options).await();

    receiver.await(trace, "process cp.predict");
    receiver.await(trace, "POST /predict/batch");
    receiver.await(
        span ->
            span.trace().equals(trace)
                && "malformed-request".equals(span.attributes().get("cp.outcome")));
    assertThat(receiver.trace(trace)).hasSizeGreaterThan(12);
    assertThat(receiver.bodies())
        .isNotEmpty()
        .allSatisfy(
            body ->
                assertThat(body.toLowerCase(Locale.ROOT))
                    .doesNotContain(HIDDEN_WORD.toLowerCase(Locale.ROOT), HIDDEN_ID, TOKEN));
  }

  @Test
  void nothingButSpansIsLostWhileTheReceiverIsAway() throws Exception {
    var nowhere = "http://127.0.0.1:" + Ports.free();
    var config = config(1).mergeIn(telemetry(nowhere, 1));
    try (var log = new CapturedLog()) {
      var alone = TestService.started(directory -> config);

      var predicted =
          alone
              .http()
              .post("/predict", shipment("away", 9, ""), "authorization", "Bearer " + TOKEN);

      assertThat(predicted.status()).isEqualTo(200);
      Await.until("a warning", () -> !warnings(log, nowhere).isEmpty());
      alone.http().post("/predict", shipment("away", 9, ""), "authorization", "Bearer " + TOKEN);
      var uri = alone.databaseUri();
      alone.close();
      assertThat(TestDatabase.query(uri, STORED)).containsExactly("2");
      assertThat(warnings(log, nowhere)).hasSize(1);
      assertThat(log.plain()).noneMatch(line -> line.contains("Not everything stopped in time"));
    }
  }

  private static List<String> warnings(CapturedLog log, String receiver) {
    return log.plain().stream().filter(line -> line.contains(receiver)).toList();
  }
}
