package com.cpprediction.bus;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Located;
import com.cpprediction.prediction.Lookup;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.Scored;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.MessageCodec;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Every address of the event bus and the type that travels on it. */
public final class Bus {
  /** JSON as {@code POST /predict}, in and out; from any Vert.x client. */
  public static final String PREDICT = "cp.predict";

  /** JSON as {@code POST /predict/batch}, in and out. */
  public static final String PREDICT_BATCH = "cp.predict.batch";

  /** JSON as {@code POST /outcomes}, in and out; may be sent again. */
  public static final String OUTCOMES = "cp.outcomes";

  /** Any body in, JSON as {@code GET /models/status} out. */
  public static final String MODELS_STATUS = "cp.models.status";

  /**
   * Nothing, or {@code {"prefixes":[…]}}, in; JSON as {@code POST /models/reload} out. Published,
   * it reaches every node.
   */
  public static final String MODELS_RELOAD = "cp.models.reload";

  /** Any body in, JSON as {@code GET /cache/stats} out. */
  public static final String CACHE_STATS = "cp.cache.stats";

  /** Any body in, JSON as {@code DELETE /cache} out. Published, it reaches every node. */
  public static final String CACHE_CLEAR = "cp.cache.clear";

  /** The addresses that any Vert.x client may use; each node answers all of them. */
  public static final List<String> PUBLIC =
      List.of(
          PREDICT, PREDICT_BATCH, OUTCOMES, MODELS_STATUS, MODELS_RELOAD, CACHE_STATS, CACHE_CLEAR);

  /**
   * {@link RecordRequest} in; out, once the predictions are kept as {@code persistence.ack}
   * promises, {@code {"refused":[…],"taken":[…]}}: the ids of those that PostgreSQL refused, and of
   * those whose id is another shipment's; both empty when all is well. In one batch an id is of one
   * shipment. Fails with {@link Failure#OVERLOADED} or {@link Failure#NOT_READY} when nothing was
   * kept, and with {@link Failure#DEADLINE_EXCEEDED} when that is unknown. Local.
   */
  public static final String RECORD = "cp.record";

  /**
   * Shipment id ({@code String}) in; out a {@code JsonArray} of its stored predictions, newest
   * first, empty when there is none. Local.
   */
  public static final String STORED = "cp.stored";

  /**
   * How many ({@code Integer}) in; out a {@code JsonArray} of the most frequent recent addresses,
   * each {@code {"address","pincode"}}. Local.
   */
  public static final String POPULAR = "cp.popular";

  /**
   * {@code JsonArray} of {@code {"shipment_id","cp"}} in; out, once all of them are committed, a
   * {@code JsonArray} of the results of {@code POST /outcomes}, in the same order. Fails with
   * {@link Failure#NOT_READY} while the database is away. Local.
   */
  public static final String JUDGE = "cp.outcomes.judge";

  /**
   * Published, now and then and when outcomes came: how many there are, as {@code
   * {"window_days","since","counted_at","unknown","models":[{"prefix","fingerprint","outcomes",
   * "right","top3"},…]}}. Local.
   */
  public static final String OUTCOMES_COUNTED = "cp.outcomes.counted";

  /**
   * {@code {"prefixes":[…]}} in: models of the release that is served, to hold from now on; out,
   * once they answer, {@code {prefix: reason}} of those that can't be used. Local.
   */
  public static final String MODELS_CLAIM = "cp.models.claim";

  /**
   * {@code {"prefixes":[…]}} in: models to hold no longer; out nothing, once they are gone. Local.
   */
  public static final String MODELS_DROP = "cp.models.drop";

  /**
   * Prefix ({@code String}) in, JSON as {@code GET /models/{prefix}} out. Fails with {@link
   * Failure#NOT_FOUND} where no model of this node has it, {@link Failure#NOT_READY} where one
   * should, and can't be used. Local.
   */
  public static final String MODEL_STATUS = "cp.model.status";

  /** Published, without a body, when the models of this node have changed. Local. */
  public static final String MODELS_CHANGED = "cp.models.changed";

  /** Published: what a node is and answers with now, for all other nodes. */
  public static final String CLUSTER_STATE = "cp.cluster.state";

  private Bus() {}

