package com.cpprediction.benchmarks;

import com.cpprediction.loadtest.AddressRow;
import com.cpprediction.loadtest.Environment;
import com.cpprediction.loadtest.LoadGenerator;
import com.cpprediction.loadtest.RequestSource;
import com.cpprediction.loadtest.Step;
import com.cpprediction.loadtest.Target;
import com.cpprediction.model.format.Release;
import com.cpprediction.testing.Directories;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Measures the price of a prediction against a bare Vert.x-Web JSON echo: two server JVMs, {@link
 * JsonEcho} and the service with its embedded PostgreSQL, are driven in turns from this one, over
 * several rounds. Prints requests per second, processor time, context switches and latencies of
 * each phase, and their ratios; medians over the rounds.
 *
 * <pre>
 * mvn -q test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath
 * java -cp target/classes:target/test-classes:$(cat target/classpath) \
 *   com.cpprediction.benchmarks.HotPath
 * </pre>
 *
 * <p>System properties: {@code rounds} (3), {@code seconds} of each phase (5), {@code warm}:
 * seconds of each phase before the first round (20), {@code connections} (16), {@code models}
 * (directory of the release, {@code models}), {@code jar} (a packaged service to measure in place
 * of these classes), {@code config} (a JSON file over the defaults), {@code jvm} (options of both
 * servers, separated by blanks), {@code seed} (1).
 *
 * <p>A miss is a real address, of all prefixes of the release, with a door that no other request of
 * the run has. The processor time of a phase includes storing its rows.
 */
public final class HotPath {
  private static final int ROUNDS = Integer.getInteger("rounds", 3);
  private static final Duration PHASE = Duration.ofSeconds(Integer.getInteger("seconds", 5));
  private static final Duration WARM = Duration.ofSeconds(Integer.getInteger("warm", 20));
  private static final int CONNECTIONS = Integer.getInteger("connections", 16);
  private static final Path MODELS = Path.of(System.getProperty("models", "models"));
  private static final long SEED = Long.getLong("seed", 1);

  /** Addresses of the hits. */
  private static final int KNOWN = 500;

  private static final int BATCH_CALLERS = 2;
  private static final double STEADY_RATE = 150;
  private static final Duration STEADY = Duration.ofSeconds(10);
  private static final Duration DRAIN = Duration.ofSeconds(60);
  private static final long POLL_MILLIS = 100;
  private static final double HIT_SHARE = 0.99; // least share of cached predictions in the hits

  private static final String ECHO = "echo";
  private static final String ECHO_ALONE = "echo, c=1";
  private static final String HITS = "hits";
  private static final String MISSES = "misses";
  private static final String MISS_ALONE = "misses, c=1";
  private static final String BATCHES = "batches of 100 misses";

  private final Path directory;
  private final List<AddressRow> addresses;
  private final Map<String, List<Figures>> measured = new LinkedHashMap<>();
  private ServerProcess echo;
  private ServerProcess service;
  private long misses; // sent so far: none has the door of another

  /**
   * One phase of one round, per request.
   *
   * @param loader processor time of this process
   * @param database processor time of PostgreSQL
   */
  private record Figures(
      double rate,
      double cpuMicros,
      double switches,
      double loader,
      double database,
      double p50Millis,
      double p99Millis) {}

  private HotPath(Path directory, List<AddressRow> addresses) {
    this.directory = directory;
    this.addresses = addresses;
  }

  /** Prints both tables. */
  public static void main(String[] arguments) throws Exception {
    Locale.setDefault(Locale.ROOT);
    var directory = Files.createTempDirectory("cp-hot-path");
    try {
      new HotPath(directory, addresses()).run();
    } finally {
      Directories.delete(directory);
    }
  }

  private static List<AddressRow> addresses() {
    var rows = new ArrayList<AddressRow>();
    var release = Release.open(MODELS);
    for (var prefix : release.manifests().keySet()) {
      for (var golden : release.manifest(prefix).golden()) {
        var pincode = golden.address().pincode();
        if (pincode != null && pincode.startsWith(prefix)) {
          rows.add(new AddressRow(golden.address().text(), pincode));
        }
      }
    }
    Collections.shuffle(rows, new Random(SEED));
    return rows;
  }

