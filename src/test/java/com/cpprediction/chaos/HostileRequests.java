package com.cpprediction.chaos;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.cpprediction.testing.OpenApi;
import com.cpprediction.testing.PackagedService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.zip.GZIPOutputStream;

/** Generates requests that no honest caller sends, and some that one does. One per thread. */
final class HostileRequests {
  /** In every address, so that a leak of one is found. */
  static final String MARK = "Qzxveil";

  private static final List<String> METHODS =
      List.of(
          "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get");
  private static final int[] DEPTHS = {2, 10, 100, 999, 1_000, 1_001, 5_000, 30_000};
  private static final List<String> NUMBERS =
      List.of(
          "0",
          "-0",
          "1e999",
          "-1e999999",
          "1E-999999",
          "560017",
          "560017.0",
          "5.60017e5",
          "NaN",
          "Infinity",
          "0x10",
          "01",
          "+1",
          ".5",
          "1.",
          "9".repeat(400),
          "0." + "1".repeat(400),
          "9223372036854775808",
          "1e",
          "--1",
          "1_000");
  private static final List<String> TYPES =
      List.of(
          "application/json",
          "APPLICATION/JSON; charset=utf-16",
          "application/json; charset=\"",
          "application/x-ndjson",
          "text/plain",
          "multipart/form-data; boundary=x",
          "*/*",
          ";",
          "application/x-www-form-urlencoded",
          "application/json, text/html");
  private static final List<String> TARGETS =
      List.of(
          "/",
          "//predict",
          "/predict/",
          "/./predict",
          "/web/../config",
          "/web/%2e%2e/config",
          "/predict%00",
          "/%70redict",
          "/predict?explain=true",
          "/predict?explain=%ff",
          "/predict?a=1&a=2&&==&%",
          "/predictions?shipment_id=%F0%9F%9A%9A",
          "/predictions/%2F..%2F",
          "/predictions?shipment_id=" + "9".repeat(3_000),
          "*",
          "predict",
          "http://127.0.0.1/predict",
          "http://other.example/health",
          "/web/..;/config",
          "/models/%E0%A4",
          "/models/1e2",
          "/models/999",
          "/\\..\\config",
          "/predict#x",
          "?",
          "/?");

  private final String host;
  private final Random random;
  private final List<OpenApi.Operation> operations;
  private final OpenApi.Operation predict;
  private final List<Supplier<HostileExchange>> kinds =
      List.of(
          this::valid,
          this::mutated,
          this::unicode,
          this::numbers,
          this::nested,
          this::duplicates,
          this::batch,
          this::stream,
          this::outcomes,
          this::headers,
          this::framing,
          this::chunked,
          this::compressed,
          this::pipelined,
          this::slow,
          this::truncated,
          this::routed,
          this::events,
          this::targets,
          this::garbage);

  /**
   * @param host of the server, in the header of requests that are sound
   */
  HostileRequests(long seed, OpenApi contract, String host) {
    this.host = "Host: " + host + "\r\n";
    random = new Random(seed);
    operations = contract.operations();
    predict = operation("/predict");
  }

  private OpenApi.Operation operation(String path) {
    return operations.stream().filter(one -> one.path().equals(path)).findFirst().orElseThrow();
  }

  HostileExchange next() {
    return pick(kinds).get();
  }

  private HostileExchange valid() {
    return post("valid", predict, shipment().encode().getBytes(UTF_8));
  }

  /** A valid body with bytes changed, removed, doubled or inserted. */
  private HostileExchange mutated() {
    return post("mutated body", predict, mutate(shipment().encode().getBytes(UTF_8)));
  }

