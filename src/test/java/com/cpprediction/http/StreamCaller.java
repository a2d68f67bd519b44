package com.cpprediction.http;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.parsetools.RecordParser;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Client of {@code POST /predict/stream} that sends and reads lines concurrently. */
public final class StreamCaller {
  private static final JsonObject END = new JsonObject();

  private final BlockingQueue<JsonObject> received = new LinkedBlockingQueue<>();
  private final HttpClientRequest request;
  private final HttpClientResponse response;

  /**
   * @param client must stay referenced as long as this; otherwise it is closed
   * @param headers names and values in turn, besides the content type
   */
  public StreamCaller(HttpClient client, String base, String... headers) throws Exception {
    var options =
        new RequestOptions().setAbsoluteURI(base + "/predict/stream").setMethod(HttpMethod.POST);
    options.putHeader("Content-Type", RouteContract.NDJSON);
    for (int i = 0; i < headers.length; i += 2) options.putHeader(headers[i], headers[i + 1]);
    request = client.request(options).await(60, SECONDS);
    request.setChunked(true);
    request.exceptionHandler(broken -> received.add(END));
    var pending = request.response().map(this::read); // a short response may be complete by then
    request.sendHead();
    response = pending.await(60, SECONDS);
  }

  private HttpClientResponse read(HttpClientResponse response) {
    var lines = RecordParser.newDelimited("\n", line -> received.add(line.toJsonObject()));
    return response
        .handler(lines)
        .exceptionHandler(broken -> received.add(END))
        .endHandler(ended -> received.add(END));
  }

  int status() {
    return response.statusCode();
  }

  String type() {
    return response.getHeader("Content-Type");
  }

  StreamCaller send(String text) {
    return send(Buffer.buffer(text));
  }

  StreamCaller send(Buffer bytes) {
    request.write(bytes);
    return this;
  }

  StreamCaller send(JsonObject line) {
    return send(line.encode() + '\n');
  }

  /** Ends the request. */
  StreamCaller end() {
    request.end();
    return this;
  }

  void disconnect() throws Exception {
    request.connection().close().await(60, SECONDS);
  }

  /** Stops reading until {@link #resume}. */
  void pause() {
    response.pause();
  }

  void resume() {
    response.resume();
  }

  /** The next response line, null at the end. */
  JsonObject nextLine() throws InterruptedException {
    var line = received.poll(60, SECONDS);
    if (line == null) throw new AssertionError("no response line within 60 s");
    return line == END ? null : line;
  }

  /** The remaining response lines. */
  List<JsonObject> rest() throws InterruptedException {
    var all = new ArrayList<JsonObject>();
    for (var line = nextLine(); line != null; line = nextLine()) all.add(line);
    return all;
  }

  boolean hasAnswer() {
    return !received.isEmpty();
  }
}
