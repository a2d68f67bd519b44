package com.cpprediction.ablation;

import com.cpprediction.journal.Journal;
import com.cpprediction.loadtest.LoadGenerator;
import com.cpprediction.loadtest.LoadGenerator.Listener;
import com.cpprediction.loadtest.Questions;
import com.cpprediction.loadtest.Step;
import com.cpprediction.loadtest.Target;
import com.cpprediction.persistence.JournaledRows;
import com.cpprediction.persistence.ScratchDatabase;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * One service in one state, from its start to its end: warm-up, open loop, closed loop, batches,
 * and whether its answers and its rows are right.
 */
final class Measurement implements AutoCloseable {
  /** Of the load generator, at most. */
  private static final int CONNECTIONS = 64;

  /** Shipments in one batch. */
  private static final int BATCH = 100;

  /** Callers that send batches: one that waits, one that is answered. */
  private static final int BATCH_CALLERS = 2;

  /** Requests of the warm-up between two looks at the clock. */
  private static final int PORTION = 100;

  /** Cores that the load generator may use without being what is measured: it is one thread. */
  private static final double GENERATOR_CORES = 0.8;

  private static final long LOOK_MILLIS = 20;

  /** What a service may answer to a request whose row it stores all the same. */
  private static final Pattern MAYBE_STORED = Pattern.compile("50[04]");

  /** Where each phase begins in the workload, so that none asks what another asked only once. */
  private static final long WARM_UP = 0;

  private static final long OPEN = 1_000_000_000;
  private static final long CLOSED = 2 * OPEN;
  private static final long BATCHES = 3 * OPEN;

  private final Plan plan;
  private final Workload workload;
  private final ServiceProcess service;
  private final ScratchDatabase database;
  private final ProcessHandle postgres;
  private final long started = System.nanoTime();
  private final Map<Metric, Double> figures = new EnumMap<>(Metric.class);
  private final Map<String, Long> requests = new LinkedHashMap<>();
  private final Map<String, Long> errors = new TreeMap<>();
  private final List<String> doubts = new ArrayList<>();
  private long answered;
  private long uncertain;
  private long behind;
  private LoadGenerator load; // once the service is ready

  /**
   * @param service just started
   * @param postgres the server of {@code database}
   */
  Measurement(
      Plan plan,
      Workload workload,
      ServiceProcess service,
      ScratchDatabase database,
      ProcessHandle postgres) {
    this.plan = plan;
    this.workload = workload;
    this.service = service;
    this.database = database;
    this.postgres = postgres;
  }

  /**
   * What the service can do: answers per second in the closed loop.
   *
   * @throws AblationException when it answers nothing or fails
   */
  double capacity() throws InterruptedException {
    warmUp();
    var step = closed();
    service.stop();
    if (step.ok() == 0) {
      throw new AblationException("The unoptimised service answers nothing: " + errors);
    }
    return step.achieved();
  }

  /**
   * Everything.
   *
   * @param rate of the open loop
   * @param check holds the answers of the first state
   * @throws AblationException when the service fails
   */
  Run measure(State state, int round, double rate, AnswerCheck check) throws InterruptedException {
    var postgresAtFirst = ProcessUsage.ofFamily(postgres);
    warmUp();
    openLoop(rate);
    closedLoop();
    batches();
    answered += check.check(service, state);
    drain();
    var atLast = ProcessUsage.of(service.handle());
    put(
        Metric.DISK_READ,
        sum(
            atLast.diskBytes(),
            difference(ProcessUsage.ofFamily(postgres).diskBytes(), postgresAtFirst.diskBytes())),
        1 / 1024.0);
    put(Metric.PEAK, atLast.peakKib(), 1 / 1024.0);
    var journal = service.persistence().getJsonObject("journal");
    service.stop();
    long stored = database.stored();
    long left = journal == null ? 0 : waiting(Path.of(journal.getString("directory")));
    return new Run(
        state,
        round,
        figures,
        requests,
        answered,
        uncertain,
        stored,
        left,
        behind,
        String.join(", ", doubts),
        errors,
        booksProblem(answered, uncertain, stored, left));
  }

