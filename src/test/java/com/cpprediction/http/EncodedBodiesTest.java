package com.cpprediction.http;

import static com.cpprediction.http.GzipDecoderTest.gzip;
import static com.cpprediction.http.HttpFixture.batch;
import static com.cpprediction.http.HttpFixture.shipment;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compressed bodies, byte order marks, and ids that need encoding in a path. */
@ExtendWith(VertxExtension.class)
@Timeout(60)
class EncodedBodiesTest {
  private static final String ADDRESS = "MG Road 560017";
  private static final byte[] MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private Vertx vertx;
  private HttpFixture edge;
  private final Set<String> asked = ConcurrentHashMap.newKeySet();
  private final List<HttpClient> clients =
      new ArrayList<>(); // an unreferenced client would be closed

  @BeforeEach
  void setUp(Vertx vertx) throws Exception {
    this.vertx = vertx;
    edge = new HttpFixture(vertx);
    edge.answer(Bus.MODELS_RELOAD_AS, question -> Future.succeededFuture(new JsonObject()));
    var judged = new JsonArray().add(new JsonObject().put("result", "right"));
    edge.answer(Bus.JUDGE, question -> Future.succeededFuture(judged));
    edge.answer(
        Bus.STORED,
        (String id) -> {
          asked.add(id);
          return Future.succeededFuture(new JsonArray().add(new JsonObject()));
        });
    edge.start();
  }

