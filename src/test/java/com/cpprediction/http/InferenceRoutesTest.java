package com.cpprediction.http;

import static com.cpprediction.http.HttpFixture.batch;
import static com.cpprediction.http.HttpFixture.shipment;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PredictionIds;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The Open Inference Protocol over REST. */
@ExtendWith(VertxExtension.class)
class InferenceRoutesTest {
  private static final String INFER = "/v2/models/cp/infer";

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

  @Test
  void describesServerAndModels() throws Exception {
    edge.start();

    var server = get("/v2");
    var cp = get("/v2/models/cp");
    var prefix = get("/v2/models/560");

    assertThat(server.fieldNames()).containsExactly("name", "version", "extensions");
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