  /**
   * Why the rows are wrong; empty when each answered prediction is kept, and no other is stored. A
   * row that was stored the moment before the service ended may still lie in its journal, too.
   */
  static String booksProblem(long answered, long uncertain, long stored, long left) {
    if (stored + left >= answered && stored <= answered + uncertain) return "";
    var sent =
        uncertain == 0
            ? "%d predictions were answered".formatted(answered)
            : "%d predictions were answered, %d more at most".formatted(answered, uncertain);
    return "%s, %d are stored and %d wait in the journal".formatted(sent, stored, left);
  }

  private void warmUp() throws InterruptedException {
    service.awaitReady();
    figures.put(Metric.START, (System.nanoTime() - started) / 1e6);
    load = new LoadGenerator(new Target(service.uri(), null, false), CONNECTIONS);
    long end = System.nanoTime() + plan.warmUp().toNanos();
    long sent = 0;
    while (System.nanoTime() < end) {
      tally(load.count("warm-up", warmUpFrom(sent), plan.callers(), PORTION, Listener.NONE));
      sent += PORTION;
    }
    if (sent < plan.warmUpLeast()) {
      doubts.add(
          "the warm-up was %d requests of the %d it should have been"
              .formatted(sent, plan.warmUpLeast()));
    }
    drain();
  }

  /**
   * Every popular address once, so that what a service keeps of them is there, then the workload.
   */
  private Questions warmUpFrom(long first) {
    var popular = workload.popular();
    return new Questions(
        "/predict",
        1,
        i -> {
          long at = first + i;
          var address = at < popular.size() ? popular.get((int) at) : workload.at(WARM_UP + at);
          return AnswerCheck.shipment("ablation-" + (WARM_UP + at), address).toBuffer();
        });
  }

  private void openLoop(double rate) throws InterruptedException {
    var step = tally(load.open("open loop", singles(OPEN), rate, plan.phase(), Listener.NONE));
    doubt(step);
    if (step.ok() > 0) {
      figures.put(Metric.P50, step.millis(50));
      figures.put(Metric.P95, step.millis(95));
      figures.put(Metric.P99, step.millis(99));
    }
    drain();
  }

  private void doubt(Step step) {
    if (!step.onSchedule()) {
      doubts.add(
          String.format(
              Locale.ROOT,
              "requests of the open loop were sent up to %.0f ms late (99th percentile), something else kept this machine busy",
              step.lag().getValueAtPercentile(99) / 1e3));
    } else if (!step.held()) {
      doubts.add(
          String.format(Locale.ROOT, "it answered %.0f/s only in the open loop", step.achieved()));
    }
  }

  private void closedLoop() throws InterruptedException {
    var serviceBefore = ProcessUsage.of(service.handle());
    var postgresBefore = ProcessUsage.ofFamily(postgres);
    long storedBefore = service.persistence().getLong("stored");
    long begin = System.nanoTime();
    var ownBefore = ProcessUsage.of(ProcessHandle.current());
    var step = closed();
    var ownAfter = ProcessUsage.of(ProcessHandle.current());
    var memory = ProcessUsage.of(service.handle());
    behind = drain();
    double seconds = (System.nanoTime() - begin) / 1e9;
    long storedAfter = service.persistence().getLong("stored");
    var after = ProcessUsage.of(service.handle());
    var postgresAfter = ProcessUsage.ofFamily(postgres);

    generated(difference(ownAfter.cpuMillis(), ownBefore.cpuMillis()), step.total());
    figures.put(Metric.STORED, (storedAfter - storedBefore) / seconds);
    put(Metric.RESIDENT, memory.residentKib(), 1 / 1024.0);
    put(Metric.PROPORTIONAL, memory.proportionalKib(), 1 / 1024.0);
    if (step.ok() == 0) return;
    double requests = step.ok();
    figures.put(Metric.THROUGHPUT, step.achieved());
    figures.put(Metric.HITS, 100 * step.hitRate());
    var own = difference(after.cpuMillis(), serviceBefore.cpuMillis());
    var its = difference(postgresAfter.cpuMillis(), postgresBefore.cpuMillis());
    put(Metric.SERVICE_CPU, own, 1 / requests);
    put(Metric.CPU, sum(own, its), 1 / requests);
    var read = difference(memory.callBytes(), serviceBefore.callBytes());
    put(Metric.CALL_READ, read, 1 / 1024.0 / requests);
  }

