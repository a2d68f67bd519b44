package com.cpprediction.cluster;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.bus.Bus;
import com.cpprediction.config.ClusterConfig;
import com.cpprediction.config.ServiceConfig;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Locator;
import com.cpprediction.serving.OwnerDirectory.Owner;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** One node among fake peers that only announce their states. */
@ExtendWith(VertxExtension.class)
class ClusterVerticleTest {
  private static final String RELEASE = "one";
  private static final Set<String> PREFIXES =
      IntStream.range(110, 150).mapToObj(String::valueOf).collect(Collectors.toSet());
  private static final Map<String, String> FINGERPRINTS =
      PREFIXES.stream().collect(Collectors.toMap(p -> p, p -> "f" + p));

  private final FakeMembers members = new FakeMembers();
  private final Map<String, NodeState> peers = new ConcurrentHashMap<>();
  private final List<JsonObject> announcements = new CopyOnWriteArrayList<>();
  private final Set<String> refusing = ConcurrentHashMap.newKeySet();
  private final Set<String> mute = ConcurrentHashMap.newKeySet(); // ids that don't reply
  private final List<Integer> chunks = new CopyOnWriteArrayList<>();
  private volatile ServingRelease models =
      ServingRelease.of(RELEASE, PREFIXES, FINGERPRINTS, Set.of(), Locator.NONE);
  private volatile String settings = "";
  private volatile long replyMillis;
  private Vertx vertx;
  private ClusterVerticle node;

  /** Membership controlled by the test. */
  private static final class FakeMembers implements Members {
    private final Map<String, String> members = new ConcurrentHashMap<>(Map.of("me", "me:1"));
    private final List<String> withdrawn = new CopyOnWriteArrayList<>();
    private volatile Runnable changed = () -> {};

    @Override
    public String id() {
      return "me";
    }

    @Override
    public String name() {
      return "me:1";
    }

    @Override
    public Map<String, String> members() {
      return Map.copyOf(members);
    }

    @Override
    public void onChange(Runnable listener) {
      changed = listener;
    }

    @Override
    public Future<Void> withdraw(List<String> addresses) {
      withdrawn.addAll(addresses);
      return Future.succeededFuture();
    }
  }

  @BeforeEach
  void registerNeighbours(Vertx vertx) {
    this.vertx = vertx;
    var bus = vertx.eventBus();
    bus.<JsonObject>consumer(
        Bus.CLUSTER_STATE,
        message -> {
          if (message.body().getString("id", "").equals("me")) announcements.add(message.body());
        });
    bus.<JsonObject>consumer(
        Bus.MODELS_CLAIM,
        message -> {
          var wanted = prefixes(message.body());
          chunks.add(wanted.size());
          var refused = new JsonObject();
          wanted.stream().filter(refusing::contains).forEach(p -> refused.put(p, "damaged"));
          wanted.removeAll(refusing);
          wanted.addAll(models.here());
          hold(wanted);
          if (replyMillis == 0) message.reply(refused);
          else vertx.setTimer(replyMillis, later -> message.reply(refused));
        });
    bus.<JsonObject>consumer(
        Bus.MODELS_DROP,
        message -> {
          var rest = new HashSet<>(models.here());
          rest.removeAll(prefixes(message.body()));
          hold(rest);
          message.reply(new JsonObject());
        });
  }

  private static Set<String> prefixes(JsonObject body) {
    JsonArray prefixes = body.getJsonArray("prefixes");
    return prefixes.stream().map(String.class::cast).collect(Collectors.toCollection(HashSet::new));
  }

  private void hold(Set<String> here) {
    var outdated = new HashSet<>(models.outdated());
    outdated.retainAll(here);
    hold(here, outdated);
  }

  private void hold(Set<String> here, Set<String> outdated) {
    models = ServingRelease.of(RELEASE, PREFIXES, FINGERPRINTS, here, outdated, Locator.NONE);
  }

