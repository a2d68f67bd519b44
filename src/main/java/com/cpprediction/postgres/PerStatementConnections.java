package com.cpprediction.postgres;

import com.cpprediction.config.DatabaseConfig;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A connection for each statement, opened for it and closed after it, as a service without a pool
 * does. As many at once as the pool would have; the others wait in the order they came. To be used
 * from one event loop.
 */
public final class PerStatementConnections implements Database.Route {
  private final Vertx vertx;
  private final PgConnectOptions connect;
  private final DatabaseConfig.Pool limits;
  private final Supplier<Duration> deadline;
  private final Bulkhead bulkhead;

  /**
   * @param limits {@code size}, {@code max_wait_queue} and {@code acquire_timeout_ms} hold
   * @param deadline of each statement, read for each
   */
  PerStatementConnections(
      Vertx vertx,
      PgConnectOptions connect,
      DatabaseConfig.Pool limits,
      Supplier<Duration> deadline) {
    this.vertx = vertx;
    this.connect = connect;
    this.limits = limits;
    this.deadline = deadline;
    bulkhead = new Bulkhead(vertx, limits.size(), limits.maxWaitQueue(), limits.acquireTimeout());
  }

  @Override
  public Future<RowSet<Row>> run(String sql, Tuple parameters) {
    return bulkhead.take(() -> once(sql, parameters));
  }

  private Future<RowSet<Row>> once(String sql, Tuple parameters) {
    var connecting = PgConnection.connect(vertx, connect);
    return within(connecting, limits.acquireTimeout())
        .onFailure(late -> connecting.onSuccess(SqlConnection::close))
        .compose(
            connection ->
                within(connection.preparedQuery(sql).execute(parameters), deadline.get())
                    .onComplete(done -> connection.close()));
  }

  private static <T> Future<T> within(Future<T> future, Duration limit) {
    return future.timeout(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Those that run are closed with their statement. */
  @Override
  public Future<Void> close() {
    return Future.succeededFuture();
  }
}
