package com.cpprediction.cli;

import com.cpprediction.loadtest.AddressRow;
import com.cpprediction.loadtest.Environment;
import com.cpprediction.loadtest.LoadGenerator;
import com.cpprediction.loadtest.LoadReport;
import com.cpprediction.loadtest.LoadTest;
import com.cpprediction.loadtest.Profile;
import com.cpprediction.loadtest.Step;
import com.cpprediction.loadtest.Target;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.server.Version;
import com.cpprediction.terminal.ProgressLine;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code load-test}: measures throughput and latencies of a running service. */
@Command(
    name = "load-test",
    description = {
      "Sends requests to a running service at rising rates and reports latencies, counted from the",
      "time each request was due. Its shipments are stored like any others; their ids begin with",
      "load-test-. Exit code 1: a rate was not held."
    },
    mixinStandardHelpOptions = true)
final class LoadTestCommand implements Callable<Integer> {
  private static final double DEFAULT_RATE = 150;
  private static final int DEFAULT_STEPS = 5;
  private static final double FASTEST = 100_000;
  private static final Duration REPORT_TIMEOUT = Duration.ofSeconds(20);

  @Spec private CommandSpec spec;

  @Option(
      names = "--url",
      defaultValue = "http://127.0.0.1:8000",
      description = "Where the service is (default: ${DEFAULT-VALUE}).")
  private String url;

  @Option(
      names = "--max-qps",
      paramLabel = "RATE",
      description = "Requests per second at most (default: 150).")
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
          "misses: each address once; hits: the same few; mixed: four in five again; batch: 100 in"
              + " a request, each once; or a CSV file, plain or .gz, with a column address and,"
              + " where known, pincode (default: ${DEFAULT-VALUE}).")
  private String profile;

  @Option(
      names = "--test-cache",
      description = "At the end ask for the same addresses twice, and compare.")
  private boolean testCache;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      defaultValue = "3",
      description = "At the highest rate, before all else, unreported (default: ${DEFAULT-VALUE}).")
  private double warmUp;

  @Option(
      names = "--connections",
      defaultValue = "128",
      description = "Connections at most (default: ${DEFAULT-VALUE}).")
  private int connections;

  @Option(names = "--token", description = "Bearer token for http.predict_token.")
  private String token;

  @Option(names = "--insecure", description = "Take any certificate.")
  private boolean insecure;

  @Option(
      names = "--report",
      paramLabel = "DIR",
      description = "Write report.html and report.json there.")
  private Path report;

  @Option(names = "--json", description = "Print report.json, without a progress line.")
  private boolean json;

  @Override
  public Integer call() {
    var target = target();
    var rates = rates();
    UsageCheck.require(
        spec, duration >= 0.1 && duration <= 3_600, "--duration must be in 0.1..3600");
    UsageCheck.require(spec, warmUp >= 0 && warmUp <= 600, "--warm-up must be in 0..600");
    UsageCheck.require(
        spec, connections >= 1 && connections <= 10_000, "--connections must be in 1..10000");
    var shape = shape();
    var addresses =
        shape == Profile.FILE
            ? AddressRow.read(Path.of(profile), spec.commandLine().getErr()::println)
            : AddressRow.packaged();
    var plan =
        new LoadTest.Plan(shape, addresses, rates, seconds(duration), seconds(warmUp), testCache);
    var done = new CountDownLatch(1);
    var hook = onInterrupt(done);
    try (var generator = new LoadGenerator(target, connections);
        var progress = new Lines(json)) {
      var test = new LoadTest(generator, plan, runId(), progress);
      var service = test.describe();
      progress.header();
      var results = test.run(service);
      finish(results);
      return results.complete() && results.all().stream().allMatch(Step::held) ? 0 : 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      spec.commandLine().getErr().println("Interrupted before anything was measured");
      return 1;
    } finally {
      done.countDown();
      remove(hook);
    }
  }

  private Target target() {
    try {
      return Target.of(url, token, insecure);
    } catch (IllegalArgumentException e) {
      UsageCheck.require(spec, false, "--url \"" + url + "\" " + e.getMessage());
      throw e;
    }
  }

  private List<Double> rates() {
    double max = maxRate == null ? DEFAULT_RATE : maxRate;
    UsageCheck.require(
        spec, max > 0 && max <= FASTEST, "--max-qps must be above 0 and up to 100000");
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

  private Profile shape() {
    for (var known : Profile.values()) {
      if (known != Profile.FILE && known.label().equals(profile)) return known;
    }
    UsageCheck.require(
        spec,
        profile.matches(".*\\.csv(\\.gz)?"),
        "--profile must be misses, hits, mixed, batch, or a file that ends in .csv or .csv.gz");
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

  private void finish(LoadTest.Results results) {
    var out = spec.commandLine().getOut();
    var document = LoadReport.json(about(), results);
    if (report != null) LoadReport.write(report, document);
    if (json) {
      out.println(document.encode());
      return;
    }
    for (var step : results.all()) {
      if (!step.verdict().isEmpty()) out.println(step.verdict());
      step.errors().forEach((error, count) -> out.printf("%s: %d %s%n", step.name(), count, error));
    }
    var first = results.first();
    var again = results.again();
    if (first != null && again != null && first.ok() > 0 && again.ok() > 0) {
      out.printf(
          "Cache: p50 %s ms the first time, %s ms again, %.1f times as fast; %.0f %% from the"
              + " cache%n",
          millis(first.millis(50)),
          millis(again.millis(50)),
          first.millis(50) / again.millis(50),
          100 * again.hitRate());
    }
    if (!results.complete()) out.println("Interrupted: the last step is left out");
    if (report != null) out.println("Report: " + report.resolve("report.html"));
  }

  private JsonObject about() {
    return new JsonObject()
        .put("url", url)
        .put("profile", profile)
        .put("version", Version.current())
        .put("seconds_per_rate", duration)
        .put("connections", connections)
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
      if (silent || System.console() == null) return LoadGenerator.Listener.NONE;
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
      out.flush();
    }

    @Override
    public void close() {
      bar.close();
    }
  }
}