  /** Adds a peer, or announces its new state. */
  private void peer(String id, String release, boolean leaving, Set<String> ready) {
    long sequence = peers.containsKey(id) ? peers.get(id).sequence() + 1 : 1;
    var state =
        new NodeState(id, id + ":1", sequence, release, "s", 1, false, leaving, ready, Set.of());
    boolean joins = peers.put(id, state) == null;
    if (joins) {
      vertx
          .eventBus()
          .consumer(
              Bus.stateOf(id),
              ask -> {
                if (!mute.contains(id)) ask.reply(peers.get(id).toJson());
              });
      members.members.put(id, id + ":1");
      members.changed.run();
    }
    vertx.eventBus().publish(Bus.CLUSTER_STATE, state.toJson());
  }

  private void gone(String id) {
    members.members.remove(id);
    members.changed.run();
  }

  private void start() throws Exception {
    ClusterConfig config = ServiceConfig.defaults().cluster();
    node =
        new ClusterVerticle(
            members,
            () -> config,
            () -> models,
            () -> "s" + settings,
            RELEASE,
            new ServiceMetrics(new SimpleMeterRegistry(), "test"));
    vertx.deployVerticle(node).await(60, SECONDS);
  }

  private void activate() throws Exception {
    start();
    node.activate().await(60, SECONDS);
    until(() -> !announcements.isEmpty());
  }

  private JsonObject lastAnnouncement() {
    return announcements.get(announcements.size() - 1);
  }

  private Set<String> ready() {
    return Set.of(lastAnnouncement().getString("ready").split(" "));
  }

  /** Prefixes of {@code id} with two replicas on three nodes. */
  private static Set<String> owned(String id, String... nodes) {
    var names = List.of(nodes).stream().map(node -> node + ":1").toList();
    return PREFIXES.stream()
        .filter(p -> Rendezvous.owners(p, names, n -> n, n -> 1, 2).contains(id + ":1"))
        .collect(Collectors.toSet());
  }

  private static void until(Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + SECONDS.toNanos(60);
    while (!condition.call()) {
      if (System.nanoTime() > end) throw new AssertionError("not within 60 s");
      LockSupport.parkNanos(1_000_000);
    }
  }

  @Test
  void aSingleNodeHoldsAndAnnouncesEverything() throws Exception {
    activate();

    assertThat(models.here()).isEqualTo(PREFIXES);
    assertThat(chunks).as("some at a time").hasSizeGreaterThan(1).allMatch(n -> n <= 16);
    until(() -> ready().equals(PREFIXES));
    assertThat(node.ready()).isTrue();
    assertThat(node.describe().getInteger("replicas_missing")).isEqualTo(PREFIXES.size());
  }

  @Test
  void continuesWhenModelsAppearBeforeTheirNotification() throws Exception {
    replyMillis = 300; // longer than the update interval
    activate();

    until(() -> ready().equals(PREFIXES));
    assertThat(chunks.stream().mapToInt(Integer::intValue).sum()).isEqualTo(PREFIXES.size());
  }

  @Test
  void announcesNoPrefixBeforeItServes() throws Exception {
    hold(PREFIXES);
    start();

    until(() -> !announcements.isEmpty());
    assertThat(lastAnnouncement().getString("ready")).isEmpty();
    assertThat(lastAnnouncement().getString("release")).isEqualTo(RELEASE);
    assertThat(node.ready()).isFalse();
  }

  @Test
  void computesItsShareAmongTheNodesOfARelease() throws Exception {
    peer("a", RELEASE, false, PREFIXES);
    peer("b", RELEASE, false, PREFIXES);
    peer("c", "another", false, PREFIXES);
    start();

    assertThat(node.of(RELEASE, PREFIXES)).isEqualTo(owned("me", "me", "a", "b"));
    assertThat(node.of("another", PREFIXES)).isEqualTo(PREFIXES); // two replicas on two nodes
    assertThat(node.releases()).containsExactlyInAnyOrder(RELEASE, "another");
  }

  @Test
  void releasesPrefixesOnceTheirOwnersServeThem() throws Exception {
    peer("a", RELEASE, false, PREFIXES);
    activate();
    until(() -> ready().equals(PREFIXES));

    peer("b", RELEASE, false, Set.of());
    until(() -> node.describe().getJsonObject("moving").getInteger("releasing") > 0);
    assertThat(models.here()).as("b answers nothing yet").isEqualTo(PREFIXES);
    peer("b", RELEASE, false, owned("b", "me", "a", "b"));

    until(() -> models.here().equals(owned("me", "me", "a", "b")));
    assertThat(ready()).isEqualTo(models.here());
  }

