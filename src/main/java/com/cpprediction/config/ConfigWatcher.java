package com.cpprediction.config;

import com.cpprediction.watch.FileWatch;
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
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the configuration in force and replaces it, whole, when its files change to another valid
 * state. An edit that can't be used, deleting a file included, is refused, and the configuration in
 * force stays. Keys marked {@code restart} keep the value they started with. Thread-safe.
 *
 * <p>A component reads {@link #current} each time it uses a value. Only one that has to act when a
 * value changes, such as a cache that is resized, is called through {@link #onChange}.
 */
public final class ConfigWatcher {
  private final Vertx vertx;
  private final ConfigLoader loader;
  private final Runnable onRefusal;
  private final Clock clock;
  private final Logger log;
  private final FileWatch<SourceFiles> watch;
  private final List<Consumer<Change>> listeners = new CopyOnWriteArrayList<>();
  private volatile State state;

  /**
   * @param active in force
   * @param handled the files as they were last accepted or refused
   * @param waiting changed keys that need a restart
   * @param error why the last edit was refused; empty when it was accepted
   */
  private record State(
      LoadedConfig active,
      SourceFiles handled,
      List<ConfigKey> waiting,
      Instant at,
      Optional<String> error) {}

  private record Change(ServiceConfig before, ServiceConfig now, Edit edit) {}

  /**
   * An accepted edit of the files.
   *
   * @param before values in force before it by key, of those that it changed; secrets masked
   * @param after values in force after it, likewise
   * @param waiting keys whose new value needs a restart
   */
  public record Edit(JsonObject before, JsonObject after, List<String> waiting) {}

  /**
   * @param loader as {@code initial} was loaded with
   * @param initial in force until a file changes
   * @param onRefusal runs on a worker thread at each refused edit
   */
  public ConfigWatcher(
      Vertx vertx, ConfigLoader loader, LoadedConfig initial, Runnable onRefusal, Clock clock) {
    this(vertx, loader, initial, onRefusal, clock, LoggerFactory.getLogger(ConfigWatcher.class));
  }

  ConfigWatcher(
      Vertx vertx,
      ConfigLoader loader,
      LoadedConfig initial,
      Runnable onRefusal,
      Clock clock,
      Logger log) {
    this.vertx = vertx;
    this.loader = loader;
    this.onRefusal = onRefusal;
    this.clock = clock;
    this.log = log;
    this.state = new State(initial, initial.files(), List.of(), clock.instant(), Optional.empty());
    this.watch =
        FileWatch.everySecond(
            vertx, loader.file().toString(), loader::read, () -> state.handled, this::change);
  }

  /** The configuration in force. Read it once where several values have to fit together. */
  public ServiceConfig current() {
    return state.active.config();
  }

  /** Calls {@code listener} on an event loop with {@code value} each time it has changed. */
  public <T> void onChange(Function<ServiceConfig, T> value, Consumer<T> listener) {
    listeners.add(
        change -> {
          var now = value.apply(change.now());
          if (!now.equals(value.apply(change.before()))) listener.accept(now);
        });
  }

  /** Calls {@code listener} on an event loop with each edit that has changed a value. */
  public void onEdit(Consumer<Edit> listener) {
    listeners.add(change -> listener.accept(change.edit()));
  }

  /** Watches the files until {@link #stop}, whether or not they exist yet. */
  public void start() {
    state.active.warnings().forEach(log::warn);
    watch.start();
  }

  public void stop() {
    watch.stop();
  }

  /** Whether the last edit is in force, apart from keys that need a restart. */
  public boolean accepted() {
    return state.error.isEmpty();
  }

  /**
   * The body of {@code GET /config}: {@code file}, {@code values} by key, {@code last_reload} with
   * the error of a refused edit, and {@code pending_restart}, the keys whose new value needs a
   * restart. Secrets are masked.
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
                .put("outcome", now.error.isEmpty() ? "ok" : "refused")
                .put("error", now.error.orElse(null)))
        .put("pending_restart", new JsonArray(paths(now.waiting)));
  }

  /** Polls once, as {@link FileWatch#poll}. */
  Future<Void> poll() {
    return watch.poll();
  }

  private Future<Void> change(SourceFiles found) {
    return vertx
        .executeBlocking(() -> load(found), false)
        .map(
            change -> {
              change.ifPresent(this::publish);
              return null;
            });
  }

  /** Blocks while it parses. */
  private synchronized Optional<Change> load(SourceFiles found) {
    try {
      if (found.file().absent() && !state.active.files().file().absent()) {
        throw new ConfigException(List.of("the file was deleted"));
      }
      return accept(loader.load(found));
    } catch (ConfigException e) {
      refuse(found, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private Optional<Change> accept(LoadedConfig loaded) {
    var before = state.active;
    var waiting = loaded.changedFrom(before).stream().filter(key -> !key.hot()).toList();
    var active = loaded.keeping(waiting, before);
    var changed = active.changedFrom(before);
    var edited = loader.changed(state.handled, loaded.files());
    state = new State(active, loaded.files(), waiting, clock.instant(), Optional.empty());
    log.info(
        "Reloaded {}: changed {}, waiting for a restart {}",
        edited,
        paths(changed),
        paths(waiting));
    return changed.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Change(
                before.config(),
                active.config(),
                new Edit(before.values(changed), active.values(changed), paths(waiting))));
  }

  private void refuse(SourceFiles found, String error) {
    var edited = loader.changed(state.handled, found);
    state = new State(state.active, found, state.waiting, clock.instant(), Optional.of(error));
    onRefusal.run();
    log.error("Refused the edit of {}, the last good configuration stays: {}", edited, error);
  }

  private void publish(Change change) {
    for (var listener : listeners) {
      try {
        listener.accept(change);
      } catch (RuntimeException e) {
        log.error("A listener failed on the new configuration", e);
      }
    }
  }

  private static List<String> paths(List<ConfigKey> keys) {
    return keys.stream().map(ConfigKey::path).toList();
  }
}
