package com.cpprediction.it;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.testing.Await;
import com.cpprediction.testing.Http;
import com.cpprediction.testing.TestService;
import com.cpprediction.training.SmallRelease;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two releases take turns under load. {@code -Dswaps=1000} for more than the suite has time for:
 * {@code mvn -B verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dit.test=SwapIT
 * -Dswaps=1000}.
 */
class SwapIT {
  private static final int SWAPS = Integer.getInteger("swaps", 60);
  private static final int CLIENTS = 4;
  private static final int EXPLAINED = 7; // one request of so many
  private static final Duration WARM_UP = Duration.ofSeconds(1);

  /** About as long as the swaps take. */
  private static final Duration CALM = Duration.ofMillis(Math.max(2_000, 30L * SWAPS));

  @TempDir private Path directory;
  private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
  private final AtomicInteger begun = new AtomicInteger(); // reloads asked for
  private final AtomicInteger done = new AtomicInteger(); // and answered
  private final List<Path> releases = new ArrayList<>();
  private final List<Map<String, String>> models = new ArrayList<>(); // by release and prefix
  private final List<JsonObject> requests = new ArrayList<>();
  private Path live;
  private TestService service;
  private Http http;

  /** What one client saw. */
  private record Seen(List<Long> nanos, int failed, int stale) {}

  @BeforeEach
  void train() throws Exception {
    releases.add(SmallRelease.directory());
    releases.add(SmallRelease.copyAnotherTo(directory.resolve("another")));
    live = SmallRelease.copyTo(directory.resolve("live"));
  }

  private void start(String engine) throws Exception {
    service =
        TestService.started(
            directory ->
                new JsonObject()
                    .put(
                        "models",
                        new JsonObject()
                            .put("dir", live.toString())
                            .put("engine", engine)
                            .put("poll_ms", 0))
                    // Neither a slow disk nor a machine that stalls is what this is about.
                    .put("persistence", new JsonObject().put("ack", "journal"))
                    .put("prediction", new JsonObject().put("timeout_ms", 20_000)));
    http = service.http();
  }

  @AfterEach
  void stop() throws Exception {
    clients.shutdownNow();
    service.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"mapped", "xgboost"})
  void noRequestFailsAndNoAnswerIsStaleWhileModelsAreSwapped(String engine) throws Exception {
    start(engine);
    models.add(served());
    var withoutPincode = answered(withoutPincode());
    assertThat(cached()).isPositive();
    swap();
    assertThat(cached()).as("scores of replaced models").isZero();
    models.add(served());
    withoutPincode = answered(withoutPincode);
    swap();
    assertThat(served()).isEqualTo(models.get(0));
    assertThat(withoutPincode).hasSizeGreaterThan(20);
    mix(withoutPincode);
    load(() -> Await.elapse(WARM_UP));
    var calm = load(() -> Await.elapse(CALM));

    var swapped =
        load(
            () -> {
              for (int i = 0; i < SWAPS; i++) swap();
            });

    System.out.printf(
        "%s, %d swaps: %d requests, %d failed, %d stale, p50 %.2f ms, p99 %.2f ms; without: p50 %.2f"
            + " ms, p99 %.2f ms of %d requests%n",
        engine,
        SWAPS,
        swapped.nanos().size(),
        swapped.failed(),
        swapped.stale(),
        quantile(swapped, 0.5),
        quantile(swapped, 0.99),
        quantile(calm, 0.5),
        quantile(calm, 0.99),
        calm.nanos().size());
    assertThat(calm.failed() + swapped.failed()).isZero();
    assertThat(calm.stale() + swapped.stale()).isZero();
    assertThat(swapped.nanos()).isNotEmpty();
    assertThat(http.get("/models/status").json().getJsonArray("failed")).isEmpty();
    if (Files.exists(Path.of("/proc/self/maps"))) Await.until(this::mapped, maps -> maps == 3);
  }

  private int cached() {
    return http.get("/cache/stats").json().getInteger("size");
  }

  private interface Act {
    void run() throws Exception;
  }

  /** What all clients see while {@code act} runs. */
  private Seen load(Act act) throws Exception {
    var stop = new AtomicBoolean();
    var futures =
        Collections.nCopies(CLIENTS, (Callable<Seen>) () -> ask(stop)).stream()
            .map(clients::submit)
            .toList();
    act.run();
    stop.set(true);
    var nanos = new ArrayList<Long>();
    int failed = 0;
    int stale = 0;
    for (var future : futures) {
      var seen = future.get(60, SECONDS);
      nanos.addAll(seen.nanos());
      failed += seen.failed();
      stale += seen.stale();
    }
    Collections.sort(nanos);
    return new Seen(nanos, failed, stale);
  }

  private Seen ask(AtomicBoolean stop) {
    var client = new Http(service.port());
    var nanos = new ArrayList<Long>();
    int failed = 0;
    int stale = 0;
    for (int i = 0; !stop.get(); i++) {
      var request = requests.get(i % requests.size());
      var path = i % EXPLAINED == 0 ? "/predict?explain=true" : "/predict";
      int before = done.get();
      long start = System.nanoTime();
      var answer = client.post(path, request);
      nanos.add(System.nanoTime() - start);
      if (answer.status() != 200) failed++;
      // While the next swap is under way both answers are right.
      else if (begun.get() == before && isOther(answer.json(), before)) stale++;
    }
    return new Seen(nanos, failed, stale);
  }

  private static List<JsonObject> withoutPincode() {
    return SmallRelease.rows().stream().map(row -> Http.shipment("swap", row.text())).toList();
  }

  /** Those whose words alone leave too little doubt for a refusal. */
  private List<JsonObject> answered(List<JsonObject> asked) {
    var answers = http.postAll("/predict", asked);
    return IntStream.range(0, asked.size())
        .filter(i -> answers.get(i).status() == 200)
        .mapToObj(asked::get)
        .toList();
  }

  /** Every address with its pincode, and as many without one. */
  private void mix(List<JsonObject> withoutPincode) {
    for (var row : SmallRelease.rows()) {
      requests.add(withoutPincode.get(requests.size() / 2 % withoutPincode.size()));
      requests.add(Http.shipment("swap", row.typed()).put("pincode", row.pincode()));
    }
  }

  private boolean isOther(JsonObject answer, int generation) {
    var prefix = answer.getString("prefix");
    return !models.get(generation % 2).get(prefix).equals(answer.getString("model"));
  }

  /** Puts the other release in place, file by file, and has it taken over. */
  private void swap() throws IOException {
    var next = releases.get((done.get() + 1) % 2);
    SmallRelease.replace(live, next);
    begun.incrementAndGet();
    var answer = http.post("/models/reload", new JsonObject());
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().getInteger("loaded")).isEqualTo(3);
    done.incrementAndGet();
  }

  private Map<String, String> served() {
    var models = new TreeMap<String, String>();
    for (var model : http.get("/models/status").json().getJsonArray("models")) {
      var json = (JsonObject) model;
      models.put(json.getString("prefix"), json.getString("model"));
    }
    return models;
  }

  private long mapped() {
    try {
      var path = live.toRealPath().toString();
      return Files.readAllLines(Path.of("/proc/self/maps")).stream()
          .filter(line -> line.contains(path) && line.contains("/model.mmap"))
          .count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double quantile(Seen seen, double share) {
    return seen.nanos().get((int) (share * (seen.nanos().size() - 1))) / 1e6;
  }
}