  @Test
  void takesOverFromDepartedNodes() throws Exception {
    peer("a", RELEASE, false, PREFIXES);
    peer("b", RELEASE, false, PREFIXES);
    activate();
    until(() -> ready().equals(owned("me", "me", "a", "b")));

    gone("b");

    until(() -> models.here().equals(PREFIXES));
    assertThat(node.of("110", RELEASE)).containsExactly(new Owner("a", "a:1"));
  }

  @Test
  void announcesRefusedPrefixesAndDoesNotRetryThem() throws Exception {
    refusing.addAll(Set.of("110", "111"));
    start();
    node.activate();

    until(() -> models.here().size() == PREFIXES.size() - 2);
    until(() -> Set.of(lastAnnouncement().getString("refused").split(" ")).equals(refusing));
    assertThat(chunks.stream().mapToInt(Integer::intValue).sum()).isEqualTo(PREFIXES.size());
  }

  @Test
  void aPrefixWhoseNewModelIsDamagedGoesToNodesThatCanUseIt() throws Exception {
    var rest = new HashSet<>(PREFIXES);
    rest.remove("110");
    peer("a", RELEASE, false, rest);
    activate();
    until(() -> ready().equals(PREFIXES));

    refusing.add("110");
    hold(PREFIXES, Set.of("110"));
    vertx.eventBus().publish(Bus.MODELS_CHANGED, null);
    until(() -> lastAnnouncement().getString("refused").equals("110"));
    assertThat(ready()).as("until another node serves it").isEqualTo(PREFIXES);
    peer("a", RELEASE, false, PREFIXES);

    until(() -> !models.here().contains("110"));
    until(() -> ready().equals(rest));
  }

  @Test
  void aPrefixThatOnlyThisNodeServesIsKeptWithItsEarlierModel() throws Exception {
    activate();
    until(() -> ready().equals(PREFIXES));

    refusing.add("110");
    hold(PREFIXES, Set.of("110"));
    vertx.eventBus().publish(Bus.MODELS_CHANGED, null);

    until(() -> lastAnnouncement().getString("refused").equals("110"));
    assertThat(ready()).isEqualTo(PREFIXES);
  }

  @Test
  void leavesOnceOthersServeItsPrefixes() throws Exception {
    peer("a", RELEASE, false, owned("a", "me", "a", "b"));
    peer("b", RELEASE, false, owned("b", "me", "a", "b"));
    activate();
    until(() -> ready().equals(owned("me", "me", "a", "b")));

    var left = node.leave();
    until(() -> lastAnnouncement().getBoolean("leaving"));
    assertThat(node.ready()).isFalse();
    until(() -> members.withdrawn.equals(Bus.PUBLIC));
    peer("a", RELEASE, false, PREFIXES);
    peer("b", RELEASE, false, PREFIXES);

    left.await(60, SECONDS);
    assertThat(ready()).as("until the end").isEqualTo(owned("me", "me", "a", "b"));
  }

  @Test
  void leavesImmediatelyWithoutOtherNodes() throws Exception {
    peer("c", "another", false, PREFIXES);
    activate();
    until(() -> ready().equals(PREFIXES));

    node.leave().await(60, SECONDS);

    assertThat(models.here()).isEqualTo(PREFIXES);
  }

  @Test
  void handsOverBeforeLoadingAnotherRelease() throws Exception {
    peer("a", RELEASE, false, owned("a", "me", "a", "b"));
    peer("b", RELEASE, false, owned("b", "me", "a", "b"));
    activate();
    until(() -> ready().equals(owned("me", "me", "a", "b")));

    var handedOver = CompletableFuture.runAsync(node::handOver);
    until(() -> lastAnnouncement().getBoolean("leaving"));
    assertThat(handedOver).isNotDone();
    peer("a", RELEASE, false, PREFIXES);
    peer("b", RELEASE, false, PREFIXES);
    handedOver.get(60, SECONDS);
    vertx.eventBus().publish(Bus.MODELS_CHANGED, null);

    until(() -> !lastAnnouncement().getBoolean("leaving"));
  }

