package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.cpprediction.logging.CapturedLog;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.format.Mapping;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.training.SmallRelease;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelReloadTest {
  private static final Address ADDRESS = new Address("kadri temple mangalore", "575002");

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final Scorer scorer = new Scorer();

  @TempDir private Path dir;
  private ModelStore models;

  @BeforeEach
  void load() throws IOException {
    SmallRelease.copyTo(dir);
    models = catalog(Engine.MAPPED, false);
  }

  @AfterEach
  void close() {
    assertThat(models.leases()).isZero();
    models.close();
  }

  private ModelStore catalog(Engine engine, boolean heap) {
    return catalog(engine, heap, false);
  }

  private ModelStore catalog(Engine engine, boolean heap, boolean perRequest) {
    var metrics = new ServiceMetrics(registry, "test");
    var clock = Clock.fixed(Models.NOW, ZoneOffset.UTC);
    var catalog =
        new ModelStore(dir, engine, heap, perRequest, metrics, clock, PrefixAssignment.ALL);
    catalog.reload();
    return catalog;
  }

  @Test
  void anUnchangedReleaseChangesNothing() {
    var before = models.scoring("575");

    var report = models.reload();

    assertThat(models.scoring("575").model()).isSameAs(before.model());
    assertThat(report.getLong("loaded")).isZero();
    assertThat(report.getLong("unchanged")).isEqualTo(3);
    assertThat(report.getJsonObject("failed")).isEmpty();
  }

  @Test
  void tellsOfEachGenerationOnceItIsInForce() throws IOException {
    var told = new ArrayList<ServingRelease>();
    models.onPublish(
        generation -> {
          assertThat(models.current()).isSameAs(generation);
          told.add(generation);
        });
    Releases.change(dir, "575");

    models.reload();

    assertThat(told).containsExactly(models.current());
  }

  @Test
  void aChangedModelReplacesTheOldOneAndItsAnswersAreNew() throws IOException {
    var before = models.lease();
    var old = before.scoring("575");
    Releases.change(dir, "575");

    var report = models.reload();

    assertThat(report.getLong("loaded")).isEqualTo(1);
    assertThat(report.getLong("unchanged")).isEqualTo(2);
    assertThat(models.current().fingerprints().get("575"))
        .isNotEqualTo(before.fingerprints().get("575"));
    assertThat(models.current().fingerprints().get("180"))
        .isEqualTo(before.fingerprints().get("180"));
    assertThat(scorer.score(models.scoring("575"), ADDRESS).fingerprint())
        .isEqualTo(models.current().fingerprints().get("575"));
    // A request that began with the old one still has it.
    assertThat(scorer.score(old, ADDRESS).fingerprint())
        .isEqualTo(before.fingerprints().get("575"));
    before.close();
    assertThat(old.model().acquire()).isFalse();
    assertThat(before.retain()).isFalse();
  }

  @ParameterizedTest
  @EnumSource
  void aModelThatIsReadForEachRequestAnswersTheSame(Engine engine) throws IOException {
    models.close();
    models = catalog(engine, false);
    var kept = scorer.score(models.scoring("575"), ADDRESS);
    models.close();
    models = catalog(engine, true, true);

    var first = models.current().open("575");
    var second = models.current().open("575");

    assertThat(scorer.score(first, ADDRESS)).isEqualTo(kept);
    assertThat(second.model()).isNotSameAs(first.model());
    assertThat(scorer.score(second, ADDRESS)).isEqualTo(kept);
    assertThat(models.status().toJson().getString("preload")).isEqualTo("per_request");
    assertThat(models.current().open("999")).isNull();
    first.model().release();
    second.model().release();
  }

  @Test
  void aModelThatIsReadForEachRequestIsGoneAfterIt() throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/self/maps")), "only Linux tells what is mapped");
    models.close();
    models = catalog(Engine.MAPPED, false, true);
    assertThat(mapped()).isZero();

    var used = models.current().open("575");

    assertThat(mapped()).isEqualTo(1);
    used.model().release();
    assertThat(mapped()).isZero();
  }

  @Test
  void aModelThatCannotBeReadForARequestIsSaidNotToBeReady() throws IOException {
    models.close();
    models = catalog(Engine.MAPPED, false, true);
    Files.delete(dir.resolve("575/model.mmap"));

    assertThatThrownBy(() -> models.current().open("575"))
        .hasMessageContaining("575/model.mmap is missing")
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
    models.current().open("180").model().release();
  }

  @Test
  void aModelThatFailsAgainAfterItCouldBeReadIsLoggedAgain() throws IOException {
    models.close();
    models = catalog(Engine.MAPPED, false, true);
    var file = dir.resolve("575/model.mmap");
    var aside = dir.resolve("aside.mmap");
    try (var captured = new CapturedLog()) {
      for (int i = 0; i < 2; i++) {
        Files.move(file, aside);
        for (int j = 0; j < 2; j++) {
          assertThatThrownBy(() -> models.current().open("575")).hasMessageContaining("is missing");
        }
        Files.move(aside, file);
        models.current().open("575").model().release();
      }

      assertThat(captured.plain()).filteredOn(line -> line.contains("Model 575")).hasSize(2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsReplacedIsUnmappedAfterItsLastUse(Engine engine) throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/self/maps")), "only Linux tells what is mapped");
    models.close();
    models = catalog(engine, false);
    assertThat(mapped()).isEqualTo(3);
    var old = models.lease();

    Releases.change(dir, "575");
    models.reload();

    assertThat(mapped()).isEqualTo(4);
    assertThat(models.leases()).isEqualTo(1);
    old.close();
    assertThat(mapped()).isEqualTo(3);
    assertThat(models.leases()).isZero();
    models.close();
    assertThat(mapped()).isZero();
  }

  @Test
  void onTheHeapNothingIsMappedAndAnswersAreTheSame() throws IOException {
    try (var heap = catalog(Engine.MAPPED, true)) {
      assertThat(heap.status().toJson().getString("mapping")).isEqualTo("heap");
      assertThat(scorer.score(heap.scoring("575"), ADDRESS))
          .isEqualTo(scorer.score(models.scoring("575"), ADDRESS));
    }
  }

  @Test
  void bothEnginesGiveTheSameCandidates() {
    try (var xgboost = catalog(Engine.XGBOOST, false)) {
      for (var prefix : models.prefixes()) {
        for (var address : Models.addresses(prefix)) {
          var one = scorer.score(models.scoring(prefix), address);
          var other = scorer.score(xgboost.scoring(prefix), address);
          assertThat(other.size()).isEqualTo(one.size());
          for (int i = 0; i < one.size(); i++) {
            assertThat(other.cp(i)).isEqualTo(one.cp(i));
            assertThat(other.text(i)).isCloseTo(one.text(i), within(1e-5));
          }
          assertThat(other.fingerprint()).isNotEqualTo(one.fingerprint());
        }
      }
    }
  }

  @Test
  void aNewPrefixAppearsAndOneTheReleaseNoLongerNamesGoes() throws IOException {
    Releases.addCopy(dir, "180", "181");
    Releases.remove(dir, "831");

    var report = models.reload();

    assertThat(models.prefixes()).containsExactly("180", "181", "575");
    assertThat(report.getLong("loaded")).isEqualTo(1);
    assertThat(report.getLong("removed")).isEqualTo(1);
    assertThat(models.current().fingerprints()).containsOnlyKeys("180", "181", "575");
  }

  @Test
  void aVanishedFileRemovesNothing() throws IOException {
    Files.delete(dir.resolve("575/model.mmap"));
    Files.delete(dir.resolve("831/manifest.json"));
    Releases.change(dir, "180");
    models.reload();
    assertThat(models.prefixes()).containsExactly("180", "575", "831");
    assertThat(models.failures()).containsOnlyKeys("575", "831");
    assertThat(failures("missing")).isEqualTo(2);
    assertThat(models.status().degraded())
        .hasValue(
            "2 of 3 models go on as they were loaded, since their files were refused: 575, 831");

    Files.delete(dir.resolve("release.json"));
    var report = models.reload();

    assertThat(models.prefixes()).containsExactly("180", "575", "831");
    assertThat(report.getJsonObject("failed").getString("release")).startsWith("there is no ");
    assertThat(failures("missing")).isEqualTo(3);
  }

  @Test
  void whatTheReleaseNamesStaysInTheCatalogThoughItCannotBeUsed() throws IOException {
    models.close();
    Files.writeString(dir.resolve("575/model.mmap"), "damaged");
    Files.delete(dir.resolve("831/manifest.json"));

    models = catalog(Engine.MAPPED, false);

    var catalog = models.current();
    assertThat(catalog.here()).containsExactly("180");
    assertThat(catalog.prefixes()).containsExactlyInAnyOrder("180", "575", "831");
    assertThat(catalog.locate(ADDRESS, PincodeErrors.of(0.01)).prefix()).isEqualTo("575");
    assertThat(models.current().open("575")).isNull();
    assertThat(models.status().degraded()).hasValue("2 of 3 models can't be used: 575, 831");
    assertThatThrownBy(() -> models.usable("575"))
        .hasMessageContaining("575/model.mmap has 7 bytes")
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
  }

  @ParameterizedTest
  @ValueSource(strings = {"575/model.mmap", "575/manifest.json", "ranker.ubj"})
  void aFileDamagedUnderAManifestInForceIsReportedAndTheModelInForceStays(String name)
      throws IOException {
    var before = models.scoring("575");
    var expected = scorer.score(before, ADDRESS);
    var file = dir.resolve(name);
    var content = Files.readAllBytes(file);
    Releases.replace(file, Arrays.copyOf(content, content.length / 2));

    var report = models.reload();

    assertThat(report.getJsonObject("failed").getMap()).containsKey("575");
    assertThat(models.failures()).containsKey("575");
    assertThat(models.status().degraded())
        .hasValueSatisfying(why -> assertThat(why).contains("575"));
    assertThat(models.scoring("575").model()).isSameAs(before.model());
    assertThat(scorer.score(models.scoring("575"), ADDRESS)).isEqualTo(expected);
    assertThat(models.reload().getJsonObject("failed").getMap()).containsKey("575"); // it still is

    Releases.replace(file, content);

    assertThat(models.reload().getJsonObject("failed")).isEmpty();
    assertThat(models.status().degraded()).isEmpty();
    assertThat(models.scoring("575").model()).isSameAs(before.model());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aModelWhoseFileWasWrittenOverWhereItLiesIsNotServedUntilItIsMended() throws IOException {
    var file = dir.resolve("575/model.mmap");
    var content = Files.readAllBytes(file);
    var changed = content.clone();
    changed[changed.length - 1] ^= 1;
    Files.write(file, changed); // not in the place of it: into what is mapped
    Files.setLastModifiedTime(file, FileTime.fromMillis(0));

    models.reload();

    assertThat(models.prefixes()).containsExactly("180", "831");
    assertThat(models.status().degraded()).hasValue("1 of 3 models can't be used: 575");

    Files.write(file, content);
    models.reload();

    assertThat(models.prefixes()).contains("575");
    assertThat(models.status().degraded()).isEmpty();
  }

  @Test
  void aReplacedNationalStageIsUnmappedAfterItsLastUse() throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/self/maps")), "only Linux tells what is mapped");
    assertThat(mapped("national.mmap")).isEqualTo(1);
    var lease = models.lease();
    var before = lease.locator();
    var located = before.locate("kadri temple mangalore").probabilities();
    touch("national.mmap");

    models.reload();

    assertThat(mapped("national.mmap")).isEqualTo(2);
    assertThat(before.locate("kadri temple mangalore").probabilities()).isEqualTo(located);
    lease.close();
    assertThat(mapped("national.mmap")).isEqualTo(1);
    assertThatThrownBy(() -> before.locate("kadri temple mangalore"))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
    try (var now = models.lease()) {
      assertThat(now.locator().locate("kadri temple mangalore").probabilities()).isEqualTo(located);
    }
    models.close();
    assertThat(mapped("national.mmap")).isZero();
  }

  @Test
  void aGenerationIsFreedWhereTheStoreIsToldTo() throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/self/maps")), "only Linux tells what is mapped");
    var freeing = new ArrayList<Runnable>();
    models.freeOn(freeing::add); // after the generation in force was made
    var lease = models.lease();
    Releases.change(dir, "575");
    models.reload();

    lease.close();

    assertThat(mapped()).isEqualTo(4);
    freeing.forEach(Runnable::run);
    assertThat(mapped()).isEqualTo(3);
    models.freeOn(Runnable::run);
  }

  /** Each change is a generation; what they share stays, and goes with the last of them. */
  @Test
  void everyGenerationThatIsLeasedKeepsItsModels() throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/self/maps")), "only Linux tells what is mapped");
    var leases = new ArrayList<ServingRelease>();
    for (int i = 0; i < 5; i++) {
      leases.add(models.lease());
      Releases.change(dir, "575");
      models.reload();
    }
    var expected = leases.stream().map(lease -> lease.fingerprints().get("575")).toList();

    assertThat(mapped()).isEqualTo(3 + 5);
    for (int i : new int[] {2, 0, 4, 1, 3}) {
      var scored = scorer.score(leases.get(i).scoring("575"), ADDRESS);
      assertThat(scored.fingerprint()).isEqualTo(expected.get(i));
      assertThat(models.lease(leases.get(i).generation())).isSameAs(leases.get(i));
      leases.get(i).close();
      leases.get(i).close();
      assertThat(models.lease(leases.get(i).generation())).isNull();
    }
    assertThat(mapped()).isEqualTo(3);
  }

  @Test
  void aMissingNationalStageIsNotReportedAsAMissingPincode() throws IOException {
    models.close();
    Files.writeString(dir.resolve("national.mmap"), "damaged");

    models = catalog(Engine.MAPPED, false);

    var catalog = models.current();
    assertThatThrownBy(
            () ->
                catalog.locate(new Address("kadri temple mangalore", null), PincodeErrors.of(0.01)))
        .satisfies(e -> assertThat(Failure.of(e)).isEqualTo(Failure.NOT_READY));
    assertThat(catalog.locate(ADDRESS, PincodeErrors.of(0.01)).prefix()).isEqualTo("575");
    assertThat(models.status().degraded()).hasValue("addresses without a pincode can't be placed");
    SmallRelease.copyFile("national.mmap", dir);
    models.reload();
    assertThat(models.status().degraded()).isEmpty();
    assertThat(
            models
                .current()
                .locate(new Address("kadri temple mangalore", null), PincodeErrors.of(0.01)))
        .isNotNull();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aNationalStageCutShortWhereItLiesCostsAnswersNotTheProcess() throws Exception {
    try (var file = FileChannel.open(dir.resolve("national.mmap"), StandardOpenOption.WRITE)) {
      file.truncate(0);
    }
    var address = new Address("kadri temple mangalore", null);

    assertThat(failureInItsOwnThread(address)).isEqualTo(Failure.NOT_READY);

    assertThat(models.status().degraded()).hasValue("addresses without a pincode can't be placed");
    models.reload();
    assertThat(models.failures()).containsOnlyKeys("national");
    SmallRelease.copyFile("national.mmap", dir);
    models.reload();
    assertThat(models.current().locate(address, PincodeErrors.of(0.01))).isNotNull();
  }

  /**
   * The first failure of many lookups. Compiled code delivers the fault of a truncated mapping some
   * instructions after the read, at times outside the lookup, which ends its thread, but to that
   * thread alone.
   */
  private Failure failureInItsOwnThread(Address address) throws InterruptedException {
    var failure = new AtomicReference<Failure>();
    var late = new ConcurrentLinkedQueue<Throwable>();
    Runnable lookups =
        () -> {
          for (int i = 0; i < 1_000 && failure.get() == null; i++) {
            try {
              models.current().locate(address, PincodeErrors.of(0.01));
            } catch (ServiceException e) {
              failure.set(e.failure());
            } catch (InternalError e) {
              late.add(e);
            }
          }
        };
    for (int i = 0; i < 100 && failure.get() == null; i++) {
      var reader = new Thread(lookups, "lookups");
      reader.setUncaughtExceptionHandler((thread, cause) -> late.add(cause));
      reader.start();
      reader.join();
    }
    assertThat(late).allMatch(Mapping::isFault);
    return failure.get();
  }

  @Test
  void aDamagedModelIsRefusedAndTheOldOneGoesOn() throws IOException {
    var before = models.scoring("575");
    Releases.change(dir, "575");
    Files.writeString(dir.resolve("575/model.mmap"), "damaged");

    var report = models.reload();

    assertThat(models.scoring("575").model()).isSameAs(before.model());
    var reason = report.getJsonObject("failed").getString("575");
    assertThat(reason).startsWith("575/model.mmap has 7 bytes");
    assertThat(status("575").getString("last_error")).isEqualTo(reason);
    assertThat(models.status().toJson().getJsonObject("last_reload")).isEqualTo(report);
    assertThat(failures("digest")).isEqualTo(1);
    assertThat(inForce()).isZero();

    Releases.change(dir, "575");
    models.reload();

    assertThat(inForce()).isEqualTo(1);
    assertThat(status("575").getString("last_error")).isNull();
    assertThat(models.scoring("575").model()).isNotSameAs(before.model());
  }

  @Test
  void ofSeveralChangesOnlyTheOnesAskedForAreTaken() throws IOException {
    var before = models.current().fingerprints();
    for (var prefix : List.of("180", "575")) Releases.change(dir, prefix);
    Releases.remove(dir, "831");

    models.reload(Set.of("575"));

    assertThat(models.current().fingerprints().get("575")).isNotEqualTo(before.get("575"));
    assertThat(models.current().fingerprints().get("180")).isEqualTo(before.get("180"));
    assertThat(models.prefixes()).contains("831");

    models.reload(Set.of("831"));
    assertThat(models.prefixes()).containsExactly("180", "575");
  }

  @Test
  void anUnknownPrefixIsReportedAsUnknownAndIsNoFailureOfAModel() {
    var report = models.reload(Set.of("999"));

    assertThat(report.getJsonObject("failed").getString("999"))
        .isEqualTo("the release names no such prefix");
    assertThat(models.failures()).isEmpty();
    assertThat(failures("missing")).isZero();
  }

  @Test
  void reloadsAtTheSameTimeTakeEveryChangeOnce() throws Exception {
    var threads = Executors.newFixedThreadPool(8);
    try {
      for (int round = 0; round < 10; round++) {
        for (var prefix : SmallRelease.PREFIXES) Releases.change(dir, prefix);

        long loaded = 0;
        for (var done :
            threads.invokeAll(Collections.nCopies(8, (Callable<JsonObject>) models::reload))) {
          loaded += done.get().getLong("loaded");
        }

        assertThat(loaded).isEqualTo(3);
        assertThat(models.failures()).isEmpty();
      }
    } finally {
      threads.shutdownNow();
    }
    if (Files.exists(Path.of("/proc/self/maps"))) assertThat(mapped()).isEqualTo(3);
  }

  /** Four threads score, and each model is replaced and freed under them. */
  @Test
  void whoScoresWhileModelsAreReplacedGetsNoAnswerOfOneThatWasReplacedBefore() throws Exception {
    var threads = Executors.newFixedThreadPool(4);
    var stop = new AtomicBoolean();
    try {
      var scored =
          Collections.nCopies(4, (Callable<Integer>) () -> scoreUntil(stop)).stream()
              .map(threads::submit)
              .toList();
      for (int swap = 0; swap < 200; swap++) {
        Releases.change(dir, SmallRelease.PREFIXES.get(swap % 3));
        assertThat(models.reload().getLong("loaded")).isEqualTo(1);
      }
      stop.set(true);

      for (var count : scored) assertThat(count.get(60, TimeUnit.SECONDS)).isPositive();
    } finally {
      stop.set(true);
      threads.shutdownNow();
    }
    if (Files.exists(Path.of("/proc/self/maps"))) assertThat(mapped()).isEqualTo(3);
  }

  /** How often it scored; fails when a model that is not served any more was to be had. */
  private int scoreUntil(AtomicBoolean stop) {
    var own = new Scorer();
    int count = 0;
    do {
      var before = models.current().fingerprints().get("575");
      try (var lease = models.lease()) {
        var scoring = lease.scoring("575");
        var answer = own.score(scoring, ADDRESS).fingerprint();
        assertThat(answer).isEqualTo(lease.fingerprints().get("575"));
        if (models.current().fingerprints().get("575").equals(before)) {
          assertThat(answer).isEqualTo(before);
        }
      }
      count++;
    } while (!stop.get());
    return count;
  }

  private double failures(String reason) {
    return registry.find("cp.model.reload.failures").tag("reason", reason).counters().stream()
        .mapToDouble(Counter::count)
        .sum();
  }

  private JsonObject status(String prefix) {
    return models.status().toJson().getJsonArray("models").stream()
        .map(JsonObject.class::cast)
        .filter(model -> model.getString("prefix").equals(prefix))
        .findAny()
        .orElseThrow();
  }

  private void touch(String name) throws IOException {
    Files.setLastModifiedTime(dir.resolve(name), FileTime.fromMillis(0));
  }

  /** Model files of this release that are mapped now. */
  private long mapped() throws IOException {
    return mapped("model.mmap");
  }

  private long mapped(String name) throws IOException {
    var path = dir.toRealPath().toString();
    return Files.readAllLines(Path.of("/proc/self/maps")).stream()
        .filter(line -> line.contains(path) && line.contains("/" + name))
        .count();
  }

  /** What alerts ask for. */
  private double inForce() {
    return registry.get("cp.last.reload.successful").tag("part", "models").gauge().value();
  }
}
