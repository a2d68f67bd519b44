package com.cpprediction.history;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.cpprediction.history.HistoryTable.Query;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonObject;
import java.net.URLEncoder;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Reads the history of all nodes from Prometheus: one range query and one at the end of the time.
 * An https server is trusted as the JVM trusts it. For use from one event loop.
 */
final class PrometheusHistory {
  /** Bytes of an answer: twice those of 1,500 points of all series. */
  static final int MAX_BYTES = 4 << 20;

  private final Vertx vertx;
  private final HttpClient client;

  PrometheusHistory(Vertx vertx) {
    this.vertx = vertx;
    client = vertx.createHttpClient();
  }

  /**
   * The body of {@code GET /history} without marks.
   *
   * @return fails with a {@link PrometheusException}
   */
  Future<JsonObject> read(PrometheusSource source, Query query) {
    var expressions = new PrometheusExpressions(source.job(), query);
    var points =
        ask(
            source,
            "query_range",
            "query="
                + encoded(expressions.points())
                + "&start=%d&end=%d&step=%d"
                    .formatted(expressions.start(), expressions.end(), query.stepSeconds()));
    var totals =
        ask(
            source,
            "query",
            "query=" + encoded(expressions.totals()) + "&time=" + query.to().getEpochSecond());
    return Future.join(points, totals) // neither runs on when the caller asks again
        .compose(
            both ->
                vertx.executeBlocking(
                    () -> PrometheusAnswer.history(query, points.result(), totals.result()),
                    false));
  }

  private Future<Buffer> ask(PrometheusSource source, String query, String form) {
    long millis = source.timeout().toMillis();
    var options =
        new RequestOptions()
            .setMethod(HttpMethod.POST)
            .setAbsoluteURI(source.url().replaceFirst("/$", "") + "/api/v1/" + query)
            .setConnectTimeout(millis)
            .putHeader(HttpHeaders.CONTENT_TYPE, "application/x-www-form-urlencoded");
    var body = form + "&timeout=" + millis + "ms";
    return client
        .request(options)
        .compose(request -> send(request, body, millis))
        .timeout(millis, TimeUnit.MILLISECONDS)
        .recover(cause -> Future.failedFuture(explained(cause)));
  }

  private static Future<Buffer> send(HttpClientRequest request, String body, long millis) {
    return request
        .send(body)
        .compose(PrometheusHistory::body)
        .timeout(millis, TimeUnit.MILLISECONDS)
        .onFailure(cause -> request.reset());
  }

  private static Future<Buffer> body(HttpClientResponse response) {
    Promise<Buffer> whole = Promise.promise();
    var body = Buffer.buffer();
    response.exceptionHandler(whole::tryFail);
    response.endHandler(ended -> whole.tryComplete(body));
    response.handler(
        part -> {
          if (body.length() + part.length() <= MAX_BYTES) body.appendBuffer(part);
          else whole.tryFail(new PrometheusException("its answer is too long", null));
        });
    return whole.future().map(all -> checked(response.statusCode(), all));
  }

  /** Prometheus explains a failed query in JSON of the status 400, 422 or 503. */
  private static Buffer checked(int status, Buffer body) {
    if (status != 200) throw new PrometheusException("its answer has the status " + status, null);
    return body;
  }

  private static PrometheusException explained(Throwable cause) {
    if (cause instanceof PrometheusException known) return known;
    if (cause instanceof TimeoutException) {
      return new PrometheusException("it did not answer in time", cause);
    }
    return new PrometheusException("it can't be reached", cause);
  }

  private static String encoded(String expression) {
    return URLEncoder.encode(expression, UTF_8);
  }
}
