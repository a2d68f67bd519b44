package com.cpprediction.model;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.audit.AuditLog;
import com.cpprediction.bus.Bus;
import com.cpprediction.bus.ScoreReply;
import com.cpprediction.bus.ScoreRequest;
import com.cpprediction.http.HttpFixture;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.prediction.SharedDeadline;
import com.cpprediction.training.SmallRelease;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(VertxExtension.class)
@Timeout(60)
class ModelsVerticleTest {
  private final AtomicReference<Duration> poll = new AtomicReference<>(Duration.ZERO);

  private final AtomicInteger looks = new AtomicInteger();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  @TempDir private Path dir;
  private final AtomicInteger workers = new AtomicInteger();
  private final List<JsonObject> audited = new CopyOnWriteArrayList<>();
  private ModelStore models;

  @BeforeEach
  void deploy(Vertx vertx) throws Exception {
    SmallRelease.copyTo(dir);
    var metrics = new ServiceMetrics(registry, "test");
    models = new ModelStore(dir, Engine.MAPPED, false, metrics, Clock.systemUTC());
    models.reload();
    Bus.registerCodecs(vertx.eventBus());
    vertx
        .eventBus()
        .<JsonObject>localConsumer(
            Bus.AUDIT,
            message -> {
              audited.add(message.body());
              message.reply(null);
            });
    var worker = new DeploymentOptions().setThreadingModel(ThreadingModel.WORKER).setInstances(2);
    vertx
        .deployVerticle(
            () -> new ScoringVerticle(workers.getAndIncrement(), models, Models.metrics()), worker)
        .compose(
            ok ->
                vertx.deployVerticle(
                    new ModelsVerticle(
                        models, this::poll, new AuditLog(vertx, "", Clock.systemUTC()))))
        .await(60, SECONDS);
  }

  @AfterEach
  void close() {
    assertThat(models.leases()).isZero();
    models.close();
  }

  private Duration poll() {
    looks.incrementAndGet();
    return poll.get();
  }

  @Test
  void reloadsWhenAsked(Vertx vertx) throws Exception {
    Releases.addCopy(dir, "180", "181");

    var report = reload(vertx, null);

    assertThat(report.getLong("loaded")).isEqualTo(1);
    var entry = audited.get(0);
    assertThat(entry.getString("caller")).isEqualTo("(bus)");
    assertThat(entry.getJsonObject("before").getInteger("models")).isEqualTo(3);
    assertThat(entry.getJsonObject("after").getInteger("models")).isEqualTo(4);
    assertThat(score(vertx, "181").fingerprint())
        .isEqualTo(models.current().fingerprints().get("181"));
  }

  @Test
  void believesTheCallerThatHttpNamesAndNoneOfTheBus(Vertx vertx) throws Exception {
    var named = new DeliveryOptions().addHeader(Bus.CALLER, "alice");

    vertx.eventBus().request(Bus.MODELS_RELOAD, null, named).await(60, SECONDS);
    vertx.eventBus().request(Bus.MODELS_RELOAD_AS, null, named).await(60, SECONDS);

    assertThat(audited)
        .extracting(entry -> entry.getString("caller"))
        .containsExactly("(bus)", "alice");
  }

  @Test
  void reloadsSomePrefixesOnly(Vertx vertx) throws Exception {
    Releases.change(dir, "180");
    Releases.change(dir, "575");

    var only = new JsonObject().put("prefixes", new JsonArray().add("575"));
    var report = reload(vertx, only);

    assertThat(report.getLong("loaded")).isEqualTo(1);
    assertThat(report.getLong("unchanged")).isEqualTo(2);
  }

