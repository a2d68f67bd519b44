package com.cpprediction.cache;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.cache.PredictionCache.Key;
import com.cpprediction.config.CacheConfig;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.prediction.SharedDeadline;
import com.cpprediction.testing.TestScores;
import com.github.benmanes.caffeine.cache.Ticker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PredictionCacheTest {
  private static final Deadline SOON = Deadline.in(Duration.ofMinutes(1));
  private static final String FINGERPRINT = "a".repeat(64);
  private static final String OTHER = "b".repeat(64);

  private static final int MANY = 1_000; // keys that are asked for together

  private final AtomicLong now = new AtomicLong();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final List<Key> asked = new ArrayList<>();
  private final PredictionCache cache = cache(true, 100, Duration.ofMinutes(1));

  @Test
  void scoresAnAddressOnceAndThenHasIt() {
    assertThat(source(get(key("a"), this::scored))).isEqualTo(Source.MODEL);
    assertThat(source(get(key("a"), PredictionCacheTest::never))).isEqualTo(Source.CACHE);
  }

  @Test
  void keepsAddressesAndModelsApart() {
    get(key("a"), this::scored);

    assertThat(source(get(key("b"), this::scored))).isEqualTo(Source.MODEL);
    assertThat(source(get(new Key(OTHER, address("a")), () -> scored(OTHER))))
        .isEqualTo(Source.MODEL);
  }

  @Test
  void ordersKeysSoThatHashTablesMakeTreesOfThoseOfOneHash() {
    var key = new Key(FINGERPRINT, address("a"));

    // HashMap and ConcurrentHashMap compare keys that are Comparable of their own class alone.
    assertThat(Key.class.getGenericInterfaces()[0].getTypeName())
        .isEqualTo("java.lang.Comparable<%s>".formatted(Key.class.getTypeName()));
    assertThat(key).isEqualByComparingTo(new Key(FINGERPRINT, address("a")));
    assertThat(key.compareTo(new Key(OTHER, address("a")))).isNegative();
    assertThat(new Key(OTHER, address("a")).compareTo(key)).isPositive();
    assertThat(Integer.signum(key.compareTo(new Key(OTHER, address("b")))))
        .isEqualTo(Integer.signum(address("a").compareTo(address("b"))))
        .isNotZero();
  }

  @Test
  void dropsScoresOfReplacedModelsAtOnce() {
    get(key("a"), this::scored);
    get(new Key(OTHER, address("a")), () -> scored(OTHER));

    cache.retain(List.of(OTHER), 10);

    assertThat(cache.stats().getLong("size")).isEqualTo(1);
    assertThat(source(get(new Key(OTHER, address("a")), PredictionCacheTest::never)))
        .isEqualTo(Source.CACHE);
  }

  @Test
  void tellsTheMostUsedAddressesOfReplacedScores() {
    cache.apply(new CacheConfig(true, 5, Duration.ofMinutes(1), 0)); // half full, it counts uses
    cache.retain(List.of(FINGERPRINT, OTHER), 10);
    for (var text : List.of("a", "b", "c")) get(key(text), this::scored);
    get(new Key(OTHER, address("kept")), () -> scored(OTHER));
    for (int i = 0; i < 3; i++) get(key("b"), PredictionCacheTest::never);

    assertThat(cache.retain(List.of(FINGERPRINT, OTHER), 10)).as("nothing replaced").isEmpty();
    assertThat(cache.retain(List.of(OTHER), 2))
        .hasSize(2)
        .startsWith(address("b"))
        .doesNotContain(address("kept"));
    assertThat(cache.retain(List.of(OTHER), 2)).as("already dropped").isEmpty();
  }

  @Test
  void looksForReplacedScoresAmongItsMostUsedOnly() {
    cache.retain(List.of(FINGERPRINT, OTHER), 10);
    for (int i = 0; i < 60; i++) get(key("kept" + i), this::scored);
    for (int use = 0; use < 3; use++) {
      for (int i = 0; i < 60; i++) get(key("kept" + i), PredictionCacheTest::never);
    }
    get(new Key(OTHER, address("rare")), () -> scored(OTHER));

    assertThat(cache.retain(List.of(FINGERPRINT), 1)).isEmpty();
    assertThat(cache.stats().getLong("size")).as("dropped all the same").isEqualTo(60);
  }

  @Test
  void countsALookupAheadOfRequestsAsNeitherHitNorMiss() {
    for (int i = 0; i < 2; i++) {
      cache.getAll(List.of(key("a")), true, 1, SOON, (missing, until) -> scored().map(List::of));
    }

    assertThat(cache.stats().getLong("misses")).isZero();
    assertThat(cache.stats().getLong("hits")).isZero();
    assertThat(source(get(key("a"), PredictionCacheTest::never))).isEqualTo(Source.CACHE);
    assertThat(cache.stats().getLong("hits")).isEqualTo(1);
  }

  @Test
  void servesButDoesNotKeepAScoringThatModelsWereReplacedDuring() {
    var flight = Promise.<PrefixScores>promise();
    var before = get(key("a"), flight::future);
    cache.retain(List.of(OTHER), 10);
    var late = Promise.<PrefixScores>promise(); // of a request that leased the old models
    var after = get(key("b"), late::future);

    flight.complete(answer(FINGERPRINT));
    late.complete(answer(FINGERPRINT));

    assertThat(before.result().scores()).isEqualTo(answer(FINGERPRINT));
    assertThat(after.result().scores()).isEqualTo(answer(FINGERPRINT));
    assertThat(cache.stats().getLong("size")).isZero();
  }

  @Test
  void joinsAFlightInsteadOfScoringTwice() {
    var flight = Promise.<PrefixScores>promise();

    var first = get(key("a"), flight::future);
    var joined = get(key("a"), PredictionCacheTest::never);
    assertThat(joined.isComplete()).isFalse();
    flight.complete(answer(FINGERPRINT));

    assertThat(source(first)).isEqualTo(Source.MODEL);
    assertThat(source(joined)).isEqualTo(Source.CACHE);
  }

  @Test
  void passesAFailureToAllWaitingRequestsAndDoesNotCacheIt() {
    var flight = Promise.<PrefixScores>promise();
    var overloaded = Failure.OVERLOADED.because("full");

    var first = get(key("a"), flight::future);
    var joined = get(key("a"), PredictionCacheTest::never);
    flight.fail(overloaded);

    assertThat(first.cause()).isSameAs(overloaded);
    assertThat(joined.cause()).isSameAs(overloaded);
    assertThat(source(get(key("a"), this::scored))).isEqualTo(Source.MODEL);
    assertThat(cache.stats().getLong("load_failures")).isEqualTo(1);
  }

  @Test
  void tellsWaitingFromScoringAndCountsAddressesScoredTogetherOneByOne() {
    assertThat(cache.stats().getDouble("average_wait_ms")).isZero();

    cache.loaded(1, 9_000_000, 1_000_000);
    cache.loaded(3, 1_000_000, 5_000_000);

    assertThat(cache.stats().getDouble("average_wait_ms")).isEqualTo(3);
    assertThat(cache.stats().getDouble("average_score_ms")).isEqualTo(4);
  }

  @Test
  void countsNoLoadsWhileSwitchedOff() {
    var off = cache(false, 100, Duration.ofMinutes(1));

    off.loaded(1, 9_000_000, 1_000_000);

    assertThat(off.stats().getDouble("average_score_ms")).isZero();
  }

  @Test
  void turnsAnExceptionOfTheScorerIntoAFailure() {
    var failed =
        get(
            key("a"),
            () -> {
              throw new IllegalStateException("broken");
            });

    assertThat(failed.cause()).hasMessage("broken");
  }

  @Test
  void asksOnceForTheMissingPartOfABatch() {
    get(key("b"), this::scored);

    var lookups = getAll(List.of(key("a"), key("b"), key("c"), key("a")), this::scoredAll);

    assertThat(asked).containsExactly(key("a"), key("c"));
    assertThat(lookups)
        .extracting(PredictionCacheTest::source)
        .containsExactly(Source.MODEL, Source.CACHE, Source.MODEL, Source.CACHE);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void asksForSoManyKeysAtATimeAndFailsOnlyThoseOfAFailure(boolean enabled) {
    var some = cache(enabled, 100, Duration.ofMinutes(1));
    var keys = IntStream.range(0, 7).mapToObj(i -> key("k" + i)).toList();
    var sizes = new ArrayList<Integer>();

    var lookups =
        some.getAll(
            keys,
            false,
            3,
            SOON,
            (missing, until) -> {
              sizes.add(missing.size());
              return sizes.size() == 2
                  ? Future.failedFuture("broken")
                  : Future.succeededFuture(
                      missing.stream().map(key -> answer(FINGERPRINT)).toList());
            });

    assertThat(sizes).containsExactly(3, 3, 1);
    assertThat(lookups)
        .extracting(Future::succeeded)
        .containsExactly(true, true, true, false, false, false, true);
  }

  @Test
  void letsABatchAndASingleRequestJoinEachOther() {
    var single = Promise.<PrefixScores>promise();
    var batch = Promise.<List<PrefixScores>>promise();

    var first = get(key("a"), single::future);
    var both = getAll(List.of(key("a"), key("b")), missing -> batch.future());
    var second = get(key("b"), PredictionCacheTest::never);
    batch.complete(List.of(answer(FINGERPRINT)));

    assertThat(source(second)).isEqualTo(Source.CACHE);
    assertThat(source(both.get(1))).isEqualTo(Source.MODEL);
    assertThat(both.get(0).isComplete()).isFalse();
    single.fail(Failure.NOT_READY.because("gone"));
    assertThat(both.get(0).failed()).isTrue();
    assertThat(first.failed()).isTrue();
  }

  @Test
  void refusesAnAnswerThatDoesNotFitTheQuestion() {
    var lookups =
        getAll(
            List.of(key("a"), key("b")),
            missing -> Future.succeededFuture(List.of(answer(FINGERPRINT))));

    assertThat(lookups).allSatisfy(lookup -> assertThat(lookup.failed()).isTrue());
  }

  @Test
  void forgetsAnAnswerAfterItsTime() {
    get(key("a"), this::scored);

    now.addAndGet(TimeUnit.SECONDS.toNanos(59));
    assertThat(source(get(key("a"), PredictionCacheTest::never))).isEqualTo(Source.CACHE);
    now.addAndGet(TimeUnit.SECONDS.toNanos(2));
    assertThat(source(get(key("a"), this::scored))).isEqualTo(Source.MODEL);
  }

  @Test
  void takesAnotherTimeToLiveAtOnce() {
    get(key("a"), this::scored);

    cache.apply(new CacheConfig(true, 100, Duration.ofSeconds(5), 0));
    now.addAndGet(TimeUnit.SECONDS.toNanos(6));

    assertThat(source(get(key("a"), this::scored))).isEqualTo(Source.MODEL);
    assertThat(cache.stats().getLong("ttl_seconds")).isEqualTo(5);
  }

  @Test
  void takesAnotherSizeAtOnce() {
    for (int i = 0; i < 50; i++) get(key("a" + i), this::scored);

    cache.apply(new CacheConfig(true, 10, Duration.ofMinutes(1), 0));

    var stats = cache.stats();
    assertThat(stats.getLong("size")).isEqualTo(10);
    assertThat(stats.getLong("max_size")).isEqualTo(10);
    assertThat(stats.getLong("evictions")).isEqualTo(40);
  }

  @Test
  void scoresEverythingWhileSwitchedOff() {
    get(key("a"), this::scored);

    cache.apply(new CacheConfig(false, 100, Duration.ofMinutes(1), 0));
    var flight = Promise.<PrefixScores>promise();
    get(key("a"), flight::future);
    var other = get(key("a"), this::scored);
    var batch = getAll(List.of(key("b"), key("b")), this::scoredAll);

    assertThat(source(other)).isEqualTo(Source.MODEL);
    assertThat(asked).containsExactly(key("b"), key("b"));
    assertThat(batch)
        .extracting(PredictionCacheTest::source)
        .containsExactly(Source.MODEL, Source.MODEL);
    assertThat(cache.stats().getLong("size")).isZero();
    assertThat(cache.stats().getBoolean("enabled")).isFalse();
  }

  @Test
  void clearsAndCountsWhatItForgot() {
    get(key("a"), this::scored);
    get(key("b"), this::scored);

    assertThat(cache.clear()).isEqualTo(2);
    assertThat(source(get(key("a"), this::scored))).isEqualTo(Source.MODEL);
  }

  @Test
  void anAnswerInTheMakingDoesNotComeBackAfterAClear() {
    var flight = Promise.<PrefixScores>promise();
    var first = get(key("a"), flight::future);

    cache.clear();
    flight.complete(answer(FINGERPRINT));

    assertThat(source(first)).isEqualTo(Source.MODEL);
    assertThat(source(get(key("a"), this::scored))).isEqualTo(Source.MODEL);
  }

  @Test
  void keepsNoScoresThatWereInTheMakingWhenItForgotTheirAddressOrWasSwitchedOff() {
    var flight = Promise.<PrefixScores>promise();
    get(key("a"), flight::future);
    get(key("b"), flight::future);

    cache.forget(Set.of("a"));
    flight.complete(answer(FINGERPRINT));

    assertThat(source(get(key("a"), this::scored))).isEqualTo(Source.MODEL);
    assertThat(source(get(key("b"), PredictionCacheTest::never))).isEqualTo(Source.CACHE);

    var late = Promise.<PrefixScores>promise();
    get(key("c"), late::future);
    cache.apply(new CacheConfig(false, 100, Duration.ofMinutes(1), 0));
    late.complete(answer(FINGERPRINT));

    assertThat(cache.stats().getLong("size")).isZero();
  }

  @Test
  void whatWasForgottenLeavesTheScoresOfALaterRequestAlone() {
    var forgotten = Promise.<PrefixScores>promise();
    get(key("a"), forgotten::future);
    cache.clear();
    get(key("a"), this::scored);

    forgotten.complete(answer(FINGERPRINT));

    assertThat(source(get(key("a"), PredictionCacheTest::never))).isEqualTo(Source.CACHE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"forgotten", "switched off", "failed"})
  void givesScoresToTheirCallerWhateverHappensWhileTheyAreKept(String what) {
    var meanwhile = new AtomicReference<Runnable>(() -> {});
    var config = new CacheConfig(true, 100, Duration.ofMinutes(1), 0);
    Ticker ticker = // read between the last look at the flight and the keeping of its scores
        () -> {
          meanwhile.getAndSet(() -> {}).run();
          return now.get();
        };
    var raced = new PredictionCache(config, new SimpleMeterRegistry(), ticker);
    var flight = Promise.<List<PrefixScores>>promise();
    var lookup = raced.getAll(List.of(key("a")), false, 1, SOON, (asked, until) -> flight.future());
    meanwhile.set(
        switch (what) {
          case "forgotten" -> () -> raced.forget(Set.of("a"));
          case "switched off" ->
              () -> raced.apply(new CacheConfig(false, 100, Duration.ofMinutes(1), 0));
          default ->
              () -> {
                throw new IllegalStateException("no room");
              };
        });

    flight.complete(List.of(answer(FINGERPRINT)));

    assertThat(lookup.get(0).result().scores()).isEqualTo(answer(FINGERPRINT));
    assertThat(raced.stats().getLong("size")).isZero();
  }

  /** A caller that finds neither scores nor a flight may do so while a flight lands. */
  @Test
  void scoresEachAddressOnceHoweverManyThreadsAskForIt() throws Exception {
    cache.apply(new CacheConfig(true, 10_000, Duration.ofMinutes(1), 0));
    var scorings = new AtomicInteger();
    var keys = keys(5_000);
    var threads = Executors.newFixedThreadPool(4);
    try {
      var asking =
          threads.invokeAll(
              Collections.<Callable<Void>>nCopies(
                  4,
                  () -> {
                    for (var key : keys) {
                      get(
                          key,
                          () -> {
                            scorings.incrementAndGet();
                            return scored();
                          });
                    }
                    return null;
                  }));
      for (var asked : asking) asked.get();
    } finally {
      threads.shutdown();
    }
    assertThat(scorings).hasValue(keys.size());
  }

  @Test
  void countsHitsAndMissesForCallersAndForMeters() {
    get(key("a"), this::scored);
    get(key("a"), this::scored);
    get(key("a"), this::scored);

    var stats = cache.stats();
    assertThat(stats.getLong("hits")).isEqualTo(2);
    assertThat(stats.getLong("misses")).isEqualTo(1);
    assertThat(stats.getDouble("hit_rate")).isEqualTo(2 / 3.0);
    assertThat(
            registry
                .get("cache.gets")
                .tag("cache", "predictions")
                .tag("result", "hit")
                .functionCounter()
                .count())
        .isEqualTo(2);
  }

  @Test
  @ExtendWith(VertxExtension.class)
  void answersEachCallerOnItsOwnContext(Vertx vertx) throws Exception {
    var flight = Promise.<PrefixScores>promise();
    var mine = vertx.getOrCreateContext();
    var started = Promise.<Void>promise();
    var seen = Promise.<Context>promise();

    mine.runOnContext(
        go -> {
          get(key("a"), flight::future).onComplete(done -> seen.complete(Vertx.currentContext()));
          started.complete();
        });
    started.future().await(60, TimeUnit.SECONDS);
    flight.complete(answer(FINGERPRINT));

    assertThat(seen.future().await(60, TimeUnit.SECONDS)).isSameAs(mine);
  }

  /** With entries for scorings in flight Caffeine would take n squared steps: minutes. */
  @Test
  @Timeout(60)
  void takesABurstOfMissesAndShrinksByManyEntries() {
    cache.apply(new CacheConfig(true, 100_000, Duration.ofMinutes(1), 0));
    getAll(keys(60_250), this::scoredAll);

    cache.apply(new CacheConfig(true, 4_500, Duration.ofSeconds(20), 0));

    assertThat(cache.stats().getLong("size")).isEqualTo(4_500);
  }

  private static List<Key> keys(int count) {
    return IntStream.range(0, count).mapToObj(i -> key("a" + i)).toList();
  }

  private PredictionCache cache(boolean enabled, int maxSize, Duration ttl) {
    return new PredictionCache(new CacheConfig(enabled, maxSize, ttl, 0), registry, now::get);
  }

  private static Key key(String text) {
    return new Key(FINGERPRINT, address(text));
  }

  private static Address address(String text) {
    return new Address(text, "560017");
  }

  private static Source source(Future<LookupResult> lookup) {
    assertThat(lookup.succeeded()).isTrue();
    return lookup.result().source();
  }

  private Future<PrefixScores> scored() {
    return scored(FINGERPRINT);
  }

  private static Future<PrefixScores> scored(String fingerprint) {
    return Future.succeededFuture(answer(fingerprint));
  }

  private Future<List<PrefixScores>> scoredAll(List<Key> missing) {
    asked.addAll(missing);
    return Future.succeededFuture(missing.stream().map(key -> answer(key.fingerprint())).toList());
  }

  private static Future<PrefixScores> never() {
    throw new AssertionError("scored although there is an answer");
  }

  private static PrefixScores answer(String fingerprint) {
    return TestScores.of(fingerprint, new Address("a", null), List.of(new Candidate("CP1", 0.9)));
  }

  private Future<LookupResult> get(Key key, Supplier<Future<PrefixScores>> score) {
    return get(key, SOON, until -> score.get());
  }

  private Future<LookupResult> get(
      Key key, Deadline deadline, Function<SharedDeadline, Future<PrefixScores>> score) {
    return cache
        .getAll(
            List.of(key), false, 1, deadline, (missing, until) -> score.apply(until).map(List::of))
        .get(0);
  }

  private List<Future<LookupResult>> getAll(
      List<Key> keys, Function<List<Key>, Future<List<PrefixScores>>> score) {
    return cache.getAll(keys, false, MANY, SOON, (missing, until) -> score.apply(missing));
  }

  @Test
  void scoringHasTheLatestDeadlineOfAllWaitingRequests() {
    var waiting = new AtomicReference<SharedDeadline>();
    var soon = Deadline.in(Duration.ofSeconds(1));
    var later = Deadline.in(Duration.ofSeconds(2));

    get(
        key("a"),
        soon,
        until -> {
          waiting.set(until);
          return Promise.<PrefixScores>promise().future();
        });
    assertThat(waiting.get().latest()).isEqualTo(soon);
    get(key("a"), later, until -> never());
    assertThat(waiting.get().latest()).isEqualTo(later);
    get(key("a"), soon, until -> never());
    assertThat(waiting.get().latest()).isEqualTo(later);
  }
}
