package com.cpprediction.shadow;

import com.cpprediction.bus.Bus;
import com.cpprediction.bus.SingleFlight;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.watch.FileWatch;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the shadow release and describes it on request. Event loop; loading runs on a thread of its
 * own.
 */
public final class ShadowVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(ShadowVerticle.class);
  private static final Duration LONGEST = Duration.ofMinutes(10);
  private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(5);

  private final ShadowRelease shadow;
  private final Supplier<Duration> poll;
  private WorkerExecutor executor;
  private SingleFlight<JsonObject> status;
  private FileWatch<String> watch;

  /**
   * @param poll interval of the looks at the directory; zero for none
   */
  public ShadowVerticle(ShadowRelease shadow, Supplier<Duration> poll) {
    this.shadow = shadow;
    this.poll = poll;
  }

  /** Completes before the models are loaded: the service is ready without them. */
  @Override
  public Future<?> start() {
    executor =
        vertx.createSharedWorkerExecutor("cp-shadow", 1, LONGEST.toMillis(), TimeUnit.MILLISECONDS);
    status = new SingleFlight<>(vertx, this::describe);
    watch =
        FileWatch.every(
            poll, vertx, "the shadow release", shadow::offered, shadow::taken, changed -> reload());
    shadow.start();
    var loaded = reload();
    loaded.onComplete(done -> watch.start());
    return vertx
        .eventBus()
        .localConsumer(
            Bus.SHADOW_STATUS,
            message ->
                status
                    .get()
                    .onSuccess(message::reply)
                    .onFailure(
                        cause -> {
                          log.error("Cannot describe the shadow release", cause);
                          message.fail(
                              Failure.INTERNAL.code(), "describing the shadow release failed");
                        }))
        .completion();
  }

  @Override
  public Future<?> stop() {
    watch.stop();
    return executor
        .executeBlocking(
            () -> {
              shadow.stop();
              return null;
            })
        .transform(done -> executor.close());
  }

  /** Loads what the configuration names now. Thread-safe. */
  public Future<Void> reload() {
    return executor
        .<Void>executeBlocking(
            () -> {
              shadow.reload();
              return null;
            })
        .onFailure(cause -> log.error("Cannot load the shadow release", cause));
  }

  private Future<JsonObject> describe() {
    return Bus.<JsonArray>ask(
            vertx, Bus.COMPARED_OUTCOMES, shadow.pair(), Deadline.in(QUERY_TIMEOUT))
        .transform(
            (outcomes, cause) ->
                vertx.executeBlocking(() -> described(cause == null ? outcomes : null), false));
  }

  private JsonObject described(@Nullable JsonArray outcomes) {
    var json = shadow.toJson();
    if (outcomes == null) return json.putNull("outcomes"); // the database is away
    Map<String, JsonObject> byPrefix = new HashMap<>();
    long known = 0;
    long served = 0;
    long shadowed = 0;
    for (var item : outcomes) {
      var of = (JsonObject) item;
      byPrefix.put(of.getString("prefix"), of);
      known += of.getLong("outcomes");
      served += of.getLong("served_right");
      shadowed += of.getLong("shadow_right");
    }
    for (var item : json.getJsonArray("prefixes", new JsonArray())) {
      var prefix = (JsonObject) item;
      var of = byPrefix.get(prefix.getString("prefix"));
      prefix.put(
          "outcomes",
          of == null
              ? outcomes(0, 0, 0)
              : outcomes(
                  of.getLong("outcomes"), of.getLong("served_right"), of.getLong("shadow_right")));
    }
    return json.put("outcomes", outcomes(known, served, shadowed));
  }

  private static JsonObject outcomes(long known, long served, long shadow) {
    return new JsonObject()
        .put("known", known)
        .put("served_right", served)
        .put("shadow_right", shadow);
  }
}
