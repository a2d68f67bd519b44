package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.batch;
import static com.cpprediction.http.HttpFixture.shipment;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PredictionIds;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The Open Inference Protocol over REST. */
@ExtendWith(VertxExtension.class)
class InferenceRoutesTest {
  private static final String INFER = "/v2/models/cp/infer";
  private static final String HEADER = "Inference-Header-Content-Length";
  private static final String JSON = "application/json";
  private static final String BINARY = "application/octet-stream";
  private static final JsonObject ALL_BYTES = new JsonObject().put("binary_data_output", true);

  private HttpFixture edge;

  @BeforeEach
  void setUp(Vertx vertx) {
    edge = new HttpFixture(vertx);
  }

  @Test
  void infersAsABatchPredicts() throws Exception {
    edge.start();
    var id = PredictionIds.next().toString();
    var body =
        request(
            tensor("address", "12, MG Road", "Church Street 560001"),
            tensor("pincode", "560017", ""),
            tensor("shipment_id", "S1", "S2"),
            tensor("prediction_id", id, ""));

    var response = edge.post(INFER, body.put("id", "42"));
    var batch =
        batch(
            shipment("S1", "12, MG Road").put("pincode", "560017"),
            shipment("S2", "Church Street 560001"));
    var predicted =
        new JsonObject(edge.post("/predict/batch", batch).body())
            .getJsonArray("results").stream().map(JsonObject.class::cast).toList();

    assertThat(response.statusCode()).isEqualTo(200);
    var json = new JsonObject(response.body());
    assertThat(json.getString("model_name")).isEqualTo("cp");
    assertThat(json.getString("id")).isEqualTo("42");
    assertThat(shape(json, "alternatives")).containsExactly(2, 2);
    assertThat(data(json, "cp"))
        .isEqualTo(predicted.stream().map(one -> one.getString("cp")).toList());
    assertThat(data(json, "confidence"))
        .isEqualTo(predicted.stream().map(one -> one.getDouble("confidence")).toList());
    assertThat(data(json, "alternatives"))
        .isEqualTo(
            predicted.stream()
                .flatMap(one -> one.getJsonArray("alternatives").stream())
                .map(one -> ((JsonObject) one).getString("cp"))
                .toList());
    assertThat(data(json, "prefix")).containsExactly("560", "560");
    assertThat(data(json, "shipment_id")).containsExactly("S1", "S2");
    assertThat(data(json, "prediction_id").get(0)).isEqualTo(id);
    assertThat(data(json, "error")).containsExactly("", "");
    assertThat(edge.recorded())
        .extracting(kept -> kept.request().shipmentId())
        .containsExactly("S1", "S2", "S1", "S2");
  }

  @Test
  void givesAShipmentWithoutAnIdThatOfItsPrediction() throws Exception {
    edge.start();

    var json =
        new JsonObject(edge.post(INFER, request(tensor("address", "MG Road 560017"))).body());

    assertThat(data(json, "shipment_id")).isEqualTo(data(json, "prediction_id"));
    assertThat(edge.recorded())
        .singleElement()
        .satisfies(
            kept -> assertThat(kept.request().shipmentId()).isEqualTo(kept.request().id() + ""));
  }

  @Test
  void returnsTheRequestedOutputsInTheirOrder() throws Exception {
    edge.start();
    var outputs =
        new JsonArray()
            .add(new JsonObject().put("name", "confidence"))
            .add(new JsonObject().put("name", "cp"));

    var json =
        new JsonObject(
            edge.post(INFER, request(tensor("address", "MG Road 560017")).put("outputs", outputs))
                .body());

    assertThat(json.getJsonArray("outputs"))
        .extracting(output -> ((JsonObject) output).getString("name"))
        .containsExactly("confidence", "cp");
  }

  @Test
  void readsNestedData() throws Exception {
    edge.start();
    var rows =
        new JsonArray().add(new JsonArray().add("A 560017")).add(new JsonArray().add("B 560017"));
    var address =
        tensor("address", "").put("shape", new JsonArray().add(2).add(1)).put("data", rows);

    assertThat(edge.post(INFER, request(address)).statusCode()).isEqualTo(200);
    assertThat(edge.recorded()).hasSize(2);
  }

