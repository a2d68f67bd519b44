package com.cpprediction.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.OpenApi;
import com.cpprediction.testing.OpenApi.Operation;
import com.cpprediction.testing.SchemaCases;
import com.cpprediction.testing.TestService;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.text.Normalizer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The service as its contract has it, with the shipped models. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class) // examples first, as a newcomer would
class ContractIT {
  private static final long SEED = 20_261_125;
  private static final String JSON = "application/json";
  private static final String NDJSON = "application/x-ndjson";
  private static final String PROBLEM = "application/problem+json";
  private static final String MALFORMED = "malformed-request";

  /** What another moment or machine answers otherwise. */
  private static final Set<String> VOLATILE =
      Set.of(
          "prediction_id",
          "request_id",
          "predicted_at",
          "source",
          "cached",
          "estimate",
          "observed",
          "directory",
          "at",
          "ms",
          "loaded_at",
          "load_ms",
          "requests",
          "last_reload");

  /** Operations whose answers tell of the process and not of models: only their shape is fixed. */
  private static final Set<String> OF_THE_PROCESS = Set.of("Health", "Operation", "Review");

  /** These never end. */
  private static final Set<String> ENDLESS = Set.of("/events");

  private static final Pattern PINCODE = Pattern.compile("[1-9][0-9]{5}");

  /** What a schema can't say, as the contract says it in words; of a shipment or an address. */
  private static final Map<String, Predicate<JsonObject>> BEYOND_THE_SCHEMA =
      Map.of(
          "an address holds a letter, a mark or a digit",
          shipment -> words(shipment.getString("address")).isEmpty(),
          "an address has 4,000 characters at most once they are written out",
          shipment -> folded(shipment.getString("address")).length() > 4_000,
          "a pincode in another script than ASCII is six digits too",
          shipment -> {
            var pincode = shipment.getString("pincode");
            return pincode != null
                && !pincode.isBlank()
                && pincode.chars().anyMatch(c -> c >= 128)
                && !PINCODE.matcher(words(pincode)).matches();
          },
          "a prediction_id carries a time less than a day from now",
          shipment -> {
            var id = shipment.getString("prediction_id");
            if (id == null) return false;
            long millis = Long.parseLong(id.replace("-", "").substring(0, 12), 16);
            return Math.abs(Instant.now().toEpochMilli() - millis) > Duration.ofDays(1).toMillis();
          });

  @RegisterExtension
  private static final TestService service =
      new TestService(
          directory ->
              new JsonObject()
                  .put(
                      "models",
                      new JsonObject().put("dir", Path.of("models").toAbsolutePath().toString()))
                  .put("prediction", new JsonObject().put("wrong_pincodes", 0.01)));

  private static final HttpClient client = HttpClient.newHttpClient();
  private static final Set<String> met = new TreeSet<>();
  private static OpenApi api;

  @BeforeAll
  static void readContract() throws Exception {
    api = new OpenApi(new JsonObject(send("GET", "/openapi.json", null, null).body()));
  }

  @Test
  @Order(1)
  void everyExampleIsAnsweredAsItSays() throws Exception {
    int executed = 0;
    for (var operation : api.operations()) {
      if (ENDLESS.contains(operation.path())) continue;
      var type = operation.bodyType();
      var examples =
          type == null
              ? new JsonObject().put("example", new JsonObject())
              : operation.body().getJsonObject("examples");
      for (var example : examples) {
        var value = ((JsonObject) example.getValue()).getValue("value");
        var body = value == null ? null : value instanceof String s ? s : Json.encode(value);

        var answer = send(operation, path(operation, example.getKey()), type, utf8(body));

        var what = operation + " " + example.getKey();
        isDocumented(operation, answer, what);
        isAsExample(operation, example.getKey(), answer, what);
        executed++;
      }
    }
    assertThat(executed).isGreaterThan(25);
  }

  /** All but inference requests: their shape and data must agree, which no schema says. */
  @Test
  @Order(2)
  void theServiceRefusesWhatTheSchemasRefuseAndNothingElse() throws Exception {
    int cases = 0;
    int refused = 0;
    for (var operation : api.operations()) {
      if (!JSON.equals(operation.bodyType()) || operation.path().endsWith("/infer")) continue;
      var schema = operation.body().getJsonObject("schema");
      for (var body : new SchemaCases(api, SEED).of(schema)) {
        boolean valid = api.acceptsWhole(schema, body);
        var answer = send(operation, operation.path(), JSON, ascii(body));

        var what = operation + " " + shortened(body);
        isDocumented(operation, answer, what);
        boolean malformed = answer.statusCode() == 400;
        if (valid && beyondTheSchema(body)) valid = false;
        assertThat(malformed).as("refused: %s: %s", what, answer.body()).isEqualTo(!valid);
        if (malformed) {
          assertThat(new JsonObject(answer.body()).getString("code")).isEqualTo(MALFORMED);
        } else {
          itemsFailAloneAsTheirSchemaSays(schema, (JsonObject) body, answer, what);
        }
        cases++;
        if (malformed) refused++;
      }
    }
    assertThat(cases).isGreaterThan(700);
    assertThat(refused).isBetween(cases / 5, cases * 4 / 5);
  }