  @Test
  void routesToAnUnresponsiveOwnerLastUntilItReplies() throws Exception {
    peer("a", RELEASE, false, PREFIXES);
    peer("b", RELEASE, false, PREFIXES);
    activate();
    var before = node.of("110", RELEASE);
    assertThat(before).hasSize(2);
    var owner = before.get(0);
    var last = List.of(before.get(1), owner);

    mute.add(owner.id());
    node.markUnresponsive(owner);
    assertThat(node.of("110", RELEASE)).isEqualTo(last);
    until(() -> suspects().contains(owner.name()));
    peer(owner.id(), RELEASE, false, owned(owner.id(), "me", "a", "b"));
    until(() -> states().get(owner.name()) < PREFIXES.size());
    assertThat(node.of("110", RELEASE)).as("heard, which proves nothing").isEqualTo(last);
    mute.clear();

    until(() -> node.of("110", RELEASE).equals(before));
    assertThat(suspects()).isEmpty();
  }

  private Map<String, Integer> states() {
    return members()
        .collect(Collectors.toMap(m -> m.getString("name"), m -> m.getInteger("ready")));
  }

  private Set<String> suspects() {
    return members()
        .filter(member -> member.getBoolean("suspect"))
        .map(member -> member.getString("name"))
        .collect(Collectors.toSet());
  }

  private Stream<JsonObject> members() {
    return node.describe().getJsonArray("members").stream().map(JsonObject.class::cast);
  }

  /** One-way connection after a split: announcements arrive, this node's messages don't. */
  @Test
  void servesPrefixesOfOthersUntilTheyReply() throws Exception {
    peer("a", RELEASE, false, PREFIXES);
    activate();
    until(() -> ready().equals(PREFIXES));
    int others = PREFIXES.size() - owned("me", "me", "a", "b").size();
    mute.add("b");
    peer("b", RELEASE, false, PREFIXES);
    vertx.setPeriodic(500, beat -> peer("b", RELEASE, false, PREFIXES));
    until(() -> releasing() == others);
    int said = announcements.size();

    until(() -> announcements.size() >= said + 3); // announcements: longer than RELEASE_GRACE
    assertThat(releasing()).isEqualTo(others);
    assertThat(suspects()).containsExactly("b:1");
    assertThat(models.here()).isEqualTo(PREFIXES);
    assertThat(ready()).isEqualTo(PREFIXES);
    mute.clear();

    until(() -> models.here().equals(owned("me", "me", "a", "b")));
    assertThat(ready()).isEqualTo(models.here());
  }

  private int releasing() {
    return node.describe().getJsonObject("moving").getInteger("releasing");
  }

  @Test
  void takesOverFromASilentMember() throws Exception {
    peer("a", RELEASE, false, PREFIXES);
    peer("b", RELEASE, false, PREFIXES);
    activate();
    until(() -> ready().equals(owned("me", "me", "a", "b")));

    mute.add("b"); // announces nothing either

    until(() -> models.here().equals(PREFIXES));
    assertThat(node.describe().getJsonArray("members")).hasSize(3);
    mute.clear();
    until(() -> models.here().equals(owned("me", "me", "a", "b")));
  }

  @Test
  void ignoresUnreadableAnnouncements() throws Exception {
    activate();
    var bus = vertx.eventBus();
    bus.publish(Bus.CLUSTER_STATE, "nonsense");
    bus.publish(Bus.CLUSTER_STATE, new JsonObject().put("id", 7));
    bus.publish(
        Bus.CLUSTER_STATE,
        new NodeState("x", "x:1", 1, RELEASE, "", 1, false, false, Set.of(), Set.of())
            .toJson()
            .put("weight", -1.0));

    peer("a", RELEASE, false, PREFIXES);

    until(() -> !node.of("110", RELEASE).isEmpty());
    assertThat(node.describe().getJsonArray("members")).hasSize(2);
  }

  @Test
  void announcesChangedSettings() throws Exception {
    activate();
    peer("a", RELEASE, false, PREFIXES);
    until(() -> node.describe().getJsonArray("members").size() == 2);
    assertThat(node.health().getJsonObject("other_settings")).isEmpty();

    settings = " and others";

    until(() -> lastAnnouncement().getString("settings").equals("s and others"));
    assertThat(node.health().getJsonObject("other_settings").getJsonArray("s"))
        .containsExactly("a:1");
  }
}
