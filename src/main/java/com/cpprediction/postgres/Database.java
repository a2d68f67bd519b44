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
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Statements with a deadline of their own: a frozen server never answers, and the drivers wait for
 * ever. When a deadline passes the outcome is unknown, so every statement here may be repeated, and
 * the connections it ran on are given up. Writes go down one pipelined connection, in order; reads
 * share the rest. Without a pool each statement has a connection of its own, and waits for one when
 * as many as the pool would have are open. To be used from one event loop.
 */
public final class Database {
  private static final int WRITE_CONNECTIONS = 1;
  private static final String WRITER = "cp-write";
  private static final String READER = "cp-read";

  /** How statements get to the server. */
  interface Route {
    Future<RowSet<Row>> run(String sql, Tuple parameters);

    public Future<Void> close();
  }

  /** A client that is replaced when it can't be trusted any more. */
  private final class Link implements Route {
    private final Supplier<SqlClient> factory;
    private SqlClient client;

    Link(Supplier<SqlClient> factory) {
      this.factory = factory;
      client = factory.get();
    }

    @Override
    public Future<RowSet<Row>> run(String sql, Tuple parameters) {
      return once(sql, parameters)
          .recover(
              failure ->
                  SqlFailure.of(failure) == SqlFailure.TRANSIENT
                          && !(failure instanceof TimeoutException)
                      ? once(
                          sql, parameters) // the first after an outage may draw a dead connection
                      : Future.failedFuture(failure));
    }

    private Future<RowSet<Row>> once(String sql, Tuple parameters) {
      var used = client;
      return used.preparedQuery(sql)
          .execute(parameters)
          .timeout(deadline.get().toMillis(), TimeUnit.MILLISECONDS)
          .onFailure(
              failure -> {
                // A session keeps the settings it began with, such as being read-only.
                if (failure instanceof TimeoutException
                    || SqlFailure.of(failure) == SqlFailure.PERMANENT) {
                  replace(used);
                }
              });
    }

    private void replace(SqlClient used) {
      if (used != client) return; // somebody else did
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
  private final Route writer;
  private final Route reader;

  /**
   * @param deadline of each statement, read for each
   */
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
      writer = new Link(this::newWriter);
      reader = new Link(this::newReader);
    } else {
      writer = new PerStatementConnections(vertx, this.connect, pool, deadline);
      reader = writer;
    }
  }

  /**
   * @param sql with a cast on every parameter: one that PostgreSQL has to guess can cost a second
   *     round, which upsets the pipelining of Vert.x up to 5.0.12
   */
  public Future<RowSet<Row>> write(String sql, Tuple parameters) {
    return writer.run(sql, parameters);
  }

  /** As {@link #write}, on a connection of the readers, where no batch waits behind it. */
  public Future<RowSet<Row>> writeAside(String sql, Tuple parameters) {
    return reader.run(sql, parameters);
  }

  /** As {@link #write}, for a query. */
  public Future<RowSet<Row>> read(String sql, Tuple parameters) {
    return reader.run(sql, parameters);
  }

  /** Connections that may be open at a time, by the name of their pool; none without a pool. */
  public Map<String, Integer> sizes() {
    if (!pool.enabled()) return Map.of();
    return Map.of(WRITER, WRITE_CONNECTIONS, READER, pool.size() - WRITE_CONNECTIONS);
  }

  private SqlClient newWriter() {
    return PgBuilder.client()
        .with(options(WRITER, WRITE_CONNECTIONS))
        .with(network())
        .connectingTo(connect)
        .using(vertx)
        .build();
  }

  private SqlClient newReader() {
    return PgBuilder.pool()
        .with(options(READER, pool.size() - WRITE_CONNECTIONS))
        .with(network())
        .connectingTo(connect)
        .using(vertx)
        .build();
  }

  /**
   * @param name as the pool's meters call it
   */
  private PoolOptions options(String name, int size) {
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

  private NetClientOptions network() {
    return new NetClientOptions()
        .setConnectTimeout((int) pool.acquireTimeout().toMillis())
        .setTcpKeepAlive(true)
        .setTcpNoDelay(true);
  }

  public Future<Void> close() {
    return Future.join(writer.close(), reader.close()).mapEmpty();
  }
}
