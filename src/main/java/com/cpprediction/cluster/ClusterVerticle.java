package com.cpprediction.cluster;

import com.cpprediction.bus.Bus;
import com.cpprediction.config.ClusterConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.PrefixAssignment;
import com.cpprediction.prediction.Catalog;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this node's part of the prefixes. Tells the others what it answers, on change and every
 * {@link #BEAT}, and hears the same of them; works out what it owns; has that loaded, some prefixes
 * at a time; and gives up what others own once they all answer it and have replied to this node.
 * Event loop. What it implements may be asked on any thread.
 */
public final class ClusterVerticle extends VerticleBase
    implements OwnerDirectory, PrefixAssignment {
  private static final Logger log = LoggerFactory.getLogger(ClusterVerticle.class);

  private static final Duration BEAT = Duration.ofSeconds(2);

  /** A node whose announcement is overdue by a quarter is asked for its state. */
  private static final Duration OVERDUE = BEAT.multipliedBy(5).dividedBy(4);

  private static final Duration REPLY_TIMEOUT = BEAT.dividedBy(2);

  /** Requests in a row without a reply or an announcement, after which a node owns nothing here. */
  private static final int MISSED = 2;

  private static final Duration TICK = Duration.ofMillis(200);

  /** For those who are there to say what they answer, before this node works out its own part. */
  private static final Duration DISCOVERY_WAIT = Duration.ofSeconds(2);

  /** From when the others are told that a prefix is gone: those who had not heard still ask. */
  private static final Duration RELEASE_GRACE = Duration.ofSeconds(2);

  /** For others to take over what a node answers that ends. */
  private static final Duration HAND_OVER = Duration.ofMillis(2_500);

  /** The same, of a node that takes another release: it has the time. */
  private static final Duration HANDOVER_TIMEOUT = Duration.ofSeconds(30);

  /** For others, load balancers included, to see that this node is not ready any more. */
  private static final Duration DRAIN_DELAY = Duration.ofSeconds(1);

  /** After it a node is as ready as it gets, whatever nobody answers. */
  private static final Duration READY_TIMEOUT = Duration.ofSeconds(10);

  /** How long a node is asked last that has just begun to answer. */
  private static final Duration FRESH = Duration.ofSeconds(20);

  /** A refused model may have been mended. */
  private static final Duration RETRY_REFUSED_AFTER = Duration.ofMinutes(1);

  private static final Duration LOADING = Duration.ofMinutes(5);

  /** Prefixes loaded at a time: few, so that what was asked meanwhile is soon considered. */
  private static final int CHUNK = 16;

  private final Members membership;
  private final Supplier<ClusterConfig> config;
  private final Supplier<Catalog> catalog;
  private final Supplier<String> settings;
  private final String firstRelease;
  private final ServiceMetrics metrics;

  private final Map<String, NodeState> states = new HashMap<>(); // of the others, by id
  private final Map<String, Long> heard = new HashMap<>(); // System.nanoTime() by id
  private final Set<String> asked = new HashSet<>(); // ids whose state is on its way
  private final Map<String, Long> retiring = new TreeMap<>(); // prefix, and when it goes
  private final Map<String, Long> refused = new TreeMap<>(); // prefix, and until when
  private final Map<String, Integer> missed = new HashMap<>(); // requests in a row, by id
  private final Set<String> reached = ConcurrentHashMap.newKeySet(); // ids that replied
  private final Promise<Void> discovered = Promise.promise();
  private final Promise<Void> completed = Promise.promise();
  private Map<String, String> members = Map.of();
  private NodeState announced;
  private String release = ""; // that refused is about
  private CompletableFuture<Void> handedOver;
  private Set<String> ready = Set.of();
  private Set<String> readyWithout = Set.of();
  private Catalog readyCatalog;
  private ClusterView plannedView;
  private Catalog plannedCatalog;
  private boolean active;
  private boolean loading;
  private Set<String> dropping = Set.of();
  private boolean unreadableHeard; // were heard
  private int gained; // since it was last said
  private long activated;
  private long sequence;
  private volatile boolean complete;
  private volatile boolean leaving;
  private volatile int toLoad;
  private volatile int toDrop;
  private volatile ClusterView clusterView;

  /**
   * @param membership of the Vert.x this is deployed to
   * @param config in force now
   * @param catalog what can be answered now
   * @param settings what else than the release decides this node's answers, in words
   * @param firstRelease what the catalog will hold first, empty when that isn't known
   */
  public ClusterVerticle(
      Membership membership,
      Supplier<ClusterConfig> config,
      Supplier<Catalog> catalog,
      Supplier<String> settings,
      String firstRelease,
      ServiceMetrics metrics) {
    this((Members) membership, config, catalog, settings, firstRelease, metrics);
  }

  ClusterVerticle(
      Members membership,
      Supplier<ClusterConfig> config,
      Supplier<Catalog> catalog,
      Supplier<String> settings,
      String firstRelease,
      ServiceMetrics metrics) {
    this.membership = membership;
    this.config = config;
    this.catalog = catalog;
    this.settings = settings;
    this.firstRelease = firstRelease;
    this.metrics = metrics;
  }

  /** Completes when the others said what they answer, or had time to. */
  @Override
  public Future<?> start() {
    refresh();
    metrics.cluster(
        () -> clusterView.nodes().size(),
        () -> clusterView.missing(catalog.get().release(), catalog.get().prefixes()));
    var bus = vertx.eventBus();
    return Future.all(
            bus.consumer(Bus.CLUSTER_STATE, message -> onAnnouncement(message.body())).completion(),
            bus.consumer(Bus.stateOf(membership.id()), this::answer).completion(),
            bus.localConsumer(Bus.MODELS_CHANGED, message -> modelsChanged()).completion())
        .compose(
            ok -> {
              membership.onChange(() -> context.runOnContext(changed -> update()));
              vertx.setPeriodic(TICK.toMillis(), tick -> update());
              vertx.setPeriodic(BEAT.toMillis(), beat -> beat());
              announce();
              update();
              vertx.setTimer(DISCOVERY_WAIT.toMillis(), late -> discovered.tryComplete());
              return discovered.future();
            });
  }

  /**
   * From now on this node answers what it holds. From any thread; completes as soon as it is {@link
   * #ready}.
   */
  public Future<Void> activate() {
    context.runOnContext(
        now -> {
          active = true;
          activated = System.nanoTime();
          update();
        });
    return completed.future();
  }

  /** Whether all prefixes were answered by somebody once, or had their time, and this one stays. */
  public boolean ready() {
    return complete && !leaving;
  }

  /**
   * Has the others take over what this node answers, and nobody new ask it. From any thread, once;
   * completes in {@link #HAND_OVER} at most, whatever is asked of whom, and with it nothing has
   * stopped yet.
   */
  public Future<Void> leave() {
    var left = Promise.<Void>promise();
    context.runOnContext(
        now -> {
          leaving = true;
          // A reload may wait for one already.
          if (handedOver == null) handedOver = new CompletableFuture<>();
          var taken = Promise.<Void>promise();
          handedOver.thenRun(taken::tryComplete);
          vertx.setTimer(HAND_OVER.toMillis(), late -> left.tryComplete());
          update();
          membership
              .withdraw(Bus.PUBLIC)
              .transform(done -> vertx.timer(DRAIN_DELAY.toMillis(), TimeUnit.MILLISECONDS))
              .transform(seen -> taken.future())
              .onComplete(done -> left.tryComplete());
        });
    return left.future();
  }

  // What this node knows

  /** Takes part in what has changed: looks, plans, and tells the others when that is news. */
  private void update() {
    refresh();
    reconcile();
    if (!ownState().says(announced)) {
      announce();
      refresh();
    }
    if (handedOver != null && covered()) handedOver.complete(null);
  }

  private void refresh() {
    var before = members;
    members = membership.members();
    if (!members.equals(before)) {
      log.info("Nodes of the cluster: {}", new TreeSet<>(members.values()));
    }
    states.keySet().retainAll(members.keySet());
    heard.keySet().retainAll(members.keySet());
    missed.keySet().retainAll(members.keySet());
    reached.retainAll(members.keySet());
    long now = System.nanoTime();
    var late = new TreeSet<String>();
    for (var id : others()) {
      if (heard.containsKey(id) && now - heard.get(id) <= OVERDUE.toNanos()) continue;
      ask(id);
      if (missed.getOrDefault(id, 0) >= MISSED) late.add(id);
    }
    var unreached = new TreeSet<>(states.keySet());
    unreached.removeAll(reached);
    var nodes = new ArrayList<>(states.values());
    nodes.add(ownState());
    var seen = new ClusterView(membership.id(), config.get().replicas(), nodes, unreached, late);
    if (clusterView == null || !clusterView.shows(seen))
      clusterView = seen; // it keeps what was worked out of it
    if (states.keySet().containsAll(others())) discovered.tryComplete();
    if (!complete && active) {
      var known = catalog.get();
      complete =
          clusterView.unanswered(known.release(), known.prefixes()).isEmpty()
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
   * Asks a node for its state: announcements may get lost, and only a reply shows that this node's
   * own messages arrive.
   */
  private void ask(String id) {
    if (!asked.add(id)) return;
    vertx
        .eventBus()
        .<Object>request(
            Bus.stateOf(id), null, new DeliveryOptions().setSendTimeout(REPLY_TIMEOUT.toMillis()))
        .onComplete(
            done -> {
              asked.remove(id);
              if (done.failed()) {
                reached.remove(id);
                missed.merge(id, 1, Integer::sum);
              } else {
                reached.add(id);
                onAnnouncement(done.result().body());
              }
            });
  }

  /** Announces this node, and asks those again that have not replied. */
  private void beat() {
    announce();
    for (var id : others()) if (!reached.contains(id)) ask(id);
  }

  private void answer(Message<Object> message) {
    message.reply(ownState().toJson());
  }

  private void onAnnouncement(Object said) {
    NodeState state;
    try {
      state = NodeState.of((JsonObject) said);
    } catch (RuntimeException e) { // some other version's, or a stranger's
      if (!unreadableHeard)
        log.warn("What a node tells can't be read, and is ignored: {}", e.toString());
      unreadableHeard = true;
      return;
    }
    if (state.id().equals(membership.id())) return;
    heard.put(state.id(), System.nanoTime());
    missed.remove(state.id());
    var before = states.get(state.id());
    if (before != null && before.sequence() >= state.sequence()) return;
    states.put(state.id(), state);
    if (!state.says(before)) update();
  }

  private void announce() {
    announced = ownState().at(++sequence);
    vertx.eventBus().publish(Bus.CLUSTER_STATE, announced.toJson());
  }

  private NodeState ownState() {
    var now = catalog.get();
    return new NodeState(
        membership.id(),
        membership.name(),
        sequence,
        now.release().isEmpty() ? firstRelease : now.release(),
        settings.get(),
        config.get().weight(),
        !active || System.nanoTime() - activated < FRESH.toNanos(),
        leaving || handedOver != null,
        ready(now),
        refused.keySet());
  }

  /** What this node answers; the same object as long as nothing changes. */
  private Set<String> ready(Catalog now) {
    if (!active) return Set.of();
    if (now == readyCatalog && retiring.keySet().equals(readyWithout)) return ready;
    readyCatalog = now;
    readyWithout = Set.copyOf(retiring.keySet());
    var answered = new TreeSet<>(now.here());
    answered.removeAll(readyWithout);
    ready = Set.copyOf(answered);
    return ready;
  }

  // What this node holds

  private void modelsChanged() {
    if (!leaving) handedOver = null; // the other release is here
    update();
  }

  private void reconcile() {
    if (!active || leaving || handedOver != null) return;
    var now = catalog.get();
    if (now.release().isEmpty()) return;
    long time = System.nanoTime();
    boolean due = refused.values().removeIf(until -> until - time <= 0) | anyDue(time);
    if (clusterView == plannedView && now == plannedCatalog && !due) return;
    plannedView = clusterView;
    plannedCatalog = now;
    if (!now.release().equals(release)) {
      release = now.release();
      refused.clear();
      retiring.clear();
    }

    var load = new ArrayList<String>();
    int drop = 0;
    for (var prefix : now.prefixes()) {
      boolean here = now.here().contains(prefix);
      if (clusterView.own(release, prefix)) {
        if (!here && !refused.containsKey(prefix)) load.add(prefix);
        if (!dropping.contains(prefix)) retiring.remove(prefix);
      } else if (here) {
        drop++;
        if (!retiring.containsKey(prefix) && clusterView.answeredByOthers(release, prefix)) {
          retiring.put(prefix, time + RELEASE_GRACE.toNanos());
        }
      }
    }
    toLoad = load.size();
    toDrop = drop;
    load(load);
    drop(time);
  }

  private void load(List<String> wanted) {
    if (loading) return;
    if (wanted.isEmpty()) {
      if (gained > 0) log.info("Took over {} prefixes", gained);
      gained = 0;
      return;
    }
    // What nobody answers first.
    wanted.sort((a, b) -> Integer.compare(answering(a), answering(b)));
    var chunk = wanted.subList(0, Math.min(wanted.size(), Math.max(CHUNK, wanted.size() / 20)));
    loading = true;
    change(Bus.MODELS_CLAIM, chunk)
        .onComplete(
            done -> {
              loading = false;
              plannedView = null; // what was put off meanwhile is due
              var failed = done.succeeded() ? done.result().fieldNames() : Set.copyOf(chunk);
              long until = System.nanoTime() + RETRY_REFUSED_AFTER.toNanos();
              failed.forEach(prefix -> refused.put(prefix, until));
              gained += chunk.size() - failed.size();
              metrics.prefixesMoved(ServiceMetrics.Moved.GAINED, chunk.size() - failed.size());
              update();
            });
  }

  private int answering(String prefix) {
    return clusterView.answering(release, prefix).size();
  }

  private boolean anyDue(long time) {
    return retiring.values().stream().anyMatch(at -> at - time <= 0);
  }

  private void drop(long time) {
    if (!dropping.isEmpty()) return;
    var due = new TreeSet<String>();
    retiring.forEach(
        (prefix, at) -> {
          if (at - time <= 0) due.add(prefix);
        });
    // An owner may be gone since.
    retiring.keySet().removeIf(p -> due.contains(p) && !clusterView.answeredByOthers(release, p));
    due.retainAll(retiring.keySet());
    if (due.isEmpty()) return;
    dropping = due;
    change(Bus.MODELS_DROP, due)
        .onComplete(
            done -> {
              dropping = Set.of();
              plannedView = null; // what was put off meanwhile is due
              if (done.failed()) {
                long later = System.nanoTime() + RETRY_REFUSED_AFTER.toNanos();
                due.forEach(prefix -> retiring.put(prefix, later));
              } else {
                due.forEach(retiring::remove);
                log.info("Gave up {} prefixes, which others answer", due.size());
                metrics.prefixesMoved(ServiceMetrics.Moved.RELEASED, due.size());
              }
              update();
            });
  }

  private Future<JsonObject> change(String address, Collection<String> prefixes) {
    var body = new JsonObject().put("prefixes", new JsonArray(List.copyOf(prefixes)));
    return Bus.<JsonObject>ask(vertx, address, body, Deadline.in(LOADING))
        .onFailure(cause -> log.error("Cannot change which models are held", cause));
  }

  /** Whether this node could end and no prefix be without an answer that has one now. */
  private boolean covered() {
    var now = catalog.get();
    if (clusterView.others(now.release()).isEmpty()) return true;
    return ownState().ready().stream()
        .allMatch(prefix -> clusterView.answeredByOthers(now.release(), prefix));
  }

  // What others may know

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
        .forEach(nodes::add); // whatever it answers with at the moment
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
      log.warn("Takes another release though others don't answer all of the last one yet");
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
    var owners = clusterView.othersAnswering(of, prefix);
    if (owners.size() < 2 || reached.contains(owners.get(0).id())) return owners;
    var ordered = new ArrayList<>(owners);
    ordered.sort((a, b) -> Boolean.compare(reached.contains(b.id()), reached.contains(a.id())));
    return Collections.unmodifiableList(ordered);
  }

  @Override
  public Set<String> releases() {
    return clusterView.otherReleases();
  }

  @Override
  public void markUnresponsive(Owner owner) {
    reached.remove(owner.id());
  }

  /** What {@code /health} shows of it. */
  public JsonObject health() {
    return status().health();
  }

  @Override
  public JsonObject describe() {
    return status().describe();
  }

  private ClusterStatus status() {
    return new ClusterStatus(clusterView, catalog.get(), self(), toLoad, toDrop);
  }
}