  private void run() throws Exception {
    System.out.println(Environment.now().encode());
    System.out.printf(
        "%d rounds of %d s, %d connections, %d places of %s%n",
        ROUNDS, PHASE.toSeconds(), CONNECTIONS, addresses.size(), MODELS);
    try (var first = new ServerProcess(options(), echoProgram(), folder("echo"))) {
      first.awaitReady();
      echo = first;
      steady(echo, "load generator"); // so that its own first seconds are not the service's
      long begun = System.nanoTime();
      try (var second = new ServerProcess(options(), serviceProgram(), folder("service"))) {
        service = second;
        service.awaitReady();
        double ready = (System.nanoTime() - begun) / 1e9;
        double cpu = ServerProcess.Usage.of(service.pid()).cpuMicros() / 1e6;
        var cold = steady(service, "first");
        shapeEcho();
        for (var phase : phases()) measure(phase, WARM);
        for (int round = 0; round < ROUNDS; round++) {
          var phases = phases();
          if (round % 2 == 1) Collections.reverse(phases);
          for (var phase : phases) {
            measured
                .computeIfAbsent(phase.name(), name -> new ArrayList<>())
                .add(measure(phase, PHASE));
          }
        }
        printPhases();
        printRatios(ready, cpu, cold, steady(service, "warm"));
      }
    }
  }

  private static List<String> options() {
    return Stream.of(System.getProperty("jvm", "").split(" ")).filter(o -> !o.isEmpty()).toList();
  }

  private Path folder(String name) throws IOException {
    return Files.createDirectories(directory.resolve(name));
  }

  private static List<String> echoProgram() {
    return List.of("-cp", classPath(), JsonEcho.class.getName());
  }

  private List<String> serviceProgram() throws IOException {
    var data = directory.resolve("data");
    var config =
        new JsonObject()
            .put("data_dir", data.toString())
            .put("http", new JsonObject().put("host", "127.0.0.1").put("port", 0))
            .put("cache", new JsonObject().put("warm_popular", 0))
            .put("models", new JsonObject().put("dir", MODELS.toAbsolutePath().toString()));
    var over = System.getProperty("config");
    if (over != null) config.mergeIn(new JsonObject(Files.readString(Path.of(over))), true);
    var file = Files.writeString(directory.resolve("config.json"), config.encodePrettily());
    var jar = System.getProperty("jar");
    var program =
        jar == null
            ? List.of("-cp", classPath(), "com.cpprediction.cli.Main")
            : List.of("-jar", Path.of(jar).toAbsolutePath().toString());
    return Stream.concat(program.stream(), Stream.of("serve", "--conf", file.toString())).toList();
  }

  /** Absolute, since the servers work in directories of their own. */
  private static String classPath() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  /** Makes the echo's responses as large as the service's. */
  private void shapeEcho() throws IOException, InterruptedException {
    var request = addresses.get(0).shipment("hot-path-shape").encode();
    var response = service.send("POST", "/predict", request);
    echo.send("PUT", "/response", response);
    System.out.printf("request %d B, response %d B%n", request.length(), response.length());
  }

  /**
   * @param cached share of the predictions that have to come from the cache
   */
  private record Phase(
      String name, ServerProcess server, int callers, Supplier<byte[]> requests, double cached) {}

  private List<Phase> phases() {
    var known =
        new Supplier<byte[]>() {
          private int next;

          @Override
          public byte[] get() {
            return single("hot-path-hit-" + next, addresses.get(next++ % KNOWN));
          }
        };
    var all = new ArrayList<Phase>();
    all.add(new Phase(ECHO, echo, CONNECTIONS, this::miss, 0));
    all.add(new Phase(HITS, service, CONNECTIONS, known, HIT_SHARE));
    all.add(new Phase(MISSES, service, CONNECTIONS, this::miss, 0));
    all.add(new Phase(ECHO_ALONE, echo, 1, this::miss, 0));
    all.add(new Phase(MISS_ALONE, service, 1, this::miss, 0));
    all.add(new Phase(BATCHES, service, BATCH_CALLERS, this::batch, 0));
    return all;
  }

