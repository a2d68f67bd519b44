package com.cpprediction.ablation;

import com.cpprediction.journal.Journal;
import com.cpprediction.loadtest.LoadGenerator;
import com.cpprediction.loadtest.LoadGenerator.Listener;
import com.cpprediction.loadtest.RequestSource;
import com.cpprediction.loadtest.Step;
import com.cpprediction.loadtest.Target;
import com.cpprediction.persistence.JournaledRows;
import com.cpprediction.postgres.ScratchDatabase;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Measures one service process from start to stop: warm-up, open loop, closed loop, batches, then
 * the checks of its predictions and its rows.
 */
final class Measurement implements AutoCloseable {
  /** Maximum connections of the load generator. */
  private static final int CONNECTIONS = 64;

  /** Callers of the batch phase, so that one batch is always queued. */
  private static final int BATCH_CALLERS = 2;

  /** Requests of the warm-up between checks of its duration. */
  private static final int PORTION = 100;

  /** CPU use, in cores, above which the single-threaded load generator may be the bottleneck. */
  private static final double GENERATOR_CORES = 0.8;

  private static final long POLL_MILLIS = 20;

  /** Errors after which the row of a request may be stored all the same. */
  private static final Pattern MAYBE_STORED = Pattern.compile("200|50[04]");

  /** First index of each phase in the workload: phases have only popular addresses in common. */
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
  private long predicted;
  private long uncertain;
  private long behind;
  private @Nullable LoadGenerator load; // once the service is ready

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
   * Measures the closed loop alone.
   *
   * @return predictions per second
   * @throws AblationException when the service fails or returns no prediction
   */
  double capacity() throws InterruptedException {
    warmUp();
    var step = closed();
    service.stop();
    if (step.ok() == 0) {
      throw new AblationException("The service answers nothing: " + errors);
    }
    return rate(step);
  }

  /**
   * Measures all phases.
   *
   * @param rate of the open loop, requests per second
   * @param check shared by all measurements
   * @throws AblationException when the service fails
   */
  Run measure(Variant variant, int round, double rate, AnswerCheck check)
      throws InterruptedException {
    var postgresFirst = ProcessUsage.ofFamily(postgres);
    warmUp();
    openLoop(rate);
    closedLoop();
    batches();
    predicted += check.check(service, variant);
    drain();
    var atLast = ProcessUsage.of(service.handle());
    put(
        Metric.DISK_READ,
        ProcessUsage.sum(
            atLast.diskBytes(),
            difference(ProcessUsage.ofFamily(postgres).diskBytes(), postgresFirst.diskBytes())),
        1 / 1024.0);
    put(Metric.PEAK, atLast.peakKib(), 1 / 1024.0);
    var journal = service.persistence().getJsonObject("journal");
    service.stop();
    long stored = database.stored();
    long left = journal == null ? 0 : waiting(Path.of(journal.getString("directory")));
    return new Run(
        variant,
        round,
        figures,
        requests,
        predicted,
        uncertain,
        stored,
        left,
        behind,
        String.join(", ", doubts),
        errors,
        rowProblem(predicted, uncertain, stored, left));
  }

  /**
   * Fault of the stored rows; empty when every returned prediction is kept, and no other. A row
   * stored just before the service ended may still be in the journal as well.
   */
  static String rowProblem(long predicted, long uncertain, long stored, long left) {
    if (stored + left >= predicted && stored <= predicted + uncertain) return "";
    var sent =
        uncertain == 0
            ? "%d predictions were answered".formatted(predicted)
            : "%d predictions were answered, %d more at most".formatted(predicted, uncertain);
    return "%s, %d are stored and %d wait in the journal".formatted(sent, stored, left);
  }