  /** Characters of all planes, assigned or not, as they are or escaped, and broken UTF-8. */
  private HostileExchange unicode() {
    var text = new StringBuilder(MARK).append(' ');
    int count = random.nextInt(200);
    for (int i = 0; i < count; i++) {
      int c = random.nextInt(3) > 0 ? random.nextInt(0x10000) : random.nextInt(0x110000);
      if (random.nextBoolean()) {
        for (char unit : Character.toChars(c)) text.append(String.format("\\u%04x", (int) unit));
      } else if (c >= ' ' && c != '"' && c != '\\' && (c < 0xD800 || c > 0xDFFF)) {
        text.appendCodePoint(c);
      }
    }
    var body = "{\"shipment_id\":\"%s\",\"address\":\"%s\"}".formatted(id(), text);
    var bytes = body.getBytes(UTF_8);
    if (random.nextInt(4) == 0) {
      int at = body.indexOf(MARK) + random.nextInt(MARK.length());
      bytes[at] = (byte) (0x80 + random.nextInt(0x80));
    }
    return post("Unicode", predict, bytes);
  }

  private HostileExchange numbers() {
    var body =
        "{\"shipment_id\":%s,\"address\":%s,\"pincode\":%s,\"prediction_id\":%s}"
            .formatted(
                value(), random.nextBoolean() ? quoted(address()) : value(), value(), value());
    return post("numbers and types", predict, body.getBytes(UTF_8));
  }

  private String value() {
    return switch (random.nextInt(8)) {
      case 0 -> "null";
      case 1 -> "true";
      case 2 -> "[]";
      case 3 -> "{}";
      case 4 -> quoted(pick(NUMBERS));
      case 5 -> quoted(id());
      default -> pick(NUMBERS);
    };
  }

  private HostileExchange nested() {
    int depth = DEPTHS[random.nextInt(DEPTHS.length)];
    boolean closed = random.nextBoolean();
    var open = random.nextBoolean() ? "[" : "{\"a\":";
    var close = open.equals("[") ? "]" : "}";
    var deep = open.repeat(depth) + "1" + (closed ? close.repeat(depth) : "");
    var body = random.nextBoolean() ? deep : "{\"address\":" + deep + "}";
    var to = random.nextBoolean() ? predict : operation("/predict/batch");
    return post("nesting", to, body.getBytes(UTF_8));
  }

  private HostileExchange duplicates() {
    var body = new StringBuilder("{");
    int count = 1 + random.nextInt(500);
    for (int i = 0; i < count; i++) {
      var key = random.nextInt(3) == 0 ? "address" : "x".repeat(random.nextInt(40));
      body.append(quoted(key)).append(':').append(quoted(address())).append(',');
    }
    body.append("\"shipment_id\":").append(quoted(id())).append('}');
    return post("repeated keys", predict, body.toString().getBytes(UTF_8));
  }

  private HostileExchange batch() {
    var items = new ArrayList<String>();
    int count = random.nextInt(5) == 0 ? random.nextInt(1_100) : random.nextInt(20);
    for (int i = 0; i < count; i++) {
      items.add(random.nextInt(3) > 0 ? shipment().encode() : value());
    }
    var body = ("{\"shipments\":[" + String.join(",", items) + "]}").getBytes(UTF_8);
    var to = operation("/predict/batch");
    return post("batch", to, random.nextInt(4) == 0 ? mutate(body) : body);
  }

  private HostileExchange stream() {
    var lines = new ByteArrayOutputStream();
    int count = random.nextInt(40);
    for (int i = 0; i < count; i++) {
      var line = shipment().encode().getBytes(UTF_8);
      lines.writeBytes(random.nextInt(3) == 0 ? mutate(line) : line);
      lines.writeBytes(pick(List.of("\n", "\r\n", "\r", "\n\n", "")).getBytes(UTF_8));
    }
    return request(
        "stream", operation("/predict/stream"), "application/x-ndjson", lines.toByteArray());
  }

