package com.cpprediction.cluster;

import com.cpprediction.bus.Bus;
import com.cpprediction.config.ClusterConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.PrefixAssignment;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.serving.OwnerDirectory;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Maintains this node's share of the prefixes. It announces its state on change and every {@link
 * #ANNOUNCE_INTERVAL}, receives those of the others, computes the prefixes that it owns, has them
 * loaded in chunks, and releases prefixes once their other owners serve them and have replied to
 * this node. Runs on its event loop; the implemented interfaces are thread-safe.
 */
public final class ClusterVerticle extends VerticleBase
    implements OwnerDirectory, PrefixAssignment {
  private static final Logger log = LoggerFactory.getLogger(ClusterVerticle.class);

  private static final Duration ANNOUNCE_INTERVAL = Duration.ofSeconds(2);

  /** Age of an announcement after which its node's state is requested. */
  private static final Duration OVERDUE_AFTER = ANNOUNCE_INTERVAL.multipliedBy(5).dividedBy(4);

  private static final Duration REPLY_TIMEOUT = ANNOUNCE_INTERVAL.dividedBy(2);

  /** Consecutive unanswered requests after which a node owns nothing in this node's view. */
  private static final int MAX_MISSED = 2;

  private static final Duration UPDATE_INTERVAL = Duration.ofMillis(200);

  /** Wait for announcements of existing nodes before this node computes its share. */
  private static final Duration DISCOVERY_WAIT = Duration.ofSeconds(2);

  /**
   * How long a released prefix is still served after its release was announced, for nodes that have
   * not received the announcement.
   */
  private static final Duration RELEASE_GRACE = Duration.ofSeconds(2);

  /** Time limit for others to take over the prefixes of a stopping node. */
  private static final Duration LEAVE_TIMEOUT = Duration.ofMillis(2_500);

  /** The same for a node that loads another release, which is not urgent. */
  private static final Duration HANDOVER_TIMEOUT = Duration.ofSeconds(30);

  /** Wait for other nodes and load balancers to notice that this node is not ready. */
  private static final Duration DRAIN_DELAY = Duration.ofSeconds(1);

  /** Time after which a node is ready even with unserved prefixes. */
  private static final Duration READY_TIMEOUT = Duration.ofSeconds(10);

  /** How long a new node is routed to last. */
  private static final Duration WARM_UP = Duration.ofSeconds(20);

  /** Delay before loading a refused model again, which may have been repaired. */
  private static final Duration RETRY_REFUSED_AFTER = Duration.ofMinutes(1);

  private static final Duration LOAD_TIMEOUT = Duration.ofMinutes(5);

  /** Prefixes loaded at a time; small, so that changes meanwhile are soon considered. */
  private static final int LOAD_CHUNK = 16;

  private final Members membership;
  private final Supplier<ClusterConfig> config;
  private final Supplier<ServingRelease> models;
  private final Supplier<String> settings;
  private final String firstRelease;
  private final ServiceMetrics metrics;

  private final Map<String, NodeState> states = new HashMap<>(); // of other nodes, by id
  private final Map<String, Long> lastHeard =
      new HashMap<>(); // System.nanoTime() of the last announcement, by id
  private final Set<String> statePending = new HashSet<>(); // ids with a state request in flight
  private final Map<String, Long> retiring = new TreeMap<>(); // end of RELEASE_GRACE by prefix
  private final Map<String, Long> refusedUntil = new TreeMap<>(); // System.nanoTime() by prefix
  private final Map<String, Integer> missed =
      new HashMap<>(); // consecutive unanswered requests, by id
  private final Set<String> reached = ConcurrentHashMap.newKeySet(); // ids that replied
  private final Promise<Void> discovered = Promise.promise();
  private final Promise<Void> completed = Promise.promise();
  private Map<String, String> members = Map.of();
  private @Nullable NodeState announced;
  private String release = ""; // of refusedUntil and retiring
  private @Nullable CompletableFuture<Void> handedOver;
  private Set<String> ready = Set.of();
  private Set<String> readyWithout = Set.of();
  private @Nullable ServingRelease readyModels;
  private @Nullable ClusterView plannedView;
  private @Nullable ServingRelease plannedModels;
  private boolean active;
  private boolean loading;
  private Set<String> releasing = Set.of();
  private boolean unreadableLogged;
  private int gained; // since the last log line
  private long activated;
  private long sequence;
  private volatile boolean complete;
  private volatile boolean leaving;
  private volatile int toLoad;
  private volatile int toRelease;
  private volatile ClusterView clusterView;

  /**
   * @param membership of the Vert.x that this is deployed to
   * @param config the active configuration
   * @param models the models in force
   * @param settings other settings that influence this node's predictions, as text
   * @param firstRelease the release that will be in force first, empty when unknown
   */
  public ClusterVerticle(
      Membership membership,
      Supplier<ClusterConfig> config,
      Supplier<ServingRelease> models,
      Supplier<String> settings,
      String firstRelease,
      ServiceMetrics metrics) {
    this((Members) membership, config, models, settings, firstRelease, metrics);
  }

  ClusterVerticle(
      Members membership,
      Supplier<ClusterConfig> config,
      Supplier<ServingRelease> models,
      Supplier<String> settings,
      String firstRelease,
      ServiceMetrics metrics) {
    this.membership = membership;
    this.config = config;
    this.models = models;
    this.settings = settings;
    this.firstRelease = firstRelease;
    this.metrics = metrics;
  }

  /**
   * Completes once the other nodes have announced their states, or after {@link #DISCOVERY_WAIT}.
   */
  @Override
  public Future<?> start() {
    clusterView =
        new ClusterView(membership.id(), config.get().replicas(), List.of(), Set.of(), Set.of());
    refresh();
    metrics.cluster(
        () -> clusterView.nodes().size(),
        () -> clusterView.missing(models.get().release(), models.get().prefixes()));
    var bus = vertx.eventBus();
    return Future.all(
            bus.consumer(Bus.CLUSTER_STATE, message -> onAnnouncement(message.body())).completion(),
            bus.consumer(Bus.stateOf(membership.id()), this::replyState).completion(),
            bus.localConsumer(Bus.MODELS_CHANGED, message -> modelsChanged()).completion())
        .compose(
            ok -> {
              membership.onChange(() -> context.runOnContext(changed -> update()));
              vertx.setPeriodic(UPDATE_INTERVAL.toMillis(), tick -> update());
              vertx.setPeriodic(ANNOUNCE_INTERVAL.toMillis(), beat -> announceAndProbe());
              announce();
              update();
              vertx.setTimer(DISCOVERY_WAIT.toMillis(), elapsed -> discovered.tryComplete());
              return discovered.future();
            });
  }

  /** Starts to serve. From any thread; completes once this node is {@link #ready}. */
  public Future<Void> activate() {
    context.runOnContext(
        now -> {
          active = true;
          activated = System.nanoTime();
          update();
        });
    return completed.future();
  }

  /**
   * Whether this node isn't leaving and every prefix had a serving node once, or {@link
   * #READY_TIMEOUT} has elapsed.
   */
  public boolean ready() {
    return complete && !leaving;
  }

  /**
   * Hands this node's prefixes over and withdraws it from new requests; it keeps serving. Call
   * once, from any thread; completes within {@link #LEAVE_TIMEOUT}.
   */
  public Future<Void> leave() {
    var left = Promise.<Void>promise();
    context.runOnContext(
        now -> {
          leaving = true;
          // A reload may already wait for a handover.
          if (handedOver == null) handedOver = new CompletableFuture<>();
          var taken = Promise.<Void>promise();
          handedOver.thenRun(taken::tryComplete);
          vertx.setTimer(LEAVE_TIMEOUT.toMillis(), elapsed -> left.tryComplete());
          update();
          membership
              .withdraw(Bus.PUBLIC)
              .transform(done -> vertx.timer(DRAIN_DELAY.toMillis(), TimeUnit.MILLISECONDS))
              .transform(waited -> taken.future())
              .onComplete(done -> left.tryComplete());
        });
    return left.future();
  }

  // Membership view

  /** Refreshes the view, reconciles the prefixes held with it, and announces a changed state. */
  private void update() {
    refresh();
    reconcile();
    if (!ownState().sameAs(announced)) {
      announce();
      refresh();
    }
    if (handedOver != null && isCovered()) handedOver.complete(null);
  }

  private void refresh() {
    var before = members;
    members = membership.members();
    if (!members.equals(before)) {
      log.info("Nodes of the cluster: {}", new TreeSet<>(members.values()));
    }
    states.keySet().retainAll(members.keySet());
    lastHeard.keySet().retainAll(members.keySet());
    missed.keySet().retainAll(members.keySet());
    reached.retainAll(members.keySet());
    long now = System.nanoTime();
    var overdue = new TreeSet<String>();
    for (var id : others()) {
      if (lastHeard.containsKey(id) && now - lastHeard.get(id) <= OVERDUE_AFTER.toNanos()) continue;
      requestState(id);
      if (missed.getOrDefault(id, 0) >= MAX_MISSED) overdue.add(id);
    }
    var unreached = new TreeSet<>(states.keySet());
    unreached.removeAll(reached);
    var nodes = new ArrayList<>(states.values());
    nodes.add(ownState());
    var current =
        new ClusterView(membership.id(), config.get().replicas(), nodes, unreached, overdue);
    if (!clusterView.equivalent(current))
      clusterView = current; // an equivalent view stays, with its cached rankings
    if (states.keySet().containsAll(others())) discovered.tryComplete();
    if (!complete && active) {
      var known = models.get();
      complete =
          clusterView.unserved(known.release(), known.prefixes()).isEmpty()
              || now - activated > READY_TIMEOUT.toNanos();
      if (complete) completed.tryComplete();
    }
  }

  private Set<String> others() {
    var others = new TreeSet<>(members.keySet());
    others.remove(membership.id());
    return others;
  }

  /**
   * Requests a node's state: announcements may get lost, and only a reply proves that messages of
   * this node arrive.
   */
  private void requestState(String id) {
    if (!statePending.add(id)) return;
    vertx
        .eventBus()
        .<Object>request(
            Bus.stateOf(id), null, new DeliveryOptions().setSendTimeout(REPLY_TIMEOUT.toMillis()))
        .onComplete(
            done -> {
              statePending.remove(id);
              if (done.failed()) {
                reached.remove(id);
                missed.merge(id, 1, Integer::sum);
              } else {
                reached.add(id);
                onAnnouncement(done.result().body());
              }
            });
  }

  /** Announces this node's state, and requests that of nodes not in contact. */
  private void announceAndProbe() {
    announce();
    for (var id : others()) if (!reached.contains(id)) requestState(id);
  }

  private void replyState(Message<Object> message) {
    message.reply(ownState().toJson());
  }

  private void onAnnouncement(Object announcement) {
    NodeState state;
    try {
      state = NodeState.of((JsonObject) announcement);
    } catch (RuntimeException e) { // from another version or a foreign sender
      if (!unreadableLogged)
        log.warn("Ignoring an unreadable announcement of a node: {}", e.toString());
      unreadableLogged = true;
      return;
    }
    if (state.id().equals(membership.id())) return;
    lastHeard.put(state.id(), System.nanoTime());
    missed.remove(state.id());
    var before = states.get(state.id());
    if (before != null && before.sequence() >= state.sequence()) return;
    states.put(state.id(), state);
    if (!state.sameAs(before)) update();
  }

  private void announce() {
    announced = ownState().withSequence(++sequence);
    vertx.eventBus().publish(Bus.CLUSTER_STATE, announced.toJson());
  }

  private NodeState ownState() {
    var now = models.get();
    return new NodeState(
        membership.id(),
        membership.name(),
        sequence,
        now.release().isEmpty() ? firstRelease : now.release(),
        settings.get(),
        config.get().weight(),
        !active || System.nanoTime() - activated < WARM_UP.toNanos(),
        leaving || handedOver != null,
        ready(now),
        refusedUntil.keySet());
  }

  /** The prefixes this node serves; the same object while unchanged. */
  private Set<String> ready(ServingRelease now) {
    if (!active) return Set.of();
    if (now == readyModels && retiring.keySet().equals(readyWithout)) return ready;
    readyModels = now;
    readyWithout = Set.copyOf(retiring.keySet());
    var served = new TreeSet<>(now.here());
    served.removeAll(readyWithout);
    ready = Set.copyOf(served);
    return ready;
  }

  // Prefixes held

  private void modelsChanged() {
    if (!leaving) handedOver = null; // the other release is loaded
    update();
  }

  private void reconcile() {
    if (!active || leaving || handedOver != null) return;
    var now = models.get();
    if (now.release().isEmpty()) return;
    long time = System.nanoTime();
    boolean due = refusedUntil.values().removeIf(until -> until - time <= 0) | anyReleaseDue(time);
    if (clusterView == plannedView && now == plannedModels && !due) return;
    plannedView = clusterView;
    plannedModels = now;
    if (!now.release().equals(release)) {
      release = now.release();
      refusedUntil.clear();
      retiring.clear();
    }

    var load = new ArrayList<String>();
    int surplus = 0;
    for (var prefix : now.prefixes()) {
      boolean here = now.here().contains(prefix);
      if (clusterView.isOwner(release, prefix)) {
        boolean lacking = !here || now.outdated().contains(prefix);
        if (lacking && !refusedUntil.containsKey(prefix)) load.add(prefix);
        if (!releasing.contains(prefix)) retiring.remove(prefix);
      } else if (here) {
        surplus++;
        if (!retiring.containsKey(prefix) && clusterView.servedByOthers(release, prefix)) {
          retiring.put(prefix, time + RELEASE_GRACE.toNanos());
        }
      }
    }
    toLoad = load.size();
    toRelease = surplus;
    load(load);
    releaseDue(time);
  }

  private void load(List<String> wanted) {
    if (loading) return;
    if (wanted.isEmpty()) {
      if (gained > 0) log.info("Took over {} prefixes", gained);
      gained = 0;
      return;
    }
    // Unserved prefixes first.
    wanted.sort((a, b) -> Integer.compare(readyNodes(a), readyNodes(b)));
    var chunk =
        wanted.subList(0, Math.min(wanted.size(), Math.max(LOAD_CHUNK, wanted.size() / 20)));
    loading = true;
    changeModels(Bus.MODELS_CLAIM, body(chunk))
        .onComplete(
            done -> {
              loading = false;
              plannedView = null; // reconcile again
              var failed = done.succeeded() ? done.result().fieldNames() : Set.copyOf(chunk);
              long until = System.nanoTime() + RETRY_REFUSED_AFTER.toNanos();
              failed.forEach(prefix -> refusedUntil.put(prefix, until));
              gained += chunk.size() - failed.size();
              metrics.prefixesMoved(ServiceMetrics.Moved.GAINED, chunk.size() - failed.size());
              update();
            });
  }

  private int readyNodes(String prefix) {
    return clusterView.readyNodes(release, prefix).size();
  }

  private boolean anyReleaseDue(long time) {
    return retiring.values().stream().anyMatch(end -> end - time <= 0);
  }

  private void releaseDue(long time) {
    if (!releasing.isEmpty()) return;
    var due = new TreeSet<String>();
    retiring.forEach(
        (prefix, end) -> {
          if (end - time <= 0) due.add(prefix);
        });
    // An owner may have disappeared meanwhile.
    retiring.keySet().removeIf(p -> due.contains(p) && !clusterView.servedByOthers(release, p));
    due.retainAll(retiring.keySet());
    if (due.isEmpty()) return;
    releasing = due;
    changeModels(Bus.MODELS_DROP, body(due).put("release", release))
        .onComplete(
            done -> {
              releasing = Set.of();
              plannedView = null; // reconcile again
              if (done.failed()) {
                long later = System.nanoTime() + RETRY_REFUSED_AFTER.toNanos();
                due.forEach(prefix -> retiring.put(prefix, later));
              } else {
                due.forEach(retiring::remove);
                log.info("Gave up {} prefixes, which others serve", due.size());
                metrics.prefixesMoved(ServiceMetrics.Moved.RELEASED, due.size());
              }
              update();
            });
  }

  private static JsonObject body(Collection<String> prefixes) {
    return new JsonObject().put("prefixes", new JsonArray(List.copyOf(prefixes)));
  }

  private Future<JsonObject> changeModels(String address, JsonObject body) {
    return Bus.<JsonObject>ask(vertx, address, body, Deadline.in(LOAD_TIMEOUT))
        .onFailure(cause -> log.error("Cannot change which models are held", cause));
  }

  /** Whether other nodes serve every prefix that this node serves. */
  private boolean isCovered() {
    var now = models.get();
    if (clusterView.others(now.release()).isEmpty()) return true;
    return ownState().ready().stream()
        .allMatch(prefix -> clusterView.servedByOthers(now.release(), prefix));
  }

  // Queries from other components

  @Override
  public boolean whole() {
    return false;
  }

  @Override
  public Set<String> of(String of, Set<String> prefixes) {
    var now = clusterView;
    var nodes = new ArrayList<>(now.others(of));
    now.nodes().stream()
        .filter(node -> node.id().equals(membership.id()))
        .forEach(nodes::add); // regardless of its current release
    return prefixes.stream()
        .filter(
            prefix ->
                Rendezvous.owners(prefix, nodes, NodeState::name, NodeState::weight, now.replicas())
                    .stream()
                    .anyMatch(node -> node.id().equals(membership.id())))
        .collect(Collectors.toSet());
  }

  @Override
  public void handOver() {
    var done = new CompletableFuture<Void>();
    context.runOnContext(
        now -> {
          handedOver = done;
          update();
        });
    try {
      done.get(HANDOVER_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      log.warn("Loading another release though other nodes don't serve all of the last one yet");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while handing over", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  @Override
  public Owner self() {
    return new Owner(membership.id(), membership.name());
  }

  @Override
  public List<Owner> of(String prefix, String of) {
    var owners = clusterView.readyOwners(of, prefix);
    if (owners.size() < 2 || reached.contains(owners.get(0).id())) return owners;
    var ordered = new ArrayList<>(owners);
    ordered.sort((a, b) -> Boolean.compare(reached.contains(b.id()), reached.contains(a.id())));
    return Collections.unmodifiableList(ordered);
  }

  @Override
  public List<Owner> peers() {
    return clusterView.nodes().stream()
        .filter(node -> !node.id().equals(membership.id()))
        .map(node -> new Owner(node.id(), node.name()))
        .toList();
  }

  @Override
  public Set<String> releases() {
    return clusterView.otherReleases();
  }

  @Override
  public void markUnresponsive(Owner owner) {
    reached.remove(owner.id());
  }

  /** Details for {@code GET /health}. */
  public JsonObject health() {
    return status().health();
  }

  @Override
  public JsonObject describe() {
    return status().describe();
  }

  private ClusterStatus status() {
    return new ClusterStatus(clusterView, models.get(), self(), toLoad, toRelease);
  }
}