  @Test
  @Order(3)
  void aStreamRefusesTheSameLines() throws Exception {
    for (var operation : api.operations()) {
      if (!NDJSON.equals(operation.bodyType())) continue;
      var schema = operation.body().getJsonObject("x-line");
      var lines = new SchemaCases(api, SEED + 1).of(schema);
      lines.addAll(otherTimes());
      var body = new ByteArrayOutputStream();
      for (var line : lines) {
        body.writeBytes(ascii(line));
        body.write('\n');
      }

      var answer = send(operation, operation.path(), NDJSON, body.toByteArray());

      isDocumented(operation, answer, operation.toString());
      var answers = answer.body().lines().map(JsonObject::new).toList();
      assertThat(answers).hasSameSizeAs(lines).hasSizeGreaterThan(300);
      for (int i = 0; i < lines.size(); i++) {
        boolean valid = api.accepts(schema, lines.get(i)) && !beyondTheSchema(lines.get(i));
        var what = shortened(lines.get(i)) + ": " + answers.get(i);
        assertThat(malformed(answers.get(i))).as(what).isEqualTo(!valid);
      }
    }
  }

  @Test
  @Order(4)
  void everyRuleThatNoSchemaCanSayWasMet() {
    assertThat(met).isEqualTo(new TreeSet<>(BEYOND_THE_SCHEMA.keySet()));
  }

  @Test
  @Order(5)
  void refusesWhatIsNoJson() throws Exception {
    for (var operation : api.operations()) {
      if (!JSON.equals(operation.bodyType())) continue;
      for (var body : noJson()) {
        var answer = send(operation, path(operation, ""), JSON, body);

        isDocumented(operation, answer, operation + " " + new String(body, UTF_8));
        assertThat(answer.statusCode()).as(new String(body, UTF_8)).isEqualTo(400);
      }
    }
  }

  @Test
  @Order(6)
  void refusesOtherTypesThanTheContractNames() throws Exception {
    for (var operation : api.operations()) {
      var type = operation.bodyType();
      if (type == null) continue;
      for (var other : List.of("text/plain", "application/xml", JSON, NDJSON, "nonsense")) {
        if (other.equals(type)) continue;
        var answer = send(operation, path(operation, ""), other, utf8("{}"));

        isDocumented(operation, answer, operation + " " + other);
        assertThat(answer.statusCode()).as(operation + " " + other).isEqualTo(415);
      }
    }
  }

  /** Whether words of the contract and no schema refuse a value; remembers which. */
  private static boolean beyondTheSchema(Object value) {
    if (!(value instanceof JsonObject shipment) || !shipment.containsKey("address")) return false;
    boolean refused = false;
    for (var rule : BEYOND_THE_SCHEMA.entrySet()) {
      if (!rule.getValue().test(shipment)) continue;
      met.add(rule.getKey());
      refused = true;
    }
    return refused;
  }

  /** A batch says of each item what became of it; a warming only how many failed. */
  private static void itemsFailAloneAsTheirSchemaSays(
      JsonObject schema, JsonObject body, HttpResponse<String> answer, String what) {
    if (answer.statusCode() != 200) return;
    var json = new JsonObject(answer.body());
    api.failingAlone(schema)
        .forEach(
            (name, itemSchema) -> {
              if (!(body.getValue(name) instanceof JsonArray items)) return;
              int bad = 0;
              for (int i = 0; i < items.size(); i++) {
                var item = items.getValue(i);
                boolean valid = api.accepts(itemSchema, item) && !beyondTheSchema(item);
                if (!valid) bad++;
                if (!json.containsKey("results")) continue;
                var result = json.getJsonArray("results").getJsonObject(i);
                assertThat(malformed(result)).as("%s: %d: %s", what, i, result).isEqualTo(!valid);
              }
              if (json.containsKey("warmed")) {
                int answered = json.getInteger("warmed") + json.getInteger("already_cached");
                assertThat(answered).as(what).isLessThanOrEqualTo(items.size() - bad);
              }
            });
  }

