package com.cpprediction.benchmarks;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.RecordBatch;
import com.cpprediction.bus.RecordRequest;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.persistence.PersistenceVerticle;
import com.cpprediction.persistence.Schema;
import com.cpprediction.postgres.EmbeddedDatabase;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.Scored;
import com.cpprediction.testing.TestScores;
import com.sun.management.OperatingSystemMXBean;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Measures how fast the persistence verticle stores a backlog of journaled rows, compared with a
 * hand-written loop that sends pipelined statements without journal and ledger. Both alternate on
 * the embedded PostgreSQL with fsync on. Also prints processor time a row: of this process, and of
 * the sessions of PostgreSQL, which needs Linux.
 *
 * <pre>
 * mvn -q test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java -cp target/classes:target/test-classes:$(cat target/classpath) \
 *   com.cpprediction.benchmarks.DrainBenchmark
 * </pre>
 */
public final class DrainBenchmark {
  private static final int ROWS = Integer.getInteger("rows", 200_000);
  private static final int TURNS = Integer.getInteger("turns", 4);
  private static final int WINDOW = 4;
  private static final String NOWHERE = "postgresql://postgres@127.0.0.1:1/postgres";

  private static final long TICK_NANOS = 10_000_000; // USER_HZ is 100

  private static final String SESSIONS =
      "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'";

  private static final String INSERT =
      """
      INSERT INTO predictions (prediction_id, predicted_at, shipment_id, address, pincode, prefix, cp,
                               confidence, alternatives, fingerprint, source)
      SELECT a, b, c, d, e, f, g, h, i::jsonb, j, k
      FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                  $8::double precision[], $9::text[], $10::text[], $11::text[])
        AS row(a, b, c, d, e, f, g, h, i, j, k)
      ON CONFLICT DO NOTHING
      """;

  private final Vertx vertx = Vertx.vertx();
  private final Path directory;
  private final String uri;
  private final SqlClient client;

  private DrainBenchmark(Path directory, String uri) {
    this.directory = directory;
    this.uri = uri;
    Bus.registerCodecs(vertx.eventBus());
    client =
        PgBuilder.client()
            .with(new PoolOptions().setMaxSize(1))
            .connectingTo(
                PgConnectOptions.fromUri(uri)
                    .setCachePreparedStatements(true)
                    .setPipeliningLimit(WINDOW))
            .using(vertx)
            .build();
  }

  /** Prints rates and processor times of both for each round. */
  public static void main(String[] arguments) throws Exception {
    var directory = Files.createTempDirectory("cp-drain");
    try (var server = EmbeddedDatabase.startForScratchDatabases(directory, 0)) {
      Schema.migrate(server.uri(), 0);
      new DrainBenchmark(directory, server.uri()).run();
    }
  }

  private void run() throws Exception {
    System.out.printf(
        "%8s %14s %17s %14s %17s %7s%n",
        "turn", "verticle", "client/server us", "by hand", "client/server us", "ratio");
    for (int turn = 1; turn <= TURNS; turn++) {
      clear();
      var drained = drain(directory.resolve("journal-" + turn));
      clear();
      var byHand = byHand();
      System.out.printf(
          "%8d %10.0f /s %9.1f / %5.1f %10.0f /s %9.1f / %5.1f %7.2f%n",
          turn,
          drained.rate(),
          drained.client(),
          drained.server(),
          byHand.rate(),
          byHand.client(),
          byHand.server(),
          drained.rate() / byHand.rate());
    }
    client.close().await();
    vertx.close().await();
  }

  private void clear() {
    client.query("TRUNCATE predictions").execute().await();
    client.query("CHECKPOINT").execute().await();
  }

  /**
   * A measured turn.
   *
   * @param rate rows per second
   * @param client microseconds of this process a row
   * @param server microseconds of PostgreSQL's sessions a row
   */
  private record Turn(double rate, double client, double server) {}

  /** The state of the clocks at the start of a turn. */
  private record Begin(long nanos, long client, long server, long rows) {
    static Begin now(SqlClient sql, long rows) throws IOException {
      return new Begin(System.nanoTime(), clientNanos(), serverNanos(sql), rows);
    }

    Turn end(SqlClient sql) throws IOException {
      double count = ROWS - rows;
      return new Turn(
          count / ((System.nanoTime() - nanos) / 1e9),
          (clientNanos() - client) / 1e3 / count,
          (serverNanos(sql) - server) / 1e3 / count);
    }

    private static long clientNanos() {
      var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
      return system.getProcessCpuTime();
    }

    /** Processor time of all sessions of the database, of fields 14 and 15 of proc_pid_stat(5). */
    private static long serverNanos(SqlClient sql) throws IOException {
      long ticks = 0;
      for (var session : sql.query(SESSIONS).execute().await()) {
        var stat = Files.readString(Path.of("/proc", session.getInteger(0).toString(), "stat"));
        var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        ticks += Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
      }
      return ticks * TICK_NANOS;
    }
  }

