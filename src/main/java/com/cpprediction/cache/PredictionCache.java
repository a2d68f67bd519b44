package com.cpprediction.cache;

import com.cpprediction.config.CacheConfig;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.prediction.SharedDeadline;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import com.github.benmanes.caffeine.cache.stats.ConcurrentStatsCounter;
import com.github.benmanes.caffeine.cache.stats.StatsCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.cache.CaffeineCacheMetrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores of addresses, shared by all verticles of a node. Equal keys asked for at the same time are
 * scored once; callers that join get the same scores or the same failure. A failure is not kept.
 * Thread-safe; futures complete on the caller's Vert.x context.
 *
 * <p>Scorings in flight are beside the library's cache, not in it: its upkeep after each write
 * would pass over all those at the head of its order (Caffeine 3.3.1, {@code
 * expireAfterWriteEntries}), so that a burst of n misses on an empty cache would take n squared
 * steps.
 */
public final class PredictionCache {
  private static final Logger log = LoggerFactory.getLogger(PredictionCache.class);

  /** Bounds the search for addresses, which holds Caffeine's lock on eviction. */
  private static final int SEARCHED = 10;

  /**
   * Ordered, so that even keys of one hash are found in logarithmic time: hash tables make trees of
   * such.
   *
   * @param fingerprint scoring fingerprint of the model to score with, so that scores of another
   *     model never hit
   */
  public record Key(String fingerprint, Address address) implements Comparable<Key> {
    public Key {
      Objects.requireNonNull(fingerprint, "fingerprint");
      Objects.requireNonNull(address, "address");
    }

    @Override
    public int compareTo(Key other) {
      int order = address.compareTo(other.address);
      return order != 0 ? order : fingerprint.compareTo(other.fingerprint);
    }
  }

  /** Scores the keys that are not in the cache. */
  @FunctionalInterface
  public interface Score {
    /**
     * @param until latest deadline of the callers of any of {@code keys}; moves while others join
     * @return scores for each key, in order
     */
    Future<List<PrefixScores>> of(List<Key> keys, SharedDeadline until);
  }

  private final StatsCounter counts = new ConcurrentStatsCounter();
  private final Cache<Key, PrefixScores> cache;
  private final ConcurrentMap<Key, Flight> flights = new ConcurrentHashMap<>();
  private final AddressCache addresses;
  private final LongAdder loads = new LongAdder(); // that were scored
  private final LongAdder waiting = new LongAdder(); // nanoseconds, as scoring
  private final LongAdder scoring = new LongAdder();
  private final LongAdder warmed = new LongAdder();
  private volatile int toWarm;
  private volatile CacheConfig config;
  private volatile @Nullable Set<String> fingerprints; // in force; absent for all

  public PredictionCache(CacheConfig config, MeterRegistry registry) {
    this(config, registry, Ticker.systemTicker());
  }

  PredictionCache(CacheConfig config, MeterRegistry registry, Ticker ticker) {
    this.config = config;
    cache =
        CaffeineCacheMetrics.monitor(
            registry,
            Caffeine.newBuilder()
                .maximumSize(config.maxSize())
                .expireAfterWrite(config.ttl())
                .ticker(ticker)
                .executor(Runnable::run) // upkeep is short; a hop to another thread costs more
                .recordStats(() -> counts)
                .build(),
            "predictions");
    addresses = new AddressCache(config, ticker);
  }

  /**
   * What was read of addresses; has the size, lifetime and switch of this, and is cleared with it.
   */
  public AddressCache addresses() {
    return addresses;
  }

  /**
   * Takes new settings. Switching the cache off also forgets what it holds. Blocks for as long as
   * it removes entries, a second for a million; lookups go on meanwhile.
   */
  public void apply(CacheConfig changed) {
    config = changed;
    if (!changed.enabled()) forgetAll();
    Resizing.apply(cache, changed);
    addresses.apply(changed);
  }

  /**
   * From now on keeps scores of the fingerprints {@code inForce} only; those of others reach the
   * callers that wait for them. Blocks as {@link #apply} does.
   *
   * @return up to {@code most} addresses whose scores it had and keeps no longer, the most used
   *     first, of its {@value #SEARCHED} times {@code most} most used entries
   */
  public List<Address> retain(Collection<String> inForce, int most) {
    var retained = Set.copyOf(inForce);
    var before = fingerprints;
    fingerprints = retained; // first, for scorings that end meanwhile
    if (before != null && retained.containsAll(before)) return List.of();
    var replaced =
        cache
            .policy()
            .eviction()
            .orElseThrow()
            .hottest(
                entries ->
                    entries
                        .limit((long) SEARCHED * most)
                        .map(Map.Entry::getKey)
                        .filter(key -> !retained.contains(key.fingerprint()))
                        .map(Key::address)
                        .distinct() // one may have scores of several prefixes
                        .limit(most)
                        .toList());
    cache.asMap().keySet().removeIf(key -> !retained.contains(key.fingerprint()));
    return replaced;
  }

