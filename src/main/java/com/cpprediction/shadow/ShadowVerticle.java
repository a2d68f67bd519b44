package com.cpprediction.shadow;

import com.cpprediction.audit.AuditEntry;
import com.cpprediction.audit.AuditLog;
import com.cpprediction.bus.Bus;
import com.cpprediction.bus.SingleFlight;
import com.cpprediction.model.PrefixSelection;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.serving.OwnerDirectory;
import com.cpprediction.watch.FileWatch;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the shadow release and describes it on request. Event loop; loading runs on a thread of its
 * own.
 */
public final class ShadowVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(ShadowVerticle.class);

  /** Kinds of marks by the result of a change. */
  private static final Map<String, String> MARKS =
      Map.of("promoted", "promotion", "rolled-back", "rollback");

  private static final Duration LONGEST = Duration.ofMinutes(10);
  private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(5);

  /** Between two looks at what other nodes know of the canary, besides those for outcomes. */
  private static final Duration CANARY_POLL = Duration.ofSeconds(5);

  private final ShadowRelease shadow;
  private final Supplier<Duration> poll;
  private final OwnerDirectory nodes;
  private final AuditLog audit;
  private WorkerExecutor executor;
  private SingleFlight<JsonObject> status;
  private SingleFlight<Void> canary; // the run in PostgreSQL
  private FileWatch<String> watch;

  /**
   * @param poll interval of the looks at the directory; zero for none
   * @param nodes of the cluster
   * @param audit records promotions and rollbacks
   */
  public ShadowVerticle(
      ShadowRelease shadow, Supplier<Duration> poll, OwnerDirectory nodes, AuditLog audit) {
    this.shadow = shadow;
    this.poll = poll;
    this.nodes = nodes;
    this.audit = audit;
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
    canary = new SingleFlight<>(vertx, this::askForRun);
    shadow.onErrors(() -> context.runOnContext(found -> judge()));
    shadow.start();
    vertx.setPeriodic(CANARY_POLL.toMillis(), due -> canary.get());
    var loaded = reload();
    loaded.onComplete(done -> watch.start());
    var bus = vertx.eventBus();
    var self = nodes.self();
    return Future.all(
        List.of(
            bus.localConsumer(
                    Bus.SHADOW_STATUS,
                    message -> reply(message, status.get(), "describe the shadow release"))
                .completion(),
            bus.localConsumer(Bus.MODELS_CHANGED, message -> followCanary()).completion(),
            bus.localConsumer(Bus.OUTCOMES_COUNTED, message -> canary.get()).completion(),
            bus.<JsonObject>consumer(
                    Bus.CANARY_STOPPED, message -> stoppedElsewhere(message.body()))
                .completion(),
            bus.<JsonObject>consumer(Bus.FORGET, message -> forget(message.body())).completion(),
            bus.localConsumer(Bus.SHADOW_PROMOTE, this::promote).completion(),
            bus.localConsumer(Bus.SHADOW_ROLLBACK, this::rollBack).completion(),
            self == null
                ? Future.succeededFuture()
                : bus.<JsonObject>consumer(
                        Bus.shadowOf(self.id()),
                        message -> reply(message, change(message.body()), "follow another node"))
                    .completion()));
  }

  /** Begins or ends the run of the canary, after a change of the configuration. Thread-safe. */
  public void update() {
    context.runOnContext(changed -> followCanary());
  }

  private void followCanary() {
    if (shadow.update()) keepCanary();
    canary.get();
  }

  private void keepCanary() {
    vertx
        .executeBlocking(
            () -> {
              shadow.state().keep();
              return null;
            })
        .onFailure(cause -> log.error("Cannot keep the state of the canary", cause));
  }

  private void forget(JsonObject told) {
    shadow.forget(
        told.getJsonArray("addresses").stream()
            .map(typed -> Address.canonical((String) typed))
            .collect(Collectors.toSet()));
  }

  /** Asks PostgreSQL for the run that all nodes share, and judges it. */
  private Future<Void> askForRun() {
    var state = shadow.state();
    var query = state.query();
    if (query == null) return Future.succeededFuture();
    return Bus.<JsonObject>ask(vertx, Bus.CANARY_RUN, query, Deadline.in(QUERY_TIMEOUT))
        .transform(
            (run, cause) -> {
              if (cause == null) {
                if (state.told(query, run)) keepCanary();
                judge();
              } else {
                log.warn("The canary is not judged now: {}", cause.getMessage());
                state.untold();
                publishStop(); // to nodes that have joined since
              }
              return Future.succeededFuture();
            });
  }

  private void judge() {
    var stopped = shadow.state().judge();
    if (stopped == null) return;
    publishStop();
    keepCanary();
    canary.get(); // tells PostgreSQL
    audit
        .record(new AuditEntry(AuditEntry.SERVICE, "canary-stop", "", shadow.pair(), stopped))
        .onFailure(cause -> log.error("Cannot record that the canary was stopped", cause));
  }

  private void publishStop() {
    var stop = shadow.state().stop();
    if (stop != null) vertx.eventBus().publish(Bus.CANARY_STOPPED, stop);
  }

  private void stoppedElsewhere(JsonObject run) {
    boolean stopped = shadow.state().stoppedElsewhere(run);
    if (stopped) keepCanary();
    if (stopped || shadow.state().share() > 0) canary.get();
  }

  /**
   * @param purpose continues "Cannot …" in the log
   */
  private static void reply(Message<?> message, Future<JsonObject> reply, String purpose) {
    reply
        .onSuccess(message::reply)
        .onFailure(
            cause -> {
              log.error("Cannot {}", purpose, cause);
              message.fail(Failure.INTERNAL.code(), "this node could not " + purpose);
            });
  }

  private void promote(Message<Object> message) {
    @Nullable Set<String> prefixes;
    try {
      prefixes = PrefixSelection.of(message.body());
    } catch (ServiceException e) {
      message.fail(e.failure().code(), e.getMessage());
      return;
    }
    var release = shadow.pair().getString("shadow");
    if (release.isEmpty()) {
      message.fail(
          Failure.NOT_FOUND.code(), "No shadow release is loaded; name one with models.shadow.dir");
      return;
    }
    var change =
        new JsonObject()
            .put("action", ShadowRelease.PROMOTE)
            .put("shadow", release)
            .put("prefixes", Promotions.names(prefixes));
    var target = prefixes == null ? "" : String.join(" ", prefixes);
    reply(message, everywhere(change, target, message), "promote a release");
  }

  private void rollBack(Message<Object> message) {
    boolean force = false;
    if (message.body() instanceof JsonObject body && !body.isEmpty()) {
      if (body.size() > 1 || !(body.getValue("force") instanceof Boolean given)) {
        message.fail(
            Failure.MALFORMED_REQUEST.code(), "A rollback has no field but force, true or false");
        return;
      }
      force = given;
    }
    var change =
        new JsonObject()
            .put("action", ShadowRelease.ROLLBACK)
            .put("from", shadow.pair().getString("served"))
            .put("force", force);
    reply(message, everywhere(change, "", message), "roll back");
  }

  private Future<JsonObject> everywhere(JsonObject change, String target, Message<?> asked) {
    var caller = Objects.requireNonNullElse(asked.headers().get(Bus.CALLER), AuditEntry.BUS);
    var before = new JsonObject().put("release", shadow.pair().getString("served"));
    return new ClusterChange(vertx, nodes, this::change)
        .everywhere(change)
        .compose(done -> audit.record(entry(caller, change, target, before, done)).map(done));
  }

  private static AuditEntry entry(
      String caller, JsonObject change, String target, JsonObject before, JsonObject done) {
    var after =
        new JsonObject()
            .put("release", done.getString("release"))
            .put("result", done.getString("result"));
    if (change.getBoolean("force", false)) after.put("force", true);
    return new AuditEntry(caller, change.getString("action"), target, before, after);
  }

  /** Marks a change of what is served in the history. */
  private void mark(JsonObject changed) {
    var kind = MARKS.get(changed.getString("result"));
    if (kind == null) return;
    var release = changed.getString("release", "");
    var text =
        release.isEmpty() ? "" : "release " + release.substring(0, Math.min(8, release.length()));
    Bus.publishLocal(vertx, Bus.MARK, Bus.mark(kind, text));
  }

  /** On this node; publishes the change, however it ends. */
  private Future<JsonObject> change(JsonObject change) {
    return executor
        .executeBlocking(() -> shadow.change(change))
        .onSuccess(this::mark)
        .onComplete(
            done ->
                vertx
                    .eventBus()
                    .publish(Bus.MODELS_CHANGED, null, new DeliveryOptions().setLocalOnly(true)));
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
        .onFailure(cause -> log.error("Cannot load the shadow release", cause))
        .onComplete(done -> update());
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
