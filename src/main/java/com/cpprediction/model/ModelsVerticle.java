package com.cpprediction.model;

import com.cpprediction.audit.AuditEntry;
import com.cpprediction.audit.AuditLog;
import com.cpprediction.bus.Bus;
import com.cpprediction.bus.SingleFlight;
import com.cpprediction.model.format.Release;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.watch.FileWatch;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Describes the models on request and reloads them: on request, and when the directory of the
 * release has changed and stays the same from one look to the next. Event loop; what blocks runs on
 * a thread of its own, one after the other.
 */
public final class ModelsVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(ModelsVerticle.class);

  private static final Duration LONGEST = Duration.ofMinutes(10);

  private final ModelStore models;
  private final Supplier<Duration> poll;
  private final AuditLog audit;
  private final AtomicReference<Future<JsonObject>> waiting = new AtomicReference<>();
  private volatile CpDirectory cps = CpDirectory.EMPTY;
  private WorkerExecutor executor;
  private SingleFlight<JsonObject> status;
  private FileWatch<String> watch;

  /**
   * @param poll how often to look at the directory, asked before each look; zero for not at all
   * @param audit records reloads
   */
  public ModelsVerticle(ModelStore models, Supplier<Duration> poll, AuditLog audit) {
    this.models = models;
    this.poll = poll;
    this.audit = audit;
  }

  @Override
  public Future<?> start() {
    executor =
        vertx.createSharedWorkerExecutor("cp-models", 1, LONGEST.toMillis(), TimeUnit.MILLISECONDS);
    // Not on the thread above, where a reload may take minutes.
    status = new SingleFlight<>(vertx, () -> vertx.executeBlocking(models.status()::toJson, false));
    watch =
        FileWatch.every(
            poll,
            vertx,
            models.directory().toString(),
            () -> Release.signature(models.directory()),
            models::signature,
            this::reloadChanged);
    watch.start();
    models.freeOn(
        free ->
            vertx.executeBlocking(
                () -> {
                  free.run();
                  return null;
                },
                false));
    var bus = vertx.eventBus();
    return Future.all(
        List.of(
            bus.consumer(Bus.MODELS_STATUS, this::status).completion(),
            bus.<String>localConsumer(Bus.MODEL_STATUS, this::model).completion(),
            bus.<Object>consumer(Bus.MODELS_RELOAD, message -> reload(message, AuditEntry.BUS))
                .completion(),
            bus.<Object>localConsumer(
                    Bus.MODELS_RELOAD_AS,
                    message -> reload(message, message.headers().get(Bus.CALLER)))
                .completion(),
            bus.<JsonObject>localConsumer(Bus.CPS, message -> names(message, ModelsVerticle::cps))
                .completion(),
            bus.<JsonObject>localConsumer(
                    Bus.PREFIXES,
                    message ->
                        names(message, (all, asked) -> all.places(asked.getJsonArray("prefixes"))))
                .completion(),
            bus.<JsonObject>localConsumer(
                    Bus.OUTCOMES_COUNTED, message -> models.status().counted(message.body()))
                .completion(),
            bus.<JsonObject>localConsumer(Bus.MODELS_CLAIM, message -> change(message, this::claim))
                .completion(),
            bus.<JsonObject>localConsumer(Bus.MODELS_DROP, message -> change(message, this::drop))
                .completion()));
  }

  @Override
  public Future<?> stop() {
    watch.stop();
    models.freeOn(Runnable::run);
    return executor.close();
  }

  private void status(Message<Object> message) {
    status
        .get()
        .onSuccess(message::reply)
        .onFailure(
            cause -> {
              log.error("Cannot describe the models", cause);
              message.fail(Failure.INTERNAL.code(), "describing the models failed");
            });
  }

  private static JsonArray cps(CpDirectory all, JsonObject asked) {
    var codes = asked.getJsonArray("codes");
    return codes == null
        ? all.search(asked.getString("query"), asked.getInteger("limit"))
        : all.byCode(codes);
  }

  private void names(
      Message<JsonObject> message, BiFunction<CpDirectory, JsonObject, JsonArray> find) {
    directory()
        .map(all -> find.apply(all, message.body()))
        .onSuccess(message::reply)
        .onFailure(
            cause -> {
              log.error("Cannot look up CPs", cause);
              message.fail(Failure.INTERNAL.code(), "looking up CPs failed");
            });
  }

  /** The CPs of the release in force, read on first use. */
  private Future<CpDirectory> directory() {
    var known = cps;
    if (known.isOf(models.current().release())) return Future.succeededFuture(known);
    return vertx.executeBlocking(
        () -> {
          if (cps.isOf(models.current().release())) return cps;
          try (var lease = models.lease()) {
            cps = CpDirectory.read(models.directory(), lease);
            return cps;
          }
        });
  }

  private void model(Message<String> message) {
    var model = models.status().toJson(message.body());
    if (model != null) {
      message.reply(model);
    } else if (models.whole() && models.current().prefixes().contains(message.body())) {
      message.fail(
          Failure.NOT_READY.code(),
          "The release names this model, but it can't be used; see /health");
    } else {
      message.fail(
          Failure.NOT_FOUND.code(),
          "No model of this node has this prefix; GET /models/status lists those that it has, and"
              + " GET /cluster says which nodes answer which prefix");
    }
  }

  private JsonObject claim(JsonObject body) {
    var refused = new JsonObject();
    models.claim(prefixesOf(body)).forEach(refused::put);
    return refused;
  }

  private JsonObject drop(JsonObject body) {
    models.drop(body.getString("release"), prefixesOf(body));
    return new JsonObject();
  }

  private static Set<String> prefixesOf(JsonObject body) {
    var prefixes = new TreeSet<String>();
    for (var prefix : body.getJsonArray("prefixes")) prefixes.add((String) prefix);
    return prefixes;
  }

  private void change(Message<JsonObject> message, Function<JsonObject, JsonObject> change) {
    executor
        .executeBlocking(() -> change.apply(message.body()))
        .onSuccess(message::reply)
        .onFailure(
            cause -> {
              log.error("Cannot change which models are held", cause);
              message.fail(Failure.INTERNAL.code(), "changing the models failed");
            });
  }

  private void reload(Message<Object> message, String caller) {
    Set<String> only;
    try {
      only = PrefixSelection.of(message.body());
      if (only != null && !models.whole()) {
        throw malformed(
            "A node of a cluster takes a release over as a whole, or it would be alone with its"
                + " mixture; leave prefixes out");
      }
    } catch (ServiceException e) {
      message.fail(e.failure().code(), e.getMessage());
      return;
    }
    var target = only == null ? "" : String.join(" ", only);
    var before = served();
    reload(only)
        .compose(report -> reloaded(caller, target, before, report).map(report))
        .onSuccess(message::reply)
        .onFailure(
            cause -> {
              log.error("Cannot reload the models", cause);
              message.fail(Failure.INTERNAL.code(), "reloading failed");
            });
  }

  private Future<Void> reloaded(
      String caller, String target, JsonObject before, JsonObject report) {
    var after = served().put("failed", report.getJsonObject("failed").size());
    return audit.record(new AuditEntry(caller, "reload", target, before, after));
  }

  /** The models in force, for the audit log. */
  private JsonObject served() {
    var now = models.current();
    return new JsonObject().put("release", now.release()).put("models", now.here().size());
  }

  /** Requests for a whole reload while one waits to begin get the report of that one. */
  private Future<JsonObject> reload(@Nullable Set<String> only) {
    if (only != null) return executor.executeBlocking(() -> reloaded(() -> models.reload(only)));
    var next = Promise.<JsonObject>promise();
    var before = waiting.compareAndExchange(null, next.future());
    if (before != null) return before;
    executor
        .executeBlocking(
            () -> {
              waiting.set(null);
              return reloaded(models::reload);
            })
        .onComplete(next);
    return next.future();
  }

  /** Publishes the change, however the reload ends. */
  private JsonObject reloaded(Supplier<JsonObject> reload) {
    try {
      return reload.get();
    } finally {
      vertx.eventBus().publish(Bus.MODELS_CHANGED, null, new DeliveryOptions().setLocalOnly(true));
    }
  }

  private static ServiceException malformed(String detail) {
    return Failure.MALFORMED_REQUEST.because(detail);
  }

  /** Reloads unless that has happened since {@code signature} was found. */
  private Future<Void> reloadChanged(String signature) {
    var before = served();
    return executor
        .executeBlocking(
            () -> signature.equals(models.signature()) ? null : reloaded(models::reload))
        .compose(
            report ->
                report == null
                    ? Future.succeededFuture()
                    : reloaded(AuditEntry.FILE, "", before, report));
  }
}
