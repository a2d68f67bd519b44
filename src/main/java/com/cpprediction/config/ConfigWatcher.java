package com.cpprediction.config;

import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.metrics.ServiceMetrics.Reload;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the configuration in force and replaces it, whole, when its files change to another valid
 * state: the configuration file and those of secrets, all in one look. What the next look finds
 * changed again is still being written and left alone. An edit that can't be used, deleting a file
 * included, is refused: the last good configuration stays. Keys marked {@code restart} keep the
 * value they started with. Thread-safe.
 */
public final class ConfigWatcher {
  private static final long INTERVAL_MS = 1_000;

  /** From a look that finds something new to the one that has to find the same. */
  private static final long SETTLE_MS = 250;

  private final Vertx vertx;
  private final ConfigLoader loader;
  private final ServiceMetrics metrics;
  private final Clock clock;
  private final Logger log;
  private final List<Consumer<ServiceConfig>> subscribers = new CopyOnWriteArrayList<>();
  private volatile State state;
  private volatile boolean settling;
  private Sources seen;
  private volatile boolean watching;

  /**
   * @param active what is in force
   * @param found the last content of the files, good or bad
   * @param waiting changed keys that need a restart
   * @param error why the last edit was refused, null when it was not
   */
  private record State(
      LoadedConfig active, Sources found, List<Key> waiting, Instant at, String error) {}

  /**
   * @param loader as {@code initial} was loaded with
   * @param initial in force until a file changes
   */
  public ConfigWatcher(
      Vertx vertx, ConfigLoader loader, LoadedConfig initial, ServiceMetrics metrics, Clock clock) {
    this(vertx, loader, initial, metrics, clock, LoggerFactory.getLogger(ConfigWatcher.class));
  }

  ConfigWatcher(
      Vertx vertx,
      ConfigLoader loader,
      LoadedConfig initial,
      ServiceMetrics metrics,
      Clock clock,
      Logger log) {
    this.vertx = vertx;
    this.loader = loader;
    this.metrics = metrics;
    this.clock = clock;
    this.log = log;
    this.state = new State(initial, initial.sources(), List.of(), clock.instant(), null);
    this.seen = initial.sources();
    metrics.lastReload(Reload.CONFIG, () -> state.error == null);
  }

  /** The configuration in force. Read it once where several values have to fit together. */
  public ServiceConfig current() {
    return state.active.config();
  }

  /**
   * Calls {@code subscriber} on an event loop with every configuration that differs from before.
   */
  public void subscribe(Consumer<ServiceConfig> subscriber) {
    subscribers.add(subscriber);
  }

  /** Looks at the files once a second until {@link #stop}, whether or not they exist yet. */
  public void start() {
    loader.warnings().forEach(log::warn);
    watching = true;
    schedule();
  }

  public void stop() {
    watching = false;
  }

  /**
   * What {@code GET /config} answers: {@code file}, {@code values} by key, {@code last_reload} with
   * the error of a refused edit, and {@code pending_restart}, the keys whose new value has to wait.
   * Secrets are masked.
   */
  public JsonObject toJson() {
    var now = state;
    return new JsonObject()
        .put("file", loader.file().toString())
        .put("values", now.active.toJson())
        .put(
            "last_reload",
            new JsonObject()
                .put("at", now.at.toString())
                .put("outcome", now.error == null ? "ok" : "refused")
                .put("error", now.error))
        .put("pending_restart", new JsonArray(paths(now.waiting)));
  }

  /**
   * Looks at the files. Completes once a change that the look before found too is in force and
   * published, or refused.
   */
  Future<Void> poll() {
    return vertx.executeBlocking(this::look, false).map(fresh -> publish(fresh));
  }

  private void schedule() {
    if (!watching) return;
    vertx.setTimer(
        settling ? SETTLE_MS : INTERVAL_MS,
        timer ->
            poll()
                .onFailure(e -> log.error("Cannot look at {}", loader.file(), e))
                .onComplete(done -> schedule()));
  }

  /** Blocks while it reads; returns a configuration to publish. */
  private synchronized Optional<ServiceConfig> look() {
    var now = loader.read();
    // A file may be read while it is written, and the first half of a secret is a secret too. What
    // two looks find was there at one moment, in all files.
    boolean settled = now.equals(seen);
    boolean found = now.equals(state.found);
    seen = now;
    settling = !settled && !found;
    if (!settled || found) return Optional.empty();
    try {
      if (now.file().absent() && !state.active.sources().file().absent()) {
        throw new ConfigException(List.of("the file was deleted"));
      }
      return accept(loader.load(now));
    } catch (ConfigException e) {
      refuse(now, e.getMessage());
      return Optional.empty();
    }
  }

  private Optional<ServiceConfig> accept(LoadedConfig loaded) {
    var before = state.active;
    var waiting = loaded.changedFrom(before).stream().filter(key -> !key.hot()).toList();
    var active = loaded.keeping(waiting, before);
    var changed = active.changedFrom(before);
    var edited = loader.changed(state.found, loaded.sources());
    state = new State(active, loaded.sources(), waiting, clock.instant(), null);
    log.info(
        "Reloaded {}: changed {}, waiting for a restart {}",
        edited,
        paths(changed),
        paths(waiting));
    return changed.isEmpty() ? Optional.empty() : Optional.of(active.config());
  }

  private void refuse(Sources now, String error) {
    var edited = loader.changed(state.found, now);
    state = new State(state.active, now, state.waiting, clock.instant(), error);
    metrics.configReloadFailed();
    log.error("Refused the edit of {}, the last good configuration stays: {}", edited, error);
  }

  private Void publish(Optional<ServiceConfig> fresh) {
    fresh.ifPresent(config -> subscribers.forEach(subscriber -> notify(subscriber, config)));
    return null;
  }

  private void notify(Consumer<ServiceConfig> subscriber, ServiceConfig config) {
    try {
      subscriber.accept(config);
    } catch (RuntimeException e) {
      log.error("A subscriber failed on the new configuration", e);
    }
  }

  private static List<String> paths(List<Key> keys) {
    return keys.stream().map(Key::path).toList();
  }
}