  /** Whether scores are kept at all. */
  public boolean enabled() {
    return config.enabled();
  }

  /**
   * The scores filed under {@code keys}; has those scored that are neither there nor in flight.
   *
   * @param ahead of any request: counts as neither hit nor miss
   * @param deadline until when the caller waits
   * @param together keys that {@code score} is asked for at a time, at most
   * @param score asked for the keys that are not being scored yet, with the latest deadline of
   *     their callers; scores for each, in order; its failure is that of the keys it was asked for
   *     together
   * @return one future for each key, in order; they fail independently
   */
  public List<Future<LookupResult>> getAll(
      List<Key> keys, boolean ahead, int together, Deadline deadline, Score score) {
    var until = new SharedDeadline(deadline);
    if (!enabled()) return scoreAll(keys, together, until, score);
    var lookups = new ArrayList<Future<LookupResult>>(keys.size());
    var missing = new ArrayList<Key>();
    var started = new ArrayList<Flight>();
    for (var key : keys) {
      var kept = cache.asMap().get(key);
      if (kept != null) {
        lookups.add(Future.succeededFuture(new LookupResult(kept, Source.CACHE)));
        continue;
      }
      var mine = new Flight(until);
      var joined = flights.putIfAbsent(key, mine);
      if (joined != null) {
        joined.until.join(deadline);
        lookups.add(joined.lookup(Source.CACHE));
      } else if (endedByAnother(key, mine)) {
        lookups.add(mine.lookup(Source.CACHE));
      } else {
        missing.add(key);
        started.add(mine);
        lookups.add(mine.lookup(Source.MODEL));
      }
    }
    if (!ahead) {
      counts.recordHits(keys.size() - missing.size());
      counts.recordMisses(missing.size());
    }
    for (int from = 0; from < missing.size(); from += together) {
      int to = Math.min(from + together, missing.size());
      load(missing.subList(from, to), started.subList(from, to), until, score);
    }
    return lookups;
  }

  /**
   * Forgets everything; scorings in flight still reach their callers. Blocks as {@link #apply}
   * does.
   *
   * @return how many entries there were
   */
  public long clear() {
    cache.cleanUp();
    long cleared = cache.estimatedSize();
    forgetAll();
    addresses.clear();
    return cleared;
  }

  /** Flights go first: one that lands meanwhile then finds that its scores are not to be kept. */
  private void forgetAll() {
    flights.clear();
    cache.invalidateAll();
  }

  /**
   * Forgets some addresses, with any pincodes. Blocks: looks at all entries.
   *
   * @param canonical forms of the addresses
   */
  public void forget(Set<String> canonical) {
    flights.keySet().removeIf(key -> canonical.contains(key.address().text()));
    cache.asMap().keySet().removeIf(key -> canonical.contains(key.address().text()));
    addresses.forget(canonical);
  }

  /**
   * Loads of {@code count} keys, asked for together, were scored.
   *
   * @param waited nanoseconds from asking until a worker began
   * @param scored nanoseconds that the worker took for all of them
   */
  public void loaded(int count, long waited, long scored) {
    if (!enabled()) return;
    loads.add(count);
    waiting.add(count * waited); // each key had to wait for the whole
    scoring.add(count * scored);
  }

  /**
   * The cache refilled itself with some addresses.
   *
   * @param left addresses that still are to be
   */
  public void warmed(int count, int left) {
    warmed.add(count);
    toWarm = left;
  }

  /** Addresses that the cache refilled itself with. */
  public long warmed() {
    return warmed.sum();
  }

  /** The numbers behind {@code GET /cache/stats}. */
  public JsonObject stats() {
    cache.cleanUp();
    var stats = cache.stats();
    return new JsonObject()
        .put("enabled", config.enabled())
        .put("size", cache.estimatedSize())
        .put("max_size", config.maxSize())
        .put("ttl_seconds", config.ttl().toSeconds())
        .put("hits", stats.hitCount())
        .put("misses", stats.missCount())
        .put("hit_rate", stats.requestCount() == 0 ? 0.0 : stats.hitRate())
        .put("evictions", stats.evictionCount())
        .put("loads", stats.loadCount())
        .put("load_failures", stats.loadFailureCount())
        .put("warmed", warmed())
        .put("to_warm", toWarm)
        .put("average_load_ms", stats.averageLoadPenalty() / TimeUnit.MILLISECONDS.toNanos(1))
        .put("average_wait_ms", average(waiting))
        .put("average_score_ms", average(scoring));
  }

