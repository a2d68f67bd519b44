package com.cpprediction.cli;

import com.cpprediction.loadtest.AddressRow;
import com.cpprediction.loadtest.Arrivals;
import com.cpprediction.loadtest.Condition;
import com.cpprediction.loadtest.Environment;
import com.cpprediction.loadtest.HistogramFile;
import com.cpprediction.loadtest.LoadGenerator;
import com.cpprediction.loadtest.LoadReport;
import com.cpprediction.loadtest.LoadTest;
import com.cpprediction.loadtest.Profile;
import com.cpprediction.loadtest.Step;
import com.cpprediction.loadtest.Target;
import com.cpprediction.persistence.ShipmentDeletion;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.server.Version;
import com.cpprediction.terminal.Plurals;
import com.cpprediction.terminal.ProgressLine;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code load-test}: measures throughput and latencies of a running service. */
@Command(
    name = "load-test",
    description = {
      "Sends requests to a running service at rising rates and reports latencies, counted from the",
      "time each request was due. Its shipments are stored like any others; their ids begin with",
      "load-test-. Exit code 1: a rate was not held, a --fail-if is true, --find found none, or",
      "--clean-up did not find all rows."
    },
    mixinStandardHelpOptions = true)
final class LoadTestCommand implements Callable<Integer> {
  private static final double DEFAULT_RATE = 150;
  private static final int DEFAULT_STEPS = 5;
  private static final double FASTEST = 100_000;
  private static final Duration REPORT_TIMEOUT = Duration.ofSeconds(20);

  /** Longest wait for rows that aren't in the database yet. */
  private static final Duration CLEAN_UP_TIMEOUT = Duration.ofSeconds(15);

  /** Wait for rows of requests that failed for the caller, or were interrupted. */
  private static final Duration CLEAN_UP_QUIET = Duration.ofSeconds(1);

  private static final Duration CLOCK_SKEW = Duration.ofHours(1);
  private static final long POLL_MILLIS = 100;

  @Spec private CommandSpec spec;

  @Option(
      names = "--url",
      split = ",",
      defaultValue = "http://127.0.0.1:8000",
      description =
          "Where the service is (default: ${DEFAULT-VALUE}); of several, as the nodes of a cluster,"
              + " each gets every n-th request.")
  private List<String> urls;

  @Option(
      names = "--max-qps",
      paramLabel = "RATE",
      description = "Requests per second at most (default: 150, with --find 100000).")
  private Double maxRate;

  @Option(
      names = "--duration",
      paramLabel = "SECONDS",
      defaultValue = "15",
      description = "How long each rate is kept (default: ${DEFAULT-VALUE}).")
  private double duration;

  @Option(
      names = "--steps",
      paramLabel = "N|RATE,RATE,…",
      split = ",",
      arity = "0..1",
      fallbackValue = "5",
      description = "How many even steps lead to --max-qps (default: 5), or the rates themselves.")
  private List<Double> steps = List.of();

  @Option(
      names = "--profile",
      paramLabel = "PROFILE",
      defaultValue = "misses",
      description =
          "misses: each address once; hits: the same few; mixed: four in five again; batch and"
              + " stream: 100 in a request, each once; wrong-pincodes, no-pincodes: each once, with"
              + " the pincode of another place or none; or a CSV file, plain or .gz, with a column"
              + " address and, where known, pincode (default: ${DEFAULT-VALUE}).")
  private String profile;