  private void warmUp() throws InterruptedException {
    service.awaitReady();
    figures.put(Metric.START, (System.nanoTime() - started) / 1e6);
    var generator = new LoadGenerator(new Target(service.uri(), null, null, false), CONNECTIONS);
    load = generator;
    long end = System.nanoTime() + plan.warmUp().toNanos();
    long sent = 0;
    while (System.nanoTime() < end) {
      tally(generator.count("warm-up", warmUpFrom(sent), plan.callers(), PORTION, Listener.NONE));
      sent += PORTION;
    }
    if (sent < plan.warmUpLeast()) {
      doubts.add(
          "the warm-up was %d requests of the %d it should have been"
              .formatted(sent, plan.warmUpLeast()));
    }
    drain();
  }

  /** Every popular address once, to fill caches, then the workload. */
  private RequestSource warmUpFrom(long first) {
    var popular = workload.popular();
    return RequestSource.singles(
        ids("warm-up-" + first),
        i -> {
          long at = first + i;
          return at < popular.size() ? popular.get((int) at) : workload.at(WARM_UP + at);
        });
  }

  private static String ids(String phase) {
    return "ablation-%s-".formatted(phase);
  }

  private void openLoop(double rate) throws InterruptedException {
    var step =
        tally(load().open("open loop", singles("open", OPEN), rate, plan.phase(), Listener.NONE));
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
    figures.put(Metric.THROUGHPUT, rate(step));
    figures.put(Metric.HITS, 100 * step.hitRate());
    var own = difference(after.cpuMillis(), serviceBefore.cpuMillis());
    var its = difference(postgresAfter.cpuMillis(), postgresBefore.cpuMillis());
    put(Metric.SERVICE_CPU, own, 1 / requests);
    put(Metric.CPU, ProcessUsage.sum(own, its), 1 / requests);
    var read = difference(memory.callBytes(), serviceBefore.callBytes());
    put(Metric.CALL_READ, read, 1 / 1024.0 / requests);
  }

  /** Records CPU use of the generator: as the bottleneck it would hide differences. */
  private void generated(OptionalLong cpuMillis, double seconds) {
    if (cpuMillis.isEmpty()) return;
    double cores = cpuMillis.getAsLong() / 1e3 / seconds;
    figures.put(Metric.GENERATOR, cores);
    generatorDoubt(cores).ifPresent(doubts::add);
  }

  /** Doubt about the closed loop when the load generator may be its bottleneck. */
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
    var requests = singles("closed", CLOSED);
    return tally(
        load().closed("closed loop", requests, plan.callers(), plan.phase(), Listener.NONE));
  }

  private void batches() throws InterruptedException {
    var requests = RequestSource.batches(ids("batch"), i -> workload.at(BATCHES + i));
    var step =
        tally(load().closed("batches", requests, BATCH_CALLERS, plan.batches(), Listener.NONE));
    if (step.ok() > 0) figures.put(Metric.BATCHED, rate(step));
  }

  /**
   * Shipments per second, with the last responses: in a slow state a request may take as long as
   * the whole phase.
   */
  private static double rate(Step step) {
    return step.ok() * step.shipments() / step.total();
  }

  private RequestSource singles(String phase, long from) {
    return RequestSource.singles(ids(phase), i -> workload.at(from + i));
  }

  private Step tally(Step step) {
    requests.merge(step.name(), step.sent(), Long::sum);
    predicted += step.ok() * step.shipments();
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
   * Waits until all rows are stored, so that no phase's work counts in the next one.
   *
   * @return rows still in the journal when the wait timed out
   */
  private long drain() throws InterruptedException {
    long end = System.nanoTime() + plan.drain().toNanos();
    long waiting;
    while ((waiting = service.persistence().getLong("waiting")) > 0 && System.nanoTime() < end) {
      Thread.sleep(POLL_MILLIS);
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

  private LoadGenerator load() {
    return Objects.requireNonNull(load, "The service is not warmed up");
  }

  /** Closes the load generator, not the service. */
  @Override
  public void close() {
    if (load != null) load.close();
  }
}