  @Test
  void oneOfSeveralFailsAlone() throws Exception {
    edge.start();

    var json =
        new JsonObject(edge.post(INFER, request(tensor("address", "", "MG Road 560017"))).body());

    assertThat(data(json, "error")).containsExactly("malformed-request", "");
    assertThat(data(json, "cp").get(0)).isEqualTo("");
    assertThat(data(json, "confidence").get(0)).isEqualTo(0.0);
    assertThat(edge.recorded()).hasSize(1);
  }

  @Test
  void theOnlyOneFailsTheRequest() throws Exception {
    edge.start();

    var response = edge.post(INFER, request(tensor("address", "Anna Salai, Chennai 600001")));

    isError(response, Failure.UNKNOWN_PREFIX);
    assertThat(edge.recorded()).isEmpty();
  }

  @Test
  void theModelOfAPrefixIsAskedWhateverThePincode() throws Exception {
    edge.start();

    var response = edge.post("/v2/models/560/infer", request(tensor("address", "Pune 411001")));

    var json = new JsonObject(response.body());
    assertThat(json.getString("model_name")).isEqualTo("560");
    assertThat(data(json, "prefix")).containsExactly("560");
    assertThat(edge.scoreRequests)
        .singleElement()
        .satisfies(asked -> assertThat(asked.prefix()).isEqualTo("560"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | inputs must be an array of tensors",
        "{\"inputs\":[]} | The input address is missing",
        "{\"inputs\":[1]} | An input must be a JSON object",
        "{\"inputs\":[],\"x\":1} | Unknown field \"x\"",
        "{\"inputs\":[],\"id\":1} | id must be a string",
        "{\"inputs\":[],\"parameters\":[]} | parameters must be a JSON object",
        "{\"inputs\":[{\"name\":\"text\",\"shape\":[1],\"datatype\":\"BYTES\",\"data\":[\"a\"]}]} | There is no input \"text\"; a model takes address, pincode, shipment_id, prediction_id",
        "{\"inputs\":[{\"name\":\"address\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]} | Input address must have the datatype BYTES",
        "{\"inputs\":[{\"name\":\"address\",\"shape\":[1],\"datatype\":\"BYTES\",\"data\":[1]}]} | Elements of input address must be strings",
        "{\"inputs\":[{\"name\":\"address\",\"shape\":[2],\"datatype\":\"BYTES\",\"data\":[\"a\"]}]} | Input address has 1 elements, and its shape says 2",
        "{\"inputs\":[{\"name\":\"address\",\"shape\":[1,2],\"datatype\":\"BYTES\",\"data\":[\"a\",\"b\"]}]} | Input address must have the shape [n] or [n,1], with n from 1 to 1000",
        "{\"inputs\":[{\"name\":\"address\",\"shape\":[9999999999],\"datatype\":\"BYTES\",\"data\":[\"a\"]}]} | Input address must have the shape [n] or [n,1], with n from 1 to 1000",
        "{\"inputs\":[{\"name\":\"address\",\"shape\":[1],\"datatype\":\"BYTES\",\"data\":[\"a\"]}],\"outputs\":[{\"name\":\"x\"}]} | There is no output \"x\"; a model gives cp, confidence,"
      })
  void namesWhatIsWrongWithARequest(String body, String detail) throws Exception {
    edge.start();

    var response = edge.post(INFER, new JsonObject(body));

    isError(response, Failure.MALFORMED_REQUEST);
    assertThat(new JsonObject(response.body()).getString("error")).startsWith(detail);
  }

  @Test
  void refusesInputsOfDifferentLengthsAndRepeatedOnes() throws Exception {
    edge.start();
    var address = tensor("address", "A 560017", "B 560017");

    var uneven = edge.post(INFER, request(address, tensor("pincode", "560017")));
    var twice = edge.post(INFER, request(address, address));

    isError(uneven, Failure.MALFORMED_REQUEST);
    isError(twice, Failure.MALFORMED_REQUEST);
    assertThat(uneven.body()).contains("Input pincode has 1 elements, and address has 2");
    assertThat(twice.body()).contains("Input address is there twice");
  }

  /** As the clients of Triton send it unless told otherwise, which have no Content-Type. */
  @Test
  void infersFromBytesToBytes() throws Exception {
    edge.start();
    var ids = new String[] {PredictionIds.next() + "", PredictionIds.next() + ""};
    var columns =
        Map.of(
            "address", new String[] {"12, MG Road, बेंगलुरु", "Church Street 560001"},
            "pincode", new String[] {"560017", ""},
            "shipment_id", new String[] {"S1", "S2"},
            "prediction_id", ids);
    var inJson = new JsonArray();
    var inBytes = new JsonArray();
    var bytes = Buffer.buffer();
    columns.forEach(
        (name, elements) -> {
          inJson.add(tensor(name, elements));
          inBytes.add(sized(name, elements));
          bytes.appendBytes(raw(elements));
        });
    var request = new JsonObject().put("inputs", inBytes).put("parameters", ALL_BYTES);

    var response = inferBytes(request, bytes.getBytes());
    var expected = new JsonObject(edge.post(INFER, new JsonObject().put("inputs", inJson)).body());

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).hasValue("application/octet-stream");
    assertThat(decoded(response)).isEqualTo(expected);
    assertThat(edge.recorded())
        .extracting(kept -> kept.request().shipmentId())
        .containsExactly("S1", "S2", "S1", "S2");
  }