  private static boolean malformed(JsonObject result) {
    var error = result.getJsonObject("error");
    return error != null && MALFORMED.equals(error.getString("code"));
  }

  /** Shipments whose prediction_id has a time of its own. */
  private static List<JsonObject> otherTimes() {
    var now = Instant.now();
    return List.of(
            now.minus(Duration.ofHours(25)),
            now.minus(Duration.ofHours(23)),
            now.plus(Duration.ofHours(23)),
            now.plus(Duration.ofHours(25)),
            Instant.EPOCH)
        .stream()
        .map(
            time ->
                new JsonObject()
                    .put("shipment_id", "T")
                    .put("address", "12 MG Road, Bengaluru 560001")
                    .put("prediction_id", UuidCreator.getTimeOrderedEpoch(time).toString()))
        .toList();
  }

  private static List<byte[]> noJson() {
    return List.of(
        utf8(" "),
        utf8("{"),
        utf8("{\"shipment_id\":\"S1\",\"address\":\"MG Road 560001\""),
        utf8("{\"shipment_id\":\"S1\",\"address\":\"MG Road 560001\"}}"),
        utf8("{\"shipment_id\":\"S1\",\"shipment_id\":\"S1\",\"address\":\"MG Road 560001\"}"),
        utf8("{'shipment_id':'S1','address':'MG Road 560001'}"),
        utf8("{\"shipment_id\":\"S1\",\"address\":\"MG Road\n560001\"}"),
        utf8("{\"shipment_id\":NaN}"),
        utf8("{\"shipment_id\":01}"),
        utf8("{\"shipment_id\":" + "1".repeat(101) + "}"),
        utf8("{\"shipment_id\":" + "[".repeat(40) + "]".repeat(40) + "}"),
        utf8("{} {}"),
        utf8("{/* */}"),
        new byte[] {'{', '"', (byte) 0xC3, '"', ':', '1', '}'},
        new byte[] {'{', 0, '}'});
  }

  /** As a model sees text, without what parts words. */
  private static String words(String text) {
    var words = new StringBuilder();
    folded(text)
        .codePoints()
        .filter(
            c ->
                Character.isLetterOrDigit(c)
                    || Character.getType(c) == Character.NON_SPACING_MARK
                    || Character.getType(c) == Character.COMBINING_SPACING_MARK)
        .map(c -> Character.isDigit(c) ? '0' + Character.digit(c, 10) : c)
        .forEach(words::appendCodePoint);
    return words.toString();
  }

  private static String folded(String text) {
    return Normalizer.normalize(text, Normalizer.Form.NFKC);
  }

  /** That the contract has this status, with this type, these headers and this content. */
  private static void isDocumented(Operation operation, HttpResponse<String> answer, String what) {
    var responses = operation.description().getJsonObject("responses");
    var status = Integer.toString(answer.statusCode());
    assertThat(responses.fieldNames()).as(what + ": " + answer.body()).contains(status);
    var response = api.resolve(responses.getJsonObject(status));
    for (var header : response.getJsonObject("headers")) {
      var described = api.resolve((JsonObject) header.getValue());
      if (described.getBoolean("required", false) || header.getKey().equals("X-Request-Id")) {
        assertThat(answer.headers().firstValue(header.getKey())).as(what).isPresent();
      }
    }
    var type = answer.headers().firstValue("Content-Type").orElseThrow().split(";")[0];
    var content = response.getJsonObject("content");
    assertThat(content.fieldNames()).as(what).contains(type);
    var described = content.getJsonObject(type);
    if (type.equals(JSON) || type.equals(PROBLEM)) {
      var json = new JsonObject(answer.body());
      if (operation.path().equals("/openapi.json")) return; // checked for itself
      assertThat(api.errors(described.getJsonObject("schema"), json)).as(what + json).isEmpty();
    } else if (type.equals(NDJSON)) {
      for (var line : answer.body().lines().toList()) {
        assertThat(api.errors(described.getJsonObject("x-line"), new JsonObject(line)))
            .as(what + line)
            .isEmpty();
      }
    }
  }