  private HostileExchange outcomes() {
    var items = new ArrayList<String>();
    int count = random.nextInt(30);
    for (int i = 0; i < count; i++) {
      items.add(
          random.nextBoolean()
              ? value()
              : "{\"shipment_id\":%s,\"cp\":%s}".formatted(quoted(id()), value()));
    }
    var body = "{\"outcomes\":[" + String.join(",", items) + "]}";
    if (random.nextBoolean()) {
      return post("outcomes", operation("/outcomes"), body.getBytes(UTF_8));
    }
    var warm = "{\"%s\":%s}".formatted(random.nextBoolean() ? "popular" : "addresses", value());
    return post("warming", operation("/cache/warm"), warm.getBytes(UTF_8));
  }

  /** Headers that are long, many, doubled, malformed or contradict each other. */
  private HostileExchange headers() {
    var body = shipment().encode().getBytes(UTF_8);
    var head = new StringBuilder("POST /predict HTTP/1.1\r\n");
    if (random.nextInt(4) > 0) head.append(host);
    head.append("Content-Type: ").append(pick(TYPES)).append("\r\n");
    int count = 1 + random.nextInt(6);
    for (int i = 0; i < count; i++) head.append(header()).append("\r\n");
    head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
    return HostileExchange.of("headers", joined(head.toString().getBytes(ISO_8859_1), body));
  }

  private String header() {
    return switch (random.nextInt(16)) {
      case 0 -> "X-Deadline-Ms: " + pick(NUMBERS);
      case 1 -> "X-Request-Id: " + noise(80);
      case 2 -> "X-Long: " + "x".repeat(random.nextInt(20_000));
      case 3 -> "Accept: " + pick(TYPES);
      case 4 -> "Content-Encoding: " + pick(List.of("gzip", "br", "deflate", "gzip, gzip", ""));
      case 5 -> "Expect: " + pick(List.of("100-continue", "200-ok"));
      case 6 -> "Connection: " + pick(List.of("close", "upgrade", "keep-alive, x", "TE"));
      case 7 -> "Upgrade: " + pick(List.of("websocket", "h2c", "TLS/1.0"));
      case 8 -> "Host: " + pick(List.of("other.example", "127.0.0.1:99999", "[::1", "", "a b"));
      case 9 -> "Authorization: " + pick(List.of("Bearer", "Bearer  x", "Basic eA==", noise(30)));
      case 10 -> "Origin: " + pick(List.of("null", "http://other.example", "http://127.0.0.1"));
      case 11 -> "X-Folded: a\r\n b";
      case 12 -> noise(20) + ": x";
      case 13 -> "NoColon";
      case 14 -> "X-Forwarded-For: " + noise(40);
      default -> "Cookie: " + "a=b; ".repeat(random.nextInt(400));
    };
  }

  /** Lengths and codings of the body that contradict each other or are none. */
  private HostileExchange framing() {
    var body = shipment().encode().getBytes(UTF_8);
    var head = new StringBuilder("POST /predict HTTP/1.1\r\n" + host);
    int count = 1 + random.nextInt(3);
    for (int i = 0; i < count; i++) {
      head.append(
          switch (random.nextInt(6)) {
            case 0 -> "Content-Length: " + pick(NUMBERS);
            case 1 -> "Content-Length: " + (body.length + random.nextInt(7) - 3);
            case 2 -> "Content-Length: " + body.length + ", " + body.length;
            case 3 -> "Transfer-Encoding: " + pick(List.of("chunked", "gzip, chunked", "identity"));
            case 4 -> "Transfer-Encoding : chunked";
            default -> "Content-Length: -1";
          });
      head.append("\r\n");
    }
    head.append("Content-Type: application/json\r\n\r\n");
    return HostileExchange.of("framing", joined(head.toString().getBytes(UTF_8), body));
  }

