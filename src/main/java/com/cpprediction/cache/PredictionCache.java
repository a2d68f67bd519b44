package com.cpprediction.cache;

import com.cpprediction.config.CacheConfig;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Lookup;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.Scored;
import com.cpprediction.prediction.SharedDeadline;
import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import com.github.benmanes.caffeine.cache.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.cache.CaffeineCacheMetrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What models said of addresses, shared by all verticles of a node. Equal keys asked for at the
 * same time are scored once; whoever joins gets the same answer or the same failure. A failure is
 * not kept. Thread-safe; futures complete on the caller's Vert.x context.
 */
public final class PredictionCache {
  /**
   * Ordered, so that even keys of one hash, should there be some, are found in logarithmic time:
   * hash tables make trees of such.
   *
   * @param fingerprint scoring fingerprint of the model that is to answer, so that an answer of
   *     another model never hits
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

  /** Whoever makes the answers. */
  @FunctionalInterface
  public interface Score {
    /**
     * @param until when anybody waits for any of {@code keys}; moves while others join
     * @return one answer for each key, in order
     */
    Future<List<Scored>> of(List<Key> keys, SharedDeadline until);
  }

  private final AsyncCache<Key, Scored> cache;
  private volatile CacheConfig config;

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
                .recordStats()
                .buildAsync(),
            "predictions");
  }

  /** Takes new settings at once. Switching the cache off also forgets what it holds. */
  public void apply(CacheConfig changed) {
    config = changed;
    policy().eviction().orElseThrow().setMaximum(changed.maxSize());
    policy().expireAfterWrite().orElseThrow().setExpiresAfter(changed.ttl());
    if (!changed.enabled()) cache.synchronous().invalidateAll();
  }

  /** Whether answers are kept at all. */
  public boolean enabled() {
    return config.enabled();
  }

  /**
   * The answer filed under {@code key}; {@code score} is asked when there is none and nobody else
   * is asking.
   *
   * @param deadline until when the caller waits
   */
  public Future<Lookup> get(
      Key key, Deadline deadline, Function<SharedDeadline, Future<Scored>> score) {
    return getAll(List.of(key), 1, deadline, (missing, until) -> score.apply(until).map(List::of))
        .get(0);
  }

  /**
   * As {@link #get}, for several keys.
   *
   * @param together keys that {@code score} is asked for at a time, at most
   * @param score asked for the keys that are not being scored yet, with the latest deadline of
   *     their callers; one answer for each, in order; what fails are those it was asked for
   *     together
   * @return one future for each key, in order; they fail independently
   */
  public List<Future<Lookup>> getAll(List<Key> keys, int together, Deadline deadline, Score score) {
    var until = new SharedDeadline(deadline);
    if (!enabled()) return scoreAll(keys, together, until, score);
    var lookups = new ArrayList<Future<Lookup>>(keys.size());
    var missing = new ArrayList<Key>();
    var started = new ArrayList<Flight>();
    for (var key : keys) {
      var flight = (Flight) cache.getIfPresent(key);
      if (flight == null) {
        var mine = new Flight(until);
        flight = (Flight) cache.asMap().putIfAbsent(key, mine);
        if (flight == null) {
          missing.add(key);
          started.add(mine);
          lookups.add(mine.lookup(Source.MODEL));
          continue;
        }
      }
      flight.until.join(deadline);
      lookups.add(flight.lookup(Source.CACHE));
    }
    for (int from = 0; from < missing.size(); from += together) {
      int to = Math.min(from + together, missing.size());
      load(missing.subList(from, to), started.subList(from, to), until, score);
    }
    return lookups;
  }

  /** Forgets everything; answers in the making still reach those who wait for them. */
  public long clear() {
    var entries = cache.synchronous();
    entries.cleanUp();
    long cleared = entries.estimatedSize();
    entries.invalidateAll();
    return cleared;
  }

  /** The numbers behind {@code GET /cache/stats}. */
  public JsonObject stats() {
    var entries = cache.synchronous();
    entries.cleanUp();
    var stats = entries.stats();
    return new JsonObject()
        .put("enabled", config.enabled())
        .put("size", entries.estimatedSize())
        .put("max_size", config.maxSize())
        .put("ttl_seconds", config.ttl().toSeconds())
        .put("hits", stats.hitCount())
        .put("misses", stats.missCount())
        .put("hit_rate", stats.requestCount() == 0 ? 0.0 : stats.hitRate())
        .put("evictions", stats.evictionCount())
        .put("loads", stats.loadCount())
        .put("load_failures", stats.loadFailureCount())
        .put("average_load_ms", stats.averageLoadPenalty() / TimeUnit.MILLISECONDS.toNanos(1));
  }

  private void load(List<Key> keys, List<Flight> flights, SharedDeadline until, Score score) {
    ask(keys, until, score)
        .onSuccess(
            scored -> {
              for (int i = 0; i < flights.size(); i++) land(keys.get(i), flights.get(i), scored, i);
            })
        .onFailure(
            cause -> {
              for (int i = 0; i < flights.size(); i++) fail(keys.get(i), flights.get(i), cause);
            });
  }

  private void land(Key key, Flight flight, List<Scored> all, int i) {
    var scored = all.get(i);
    if (!scored.fingerprint().equals(key.fingerprint())) { // the model was replaced on the way
      cache.asMap().remove(key, flight);
    }
    flight.complete(scored);
  }

  private void fail(Key key, Flight flight, Throwable cause) {
    cache.asMap().remove(key, flight); // before it completes, so that nobody can join a failure
    flight.fail(cause);
  }

  private static List<Future<Lookup>> scoreAll(
      List<Key> keys, int together, SharedDeadline until, Score score) {
    var lookups = new ArrayList<Future<Lookup>>(keys.size());
    for (int from = 0; from < keys.size(); from += together) {
      int to = Math.min(from + together, keys.size());
      var scored = ask(keys.subList(from, to), until, score);
      for (int i = 0; i < to - from; i++) {
        int item = i;
        lookups.add(scored.map(all -> new Lookup(all.get(item), Source.MODEL)));
      }
    }
    return lookups;
  }

  private static Future<List<Scored>> ask(List<Key> keys, SharedDeadline until, Score score) {
    Future<List<Scored>> answer;
    try {
      answer = score.of(Collections.unmodifiableList(keys), until);
    } catch (RuntimeException e) {
      answer = Future.failedFuture(e);
    }
    return answer.compose(
        scored ->
            scored.size() == keys.size()
                ? Future.succeededFuture(scored)
                : Future.failedFuture(
                    new IllegalStateException(
                        scored.size() + " answers for " + keys.size() + " addresses")));
  }

  private Policy<Key, Scored> policy() {
    return cache.synchronous().policy();
  }

  /**
   * An answer in the making. One that fails completes with null, which Caffeine drops without a
   * word: it would log an exception, and an overloaded service must not flood its log.
   */
  private static final class Flight extends CompletableFuture<Scored> {
    private final SharedDeadline until;
    private @Nullable Throwable failure;

    Flight(SharedDeadline until) {
      this.until = until;
    }

    void fail(Throwable cause) {
      failure = cause;
      complete(null);
    }

    Future<Lookup> lookup(Source source) {
      if (isDone()) return outcome(join(), source);
      var context = Vertx.currentContext();
      var landed =
          context == null
              ? Future.fromCompletionStage(this)
              : Future.fromCompletionStage(this, context);
      return landed.compose(scored -> outcome(scored, source));
    }

    private Future<Lookup> outcome(Scored scored, Source source) {
      return scored == null
          ? Future.failedFuture(failure)
          : Future.succeededFuture(new Lookup(scored, source));
    }
  }
}