  private static void isAsExample(
      Operation operation, String name, HttpResponse<String> answer, String what) {
    var responses = operation.description().getJsonObject("responses");
    var type = answer.headers().firstValue("Content-Type").orElseThrow().split(";")[0];
    Object expected = null;
    for (var status : responses.fieldNames()) {
      var content = api.resolve(responses.getJsonObject(status)).getJsonObject("content");
      for (var described : content == null ? new JsonObject() : content) {
        var media = (JsonObject) described.getValue();
        var example = media.getJsonObject("examples", new JsonObject()).getJsonObject(name);
        boolean mine = example != null || operation.bodyType() == null && status.equals("200");
        if (!mine || !media.containsKey("example") && example == null) continue;
        assertThat(answer.statusCode()).as(what + answer.body()).hasToString(status);
        assertThat(type).as(what).isEqualTo(described.getKey());
        expected = example == null ? media.getValue("example") : example.getValue("value");
      }
    }
    if (operation.bodyType() != null) assertThat(expected).as(what + " has an answer").isNotNull();
    boolean values =
        operation.description().getJsonArray("tags").stream().noneMatch(OF_THE_PROCESS::contains);
    if (expected instanceof JsonObject json) {
      assertAlike(json, new JsonObject(answer.body()), values, what);
    } else if (expected instanceof String lines) {
      var expectedLines = new JsonArray(lines.lines().map(JsonObject::new).toList());
      var answered = new JsonArray(answer.body().lines().map(JsonObject::new).toList());
      assertThat(answered).as(what).hasSameSizeAs(expectedLines);
      assertAlike(expectedLines, answered, values, what);
    }
  }

  /** Same names and types; where {@code values} and not volatile, the same values. */
  private static void assertAlike(Object expected, Object actual, boolean values, String what) {
    if (expected == null || actual == null) {
      if (values) assertThat(actual).as(what).isEqualTo(expected);
      return;
    }
    if (expected instanceof JsonObject object) {
      assertThat(actual).as(what).isInstanceOf(JsonObject.class);
      for (var field : object) {
        var name = field.getKey();
        assertThat(((JsonObject) actual).fieldNames()).as(what).contains(name);
        assertAlike(
            field.getValue(),
            ((JsonObject) actual).getValue(name),
            values && !VOLATILE.contains(name),
            what + "/" + name);
      }
    } else if (expected instanceof JsonArray array) {
      assertThat(actual).as(what).isInstanceOf(JsonArray.class);
      assertThat(((JsonArray) actual).size()).as(what).isGreaterThanOrEqualTo(array.size());
      for (int i = 0; i < array.size(); i++) {
        assertAlike(array.getValue(i), ((JsonArray) actual).getValue(i), values, what + "/" + i);
      }
    } else if (expected instanceof Number number) {
      assertThat(actual).as(what).isInstanceOf(Number.class);
      if (values)
        assertThat(((Number) actual).doubleValue()).as(what).isEqualTo(number.doubleValue());
    } else {
      assertThat(actual).as(what).isInstanceOf(expected.getClass());
      if (values) assertThat(actual).as(what).isEqualTo(expected);
    }
  }

  /** With the parameters of an example. */
  private static String path(Operation operation, String example) {
    var path = operation.path();
    for (var parameter : operation.description().getJsonArray("parameters")) {
      var described = api.resolve((JsonObject) parameter);
      var name = described.getString("name");
      if (described.getString("in").equals("path")) {
        path = path.replace("{" + name + "}", described.getString("example"));
      }
      var value = described.getJsonObject("examples", new JsonObject()).getJsonObject(example);
      if (value == null) continue;
      var given = value.getValue("value");
      if (given instanceof JsonArray several) given = several.getValue(0);
      path += (path.contains("?") ? "&" : "?") + name + "=" + given;
    }
    return path;
  }

  private static HttpResponse<String> send(
      Operation operation, String path, String type, byte[] body) throws Exception {
    return send(operation.method().toUpperCase(Locale.ROOT), path, type, body);
  }

  private static HttpResponse<String> send(String method, String path, String type, byte[] body)
      throws Exception {
    var request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
            .timeout(Duration.ofSeconds(30))
            .method(
                method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
    if (type != null) request.header("Content-Type", type);
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private static byte[] utf8(String text) {
    return text == null ? null : text.getBytes(UTF_8);
  }

  /** JSON in ASCII: halves of surrogate pairs can't be sent otherwise. */
  private static byte[] ascii(Object json) {
    var ascii = new StringBuilder();
    for (char c : Json.encode(json).toCharArray()) {
      if (c < 128) ascii.append(c);
      else ascii.append("\\u%04x".formatted((int) c));
    }
    return utf8(ascii.toString());
  }

  private static String shortened(Object json) {
    var text = new String(ascii(json), UTF_8);
    return text.length() > 300 ? text.substring(0, 300) + "…" : text;
  }
}
