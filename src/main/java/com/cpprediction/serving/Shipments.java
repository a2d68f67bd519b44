package com.cpprediction.serving;

import com.cpprediction.json.JsonBytes;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.model.WrongPincodes;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.UUID;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;

/**
 * The shipments of one request, with the lease on the models that they are served with until it is
 * closed. Read on one thread, then confined to one context.
 */
public final class Shipments implements Reply, AutoCloseable {
  private static final byte[] RESULTS = "{\"results\":[".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] SUMMARY = "],\"summary\":".getBytes(StandardCharsets.US_ASCII);

  private final List<Item> items;
  private final boolean explain;
  private final WrongPincodes caller;
  private final ShipmentReader reader;
  private ServingRelease lease;
  private int admitted;
  private boolean byPincode;
  private boolean canary;
  private List<Shipments> arms = List.of(); // where two releases serve the items

  /**
   * An id is of one shipment among {@code items}.
   *
   * @param lease given back when this is closed
   * @param caller the wrong pincodes of the caller
   * @param reader that has read them
   */
  Shipments(
      List<Item> items,
      ServingRelease lease,
      boolean explain,
      WrongPincodes caller,
      ShipmentReader reader) {
    this.items = List.copyOf(items);
    this.lease = lease;
    this.explain = explain;
    this.caller = caller;
    this.reader = reader;
    claimIds();
  }

  /**
   * Items of two releases.
   *
   * @param items all of them, in the order of the request
   * @param arms closed with this
   */
  static Shipments ofArms(List<Item> items, List<Shipments> arms) {
    var first = arms.get(0);
    var both = new Shipments(items, first.lease, first.explain, first.caller, first.reader);
    both.arms = arms;
    return both;
  }

  /** Marks the items as served by the shadow release, whose lease this has. */
  Shipments byCanary() {
    canary = true;
    items.forEach(Item::byCanary);
    return this;
  }

  /** Whether the lease is on the shadow release. */
  boolean canary() {
    return canary;
  }

  /** The parts that one release serves each; this, where one serves all. */
  List<Shipments> arms() {
    return arms.isEmpty() ? List.of(this) : arms;
  }

  private void claimIds() {
    if (items.size() == 1) return;
    var claimed = new HashMap<UUID, PredictionRequest>();
    items.forEach(item -> item.claim(claimed));
  }

  /** In the order of the request. */
  public List<Item> items() {
    return items;
  }

  /** The models that it was served with, to name them: once closed, the lease is over. */
  public ServingRelease servedWith() {
    return lease;
  }

  ServingRelease lease() {
    return lease;
  }

  boolean explain() {
    return explain;
  }

  /** The wrong pincodes of the caller. */
  WrongPincodes caller() {
    return caller;
  }

  /** Places the open items by their pincodes alone, to be looked up with another release. */
  void relocateByPincode() {
    if (reader.locates()) open().forEach(item -> item.relocateByPincode(lease));
  }

  /** Items without a prediction or a failure. */
  List<Item> open() {
    if (items.size() == 1) return items.get(0).open() ? items : List.of();
    var open = new ArrayList<Item>(items.size());
    for (var item : items) if (item.open()) open.add(item);
    return open;
  }

  /** Whether their addresses tell their prefixes. */
  boolean locates() {
    return reader.locates();
  }

  /** Notes whether another release than that of the lease serves the items, by their pincodes. */
  void byPincode(boolean elsewhere) {
    byPincode = elsewhere;
  }

  /** Whether another release than that of the lease serves the items, by their pincodes. */
  boolean byPincode() {
    return byPincode;
  }

  /** Notes that {@code count} items were admitted: all of them, or the open ones. */
  void admitted(int count) {
    admitted = count;
    boolean all = count == items.size();
    for (var arm : arms) arm.admitted(all ? arm.items.size() : arm.open().size());
  }

  /** Items that were admitted, for the caller to release. */
  int admitted() {
    if (arms.isEmpty()) return admitted;
    int sum = 0;
    for (var arm : arms) sum += arm.admitted;
    return sum;
  }

  /**
   * Serves with another generation of the models instead the open items, and those that the one so
   * far could not place. If more are open then than were admitted, and the others are not admitted,
   * those keep their failure.
   *
   * @param fresh given back when this is closed, in place of the lease so far
   * @param admit whether so many further items are admitted
   */
  void startAgain(ServingRelease fresh, IntPredicate admit) {
    lease.close();
    lease = fresh;
    if (canary) items.forEach(item -> item.leaveCanary(item.unserved()));
    canary = false;
    open().forEach(item -> item.relocate(reader, fresh));
    reopen(admit);
    claimIds();
  }

  private void reopen(IntPredicate admit) {
    var failures = new LinkedHashMap<Item, ServiceException>();
    for (var item : items) {
      var failure = item.failure();
      if (failure == null || !item.unplaced()) continue;
      item.relocate(reader, lease);
      if (item.open()) failures.put(item, failure);
    }
    int further = open().size() - admitted;
    if (further <= 0) return;
    if (admit.test(further)) admitted += further;
    else failures.forEach(Item::fail);
  }

  @Override
  public void close() {
    if (arms.isEmpty()) lease.close();
    else arms.forEach(Shipments::close);
  }

  /** The response of {@code POST /predict/batch}. */
  @Override
  public JsonObject json() {
    var results = new JsonArray(new ArrayList<>(items.size()));
    for (var item : items) results.add(item.json());
    return new JsonObject().put("results", results).put("summary", summary());
  }

  @Override
  public void write(JsonBytes out) {
    out.raw(RESULTS);
    for (int i = 0; i < items.size(); i++) {
      if (i > 0) out.raw(',');
      items.get(i).write(out);
    }
    out.raw(SUMMARY).raw(summary().toBuffer().getBytes()).raw('}');
  }

  private JsonObject summary() {
    int predicted = 0;
    int cached = 0;
    for (var item : items) {
      if (item.prediction() == null) continue;
      predicted++;
      if (item.source() == Source.CACHE) cached++;
    }
    return new JsonObject()
        .put("count", items.size())
        .put("predicted", predicted)
        .put("failed", items.size() - predicted)
        .put("cached", cached);
  }

  @Override
  public String servedBy() {
    return items.stream()
        .map(Item::servedBy)
        .filter(node -> !node.isEmpty())
        .distinct()
        .sorted()
        .collect(Collectors.joining(", "));
  }
}