  private HostileExchange chunked() {
    var body = shipment().encode().getBytes(UTF_8);
    boolean sound = random.nextBoolean();
    var out = new ByteArrayOutputStream();
    out.writeBytes(
        ("POST /predict HTTP/1.1\r\n"
                + host
                + "Content-Type: application/json\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n")
            .getBytes(UTF_8));
    for (int at = 0; at < body.length; ) {
      int size = Math.min(body.length - at, 1 + random.nextInt(40));
      var length = Integer.toHexString(size);
      if (!sound && random.nextInt(6) == 0) length = pick(List.of("-1", "zz", "7fffffffff", ""));
      var extension = random.nextInt(4) == 0 ? ";" + "x".repeat(random.nextInt(50)) : "";
      out.writeBytes((length + extension + "\r\n").getBytes(UTF_8));
      out.write(body, at, size);
      out.writeBytes("\r\n".getBytes(UTF_8));
      at += size;
    }
    out.writeBytes("0\r\n".getBytes(UTF_8));
    if (random.nextBoolean()) out.writeBytes("X-Trailer: x\r\n".getBytes(UTF_8));
    out.writeBytes("\r\n".getBytes(UTF_8));
    var exchange = HostileExchange.of("chunked", out.toByteArray());
    return sound ? exchange.sound(predict) : exchange;
  }

  /** Gzip: sound, cut off, or a bomb. */
  private HostileExchange compressed() {
    var content =
        random.nextInt(4) == 0
            ? "[".repeat(2_000_000).getBytes(UTF_8)
            : shipment().encode().getBytes(UTF_8);
    var body = gzip(content);
    if (random.nextInt(3) == 0) body = mutate(body);
    var to = random.nextBoolean() ? predict : operation("/predict/batch");
    var head =
        ("POST %s HTTP/1.1\r\n" + host + "Content-Type: application/json\r\n").formatted(to.path());
    head += "Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n".formatted(body.length);
    return HostileExchange.of("compressed", joined(head.getBytes(UTF_8), body)).sound(to);
  }