  private Turn drain(Path journal) throws Exception {
    fill(journal);
    var verticle = verticle(journal, uri);
    var deployment = vertx.deployVerticle(verticle).await();
    long first = await(() -> stored(verticle), count -> count > 0);
    var begin = Begin.now(client, first);
    await(() -> stored(verticle), count -> count == ROWS);
    var turn = begin.end(client);
    vertx.undeploy(deployment).await();
    return turn;
  }

  private static long stored(PersistenceVerticle verticle) {
    return verticle.health().getLong("stored");
  }

  private void fill(Path journal) throws Exception {
    var deployment = vertx.deployVerticle(verticle(journal, NOWHERE)).await();
    var longEnough = new DeliveryOptions().setSendTimeout(60_000);
    for (var rows = batches(1_000); rows.hasNext(); ) {
      var batch = new RecordBatch(List.of(new RecordRequest(rows.next())));
      vertx.eventBus().request(Bus.RECORD, batch, longEnough).await();
    }
    vertx.undeploy(deployment).await();
  }

  private PersistenceVerticle verticle(Path journal, String database) {
    var config = ServiceConfig.defaults();
    return new PersistenceVerticle(
        config::persistence,
        config.journal(),
        journal,
        () -> database,
        config.database().pool(),
        new ServiceMetrics(new SimpleMeterRegistry(), "benchmark"),
        Duration.ofMillis(100));
  }

  private static long await(Supplier<Long> value, Function<Long, Boolean> enough)
      throws InterruptedException {
    while (true) {
      long now = value.get();
      if (enough.apply(now)) return now;
      Thread.sleep(1);
    }
  }

  private Turn byHand() throws IOException {
    var all = new ArrayList<List<Prediction>>();
    batches(ServiceConfig.defaults().persistence().batchSize()).forEachRemaining(all::add);
    var rest = all.iterator();
    var begin = Begin.now(client, 0);
    var done = Promise.<Void>promise();
    vertx.runOnContext(
        go -> {
          var loops = IntStream.range(0, WINDOW).mapToObj(i -> next(rest)).toList();
          Future.all(loops).<Void>mapEmpty().onComplete(done);
        });
    done.future().await();
    return begin.end(client);
  }

  private Future<Void> next(Iterator<List<Prediction>> rest) {
    if (!rest.hasNext()) return Future.succeededFuture();
    return client.preparedQuery(INSERT).execute(tuple(rest.next())).compose(done -> next(rest));
  }

  private static Iterator<List<Prediction>> batches(int size) {
    return IntStream.range(0, ROWS / size)
        .mapToObj(b -> IntStream.range(0, size).mapToObj(i -> prediction(b * size + i)).toList())
        .iterator();
  }

  private static Prediction prediction(int number) {
    var typed = "Flat " + number + ", 14 Mahatma Gandhi Road, Ashok Nagar, Bengaluru 560017";
    var candidates =
        List.of(
            new Candidate("CP1", 0.97), new Candidate("CP2", 0.02), new Candidate("CP3", 0.004));
    var address = Address.of(typed, null);
    var scored = new Scored("3f9a1c2e".repeat(8), candidates);
    return new PredictionRequest(
            PredictionIds.next(),
            "S" + number,
            typed,
            address,
            Hypotheses.certain("560", address, PincodeErrors.of(0.01)))
        .predicted(TestScores.believing(address, "560", scored), Prediction.Source.MODEL);
  }

  private static Tuple tuple(List<Prediction> rows) {
    int count = rows.size();
    var ids = new UUID[count];
    var times = new OffsetDateTime[count];
    var texts = new String[8][count];
    var confidences = new Double[count];
    for (int i = 0; i < count; i++) {
      var row = rows.get(i);
      ids[i] = row.request().id();
      times[i] = row.predictedAt().atOffset(ZoneOffset.UTC);
      texts[0][i] = row.request().shipmentId();
      texts[1][i] = row.request().typed();
      texts[2][i] = row.request().address().pincode();
      texts[3][i] = row.belief().prefix();
      texts[4][i] = row.best().cp();
      confidences[i] = row.best().confidence();
      var others = new JsonArray();
      for (var other : row.alternatives()) {
        others.add(new JsonObject().put("cp", other.cp()).put("confidence", other.confidence()));
      }
      texts[5][i] = others.encode();
      texts[6][i] = row.scored().fingerprint();
      texts[7][i] = row.source().label();
    }
    return Tuple.tuple()
        .addValue(ids)
        .addValue(times)
        .addValue(texts[0])
        .addValue(texts[1])
        .addValue(texts[2])
        .addValue(texts[3])
        .addValue(texts[4])
        .addValue(confidences)
        .addValue(texts[5])
        .addValue(texts[6])
        .addValue(texts[7]);
  }
}