  @Option(
      names = "--test-cache",
      description = "At the end ask for the same addresses twice, and compare.")
  private boolean testCache;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      defaultValue = "3",
      description =
          "At the highest rate, with --find as fast as possible, unreported (default: ${DEFAULT-VALUE}).")
  private double warmUp;

  @Option(
      names = "--connections",
      defaultValue = "128",
      description = "Connections at most (default: ${DEFAULT-VALUE}).")
  private int connections;

  @Option(
      names = "--threads",
      defaultValue = "1",
      description = "Threads that send (default: ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--arrivals",
      defaultValue = "constant",
      description =
          "When requests are due: constant, at even intervals, or poisson, at random as from many"
              + " independent callers (default: ${DEFAULT-VALUE}).")
  private String arrivals;

  @Option(
      names = "--fail-if",
      paramLabel = "CONDITION",
      description =
          "Exit code 1 where it is true of a rate, such as p99>20ms; may be repeated. Of p50, p90,"
              + " p99, p99.9 and max (us, ms, s), error-rate (%%) and rate, served per second.")
  private List<String> failIf = List.of();

  @Option(
      names = "--find",
      paramLabel = "CONDITION",
      description =
          "Search the highest rate, up to --max-qps, at which it is true, such as p99<10ms;"
              + " --fail-if then applies to the rate found.")
  private String find;

  @Option(
      names = "--histogram",
      paramLabel = "FILE",
      description =
          "Write the latencies for HdrHistogram's tools: .hgrm, percentiles of each rate, or"
              + " .hlog, second by second.")
  private Path histogram;

  @Option(
      names = "--clean-up",
      description =
          "At the end delete the rows of this run, and no others, from the database of --conf.")
  private boolean cleanUp;

  @Mixin private ConfigOption conf;

  @Mixin private AccessOptions access;

  @Option(
      names = "--report",
      paramLabel = "DIR",
      description = "Write report.html, report.json and series.csv there.")
  private Path report;

  @Option(names = "--json", description = "Print report.json, without a progress line.")
  private boolean json;

  @Override
  public Integer call() {
    var token = access.token();
    var trusted = access.trusted();
    var targets = urls.stream().map(url -> target(url, token, trusted)).toList();
    var bound = find == null ? null : condition("--find", find);
    var failures = failIf.stream().map(text -> condition("--fail-if", text)).toList();
    var rates = rates();
    UsageCheck.require(
        spec, duration >= 0.1 && duration <= 3_600, "--duration must be in 0.1..3600");
    UsageCheck.require(spec, warmUp >= 0 && warmUp <= 600, "--warm-up must be in 0..600");
    UsageCheck.require(
        spec, connections >= 1 && connections <= 10_000, "--connections must be in 1..10000");
    UsageCheck.require(spec, threads >= 1 && threads <= 64, "--threads must be in 1..64");
    UsageCheck.require(
        spec,
        histogram == null || HistogramFile.supports(histogram),
        "--histogram must end in .hgrm or .hlog");
    UsageCheck.require(
        spec, bound == null || !testCache, "--find and --test-cache exclude each other");
    var timing = timing();
    var shape = shape();
    var addresses =
        shape == Profile.FILE
            ? AddressRow.read(Path.of(profile), spec.commandLine().getErr()::println)
            : AddressRow.packaged();
    var plan =
        new LoadTest.Plan(
            shape, addresses, rates, bound, seconds(duration), seconds(warmUp), testCache);
    var done = new CountDownLatch(1);
    var hook = onInterrupt(done);
    // Opened first: a database that can't be reached must not be noticed after the rows are made.
    try (var deletion = cleanUp ? deletion() : null;
        var generator = new LoadGenerator(targets, connections, threads, timing);
        var progress = new Lines(json)) {
      var run = runId();
      var test = new LoadTest(generator, plan, run, progress);
      var service = test.describe();
      progress.header();
      var begun = Instant.now();
      var results = test.run(service);
      var faults = faults(results, failures);
      var about = about();
      if (deletion != null) {
        long deleted = cleanUp(deletion, run, begun, results);
        about.put("deleted", deleted);
        if (deleted < results.predicted()) {
          faults.add(
              "--clean-up: %s not in the database of --conf; is it the service's?"
                  .formatted(
                      Plurals.count(
                          results.predicted() - deleted,
                          "row of this run is",
                          "rows of this run are")));
        }
      }
      finish(results, about.put("faults", new JsonArray(faults)), begun);
      boolean held = bound != null || results.all().stream().allMatch(Step::held);
      return results.complete() && held && faults.isEmpty() ? 0 : 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      spec.commandLine().getErr().println("Interrupted before anything was measured");
      return 1;
    } finally {
      done.countDown();
      remove(hook);
    }
  }

  private Target target(String url, @Nullable String token, @Nullable TrustManager trusted) {
    var uri = ServiceUrl.parse(spec, url);
    try {
      return Target.of(uri.toString(), token, trusted, access.insecure());
    } catch (IllegalArgumentException e) {
      UsageCheck.require(spec, false, "--url \"" + url + "\" " + e.getMessage());
      throw e;
    }
  }

  private Condition condition(String option, String text) {
    try {
      return Condition.parse(text);
    } catch (IllegalArgumentException e) {
      UsageCheck.require(spec, false, "%s \"%s\" %s".formatted(option, text, e.getMessage()));
      throw e;
    }
  }

  private Arrivals timing() {
    for (var known : Arrivals.values()) if (known.label().equals(arrivals)) return known;
    UsageCheck.require(spec, false, "--arrivals must be constant or poisson");
    throw new IllegalStateException();
  }

  private List<Double> rates() {
    double max = maxRate != null ? maxRate : find != null ? FASTEST : DEFAULT_RATE;
    UsageCheck.require(
        spec, max > 0 && max <= FASTEST, "--max-qps must be above 0 and up to 100000");
    if (find != null) {
      UsageCheck.require(spec, steps.isEmpty(), "--find and --steps exclude each other");
      return List.of(max);
    }
    if (steps.size() > 1) {
      for (double rate : steps) {
        UsageCheck.require(
            spec, rate > 0 && rate <= FASTEST, "--steps: rates must be in 0..100000");
        UsageCheck.require(
            spec, maxRate == null || rate <= maxRate, "--steps: a rate is above --max-qps");
      }
      return steps;
    }
    double count = steps.isEmpty() ? DEFAULT_STEPS : steps.get(0);
    UsageCheck.require(
        spec,
        count % 1 == 0 && count >= 1 && count <= 100,
        "--steps: give a number in 1..100, or rates with commas between them");
    return IntStream.rangeClosed(1, (int) count).mapToObj(i -> max * i / count).toList();
  }

  private ShipmentDeletion deletion() {
    var config = conf.load().config();
    return ShipmentDeletion.open(config.database(), conf.home().resolve(config.dataDir()));
  }

  /** Each condition of {@code --fail-if} that is true, and a search without a find. */
  private List<String> faults(LoadTest.Results results, List<Condition> failures) {
    var faults = new ArrayList<String>();
    var judged = results.steps();
    if (find != null) {
      var found = results.found();
      judged = found == null ? List.of() : List.of(found);
      if (found == null && results.complete()) faults.add("No rate was found with " + find);
    }
    for (var step : judged) {
      for (var failure : failures) {
        if (!failure.holds(step)) continue;
        faults.add(
            "%s: %s, which --fail-if %s forbids"
                .formatted(step.name(), failure.describe(step), failure));
      }
    }
    return faults;
  }

  /**
   * Deletes the run's rows as they are stored, until all predictions that were returned are found.
   *
   * @return rows deleted
   */
  private static long cleanUp(
      ShipmentDeletion deletion, String run, Instant begun, LoadTest.Results results)
      throws InterruptedException {
    long deleted = 0;
    long last = System.nanoTime(); // when a row was deleted
    while (true) {
      long now = deletion.delete(LoadTest.ids(run), begun.minus(CLOCK_SKEW));
      deleted += now;
      if (now > 0) last = System.nanoTime();
      boolean all = deleted >= results.predicted();
      var patience = all ? CLEAN_UP_QUIET : CLEAN_UP_TIMEOUT;
      if (System.nanoTime() - last > patience.toNanos()) break;
      Thread.sleep(POLL_MILLIS);
    }
    return deleted;
  }

  private Profile shape() {
    for (var known : Profile.values()) {
      if (known != Profile.FILE && known.option().equals(profile)) return known;
    }
    UsageCheck.require(
        spec,
        profile.matches(".*[./\\\\].*"),
        "--profile must be misses, hits, mixed, batch, stream, wrong-pincodes, no-pincodes, or a"
            + " file, whose name has a dot or a slash");
    return Profile.FILE;
  }

  private static Duration seconds(double seconds) {
    return Duration.ofNanos((long) (seconds * 1e9));
  }

  /** Random letters, unique to this run. */
  private static String runId() {
    var random = PredictionIds.next().getLeastSignificantBits() & Integer.MAX_VALUE;
    return Long.toString(random, 36).replaceAll("\\d", "q");
  }

  /** On Ctrl-C interrupts the measuring thread and waits for its report. */
  private static Thread onInterrupt(CountDownLatch done) {
    var measuring = Thread.currentThread();
    var hook =
        new Thread(
            () -> {
              measuring.interrupt();
              try {
                done.await(REPORT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    Runtime.getRuntime().addShutdownHook(hook);
    return hook;
  }

  private static void remove(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) { // the JVM is shutting down, by Ctrl-C
      return;
    }
  }

  private void finish(LoadTest.Results results, JsonObject about, Instant begun) {
    var out = spec.commandLine().getOut();
    var faults = about.getJsonArray("faults");
    var document = LoadReport.json(about, results);
    if (report != null) LoadReport.write(report, document, results);
    var files =
        histogram == null
            ? List.<Path>of()
            : HistogramFile.write(histogram, results.steps(), begun.toEpochMilli());
    if (json) {
      faults.forEach(spec.commandLine().getErr()::println);
      out.println(document.encode());
      return;
    }
    var found = results.found();
    for (var step : found == null ? results.all() : List.of(found)) {
      if (!step.verdict().isEmpty()) out.println(step.verdict());
      step.errors()
          .forEach(
              (error, count) -> out.printf("%s: %d failed with %s.%n", step.name(), count, error));
    }
    var first = results.first();
    var again = results.again();
    if (first != null && again != null && first.ok() > 0 && again.ok() > 0) {
      out.printf(
          "Cache: p50 %s ms the first time, %s ms again, %.1f times as fast; %.0f %% came from"
              + " the cache.%n",
          millis(first.millis(50)),
          millis(again.millis(50)),
          first.millis(50) / again.millis(50),
          100 * again.hitRate());
    }
    if (find == null && results.complete()) out.println(held(results));
    if (found != null) {
      out.printf(
          "The highest rate with %s is %s (p50 %s ms, p99 %s ms).%n",
          find, found.name(), millis(found.millis(50)), millis(found.millis(99)));
    }
    faults.forEach(out::println);
    if (!results.complete()) out.println("Interrupted: the last step is left out.");
    if (about.containsKey("deleted")) {
      out.printf("Deleted %s of this run.%n", Plurals.count(about.getLong("deleted"), "row"));
    }
    files.forEach(file -> out.println("Histogram: " + file));
    if (report != null) out.println("Report: " + report.resolve("report.html"));
  }

  private static String held(LoadTest.Results results) {
    long held = results.steps().stream().filter(Step::held).count();
    int all = results.steps().size();
    return held == all
        ? (all == 1 ? "The rate was held." : "All %d rates were held.".formatted(all))
        : "%d of %d rates were held.".formatted(held, all);
  }

  private JsonObject about() {
    return new JsonObject()
        .put("url", String.join(",", urls))
        .put("profile", profile)
        .put("version", Version.current())
        .put("seconds_per_rate", duration)
        .put("connections", connections)
        .put("threads", threads)
        .put("arrivals", arrivals)
        .mergeIn(Environment.now());
  }

  private static String millis(double millis) {
    return String.format(
        Locale.ROOT, millis < 10 ? "%.2f" : millis < 100 ? "%.1f" : "%.0f", millis);
  }

  /** Prints the table row by row, with a progress bar below. */
  private final class Lines implements LoadTest.Reporter, AutoCloseable {
    private static final String ROW = "%-14s %10s %9s %9s %9s %9s %9s %6s %8s%n";

    private final boolean silent;
    private final PrintWriter out = spec.commandLine().getOut();
    private final ProgressLine bar = new ProgressLine();

    Lines(boolean silent) {
      this.silent = silent;
    }

    void header() {
      if (silent) return;
      out.printf(
          ROW, "asked", "answered/s", "p50 ms", "p95", "p99", "p99.9", "max", "cached", "failed");
    }

    @Override
    public LoadGenerator.Listener began(String name, Duration lasts) {
      if (silent || !bar.isShown()) return LoadGenerator.Listener.NONE;
      bar.begin(name, Math.toIntExact(lasts.toMillis()));
      return (seconds, ok, failed, p99) ->
          bar.show(
              Math.min(lasts.toMillis(), (long) (seconds * 1e3)),
              "%d answered, %d failed, p99 %s ms".formatted(ok, failed, millis(p99)));
    }

    @Override
    public void ended(Step step) {
      close();
      if (silent) return;
      out.printf(
          ROW,
          step.name(),
          String.format(Locale.ROOT, "%.1f", step.achieved()) + (step.held() ? "" : " !"),
          millis(step.millis(50)),
          millis(step.millis(95)),
          millis(step.millis(99)),
          millis(step.millis(99.9)),
          millis(step.maxMillis()),
          step.shipments() > 1 ? "-" : Math.round(100 * step.hitRate()) + " %",
          step.failed());
      var meters = step.meters();
      if (meters != null && meters.predictions() > 0) {
        out.printf(
            ROW,
            "  in service",
            String.format(Locale.ROOT, "%.1f", meters.requests(step.path(), true) / step.total()),
            millis(meters.millis(50)),
            millis(meters.millis(95)),
            millis(meters.millis(99)),
            millis(meters.millis(99.9)),
            "-",
            Math.round(100 * meters.hitRate()) + " %",
            meters.requests(step.path(), false) - meters.requests(step.path(), true));
      }
      out.flush();
    }

    @Override
    public void close() {
      bar.close();
    }
  }
}