  private byte[] miss() {
    return single("hot-path-" + misses, fresh());
  }

  private AddressRow fresh() {
    var place = addresses.get((int) (misses % addresses.size()));
    return new AddressRow("door " + letters(misses++) + " " + place.address(), place.pincode());
  }

  /** Letters, since digits could read as a pincode. */
  private static String letters(long number) {
    var text = new StringBuilder();
    for (long rest = number + 1; rest > 0; rest /= 26) text.append((char) ('a' + rest % 26));
    return text.toString();
  }

  private byte[] single(String id, AddressRow address) {
    return post("/predict", address.shipment(id));
  }

  private byte[] batch() {
    var shipments = new JsonArray();
    for (int i = 0; i < RequestSource.BATCH; i++) {
      shipments.add(fresh().shipment("hot-path-" + misses));
    }
    return post("/predict/batch", new JsonObject().put("shipments", shipments));
  }

  private static byte[] post(String path, JsonObject json) {
    var body = json.encode(); // ASCII or not, the length counts bytes
    var bytes = body.getBytes(StandardCharsets.UTF_8);
    var head =
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            + "Content-Length: %d\r\n\r\n";
    return (head.formatted(path, bytes.length) + body).getBytes(StandardCharsets.UTF_8);
  }

  private Figures measure(Phase phase, Duration lasts) throws IOException, InterruptedException {
    try (var loop = new ClosedLoop(phase.server().port(), phase.callers())) {
      if (phase.cached() > 0) loop.run(phase.requests(), DRAIN, 2 * KNOWN); // fills the cache
      if (phase.server() == service) drain();
      var server = ServerProcess.Usage.of(phase.server().pid());
      var database = database();
      var own = ServerProcess.Usage.of(ProcessHandle.current().pid());
      var result = loop.run(phase.requests(), lasts, Long.MAX_VALUE);
      own = ServerProcess.Usage.of(ProcessHandle.current().pid()).minus(own);
      if (phase.server() == service) drain();
      server = ServerProcess.Usage.of(phase.server().pid()).minus(server);
      database = database().minus(database);
      check(phase, result);
      double n = result.ok();
      return new Figures(
          n / result.seconds(),
          server.cpuMicros() / n,
          server.switches() / n,
          own.cpuMicros() / n,
          database.cpuMicros() / n,
          result.latency().getValueAtPercentile(50) / 1e6,
          result.latency().getValueAtPercentile(99) / 1e6);
    }
  }

  private static void check(Phase phase, ClosedLoop.Result result) {
    double share = (double) result.cached() / result.ok();
    if (result.failed() > 0) {
      throw new IllegalStateException(phase.name() + ": " + result.failed() + " requests failed");
    }
    if (share < phase.cached() || phase.cached() == 0 && result.cached() > 0) {
      throw new IllegalStateException(
          "%s: %.1f %% came from the cache".formatted(phase.name(), 100 * share));
    }
  }

  private ServerProcess.Usage database() throws IOException {
    var pid = Files.readAllLines(directory.resolve("data/postgres/postmaster.pid")).get(0);
    return ServerProcess.Usage.ofFamily(Long.parseLong(pid.strip()));
  }

  /** Waits until every row is stored, so that no phase pays for another's. */
  private void drain() throws IOException, InterruptedException {
    long end = System.nanoTime() + DRAIN.toNanos();
    while (waiting() > 0) {
      if (System.nanoTime() > end) throw new IllegalStateException("rows are not stored");
      Thread.sleep(POLL_MILLIS);
    }
  }

  private long waiting() throws IOException, InterruptedException {
    return new JsonObject(service.send("GET", "/health", ""))
        .getJsonObject("checks")
        .getJsonObject("persistence")
        .getLong("waiting");
  }

