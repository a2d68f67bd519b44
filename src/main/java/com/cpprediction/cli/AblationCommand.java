package com.cpprediction.cli;

import com.cpprediction.ablation.Comparison;
import com.cpprediction.ablation.ComparisonListener;
import com.cpprediction.ablation.Design;
import com.cpprediction.ablation.Plan;
import com.cpprediction.ablation.Report;
import com.cpprediction.config.ConfigLoader;
import com.cpprediction.server.Home;
import com.cpprediction.server.StartException;
import com.cpprediction.server.Version;
import java.io.PrintWriter;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ablation}: measures the gain of each optimisation, or compares two configurations. */
@Command(
    name = "ablation",
    description = {
      "Measures what each optimisation brings, on this machine: starts the service with all of them off, each one alone, each one missing, and all, on an embedded PostgreSQL of its own, and puts the same load on each. With --compare it measures two configurations instead.",
      "Takes some 30 minutes as it comes, 4 with --compare. Leave the machine alone meanwhile."
    },
    mixinStandardHelpOptions = true)
final class AblationCommand implements Callable<Integer> {
  private static final Pattern HEAP = Pattern.compile("[1-9][0-9]{0,9}[kmgKMG]");

  /** Timeout of the report on the completed runs after Ctrl-C. */
  private static final long REPORT_SECONDS = 10;

  private final CountDownLatch reported = new CountDownLatch(1);

  @Spec private CommandSpec spec;
  @Mixin private CommonOptions settings;

  @Option(
      names = "--report",
      paramLabel = "DIR",
      description =
          "Also write ablation.json, after every round, ablation.html and claims.md there.")
  private Path report;

  @Option(names = "--repeats", description = "Rounds, 1 to 30 (default: 3, quick: 1).")
  private Integer repeats;

