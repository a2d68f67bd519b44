package com.cpprediction.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.PackagedService;
import com.cpprediction.testing.PackagedService.Launch;
import com.cpprediction.testing.PostgresProcess;
import io.vertx.core.json.JsonObject;
import java.time.Duration;

/**
 * One service on one empty database behind a proxy, under the load of one client: what every test
 * here breaks something of. {@link #settle} ends it with the comparison.
 *
 * <p>System property {@code ack} says which promise is tested: {@value #JOURNAL} or {@value
 * #COMMIT}.
 */
final class FaultTrial implements AutoCloseable {
  static final String JOURNAL = "journal";
  static final String COMMIT = "commit";

  /** {@code persistence.ack}. */
  static final String ACK = System.getProperty("ack", JOURNAL);

  private static final long SEED = Long.getLong("seed", 1);

  /** Requests per second, where a test asks for no other rate. */
  static final int RATE = Integer.getInteger("rate", 200);

  /** Requests before the fault, and after it. */
  static final int CALM = Integer.getInteger("calm", 400);

  private static final int WARM = 300;
  private static final Duration DRAINED = Duration.ofMinutes(3);
  private static final String HEAD =
      "| fault | ack | requests | ok | refused | unknown | stored | lost | doubled "
          + "| p50/p99 before | p50/p99 during | p50/p99 after | drained |";

  private final PostgresProcess postgres;
  private final String database;
  private final String ack;
  private final FaultProxy proxy;
  private final PackagedService service;
  private final Ledger ledger;
  private final LoadClient client;

  private FaultTrial(PostgresProcess postgres, JsonObject changes, Launch launch) throws Exception {
    this.postgres = postgres;
    database = postgres.newDatabase();
    proxy = new FaultProxy(postgres.port());
    var config =
        new JsonObject()
            .put("persistence", new JsonObject().put("ack", ACK))
            .mergeIn(changes, true);
    ack = config.getJsonObject("persistence").getString("ack");
    service =
        new PackagedService(() -> PostgresProcess.uri(proxy.port(), database), config, launch);
    ledger = new Ledger(service.directory().resolve("ledger.txt"));
    client = new LoadClient(service.port(), ledger, SEED);
  }

  /** One whose service is not started yet. */
  static FaultTrial prepare(PostgresProcess postgres, JsonObject changes) throws Exception {
    return new FaultTrial(postgres, changes, Launch.withHeap("1g"));
  }

  /** One whose service is ready and warm. */
  static FaultTrial begin(PostgresProcess postgres, JsonObject changes) throws Exception {
    return begin(prepare(postgres, changes));
  }

  /** As {@link #begin(PostgresProcess, JsonObject)}, of a process that is begun otherwise. */
  static FaultTrial begin(PostgresProcess postgres, JsonObject changes, Launch launch)
      throws Exception {
    return begin(new FaultTrial(postgres, changes, launch));
  }

  private static FaultTrial begin(FaultTrial trial) throws Exception {
    try {
      trial.service.start();
      trial.warm();
      return trial;
    } catch (Exception | Error e) {
      trial.close();
      throw e;
    }
  }

  static FaultTrial begin(PostgresProcess postgres) throws Exception {
    return begin(postgres, new JsonObject());
  }

  /** A fresh JVM's first answers would count as those before the fault. */
  void warm() throws Exception {
    Await.until("the service is ready", service::ready);
    for (int i = 0; i < WARM; i += 20) client.burst(20);
    client.forgetLatencies();
  }

  /** Load at the usual rate, until nothing has happened for a while. */
  void calm() throws Exception {
    client.openLoop(RATE);
    client.awaitMore(CALM);
  }

  void faultBegins() {
    client.enter(Phase.DURING);
  }

  void faultEnds() {
    client.enter(Phase.AFTER);
  }

  String database() {
    return database;
  }

  FaultProxy proxy() {
    return proxy;
  }

  PackagedService service() {
    return service;
  }

  LoadClient client() {
    return client;
  }

  /** A sign that the fault is felt, whatever is promised. */
  long waitingOrRefused() throws Exception {
    return service.waiting() + client.refused();
  }

  /** Waits until the service takes predictions again, then for a while of it, then settles. */
  Oracle.Verdict recover(String fault) throws Exception {
    Await.until("the service is ready again", service::ready);
    faultEnds();
    client.awaitMore(CALM);
    var verdict = settle(fault);
    assertThat(client.latencies(Phase.AFTER).count()).as("answers after the fault").isPositive();
    return verdict;
  }

  /** As {@link #recover}; with a journal every single request is answered meanwhile. */
  Oracle.Verdict recoverUnhurt(String fault) throws Exception {
    var verdict = recover(fault);
    if (ACK.equals(JOURNAL)) assertThat(verdict.unanswered()).isEmpty();
    return verdict;
  }

  /** Ends the load, waits until all is stored, prints the line of the table and checks it. */
  Oracle.Verdict settle(String fault) throws Exception {
    return checked(look(fault));
  }

  /** As {@link #settle}, unchecked. */
  Oracle.Verdict look(String fault) throws Exception {
    client.finish();
    long begin = System.nanoTime();
    Await.until("all is stored", DRAINED, () -> service.waiting() == 0);
    Await.until("no lease on a model is open", () -> service.leases() == 0);
    double drained = (System.nanoTime() - begin) / 1e9;
    return compare(fault, "%.1f s".formatted(drained));
  }

  /** Prints the line of the table, and leaves it to the caller what to make of it. */
  private Oracle.Verdict compare(String fault, String drained) throws Exception {
    try (var connection = postgres.admin(database)) {
      var verdict = Oracle.compare(ledger.read(), connection);
      print(fault, verdict, drained);
      return verdict;
    }
  }

  private static Oracle.Verdict checked(Oracle.Verdict verdict) {
    assertThat(verdict.lost()).as("answered and not stored").isEmpty();
    assertThat(verdict.doubled()).as("stored twice").isEmpty();
    assertThat(verdict.different()).as("stored with another answer").isEmpty();
    assertThat(verdict.strange()).as("stored and never sent").isEmpty();
    assertThat(verdict.unwanted()).as("refused and stored").isEmpty();
    assertThat(verdict.unexpected()).as("a 5xx that is neither 503 nor 504").isEmpty();
    assertThat(verdict.ok()).isPositive();
    return verdict;
  }

  private void print(String fault, Oracle.Verdict verdict, String drained) {
    System.out.println(HEAD);
    System.out.println(
        "| %s | %s | %d | %d | %d | %d | %d | %d | %d | %s | %s | %s | %s |"
            .formatted(
                fault,
                ack,
                verdict.requests(),
                verdict.ok(),
                verdict.refused(),
                verdict.unknown(),
                verdict.stored(),
                verdict.lost().size(),
                verdict.doubled().size(),
                milliseconds(Phase.BEFORE),
                milliseconds(Phase.DURING),
                milliseconds(Phase.AFTER),
                drained));
  }

  private String milliseconds(Phase phase) {
    var of = client.latencies(phase);
    if (of.count() == 0) return "-";
    return "%.1f/%.1f ms".formatted(of.percentile(0.5), of.percentile(0.99));
  }

  @Override
  public void close() throws Exception {
    try (ledger;
        proxy;
        service) {
      client.close();
    }
  }
}