  /** Milliseconds per load that was scored. */
  private double average(LongAdder nanos) {
    long count = loads.sum();
    return count == 0 ? 0 : nanos.sum() / (double) TimeUnit.MILLISECONDS.toNanos(count);
  }

  private void load(List<Key> keys, List<Flight> started, SharedDeadline until, Score score) {
    ask(keys, until, score)
        .onSuccess(
            scored -> {
              for (int i = 0; i < keys.size(); i++) {
                land(keys.get(i), started.get(i), scored.get(i));
              }
            })
        .onFailure(
            cause -> {
              for (int i = 0; i < keys.size(); i++) fail(keys.get(i), started.get(i), cause);
            });
  }

  /**
   * Ends a flight that was just begun if another one has landed since the cache was asked.
   *
   * @return whether it was ended
   */
  private boolean endedByAnother(Key key, Flight mine) {
    var kept = cache.asMap().get(key);
    if (kept == null) return false;
    flights.remove(key, mine);
    mine.complete(kept);
    return true;
  }

  /** Ends a flight with its scores, kept or not. */
  private void land(Key key, Flight flight, PrefixScores scores) {
    counts.recordLoadSuccess(flight.nanos());
    try {
      keep(key, flight, scores);
    } catch (RuntimeException | Error e) { // callers wait for these scores and for the rest
      log.error("Cannot keep scores of an address", e);
    }
    flights.remove(key, flight);
    flight.complete(scores);
  }

  /** Keeps {@code scores}, unless their key is forgotten or replaced before or meanwhile. */
  private void keep(Key key, Flight flight, PrefixScores scores) {
    if (flights.get(key) != flight || !wanted(key)) return;
    cache.put(key, scores);
    if (!flights.remove(key, flight) || !wanted(key)) cache.asMap().remove(key, scores);
  }

  private boolean wanted(Key key) {
    return enabled() && !replaced(key);
  }

  private boolean replaced(Key key) {
    var inForce = fingerprints;
    return inForce != null && !inForce.contains(key.fingerprint());
  }

  private void fail(Key key, Flight flight, Throwable cause) {
    counts.recordLoadFailure(flight.nanos());
    flights.remove(key, flight); // before it completes, so that no caller joins a failure
    flight.completeExceptionally(cause);
  }

  private static List<Future<LookupResult>> scoreAll(
      List<Key> keys, int together, SharedDeadline until, Score score) {
    var lookups = new ArrayList<Future<LookupResult>>(keys.size());
    for (int from = 0; from < keys.size(); from += together) {
      int to = Math.min(from + together, keys.size());
      var scored = ask(keys.subList(from, to), until, score);
      for (int i = 0; i < to - from; i++) {
        int item = i;
        lookups.add(scored.map(all -> new LookupResult(all.get(item), Source.MODEL)));
      }
    }
    return lookups;
  }

  private static Future<List<PrefixScores>> ask(List<Key> keys, SharedDeadline until, Score score) {
    Future<List<PrefixScores>> scoring;
    try {
      scoring = Objects.requireNonNull(score.of(Collections.unmodifiableList(keys), until));
    } catch (Throwable e) { // else the keys would stay in flight
      scoring = Future.failedFuture(e);
    }
    return scoring.compose(
        scored ->
            scored.size() == keys.size()
                ? Future.succeededFuture(scored)
                : Future.failedFuture(
                    new IllegalStateException(
                        scored.size() + " answers for " + keys.size() + " addresses")));
  }

  /** A scoring in flight. */
  private static final class Flight extends CompletableFuture<PrefixScores> {
    private final SharedDeadline until;
    private final long start = System.nanoTime();

    Flight(SharedDeadline until) {
      this.until = until;
    }

    long nanos() {
      return System.nanoTime() - start;
    }

    Future<LookupResult> lookup(Source source) {
      var context = Vertx.currentContext();
      var future =
          context == null
              ? Future.fromCompletionStage(this)
              : Future.fromCompletionStage(this, context);
      return future.map(scores -> new LookupResult(scores, source));
    }
  }
}