  /** Where the generator is the bottleneck, a faster service looks as slow as the others. */
  private void generated(OptionalLong cpuMillis, double seconds) {
    if (cpuMillis.isEmpty()) return;
    double cores = cpuMillis.getAsLong() / 1e3 / seconds;
    figures.put(Metric.GENERATOR, cores);
    generatorDoubt(cores).ifPresent(doubts::add);
  }

  /** Why the closed loop's figures may be those of the load generator. */
  static Optional<String> generatorDoubt(double cores) {
    return cores <= GENERATOR_CORES
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "the load generator used %.2f cores in the closed loop, so that the service may be faster than that",
                cores));
  }

  private Step closed() throws InterruptedException {
    var questions = singles(CLOSED);
    return tally(
        load.closed("closed loop", questions, plan.callers(), plan.phase(), Listener.NONE));
  }

  private void batches() throws InterruptedException {
    var questions =
        new Questions(
            "/predict/batch",
            BATCH,
            batch -> {
              var shipments = new JsonArray();
              for (int i = 0; i < BATCH; i++) shipments.add(shipment(BATCHES + batch * BATCH + i));
              return new JsonObject().put("shipments", shipments).toBuffer();
            });
    var step =
        tally(load.closed("batches", questions, BATCH_CALLERS, plan.batches(), Listener.NONE));
    // A batch may take as long as all of the phase, so the last answers count as well.
    if (step.ok() > 0) figures.put(Metric.BATCHED, step.ok() * BATCH / step.total());
  }

  private Questions singles(long from) {
    return new Questions("/predict", 1, i -> shipment(from + i).toBuffer());
  }

  private JsonObject shipment(long i) {
    return AnswerCheck.shipment("ablation-" + i, workload.at(i));
  }

  private Step tally(Step step) {
    requests.merge(step.name(), step.sent(), Long::sum);
    answered += step.ok() * step.shipments();
    uncertain += step.uncertain() * step.shipments();
    step.errors()
        .forEach(
            (error, count) -> {
              errors.merge(error, count, Long::sum);
              if (MAYBE_STORED.matcher(error).lookingAt()) uncertain += count * step.shipments();
            });
    return step;
  }

  /**
   * Waits until all that was answered is stored, so that one phase's work is not taken for the next
   * one's.
   *
   * @return rows that still wait, where that takes too long
   */
  private long drain() throws InterruptedException {
    long end = System.nanoTime() + plan.drain().toNanos();
    long waiting;
    while ((waiting = service.persistence().getLong("waiting")) > 0 && System.nanoTime() < end) {
      Thread.sleep(LOOK_MILLIS);
    }
    return waiting;
  }

  private static long waiting(Path directory) {
    try (var journal = Journal.in(directory, Clock.systemUTC(), cause -> {})) {
      return JournaledRows.count(journal.inspect().waiting());
    }
  }

  private void put(Metric metric, OptionalLong value, double factor) {
    value.ifPresent(known -> figures.put(metric, known * factor));
  }

  private static OptionalLong difference(OptionalLong after, OptionalLong before) {
    return after.isPresent() && before.isPresent()
        ? OptionalLong.of(after.getAsLong() - before.getAsLong())
        : OptionalLong.empty();
  }

  private static OptionalLong sum(OptionalLong a, OptionalLong b) {
    return a.isPresent() && b.isPresent()
        ? OptionalLong.of(a.getAsLong() + b.getAsLong())
        : OptionalLong.empty();
  }

  /** Ends its load; not the service. */
  @Override
  public void close() {
    if (load != null) load.close();
  }
}
