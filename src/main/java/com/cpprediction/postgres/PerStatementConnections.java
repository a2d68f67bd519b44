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
 * Opens a connection for each statement and closes it afterwards: {@code database.pool.enabled}
 * {@code false}. A {@link Bulkhead} limits the open connections to the size of the pool. For use
 * from one event loop.
 */
final class PerStatementConnections implements Database.StatementRunner {
  private final Vertx vertx;
  private final PgConnectOptions connect;
  private final DatabaseConfig.Pool pool;
  private final Supplier<Duration> deadline;
  private final Bulkhead bulkhead;

  /**
   * @param pool of which {@code size}, {@code max_wait_queue} and {@code acquire_timeout_ms} apply
   * @param deadline longest time of a statement, read before each
   */
  PerStatementConnections(
      Vertx vertx,
      PgConnectOptions connect,
      DatabaseConfig.Pool pool,
      Supplier<Duration> deadline) {
    this.vertx = vertx;
    this.connect = connect;
    this.pool = pool;
    this.deadline = deadline;
    bulkhead =
        new Bulkhead(
            vertx, "the database", pool.size(), pool.maxWaitQueue(), pool.acquireTimeout());
  }

  @Override
  public Future<RowSet<Row>> run(String sql, Tuple parameters) {
    return bulkhead.run(() -> execute(sql, parameters));
  }

  private Future<RowSet<Row>> execute(String sql, Tuple parameters) {
    var connecting = PgConnection.connect(vertx, connect);
    return within(connecting, pool.acquireTimeout())
        .onFailure(late -> connecting.onSuccess(SqlConnection::close))
        .compose(
            connection ->
                within(connection.preparedQuery(sql).execute(parameters), deadline.get())
                    .onComplete(done -> connection.close()));
  }

  private static <T> Future<T> within(Future<T> future, Duration limit) {
    return future.timeout(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Does nothing: each connection is closed with its statement. */
  @Override
  public Future<Void> close() {
    return Future.succeededFuture();
  }
}