  private static byte[] gzip(byte[] content) {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private HostileExchange pipelined() {
    var out = new ByteArrayOutputStream();
    int count = 2 + random.nextInt(12);
    for (int i = 0; i < count; i++) {
      out.writeBytes(
          pick(List.<Supplier<HostileExchange>>of(
                  this::valid, this::mutated, this::numbers, this::routed, this::chunked))
              .get()
              .bytes());
    }
    return HostileExchange.of("pipelined", out.toByteArray());
  }

  private HostileExchange slow() {
    var whole = random.nextBoolean() ? valid() : batch();
    var pauses = new TreeSet<Integer>();
    int count = 1 + random.nextInt(8);
    for (int i = 0; i < count; i++) pauses.add(random.nextInt(whole.bytes().length));
    return new HostileExchange(
        "slow", whole.bytes(), List.copyOf(pauses), false, whole.operation());
  }

  /** A sender that ends or resets its connection somewhere. */
  private HostileExchange truncated() {
    var whole =
        pick(List.<Supplier<HostileExchange>>of(this::valid, this::batch, this::stream)).get();
    var part = Arrays.copyOf(whole.bytes(), random.nextInt(whole.bytes().length));
    return new HostileExchange("cut off", part, List.of(), random.nextBoolean(), null);
  }

  /** Any method on any route of the contract, but the one whose response does not end. */
  private HostileExchange routed() {
    var of = pick(operations);
    if (of.path().equals("/events")) return routed();
    boolean own = random.nextInt(3) > 0 || of.path().equals("/models/reload");
    var method = own ? of.method().toUpperCase(Locale.ROOT) : pick(METHODS);
    var path = of.path().replaceAll("\\{[a-z_]+}", pick(List.of("560", "x", "%20", "..", id())));
    var body = random.nextBoolean() ? new byte[0] : value().getBytes(UTF_8);
    var token =
        random.nextBoolean() ? "Authorization: Bearer " + PackagedService.ADMIN_TOKEN + "\r\n" : "";
    var head =
        ("%s %s HTTP/1.1\r\n" + host + "%sContent-Length: %d\r\n\r\n")
            .formatted(method, path, token, body.length);
    return HostileExchange.of("routes", joined(head.getBytes(UTF_8), body));
  }

  private HostileExchange events() {
    var head = "GET /events HTTP/1.1\r\n" + host + "Last-Event-ID: " + noise(20) + "\r\n\r\n";
    return HostileExchange.of("events", head.getBytes(UTF_8)).sound(operation("/events"));
  }

  private HostileExchange targets() {
    var head =
        ("%s %s HTTP/%s\r\n" + host + "\r\n")
            .formatted(
                pick(METHODS),
                random.nextInt(4) == 0 ? "/" + noise(60) : pick(TARGETS),
                pick(List.of("1.1", "1.1", "1.1", "1.0", "0.9", "2.0", "1.2", "x")));
    return HostileExchange.of("targets", head.getBytes(UTF_8));
  }

  private HostileExchange garbage() {
    var bytes = new byte[random.nextInt(2_000)];
    random.nextBytes(bytes);
    if (random.nextInt(3) == 0) {
      bytes = joined("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(UTF_8), bytes);
    }
    return HostileExchange.of("garbage", bytes);
  }

  private HostileExchange post(String kind, OpenApi.Operation to, byte[] body) {
    return request(kind, to, "application/json", body);
  }

  private HostileExchange request(String kind, OpenApi.Operation to, String type, byte[] body) {
    var head =
        ("POST %s HTTP/1.1\r\n" + host + "Content-Type: %s\r\nContent-Length: %d\r\n\r\n")
            .formatted(to.path(), type, body.length);
    return HostileExchange.of(kind, joined(head.getBytes(UTF_8), body)).sound(to);
  }

  private JsonObject shipment() {
    var shipment = new JsonObject().put("shipment_id", id()).put("address", address());
    if (random.nextBoolean()) shipment.put("pincode", pincode());
    return shipment;
  }

  private String id() {
    return "hostile-" + random.nextInt(1_000_000_000);
  }

  private String address() {
    return "%d, %s Nagar %d, near %s, %s"
        .formatted(random.nextInt(999), MARK, random.nextInt(50), noise(10).strip(), pincode());
  }

  private String pincode() {
    return random.nextBoolean()
        ? pick(SmallRelease.PREFIXES) + "%03d".formatted(random.nextInt(1_000))
        : Integer.toString(110_000 + random.nextInt(750_000));
  }

  /** Printable ASCII. */
  private String noise(int length) {
    var text = new StringBuilder();
    for (int i = 0; i < length; i++) text.append((char) (' ' + random.nextInt('~' - ' ')));
    return text.toString();
  }

  private byte[] mutate(byte[] bytes) {
    var mutated = bytes.clone();
    int count = 1 + random.nextInt(4);
    for (int i = 0; i < count && mutated.length > 0; i++) {
      int at = random.nextInt(mutated.length);
      int end = Math.min(mutated.length, at + 1 + random.nextInt(8));
      switch (random.nextInt(4)) {
        case 0 -> mutated[at] = (byte) random.nextInt(256);
        case 1 -> mutated = splice(mutated, at, end, new byte[0]);
        case 2 -> mutated = splice(mutated, at, at, Arrays.copyOfRange(mutated, at, end));
        default -> mutated = splice(mutated, at, at, pick(NUMBERS).getBytes(UTF_8));
      }
    }
    return mutated;
  }

  private static byte[] splice(byte[] bytes, int from, int to, byte[] by) {
    return joined(
        joined(Arrays.copyOf(bytes, from), by), Arrays.copyOfRange(bytes, to, bytes.length));
  }

  private static byte[] joined(byte[] one, byte[] other) {
    var both = Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, both, one.length, other.length);
    return both;
  }

  private static String quoted(String text) {
    return new JsonObject()
        .put("a", text)
        .encode()
        .replaceFirst("^\\{\"a\":", "")
        .replaceFirst("}$", "");
  }

  private <T> T pick(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }
}