  @Option(
      names = "--seconds",
      description = "How long the open and the closed loop take each, 0.1 to 3600 (default: 5).")
  private Double seconds;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      description = "How long each service is warmed up, 0 to 3600 (default: 15, quick: 0.5).")
  private Double warmUp;

  @Option(
      names = "--rate",
      description =
          "Requests per second of the open loop (default: half of what the unoptimised service, or A, answers).")
  private Double rate;

  @Option(
      names = "--callers",
      defaultValue = "8",
      description = "Callers of the closed loop, 1 to 1000 (default: ${DEFAULT-VALUE}).")
  private int callers;

  @Option(
      names = "--repeated",
      defaultValue = "0.8",
      paramLabel = "SHARE",
      description =
          "Share of requests for an address that comes again, 0 to 1 (default: ${DEFAULT-VALUE}).")
  private double repeated;

  @Option(
      names = "--popular",
      defaultValue = "500",
      description = "Addresses that come again, 1 to 100000 (default: ${DEFAULT-VALUE}).")
  private int popular;

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "NAME",
      description =
          "Optimisations (preloading, caching, pooling, batching, mapping, async-io, monitoring) or single states (unoptimised, only-…, all-but-…, all), separated by commas.")
  private List<String> only = List.of();

  @Option(
      names = "--compare",
      arity = "2",
      paramLabel = "A.json B.json",
      hideParamSyntax = true,
      description =
          "Measure these two configurations, B against A. Ports, tokens, TLS, data_dir and database.uri are the test's own.")
  private List<Path> compared = List.of();

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Of addresses and order (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--heap",
      defaultValue = "512m",
      description = "Heap of the service, as -Xmx takes it (default: ${DEFAULT-VALUE}).")
  private String heap;

  @Option(
      names = "--quick",
      description = "Short phases and one round: to see that it works. Its figures say little.")
  private boolean quick;

  @Option(
      names = "--promised",
      paramLabel = "FILE",
      description =
          "What was promised, as JSON, to go beside what was measured (default: no figures).")
  private Path promised;

  @Option(
      names = "--from",
      paramLabel = "FILE",
      description = "Measure nothing: report on this ablation.json.")
  private Path recorded;

  @Option(
      names = "--readme",
      paramLabel = "FILE",
      description =
          "Put the table of claims between its marks in this file; takes all states, two rounds at least, and no failed run.")
  private Path readme;

  @Option(names = "--json", description = "Print the report as JSON.")
  private boolean json;

  @Override
  public Integer call() throws InterruptedException {
    try {
      return report();
    } finally {
      reported.countDown();
    }
  }

  private int report() throws InterruptedException {
    UsageCheck.require(
        spec,
        recorded == null || only.isEmpty() && compared.isEmpty(),
        "--only and --compare measure and --from does not; give one of them");
    UsageCheck.require(
        spec,
        compared.isEmpty() || compared.size() == 2 && only.isEmpty(),
        "--compare takes two files, and no --only");
    UsageCheck.require(
        spec,
        compared.isEmpty() || promised == null && readme == null,
        "--promised and --readme are about the optimisations; --compare goes without");
    var found = recorded == null ? measured() : Report.of(recorded, promised);
    if (report != null) found.write(report);
    var out = spec.commandLine().getOut();
    if (json) out.println(found.json().encodePrettily());
    else out.print(found.text());
    out.flush();
    if (readme != null) found.replaceClaims(readme);
    return found.complete() ? 0 : 1;
  }

  private Report measured() throws InterruptedException {
    var plan = plan();
    var models =
        compared.isEmpty()
            ? settings.models(settings.load())
            : configuration(compared.get(0)).models();
    var lines = new Lines(spec.commandLine().getErr());
    try (var comparison = Comparison.of(plan, service(), models, promised, lines)) {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> end(comparison), "ablation-end"));
      return comparison.run(
          Version.current(),
          arguments(),
          soFar -> {
            if (report != null) soFar.save(report);
          });
    }
  }

  /** Shutdown hook: ends all processes, deletes their files and waits for the report. */
  private void end(Comparison comparison) {
    try {
      comparison.close();
    } finally {
      awaitReport();
    }
  }

  private void awaitReport() {
    try {
      if (!reported.await(REPORT_SECONDS, TimeUnit.SECONDS)) {
        spec.commandLine().getErr().println("The report on what was measured takes too long");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Design design() {
    if (!compared.isEmpty()) {
      return Design.comparison(configuration(compared.get(0)), configuration(compared.get(1)));
    }
    try {
      return Design.ablation(only);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--only: " + e.getMessage());
    }
  }

  /** Reads a file without the environment, which must not change one of the two. */
  private Design.Configuration configuration(Path file) {
    var home = Home.of(file);
    var loaded = new ConfigLoader(file, true, Map.of(), home.directory()).load();
    return new Design.Configuration(file.toString(), loaded, settings.models(home, loaded));
  }

  private Plan plan() {
    int rounds = repeats != null ? repeats : quick ? 1 : 3;
    double phase = seconds != null ? seconds : quick ? 0.5 : 5;
    UsageCheck.require(
        spec,
        rounds >= 1 && rounds <= Plan.MAX_ROUNDS,
        "--repeats must be in 1.." + Plan.MAX_ROUNDS);
    UsageCheck.require(
        spec,
        readme == null || rounds >= Report.CLAIMED_ROUNDS && only.isEmpty(),
        "--readme claims what all states show in two rounds at least: leave --only out, and --quick or --repeats 1");
    UsageCheck.require(spec, phase >= 0.1 && phase <= 3600, "--seconds must be in 0.1..3600");
    double warm = warmUp != null ? warmUp : quick ? 0.5 : 15;
    UsageCheck.require(spec, warm >= 0 && warm <= 3600, "--warm-up must be in 0..3600");
    UsageCheck.require(
        spec, rate == null || rate > 0 && rate <= 1e6, "--rate must be above 0, 1000000 at most");
    UsageCheck.require(spec, callers >= 1 && callers <= 1_000, "--callers must be in 1..1000");
    UsageCheck.require(spec, repeated >= 0 && repeated <= 1, "--repeated must be in 0..1");
    UsageCheck.require(spec, popular >= 1 && popular <= 100_000, "--popular must be in 1..100000");
    UsageCheck.require(
        spec, HEAP.matcher(heap).matches(), "--heap must be a number with k, m or g, such as 512m");
    return new Plan(
        design(),
        rounds,
        seconds(phase),
        seconds(phase / 2),
        seconds(warm),
        quick ? 100 : 1_000,
        seconds(quick ? 5 : 10),
        callers,
        rate == null ? 0 : rate,
        popular,
        repeated,
        seed,
        heap);
  }

  private static Duration seconds(double seconds) {
    return Duration.ofMillis(Math.round(seconds * 1_000));
  }

  /** Start of a command line of this jar. */
  private List<String> service() {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return List.of(java, "-Xmx" + heap, "-jar", jar().toString());
  }

  private static Path jar() {
    try {
      var code =
          Path.of(
              AblationCommand.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      if (Files.isRegularFile(code)) return code;
      throw new StartException(
          "ablation starts the packaged service: run it as java -jar cp-prediction-service.jar ablation",
          null);
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the jar has no path", e);
    }
  }

  private String arguments() {
    return String.join(" ", spec.commandLine().getParseResult().originalArgs());
  }

  /** Prints progress line by line, for terminals and log files alike. */
  private static final class Lines implements ComparisonListener {
    private final PrintWriter err;

    Lines(PrintWriter err) {
      this.err = err;
    }

    @Override
    public void started(String step) {
      err.println(step);
    }

    @Override
    public void measured(int done, int of, String line, long secondsLeft) {
      err.printf("  %d/%d %s; %d:%02d left%n", done, of, line, secondsLeft / 60, secondsLeft % 60);
    }
  }
}