  @Test
  void aDroppedPrefixHasNoConsumer(Vertx vertx) throws Exception {
    Releases.remove(dir, "831");

    reload(vertx, null);

    assertThatThrownBy(() -> score(vertx, "831"))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"prefixes\":[]}",
        "{\"prefixes\":\"560\"}",
        "{\"prefixes\":[560]}",
        "{\"prefixes\":[\"../x\"]}",
        "{\"prefix\":\"560\"}"
      })
  void whatItDoesNotUnderstandIsRefused(String body, Vertx vertx) {
    assertThatThrownBy(() -> reload(vertx, new JsonObject(body)))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.MALFORMED_REQUEST));
  }

  @Test
  void publishedToEveryNodeItReloadsToo(Vertx vertx) throws Exception {
    var reloaded = changed(vertx, Set.of("180", "181", "575", "831"));
    Releases.addCopy(dir, "180", "181");

    vertx.eventBus().publish(Bus.MODELS_RELOAD, new JsonObject());

    reloaded.await(60, SECONDS);
  }

  @Test
  void findsAChangeOfTheDirectoryByItself(Vertx vertx) throws Exception {
    var reloaded = changed(vertx, Set.of("180", "181", "575", "831"));
    Releases.addCopy(dir, "180", "181");

    poll.set(Duration.ofMillis(5));

    reloaded.await(60, SECONDS);
  }

  @Test
  void aBrokenReleaseIsTriedOnceAndMendedTakenOver(Vertx vertx) throws Exception {
    var file = dir.resolve(Release.FILE);
    var whole = Files.readAllBytes(file);
    Files.writeString(file, "{");
    poll.set(Duration.ofMillis(5));
    while (!models.failures().containsKey("release")) Thread.onSpinWait();
    int seen = looks.get();
    while (looks.get() < seen + 5) Thread.onSpinWait();

    assertThat(registry.get("cp.model.reload.failures").tag("reason", "format").counter().count())
        .isEqualTo(1);
    assertThat(models.prefixes()).hasSize(3);

    Files.write(file, whole);
    while (models.failures().containsKey("release")) Thread.onSpinWait();
    assertThat(models.prefixes()).hasSize(3);
  }

  @Test
  void aReleaseWhoseLastFileComesLateIsTakenOverWhenItIsThere(Vertx vertx) throws Exception {
    var before = models.scoring("575").fingerprint();
    Releases.change(dir, "575");
    var late = dir.resolve("575/model.mmap");
    var content = Files.readAllBytes(late);
    Files.delete(late);
    poll.set(Duration.ofMillis(5));
    while (!models.failures().containsKey("575")) Thread.onSpinWait();

    Files.write(late, content);

    while (models.failures().containsKey("575")) Thread.onSpinWait();
    assertThat(models.scoring("575").fingerprint()).isNotEqualTo(before);
  }

  @Test
  void whatWasAskedOfAPrefixBeforeItWentIsAnswered(Vertx vertx) throws Exception {
    var fingerprint = models.scoring("831").fingerprint();
    var addresses = Models.addresses("831").subList(0, 20);
    var asked = new ArrayList<Future<ScoreReply>>();
    try (var lease = models.lease()) {
      var deadline = new SharedDeadline(Deadline.in(Duration.ofMinutes(1)));
      var request =
          new ScoreRequest(
              lease.generation(), "831", addresses, deadline, false, PincodeErrors.of(0.01));
      for (int i = 0; i < 25; i++) asked.add(Models.ask(vertx, 0, request));
      Releases.remove(dir, "831");
      models.reload();
      for (int i = 0; i < 25; i++) asked.add(Models.ask(vertx, 0, request));

      for (var reply : asked) {
        assertThat(reply.await(60, SECONDS).scores())
            .hasSize(20)
            .allMatch(scored -> scored.fingerprint().equals(fingerprint));
      }
    }
    assertThat(models.scoring("831")).isNull();
  }

  @Test
  void reloadsAskedForWhileOneWaitsAreThatOne(Vertx vertx) throws Exception {
    var changes = new AtomicInteger();
    vertx.eventBus().localConsumer(Bus.MODELS_CHANGED, message -> changes.incrementAndGet());
    var asked = new ArrayList<Future<?>>();
    synchronized (models) { // as by a reload that takes its time
      asked.add(vertx.eventBus().request(Bus.MODELS_RELOAD, null));
      HttpFixture.until(() -> ModelsVerticleTest.waitsForTheModels());
      for (int i = 0; i < 5; i++) asked.add(vertx.eventBus().request(Bus.MODELS_RELOAD, null));
      vertx.eventBus().request(Bus.MODELS_STATUS, null).await(60, SECONDS); // the five were read
    }

    Future.all(asked).await(60, SECONDS);
    HttpFixture.until(() -> changes.get() >= 2);
    vertx.eventBus().request(Bus.MODELS_STATUS, null).await(60, SECONDS); // so a third would show
    assertThat(changes.get()).isEqualTo(2);
  }

  /** Whether a reload has begun, and can't go on. */
  private static boolean waitsForTheModels() {
    return Thread.getAllStackTraces().entrySet().stream()
        .anyMatch(
            thread ->
                thread.getKey().getState() == Thread.State.BLOCKED
                    && thread.getKey().getName().startsWith("cp-models"));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aFileCutShortWhereItLiesCostsAnswersNotTheProcess(Vertx vertx) throws Exception {
    var right = score(vertx, "180");
    try (var file = FileChannel.open(dir.resolve("831/model.mmap"), StandardOpenOption.WRITE)) {
      file.truncate(0);
    }

    for (int i = 0; i < 20; i++) {
      assertThatThrownBy(() -> score(vertx, "831"))
          .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
      assertThat(score(vertx, "180")).isEqualTo(right); // nothing is left of what was cut short
    }
    assertThat(models.status().degraded()).hasValue("1 of 3 models can't be used: 831");

    Releases.change(dir, "831");
    reload(vertx, null);
    assertThat(models.status().degraded()).isEmpty();
    assertThat(score(vertx, "831")).isNotNull();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aFileCutShortUnderAManifestInForceIsFoundByItself(Vertx vertx) throws Exception {
    var file = dir.resolve("831/model.mmap");
    var whole = Files.readAllBytes(file);
    try (var cut = FileChannel.open(file, StandardOpenOption.WRITE)) {
      cut.truncate(100);
    }

    poll.set(Duration.ofMillis(5));
    while (models.prefixes().contains("831")) Thread.onSpinWait();

    assertThat(models.current().prefixes()).contains("831"); // it is still in the release
    while (models.status().degraded().isEmpty()) Thread.onSpinWait();
    assertThat(models.failures().get("831")).startsWith("831/model.mmap has 100 bytes");
    assertThatThrownBy(() -> score(vertx, "831"))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
    assertThatThrownBy(() -> vertx.eventBus().request(Bus.MODEL_STATUS, "831").await(60, SECONDS))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));

    Files.write(file, whole);
    while (!models.prefixes().contains("831")) Thread.onSpinWait();
    assertThat(score(vertx, "831")).isNotNull();
  }

  /** Completes once exactly {@code prefixes} are served. */
  private Future<Void> changed(Vertx vertx, Set<String> prefixes) {
    var changed = Promise.<Void>promise();
    vertx
        .eventBus()
        .localConsumer(
            Bus.MODELS_CHANGED,
            message -> {
              if (Set.copyOf(models.prefixes()).equals(prefixes)) changed.tryComplete();
            });
    return changed.future();
  }

  private static JsonObject reload(Vertx vertx, JsonObject body) throws Exception {
    return vertx.eventBus().<JsonObject>request(Bus.MODELS_RELOAD, body).await(60, SECONDS).body();
  }

  private PrefixScores score(Vertx vertx, String prefix) throws Exception {
    var request =
        new ScoreRequest(
            models.current().generation(),
            prefix,
            List.of(new Address("gandhi nagar", null)),
            new SharedDeadline(Deadline.in(Duration.ofMinutes(1))),
            false,
            PincodeErrors.of(0.01));
    return Models.ask(vertx, 0, request).await(60, SECONDS).scores().get(0);
  }
}
