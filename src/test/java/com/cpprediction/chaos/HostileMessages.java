package com.cpprediction.chaos;

import com.cpprediction.bus.Bus;
import com.cpprediction.prediction.Failure;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Messages of wrong types and contents, from a member of the cluster that is no node. */
final class HostileMessages {
  private static final int WINDOW = 50; // messages under way
  private static final int PATIENCE_MILLIS = 10_000;
  private static final int FEW_RELOADS = 200; // one of so many messages

  private final BusClient bus;
  private final HostileCampaign campaign;
  private final Random random;
  private final List<String> addresses;
  private final List<Supplier<Object>> bodies =
      List.of(
          () -> null,
          () -> "{\"shipment_id\":\"x\"}",
          this::number,
          () -> true,
          () -> new byte[] {1, 2, 3},
          () -> Buffer.buffer("{"),
          () -> new JsonArray().add(shipment()).add(number()),
          JsonObject::new,
          this::shipment,
          () -> new JsonObject().put("shipments", value()),
          () -> new JsonObject().put("shipments", new JsonArray().add(value()).add(shipment())),
          () -> new JsonObject().put("outcomes", new JsonArray().add(value())),
          () -> new JsonObject().put("prefixes", value()),
          this::state);

  /**
   * @param nodes identifiers of the nodes, for the addresses of each
   */
  HostileMessages(BusClient bus, List<String> nodes, HostileCampaign campaign, long seed) {
    this.bus = bus;
    this.campaign = campaign;
    random = new Random(seed);
    addresses =
        Stream.of(
                Bus.PUBLIC.stream().filter(address -> !address.equals(Bus.MODELS_RELOAD)),
                nodes.stream().map(Bus::owner),
                nodes.stream().map(Bus::stateOf))
            .flatMap(all -> all)
            .toList();
  }

  /** Sends so many, and waits for their replies. */
  void send(int messages) {
    for (int left = messages; left > 0; left -= WINDOW) {
      var window = new ArrayList<Future<?>>();
      for (int i = 0; i < Math.min(WINDOW, left); i++) window.add(one());
      Future.join(window).otherwiseEmpty().await();
    }
  }

  private Future<?> one() {
    if (random.nextInt(10) == 0) bus.publish(Bus.CLUSTER_STATE, body());
    var address =
        random.nextInt(FEW_RELOADS) == 0
            ? Bus.MODELS_RELOAD
            : addresses.get(random.nextInt(addresses.size()));
    var body = body();
    var options = new DeliveryOptions().setSendTimeout(PATIENCE_MILLIS);
    if (random.nextInt(3) == 0) options.addHeader("x-deadline-ms", String.valueOf(value()));
    if (random.nextInt(5) == 0) options.addHeader("explain", String.valueOf(value()));
    return bus.request(address, body, options)
        .onSuccess(reply -> replied(reply))
        .onFailure(cause -> failed(address, body, cause));
  }

  private void replied(Message<Object> reply) {
    campaign.told("messages", "reply", String.valueOf(reply.body()));
  }

  private void failed(String address, Object body, Throwable cause) {
    int status = Failure.of(cause).status();
    boolean refused = status == 503 || status == 504 || status / 100 == 4;
    if (cause instanceof ReplyException reply && refused) {
      campaign.told("messages", reply.failureType() + " " + status, "");
    } else {
      campaign.fault("messages", address + " <- " + body + ": " + cause);
    }
  }

  private Object body() {
    return bodies.get(random.nextInt(bodies.size())).get();
  }

  private Object number() {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt();
      case 1 -> Long.MIN_VALUE;
      case 2 -> Double.NaN;
      default -> (short) 7;
    };
  }

  /** A value of JSON. */
  private Object value() {
    return switch (random.nextInt(6)) {
      case 0 -> null;
      case 1 -> -1;
      case 2 -> "x".repeat(random.nextInt(2_000));
      case 3 -> new JsonArray().add(new JsonObject());
      case 4 -> new JsonObject().put("a", 1);
      default -> true;
    };
  }

  private JsonObject shipment() {
    var shipment =
        new JsonObject()
            .put("shipment_id", "hostile-" + random.nextInt(1_000_000))
            .put("address", HostileRequests.MARK + " Nagar " + random.nextInt(100) + ", 575001");
    if (random.nextBoolean()) {
      shipment.put(random.nextBoolean() ? "pincode" : "address", value());
    }
    return shipment;
  }

  /** As nodes announce themselves, with something wrong. */
  private JsonObject state() {
    return new JsonObject()
        .put("id", value())
        .put("name", "foreign")
        .put("sequence", random.nextLong())
        .put("release", value())
        .put("settings", "")
        .put("weight", number())
        .put("fresh", value())
        .put("leaving", false)
        .put("ready", random.nextBoolean() ? "575 180" : value())
        .put("refused", "");
  }
}