  /** A valid body for each route with one. */
  private static Map<String, String> bodies() {
    var bodies = new LinkedHashMap<String, String>();
    var shipment = shipment("S1", ADDRESS);
    bodies.put("/predict", shipment.encode());
    bodies.put("/predict/batch", batch(shipment).encode());
    bodies.put("/predict/stream", shipment.encode() + "\n" + shipment.encode());
    bodies.put("/outcomes", "{\"outcomes\":[{\"shipment_id\":\"S1\",\"cp\":\"CP1\"}]}");
    bodies.put("/cache/warm", "{\"addresses\":[\"MG Road 560017\"]}");
    bodies.put("/models/reload", "{\"prefixes\":[\"560\"]}");
    return bodies;
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "GZIP", "x-gzip", " gzip "})
  void everyRouteAcceptsGzip(String coding) throws Exception {
    for (var body : bodies().entrySet()) {
      var plain = edge.send("POST", body.getKey(), body.getValue().getBytes(UTF_8));
      var response = send(body.getKey(), gzip(body.getValue().getBytes(UTF_8)), coding);

      assertThat(response.statusCode()).as(body.getKey()).isEqualTo(200);
      assertThat(withoutIds(response.body())).isEqualTo(withoutIds(plain.body()));
    }
  }

  private static String withoutIds(String body) {
    return body.replaceAll("\"prediction_id\":\"[^\"]*\"", "")
        .replaceAll("\"source\":\"\\w+\"", "")
        .replaceAll("\"(cached|warmed|already_cached)\":\\d", "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"br", "deflate", "zstd", "compress", "gzip, gzip", "gzip, identity", "nonsense"})
  void refusesAnyOtherCoding(String coding) throws Exception {
    for (var body : bodies().entrySet()) {
      var response = send(body.getKey(), body.getValue().getBytes(UTF_8), coding);

      AdmissionTest.isProblem(response, Failure.UNSUPPORTED_MEDIA_TYPE);
      assertThat(response.body()).contains("or with the Content-Encoding gzip");
      assertThat(response.headers().firstValue("Accept-Encoding")).hasValue("gzip");
    }
    assertThat(edge.recorded()).isEmpty();
  }

  @Test
  void acceptsTheIdentityCoding() throws Exception {
    for (var body : bodies().entrySet()) {
      for (var coding : List.of("identity", "Identity")) {
        assertThat(send(body.getKey(), body.getValue().getBytes(UTF_8), coding).statusCode())
            .isEqualTo(200);
      }
    }
  }

  @Test
  void reportsInvalidOrDamagedGzip() throws Exception {
    for (var body : bodies().entrySet()) {
      if (body.getKey().endsWith("stream")) continue;
      var whole = gzip(body.getValue().getBytes(UTF_8));
      for (var bad :
          List.of(
              body.getValue().getBytes(UTF_8),
              Arrays.copyOf(whole, whole.length - 1),
              Arrays.copyOf(whole, whole.length + 1))) {
        var response = send(body.getKey(), bad, "gzip");

        AdmissionTest.isProblem(response, Failure.MALFORMED_REQUEST);
        assertThat(response.body()).contains("said to be gzip");
      }
    }
  }

  @Test
  void refusesADecompressionBomb() throws Exception {
    var spaces = new byte[256 * 1024 * 1024];
    Arrays.fill(spaces, (byte) ' ');
    var bomb = gzip(spaces);

    for (var path : List.of("/predict/batch", "/cache/warm")) {
      AdmissionTest.isProblem(send(path, bomb, "gzip"), Failure.TOO_LARGE);
    }
  }

  @Test
  void aStreamDecodesABombOnlyAsFastAsItResponds() throws Exception {
    int lines = 20_000;
    var plain =
        IntStream.range(0, lines)
            .mapToObj(i -> shipment("S" + i, ADDRESS).encode() + "\n".repeat(500))
            .collect(Collectors.joining());
    var encoded = gzip(plain.getBytes(UTF_8));
    assertThat(encoded.length).isLessThan(plain.length() / 50);

    var responses = stream().send(Buffer.buffer(encoded)).end().rest();

    assertThat(responses.stream().map(response -> response.getString("shipment_id")))
        .containsExactlyElementsOf(IntStream.range(0, lines).mapToObj(i -> "S" + i).toList());
    assertThat(edge.recorded()).hasSize(lines);
  }

  @Test
  void aStreamRespondsToALineOnceItIsDecoded() throws Exception {
    var bytes = new ByteArrayOutputStream();
    var gzip = new GZIPOutputStream(bytes, true);
    var caller = stream();

    for (int i = 0; i < 3; i++) {
      gzip.write((shipment("S" + i, ADDRESS).encode() + "\n").getBytes(UTF_8));
      gzip.flush();
      caller.send(Buffer.buffer(bytes.toByteArray()));
      bytes.reset();

      assertThat(caller.nextLine().getString("shipment_id")).isEqualTo("S" + i);
    }
    gzip.close();
    assertThat(caller.send(Buffer.buffer(bytes.toByteArray())).end().rest()).isEmpty();
  }

  @Test
  void aStreamReportsTheLineOfDamagedGzip() throws Exception {
    var line = shipment("S1", ADDRESS).encode() + "\n";
    var whole = gzip((line + line).getBytes(UTF_8));

    var cut = stream().send(Buffer.buffer(whole).slice(0, whole.length - 1)).end().rest();
    var plain = stream().send(line + line).end().rest();

    assertThat(cut).hasSize(3);
    assertThat(cut.get(1).containsKey("cp")).isTrue();
    assertThat(cut.get(2).getInteger("line")).isEqualTo(3);
    assertThat(cut.get(2).getJsonObject("error").getString("detail")).contains("ends too early");
    assertThat(plain).hasSize(1);
    assertThat(plain.get(0).getInteger("line")).isEqualTo(1);
    assertThat(plain.get(0).getJsonObject("error").getString("code"))
        .isEqualTo("malformed-request");
  }

  @Test
  void everyRouteSkipsAByteOrderMark() throws Exception {
    for (var body : bodies().entrySet()) {
      var marked = Buffer.buffer(MARK).appendString(body.getValue()).getBytes();
      for (var sent : List.of(marked, gzip(marked))) {
        var response = send(body.getKey(), sent, sent == marked ? "identity" : "gzip");

        assertThat(response.statusCode()).as(body.getKey()).isEqualTo(200);
        assertThat(response.body()).doesNotContain("\"error\"");
      }
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 42})
  void findsShipmentsWithAnyId(long seed) throws Exception {
    var random = new Random(seed);
    var ids =
        new HashSet<>(
            Set.of(
                ".", "..", "...", "/", "//", "../..", "%2e%2e", "%", "a%2Fb", "?", "#", "a/b?c#d"));
    ids.addAll(
        Set.of("a b", "a+b", "é", "नमस्ते", "😀", "\"", "\\", ";x=y", "&", "=", "*", "\t.\n", "~"));
    while (ids.size() < 150) {
      var id = new StringBuilder();
      for (int i = 1 + random.nextInt(8); i > 0; i--) {
        id.appendCodePoint(
            random.nextBoolean() ? "./%?#+ ".charAt(random.nextInt(7)) : any(random));
      }
      if (!id.toString().isBlank()) ids.add(id.toString());
    }

    for (var id : ids) {
      var encoded = encoded(id);
      for (var target : List.of("/predictions/" + encoded, "/predictions?shipment_id=" + encoded)) {
        asked.clear();
        var response =
            edge.raw(
                "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                    .formatted(target));

        assertThat(response).as(id).startsWith("HTTP/1.1 200 ");
        assertThat(asked).as(target).containsExactly(id);
        assertThat(
                new JsonObject(response.substring(response.indexOf("\r\n\r\n")))
                    .getString("shipment_id"))
            .isEqualTo(id);
      }
    }
  }

  @Test
  void requiresExactlyOneShipmentIdParameter() throws Exception {
    for (var query :
        List.of("", "?", "?shipment_id", "?shipment_id=", "?shipment_id=a&shipment_id=b")) {
      AdmissionTest.isProblem(edge.get("/predictions" + query), Failure.MALFORMED_REQUEST);
    }
  }

  private static int any(Random random) {
    while (true) {
      int c = random.nextInt(random.nextBoolean() ? 0x80 : 0x11000);
      if (c != 0 && (c < 0xD800 || c > 0xDFFF)) return c;
    }
  }

  private static String encoded(String id) {
    var encoded = new StringBuilder();
    for (byte b : id.getBytes(UTF_8)) encoded.append("%%%02X".formatted(b));
    return encoded.toString();
  }

  private StreamCaller stream() throws Exception {
    var client = vertx.createHttpClient();
    clients.add(client);
    return new StreamCaller(client, edge.base(), "Content-Encoding", "gzip");
  }

  private HttpResponse<String> send(String path, byte[] body, String coding) throws Exception {
    return edge.send("POST", path, body, "Content-Encoding", coding);
  }
}