  /** Misses at a steady rate, latencies from the due time. */
  private Step steady(ServerProcess server, String name) throws InterruptedException {
    var requests = RequestSource.singles("hot-path-" + name + "-", i -> fresh());
    var target = Target.of(server.uri("").toString(), null, null, false);
    try (var generator = new LoadGenerator(target, CONNECTIONS)) {
      return generator.open(name, requests, STEADY_RATE, STEADY, LoadGenerator.Listener.NONE);
    }
  }

  private void printPhases() {
    System.out.printf(
        "%n%-24s %12s %9s %9s %9s %9s %8s %8s   %s%n",
        "medians per request",
        "requests/s",
        "CPU µs",
        "switches",
        "loader µs",
        "db µs",
        "p50 ms",
        "p99 ms",
        "requests/s by round");
    measured.forEach(
        (name, rounds) ->
            System.out.printf(
                "%-24s %12.0f %9.1f %9.2f %9.1f %9.1f %8.3f %8.3f   %s%n",
                name,
                median(name, Figures::rate),
                median(name, Figures::cpuMicros),
                median(name, Figures::switches),
                median(name, Figures::loader),
                median(name, Figures::database),
                median(name, Figures::p50Millis),
                median(name, Figures::p99Millis),
                rounds.stream().map(f -> "%.0f".formatted(f.rate())).toList()));
  }

  private void printRatios(double ready, double cpu, Step cold, Step warm) {
    System.out.printf("%n%-58s %10s   %s%n", "ratio, median over rounds", "here", "goal");
    ratio("hits/s, of the echo's", percent(HITS, ECHO), "at least 55 %");
    ratio("misses/s, of the echo's", percent(MISSES, ECHO), "at least 35 %");
    ratio("CPU of a hit, of the echo's", times(HITS, ECHO), "at most 2 x");
    ratio("CPU of a miss, of the echo's", times(MISSES, ECHO), "at most 4 x");
    ratio("CPU of a miss at c=1, of the echo's", times(MISS_ALONE, ECHO), "at most 6 x");
    ratio("CPU of a miss at c=1, of the echo's at c=1", times(MISS_ALONE, ECHO_ALONE), "");
    ratio(
        "addresses/s in batches of 100, of single misses/s",
        "%.1f x".formatted(RequestSource.BATCH * ratio(BATCHES, MISSES, Figures::rate)),
        "at least 5 x");
    ratio("start to ready", "%.1f s, %.1f CPU s".formatted(ready, cpu), "2.5 s, 4 CPU s");
    ratio(
        "p99 of misses at %.0f/s in the first %d s".formatted(STEADY_RATE, STEADY.toSeconds()),
        "%.1f ms".formatted(cold.millis(99)) + late(cold),
        "at most 25 ms");
    ratio(
        "p99 of misses at %.0f/s, warm".formatted(STEADY_RATE),
        "%.1f ms".formatted(warm.millis(99)) + late(warm),
        "at most 2 ms");
  }

  /** The loader's own part of a latency. */
  private static String late(Step step) {
    return " (loader late by %.1f)".formatted(step.lag().getValueAtPercentile(99) / 1e3);
  }

  private static void ratio(String name, String value, String goal) {
    System.out.printf("%-58s %10s   %s%n", name, value, goal);
  }

  private String percent(String part, String whole) {
    return "%.0f %%".formatted(100 * ratio(part, whole, Figures::rate));
  }

  private String times(String part, String whole) {
    return "%.1f x".formatted(ratio(part, whole, Figures::cpuMicros));
  }

  /** Median of the ratios of the rounds: both were measured at about the same time. */
  private double ratio(String part, String whole, ToDoubleFunction<Figures> figure) {
    var ratios = new ArrayList<Double>();
    for (int round = 0; round < ROUNDS; round++) {
      ratios.add(
          figure.applyAsDouble(measured.get(part).get(round))
              / figure.applyAsDouble(measured.get(whole).get(round)));
    }
    return median(ratios);
  }

  private double median(String phase, ToDoubleFunction<Figures> figure) {
    return median(measured.get(phase).stream().mapToDouble(figure).boxed().toList());
  }

  private static double median(List<Double> values) {
    var sorted = values.stream().sorted().toList();
    int half = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(half)
        : (sorted.get(half - 1) + sorted.get(half)) / 2;
  }
}