  /**
   * {@link ScoreRequest} in, {@link ScoreReply} out; sent local-only to one of this node's own
   * workers.
   *
   * @param worker from 0 on
   */
  public static String score(String prefix, int worker) {
    return "cp.score." + prefix + '.' + worker;
  }

  /**
   * Anything in; out nothing, once the worker has answered what it was sent before. Local.
   *
   * @param worker from 0 on
   */
  public static String finished(int worker) {
    return "cp.finished." + worker;
  }

  /**
   * {@code {"text","pincode","fingerprint"}} in: canonical text, six digits or null, and the
   * scoring fingerprint of the answer; out the {@code explanation} of {@code POST
   * /predict?explain=true}. Fails with {@link Failure#NOT_READY} when another model answers now.
   * Local.
   *
   * @param worker from 0 on
   */
  public static String explain(String prefix, int worker) {
    return "cp.explain." + prefix + '.' + worker;
  }

  /** {@link OwnerRequest} in, {@link OwnerReply} out; from other nodes to the one of this id. */
  public static String owner(String node) {
    return "cp.score@" + node;
  }

  /** As {@link #explain} with the {@code prefix} in the question; from other nodes. */
  public static String explainAt(String node) {
    return "cp.explain@" + node;
  }

  /** Anything in; out what {@link #CLUSTER_STATE} would publish now. From other nodes. */
  public static String stateOf(String node) {
    return CLUSTER_STATE + '@' + node;
  }

  /**
   * Asks a consumer of this node, and no other node's.
   *
   * @return the body of its reply; fails with a {@link ReplyException} of type {@code TIMEOUT} at
   *     {@code deadline}, of type {@code NO_HANDLERS} when this node has no consumer there
   */
  public static <T> Future<T> ask(
      Vertx vertx, String address, @Nullable Object body, Deadline deadline) {
    var options = new DeliveryOptions().setLocalOnly(true);
    return vertx
        .eventBus()
        .<T>request(address, body, options.setSendTimeout(deadline.remainingMillis()))
        .map(reply -> reply.body());
  }

  /** Publishes to the consumers of this node only. */
  public static void publishLocal(Vertx vertx, String address, Object body) {
    vertx.eventBus().publish(address, body, new DeliveryOptions().setLocalOnly(true));
  }

  /** Teaches {@code bus} the records of this package; to be called once per Vert.x. */
  public static void registerCodecs(EventBus bus) {
    bus.registerDefaultCodec(
        ScoreRequest.class, new RecordCodec<>("cp.score-request", Wire::write, Wire::scoreRequest));
    bus.registerDefaultCodec(
        ScoreReply.class, new RecordCodec<>("cp.score-reply", Wire::write, Wire::scoreReply));
    bus.registerDefaultCodec(
        RecordRequest.class, new RecordCodec<>("cp.batch", Wire::write, Wire::batch));
    bus.registerDefaultCodec(
        OwnerRequest.class, new RecordCodec<>("cp.owner-request", Wire::write, Wire::ownerRequest));
    bus.registerDefaultCodec(
        OwnerReply.class, new RecordCodec<>("cp.owner-reply", Wire::write, Wire::ownerReply));
  }

  /**
   * Passes an immutable record by reference inside one JVM, and as length-prefixed JSON between
   * two.
   */
  private record RecordCodec<T>(
      String name, Function<T, JsonObject> write, Function<JsonObject, T> read)
      implements MessageCodec<T, T> {
    @Override
    public void encodeToWire(Buffer out, T message) {
      var body = write.apply(message).toBuffer();
      out.appendInt(body.length()).appendBuffer(body);
    }

    @Override
    public T decodeFromWire(int position, Buffer in) {
      int start = position + Integer.BYTES;
      return read.apply(in.getBuffer(start, start + in.getInt(position)).toJsonObject());
    }

    @Override
    public T transform(T message) {
      return message;
    }

    @Override
    public byte systemCodecID() {
      return -1;
    }
  }

  /** The wire form of each record: its components by name. */
  private static final class Wire {
    static JsonObject write(ScoreRequest request) {
      return new JsonObject()
          .put("addresses", array(request.addresses(), Wire::write))
          .put("remaining_ms", request.deadline().latest().remainingMillis());
    }

    static ScoreRequest scoreRequest(JsonObject json) {
      return new ScoreRequest(
          list(json.getJsonArray("addresses"), Wire::address),
          Deadline.in(Duration.ofMillis(json.getLong("remaining_ms"))));
    }