  @Test
  void mixesBytesAndJson() throws Exception {
    edge.start();
    var inputs = new JsonArray().add(tensor("address", "MG Road")).add(sized("pincode", "560017"));
    var outputs =
        new JsonArray()
            .add(new JsonObject().put("name", "cp"))
            .add(
                new JsonObject()
                    .put("name", "prefix")
                    .put("parameters", new JsonObject().put("binary_data", false)))
            .add(new JsonObject().put("name", "confidence"));
    var request = new JsonObject().put("inputs", inputs).put("outputs", outputs);
    var json = request.copy().put("parameters", ALL_BYTES).toBuffer();
    var zipped = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(zipped)) {
      gzip.write(json.copy().appendBytes(raw("560017")).getBytes());
    }

    var response =
        edge.postBytes(
            INFER,
            zipped.toByteArray(),
            HEADER,
            json.length() + "",
            "Content-Type",
            "application/octet-stream",
            "Content-Encoding",
            "gzip");
    var inJson = inferBytes(request, raw("560017"));

    var sizes =
        json(response).getJsonArray("outputs").stream()
            .map(one -> ((JsonObject) one).getJsonObject("parameters"))
            .map(
                parameters -> parameters == null ? null : parameters.getInteger("binary_data_size"))
            .toList();
    assertThat(sizes)
        .satisfiesExactly(
            size -> assertThat(size).isGreaterThan(4),
            size -> assertThat(size).isNull(),
            size -> assertThat(size).isEqualTo(8));
    assertThat(inJson.headers().firstValue(HEADER)).isEmpty();
    assertThat(decoded(response)).isEqualTo(new JsonObject(Buffer.buffer(inJson.body())));
  }

  @Test
  void namesWhatIsWrongWithBytes() throws Exception {
    edge.start();
    var one = raw("MG Road 560017");
    var none = new byte[0];
    var address = sized("address", "MG Road 560017");
    var length = request(address).toBuffer().length();

    for (var header : List.of("0", "-1", "x", "1.5", "99999999999", length + one.length + 1 + "")) {
      isRefused(
          "must be there once, as the number of bytes of the JSON: from 1 to the "
              + (length + one.length),
          post(request(address), one, HEADER, header));
    }
    isRefused(
        "must be there once",
        post(request(address), one, HEADER, length + "", HEADER, length + ""));
    isRefused("Unexpected", post(request(address), one, HEADER, length - 1 + ""));
    isRefused(
        "The binary_data_size of input address must be a whole number up to 0",
        edge.postBytes(INFER, request(address).toBuffer().getBytes(), "Content-Type", JSON));
    for (var size : Arrays.<Object>asList(one.length + 1, -1, 2.0, "18", Long.MAX_VALUE, true)) {
      isRefused(
          "The binary_data_size of input address must be a whole number up to " + one.length,
          inferBytes(request(sized(address, size)), one));
    }
    isRefused(
        "1 bytes are left after those of the inputs",
        inferBytes(request(sized(address, one.length)), Arrays.copyOf(one, one.length + 1)));
    isRefused(
        "each after its length in 4 bytes, little-endian",
        inferBytes(request(sized(address, one.length - 1)), Arrays.copyOf(one, one.length - 1)));
    isRefused(
        "Input address has 0 elements, and its shape says 1",
        inferBytes(request(sized(address, 0)), none));
    isRefused(
        "must have data, an array, or the parameter binary_data_size, and not both",
        inferBytes(request(address.copy().put("data", new JsonArray().add("a"))), one));
    isRefused(
        "must have data, an array, or the parameter binary_data_size",
        inferBytes(request(sized(address, null)), none));
    isRefused(
        "more than 1000 elements", inferBytes(request(sized(address, 40_000)), new byte[40_000]));
    isRefused(
        "must have the datatype BYTES",
        inferBytes(request(address.copy().put("datatype", "FP64")), one));
    isRefused(
        "must be UTF-8",
        inferBytes(request(sized(address, 5)), new byte[] {1, 0, 0, 0, (byte) 0xC3}));
    isRefused(
        "The parameter binary_data_output must be true or false",
        inferBytes(
            request(address).put("parameters", new JsonObject().put("binary_data_output", 1)),
            one));
    assertThat(edge.recorded()).isEmpty();
  }

  @Test
  void takesNoBytesWithoutTheirHeaderOrType() throws Exception {
    edge.start();
    var body = request(tensor("address", "MG Road 560017")).toBuffer().getBytes();

    var untyped = edge.postBytes(INFER, body);
    var typed = edge.postBytes(INFER, body, "Content-Type", "Application/Octet-Stream");
    var elsewhere = edge.postBytes("/predict", body, HEADER, body.length + "");

    assertThat(untyped.statusCode()).isEqualTo(415);
    assertThat(new String(untyped.body(), UTF_8))
        .contains("Send application/json in UTF-8 or application/octet-stream, and a Content-Type");
    assertThat(typed.statusCode()).isEqualTo(200);
    assertThat(elsewhere.statusCode()).isEqualTo(415);
  }

  @Test
  void refusesToSendARepresentationThatIsNotAccepted() throws Exception {
    edge.start();
    var inJson = request(tensor("address", "MG Road 560017"));
    var inBytes = inJson.copy().put("parameters", ALL_BYTES);

    assertThat(infer(inBytes, JSON).statusCode()).isEqualTo(406);
    assertThat(infer(inJson, BINARY).statusCode()).isEqualTo(406);
    assertThat(edge.recorded()).isEmpty();
    assertThat(infer(inBytes, BINARY + ", " + JSON).statusCode()).isEqualTo(200);
    assertThat(infer(inJson, "*/*").statusCode()).isEqualTo(200);
  }

  private HttpResponse<byte[]> infer(JsonObject body, String accept) throws Exception {
    return edge.postBytes(
        INFER, body.toBuffer().getBytes(), "Content-Type", JSON, "Accept", accept);
  }

  @Test
  void describesServerAndModels() throws Exception {
    edge.start();

    var server = get("/v2");
    var cp = get("/v2/models/cp");
    var prefix = get("/v2/models/560");

    assertThat(server.fieldNames()).containsExactly("name", "version", "extensions");
    assertThat(server.getJsonArray("extensions")).containsExactly("binary_tensor_data");
    assertThat(get("/v2/health/live").getBoolean("live")).isTrue();
    assertThat(get("/v2/health/ready").getBoolean("ready")).isTrue();
    assertThat(cp.fieldNames())
        .containsExactly("name", "versions", "platform", "inputs", "outputs");
    assertThat(get("/v2/models/560/versions/aaaaaaaa")).isEqualTo(prefix);
    assertThat(get("/v2/models/560/versions/aaaaaaaa/ready").getBoolean("ready")).isTrue();
    assertThat(get("/v2/models/560/ready").getBoolean("ready")).isTrue();
    assertThat(prefix.getJsonArray("versions").getString(0)).isEqualTo("aaaaaaaa");
    isError(edge.send("GET", "/v2/models/999/ready", null), Failure.NOT_FOUND);
    isError(edge.send("GET", "/v2/models/cp/versions/0", null), Failure.NOT_FOUND);
    isError(edge.send("GET", "/v2/nothing", null), Failure.NOT_FOUND);
    isError(
        edge.post("/v2/models/560/versions/0/infer", request(tensor("address", "A 560017"))),
        Failure.NOT_FOUND);
  }

  @Test
  void refusesCallersAndLoadAsOtherPredictions() throws Exception {
    edge.start();
    edge.scorer = request -> Future.failedFuture(Failure.OVERLOADED.because("busy"));
    var body = request(tensor("address", "A 560017"));

    isError(edge.post(INFER, body), Failure.OVERLOADED);
    edge.predictToken = "0123456789abcdef";
    isError(edge.post(INFER, body), Failure.UNAUTHORIZED);
  }

  private JsonObject get(String path) throws Exception {
    var response = edge.send("GET", path, null);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return new JsonObject(response.body());
  }

  private static JsonObject request(JsonObject... inputs) {
    return new JsonObject().put("inputs", new JsonArray(List.of(inputs)));
  }

  private static JsonObject tensor(String name, String... elements) {
    return new JsonObject()
        .put("name", name)
        .put("shape", new JsonArray().add(elements.length))
        .put("datatype", "BYTES")
        .put("data", new JsonArray(List.of(elements)));
  }

  /** An input whose elements are bytes after the JSON. */
  private static JsonObject sized(String name, String... elements) {
    var tensor = tensor(name, elements);
    tensor.remove("data");
    return sized(tensor, raw(elements).length);
  }

  private static JsonObject sized(JsonObject tensor, Object size) {
    return tensor.copy().put("parameters", new JsonObject().put("binary_data_size", size));
  }

  private static byte[] raw(String... elements) {
    var raw = Buffer.buffer();
    for (var element : elements) {
      var utf8 = element.getBytes(UTF_8);
      raw.appendIntLE(utf8.length).appendBytes(utf8);
    }
    return raw.getBytes();
  }

  private HttpResponse<byte[]> inferBytes(JsonObject request, byte[] bytes) throws Exception {
    return post(request, bytes, HEADER, request.toBuffer().length() + "");
  }

  private HttpResponse<byte[]> post(JsonObject request, byte[] bytes, String... headers)
      throws Exception {
    return edge.postBytes(INFER, request.toBuffer().appendBytes(bytes).getBytes(), headers);
  }

  private static JsonObject json(HttpResponse<byte[]> response) {
    assertThat(response.headers().map())
        .as(new String(response.body(), UTF_8))
        .containsKey(HEADER.toLowerCase(Locale.ROOT));
    int length = Integer.parseInt(response.headers().firstValue(HEADER).orElseThrow());
    return new JsonObject(Buffer.buffer(response.body()).getBuffer(0, length));
  }

  /** The response as it would be without bytes after its JSON. */
  private static JsonObject decoded(HttpResponse<byte[]> response) {
    var json = json(response);
    var body = Buffer.buffer(response.body());
    int at = Integer.parseInt(response.headers().firstValue(HEADER).orElseThrow());
    for (var one : json.getJsonArray("outputs")) {
      var output = (JsonObject) one;
      if (!(output.remove("parameters") instanceof JsonObject parameters)) continue;
      int end = at + parameters.getInteger("binary_data_size");
      var data = new JsonArray();
      while (at < end) {
        if (output.getString("datatype").equals("FP64")) {
          data.add(body.getDoubleLE(at));
          at += Double.BYTES;
        } else {
          int length = body.getIntLE(at);
          data.add(body.getString(at + Integer.BYTES, at + Integer.BYTES + length));
          at += Integer.BYTES + length;
        }
      }
      output.put("data", data);
    }
    assertThat(at).isEqualTo(body.length());
    return json;
  }

  private static void isRefused(String detail, HttpResponse<byte[]> response) {
    var body = new String(response.body(), UTF_8);
    assertThat(response.statusCode()).as(body).isEqualTo(400);
    assertThat(new JsonObject(body).getString("error")).contains(detail);
  }

  private static JsonObject output(JsonObject response, String name) {
    return response.getJsonArray("outputs").stream()
        .map(JsonObject.class::cast)
        .filter(output -> output.getString("name").equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static List<Object> data(JsonObject response, String name) {
    return output(response, name).getJsonArray("data").stream().toList();
  }

  private static List<Object> shape(JsonObject response, String name) {
    return output(response, name).getJsonArray("shape").stream().toList();
  }

  private static void isError(HttpResponse<String> response, Failure failure) {
    assertThat(response.statusCode()).isEqualTo(failure.status());
    assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
    var json = new JsonObject(response.body());
    assertThat(json.getString("code")).isEqualTo(failure.slug());
    assertThat(json.getString("error")).isEqualTo(json.getString("detail")).isNotBlank();
  }
}
