package com.cpprediction.history;

import com.cpprediction.history.HistoryTable.Query;
import com.cpprediction.postgres.Bulkhead;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the history from Prometheus where one is named, and its marks from PostgreSQL; all of it
 * from PostgreSQL where none is, or where it fails. For use from one event loop.
 */
public final class HistoryReader {
  private static final Logger log = LoggerFactory.getLogger(HistoryReader.class);
  private static final String PROMETHEUS = "prometheus";
  private static final String POSTGRESQL = "postgresql";

  private final Vertx vertx;
  private final Supplier<@Nullable PrometheusSource> source;
  private final Function<Query, Future<JsonObject>> stored;
  private final Function<Query, Future<JsonObject>> marks;
  private final Bulkhead asking;
  private final PrometheusHistory prometheus;
  private String lastFailure = "";

  /**
   * @param source read at each use; null for none
   * @param stored reads all of it from PostgreSQL; fails while that is away
   * @param marks reads its marks from PostgreSQL, as {@code {"marks"}}; fails while that is away
   * @param asking limits the queries of Prometheus
   */
  public HistoryReader(
      Vertx vertx,
      Supplier<@Nullable PrometheusSource> source,
      Function<Query, Future<JsonObject>> stored,
      Function<Query, Future<JsonObject>> marks,
      Bulkhead asking) {
    this.vertx = vertx;
    this.source = source;
    this.stored = stored;
    this.marks = marks;
    this.asking = asking;
    prometheus = new PrometheusHistory(vertx);
  }

  /** The body of {@code GET /history}. */
  public Future<Buffer> read(Query query) {
    var named = source.get();
    var read =
        named == null
            ? stored(query, new JsonObject())
            : asking
                .run(() -> prometheus.read(named, query))
                .onComplete(done -> logFailure(done.cause()))
                .transform(
                    (curve, cause) ->
                        cause == null ? withMarks(query, curve) : fallBack(query, cause));
    return read.compose(json -> vertx.executeBlocking(json::toBuffer, false));
  }

  /** Of PostgreSQL. */
  private Future<JsonObject> stored(Query query, JsonObject problems) {
    return stored
        .apply(query)
        .map(json -> json.put("source", POSTGRESQL).put("problems", problems));
  }

  private Future<JsonObject> withMarks(Query query, JsonObject curve) {
    var problems = new JsonObject();
    return marks
        .apply(ofAllNodes(query))
        .otherwise(
            cause -> {
              problems.put(POSTGRESQL, reason(cause));
              return new JsonObject().put("marks", new JsonArray());
            })
        .map(found -> curve.mergeIn(found).put("source", PROMETHEUS).put("problems", problems));
  }

  /** Nodes have other names in Prometheus than in PostgreSQL. */
  private static Query ofAllNodes(Query query) {
    return new Query(query.from(), query.to(), query.stepSeconds(), "");
  }

  private Future<JsonObject> fallBack(Query query, Throwable failure) {
    var reason = reason(failure);
    var problem = query.node().isEmpty() ? reason : reason + "; this is of all nodes";
    return stored(ofAllNodes(query), new JsonObject().put(PROMETHEUS, problem))
        .recover(
            cause ->
                Future.failedFuture(
                    Failure.NOT_READY.because(
                        "Prometheus: %s. PostgreSQL: %s".formatted(reason, reason(cause)))));
  }

  /** A reason that names no host, for callers. */
  private static String reason(Throwable cause) {
    return cause instanceof PrometheusException || Failure.of(cause) != Failure.INTERNAL
        ? String.valueOf(cause.getMessage())
        : "it did not answer";
  }

  private void logFailure(@Nullable Throwable cause) {
    var failure = cause == null ? "" : cause.getMessage() + detail(cause.getCause());
    if (failure.equals(lastFailure)) return;
    lastFailure = failure;
    if (cause != null) log.warn("Cannot read the history from Prometheus: {}", failure);
  }

  private static String detail(@Nullable Throwable cause) {
    return cause == null ? "" : " (" + cause.getMessage() + ")";
  }
}