    static JsonObject write(ScoreReply reply) {
      return new JsonObject().put("scored", array(reply.scored(), Wire::write));
    }

    static ScoreReply scoreReply(JsonObject json) {
      return new ScoreReply(list(json.getJsonArray("scored"), Wire::scored));
    }

    static JsonObject write(OwnerRequest request) {
      return new JsonObject()
          .put("prefix", request.prefix())
          .put("release", request.release())
          .put("addresses", array(request.addresses(), Wire::write))
          .put("remaining_ms", request.deadline().remainingMillis());
    }

    static OwnerRequest ownerRequest(JsonObject json) {
      return new OwnerRequest(
          json.getString("prefix"),
          json.getString("release"),
          list(json.getJsonArray("addresses"), Wire::address),
          Deadline.in(Duration.ofMillis(json.getLong("remaining_ms"))));
    }

    static JsonObject write(OwnerReply reply) {
      return new JsonObject().put("lookups", array(reply.lookups(), Wire::write));
    }

    static OwnerReply ownerReply(JsonObject json) {
      return new OwnerReply(list(json.getJsonArray("lookups"), Wire::lookup));
    }

    private static JsonObject write(Lookup lookup) {
      return new JsonObject()
          .put("scored", write(lookup.scored()))
          .put("source", lookup.source().name());
    }

    private static Lookup lookup(JsonObject json) {
      return new Lookup(
          scored(json.getJsonObject("scored")),
          Prediction.Source.valueOf(json.getString("source")));
    }

    static JsonObject write(RecordRequest batch) {
      return new JsonObject().put("predictions", array(batch.predictions(), Wire::write));
    }

    static RecordRequest batch(JsonObject json) {
      return new RecordRequest(list(json.getJsonArray("predictions"), Wire::prediction));
    }

    private static JsonObject write(Address address) {
      return new JsonObject().put("text", address.text()).put("pincode", address.pincode());
    }

    private static Address address(JsonObject json) {
      return new Address(json.getString("text"), json.getString("pincode"));
    }

    private static JsonObject write(Located located) {
      return new JsonObject()
          .put("prefix", located.prefix())
          .put("probability", located.probability())
          .put("source", located.source().name());
    }

    private static Located located(JsonObject json) {
      return new Located(
          json.getString("prefix"),
          json.getDouble("probability"),
          Located.Source.valueOf(json.getString("source")));
    }

    private static JsonObject write(Scored scored) {
      return new JsonObject()
          .put("fingerprint", scored.fingerprint())
          .put("candidates", array(scored.candidates(), Wire::write));
    }

    private static Scored scored(JsonObject json) {
      return new Scored(
          json.getString("fingerprint"), list(json.getJsonArray("candidates"), Wire::candidate));
    }

    private static JsonObject write(Candidate candidate) {
      return new JsonObject().put("cp", candidate.cp()).put("confidence", candidate.confidence());
    }

    private static Candidate candidate(JsonObject json) {
      return new Candidate(json.getString("cp"), json.getDouble("confidence"));
    }

    private static JsonObject write(Prediction prediction) {
      var request = prediction.request();
      return new JsonObject()
          .put("id", request.id().toString())
          .put("shipment_id", request.shipmentId())
          .put("typed", request.typed())
          .put("address", write(request.address()))
          .put("located", write(request.located()))
          .put("scored", write(prediction.scored()))
          .put("source", prediction.source().name());
    }

    private static Prediction prediction(JsonObject json) {
      var request =
          new PredictionRequest(
              UUID.fromString(json.getString("id")),
              json.getString("shipment_id"),
              json.getString("typed"),
              address(json.getJsonObject("address")),
              located(json.getJsonObject("located")));
      return new Prediction(
          request,
          scored(json.getJsonObject("scored")),
          Prediction.Source.valueOf(json.getString("source")));
    }

    private static <T> JsonArray array(List<T> items, Function<T, JsonObject> write) {
      var array = new JsonArray();
      items.forEach(item -> array.add(write.apply(item)));
      return array;
    }

    private static <T> List<T> list(JsonArray array, Function<JsonObject, T> read) {
      return array.stream().map(item -> read.apply((JsonObject) item)).toList();
    }
  }
}
