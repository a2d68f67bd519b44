package com.cpprediction.postgres;

import com.cpprediction.config.DatabaseConfig;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Runs SQL statements, each with its own deadline, because the drivers wait for a frozen server
 * without limit. A timed-out statement has an unknown outcome: every statement passed here must be
 * idempotent, and the client it ran on is replaced. Writes are pipelined in order on one
 * connection; reads share a pool. With {@code database.pool.enabled} {@code false}, {@link
 * PerStatementConnections} serves both. For use from one event loop.
 */
public final class Database {
  private static final int WRITE_CONNECTIONS = 1;

  /** From the time-out of a statement here to that on the server. */
  private static final Duration GRACE = Duration.ofSeconds(1);

  private static final String WRITER = "cp-write";
  private static final String READER = "cp-read";

  /** Runs statements on pooled or per-statement connections. */
  interface StatementRunner {
    Future<RowSet<Row>> run(String sql, Tuple parameters);

    Future<Void> close();
  }

  /** A client that is replaced after a timeout or a permanent failure. */
  private final class ReplaceableClient implements StatementRunner {
    private final Supplier<SqlClient> factory;
    private SqlClient client;

    ReplaceableClient(Supplier<SqlClient> factory) {
      this.factory = factory;
      client = factory.get();
    }

    @Override
    public Future<RowSet<Row>> run(String sql, Tuple parameters) {
      return execute(sql, parameters)
          .recover(
              failure ->
                  SqlFailure.of(failure) == SqlFailure.TRANSIENT
                          && !(failure instanceof TimeoutException)
                      // The first statement after an outage may get a dead connection.
                      ? execute(sql, parameters)
                      : Future.failedFuture(failure));
    }

    private Future<RowSet<Row>> execute(String sql, Tuple parameters) {
      var used = client;
      return used.preparedQuery(sql)
          .execute(parameters)
          .timeout(deadline.get().toMillis(), TimeUnit.MILLISECONDS)
          .onFailure(
              failure -> {
                // A session keeps the settings it started with, such as read-only mode.
                if (failure instanceof TimeoutException
                    || SqlFailure.of(failure) == SqlFailure.PERMANENT) {
                  replace(used);
                }
              });
    }

    private void replace(SqlClient used) {
      if (used != client) return; // already replaced
      client = factory.get();
      used.close();
    }

    @Override
    public Future<Void> close() {
      return client.close();
    }
  }

  private final Vertx vertx;
  private final PgConnectOptions connect;
  private final DatabaseConfig.Pool pool;
  private final Supplier<Duration> deadline;
  private final StatementRunner writer;
  private final StatementRunner reader;

  /** * @param deadline longest time of a statement, read before each */
  public Database(
      Vertx vertx,
      PgConnectOptions connect,
      DatabaseConfig.Pool pool,
      Supplier<Duration> deadline) {
    this.vertx = vertx;
    this.connect =
        new PgConnectOptions(connect)
            .setPipeliningLimit(pool.pipeliningLimit())
            .setCachePreparedStatements(true);
    this.pool = pool;
    this.deadline = deadline;
    if (pool.enabled()) {
      writer = new ReplaceableClient(this::writerClient);
      reader = new ReplaceableClient(this::readerClient);
    } else {
      writer = new PerStatementConnections(vertx, this.connect, pool, deadline);
      reader = writer;
    }
  }

  /**
   * Runs a statement behind earlier writes, in order.
   *
   * @param sql casts every parameter: a type that PostgreSQL has to infer can cost a second round
   *     trip, which breaks the pipelining of Vert.x up to 5.0.12
   */
  public Future<RowSet<Row>> write(String sql, Tuple parameters) {
    return writer.run(sql, parameters);
  }

  /** Runs a write on a reader connection, so that it doesn't delay the ordered writes. */
  public Future<RowSet<Row>> writeUnordered(String sql, Tuple parameters) {
    return reader.run(sql, parameters);
  }

  public Future<RowSet<Row>> read(String sql, Tuple parameters) {
    return reader.run(sql, parameters);
  }

  /** Maximum open connections by pool name; empty when pooling is disabled. */
  public Map<String, Integer> poolSizes() {
    if (!pool.enabled()) return Map.of();
    return Map.of(WRITER, WRITE_CONNECTIONS, READER, pool.size() - WRITE_CONNECTIONS);
  }

  private SqlClient writerClient() {
    return PgBuilder.client()
        .with(poolOptions(WRITER, WRITE_CONNECTIONS))
        .with(netOptions())
        .connectingTo(connect)
        .using(vertx)
        .build();
  }

  private SqlClient readerClient() {
    return PgBuilder.pool()
        .with(poolOptions(READER, pool.size() - WRITE_CONNECTIONS))
        .with(netOptions())
        .connectingTo(connect)
        .withConnectHandler(this::limitStatements)
        .using(vertx)
        .build();
  }

  /**
   * Ends what this process gave up waiting for on the server, too; and compiles no statement, which
   * takes longer than most of them: 0.25 s of a claim of the review desk, measured on 2026-11-29.
   */
  private void limitStatements(SqlConnection connection) {
    long millis = deadline.get().plus(GRACE).toMillis();
    connection
        .query("SET statement_timeout = %d; SET jit = off".formatted(millis))
        .execute()
        .onComplete(set -> connection.close()); // gives it to the pool
  }

  /**
   * @param name tag of the pool's meters
   */
  private PoolOptions poolOptions(String name, int size) {
    return new PoolOptions()
        .setName(name)
        .setMaxSize(size)
        .setMaxWaitQueueSize(pool.maxWaitQueue())
        .setIdleTimeout((int) pool.idleTimeout().toSeconds())
        .setIdleTimeoutUnit(TimeUnit.SECONDS)
        .setMaxLifetime((int) pool.maxLifetime().toSeconds())
        .setMaxLifetimeUnit(TimeUnit.SECONDS)
        .setConnectionTimeout((int) pool.acquireTimeout().toMillis())
        .setConnectionTimeoutUnit(TimeUnit.MILLISECONDS);
  }

  private NetClientOptions netOptions() {
    return new NetClientOptions()
        .setConnectTimeout((int) pool.acquireTimeout().toMillis())
        .setTcpKeepAlive(true)
        .setTcpNoDelay(true);
  }

  public Future<Void> close() {
    return Future.join(writer.close(), reader.close()).mapEmpty();
  }
}
