package com.cpprediction.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.google.protobuf.InvalidProtocolBufferException;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.Span;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/** Receives traces over OTLP (HTTP, protobuf). */
public final class OtlpReceiver extends TestResource {
  private static final String PATH = "/v1/traces";

  /** A span as it was received; ids in hexadecimal digits, the parent's empty without one. */
  public record Received(
      String trace,
      String id,
      String parent,
      String name,
      String kind,
      Map<String, String> attributes,
      List<String> links,
      Map<String, String> resource) {}

  private final List<Received> spans = new CopyOnWriteArrayList<>();
  private final List<String> bodies = new CopyOnWriteArrayList<>();
  private Vertx vertx;
  private int port;

  @Override
  public void start() {
    vertx = Vertx.vertx();
    port =
        vertx
            .createHttpServer()
            .requestHandler(this::receive)
            .listen(0, "127.0.0.1")
            .await()
            .actualPort();
  }

  private void receive(HttpServerRequest request) {
    if (!request.path().equals(PATH)) {
      request.response().setStatusCode(404).end();
      return;
    }
    request
        .body()
        .onSuccess(
            body -> {
              add(body.getBytes());
              var response = ExportTraceServiceResponse.getDefaultInstance().toByteArray();
              request
                  .response()
                  .putHeader("content-type", "application/x-protobuf")
                  .end(Buffer.buffer(response));
            });
  }

  private void add(byte[] body) {
    try {
      var request = ExportTraceServiceRequest.parseFrom(body);
      bodies.add(new String(body, ISO_8859_1));
      for (var resource : request.getResourceSpansList()) {
        var attributes = attributes(resource.getResource().getAttributesList());
        for (var scope : resource.getScopeSpansList()) {
          for (var span : scope.getSpansList()) spans.add(received(span, attributes));
        }
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static Received received(Span span, Map<String, String> resource) {
    return new Received(
        hex(span.getTraceId().toByteArray()),
        hex(span.getSpanId().toByteArray()),
        hex(span.getParentSpanId().toByteArray()),
        span.getName(),
        span.getKind().name().replace("SPAN_KIND_", ""),
        attributes(span.getAttributesList()),
        span.getLinksList().stream().map(link -> hex(link.getSpanId().toByteArray())).toList(),
        resource);
  }

  private static String hex(byte[] id) {
    return HexFormat.of().formatHex(id);
  }

  private static Map<String, String> attributes(List<KeyValue> list) {
    var attributes = new TreeMap<String, String>();
    for (var one : list) attributes.put(one.getKey(), text(one.getValue()));
    return attributes;
  }

  private static String text(AnyValue value) {
    return value.hasStringValue() ? value.getStringValue() : String.valueOf(value.getIntValue());
  }

  /** Its URL, as {@code telemetry.otlp_endpoint} has it. */
  public String endpoint() {
    return "http://127.0.0.1:" + port;
  }

  /** All spans so far. */
  public List<Received> spans() {
    return List.copyOf(spans);
  }

  /** The bodies so far, a character for each byte. */
  public List<String> bodies() {
    return List.copyOf(bodies);
  }

  /** The spans of a trace. */
  public List<Received> trace(String trace) {
    return spans.stream().filter(span -> span.trace().equals(trace)).toList();
  }

  /** Waits until there is a span like that, and returns the first. */
  public Received await(Predicate<Received> wanted) {
    return Await.until(
            () -> spans.stream().filter(wanted).findFirst(), received -> received.isPresent())
        .orElseThrow();
  }

  /** As {@link #await(Predicate)}, of a span of a trace. */
  public Received await(String trace, String name) {
    return await(span -> span.trace().equals(trace) && span.name().equals(name));
  }

  @Override
  protected void end() {
    if (vertx != null) vertx.close().await();
    vertx = null;
  }
}
