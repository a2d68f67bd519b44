package com.cpprediction.bus;

import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.PincodeCandidate;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PrefixScores;
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

  /** As {@link #MODELS_RELOAD}, of this node only, with {@link #CALLER}, which is believed here. */
  public static final String MODELS_RELOAD_AS = "cp.models.reload.as";

  /** Any body in, JSON as {@code GET /cache/stats} out. */
  public static final String CACHE_STATS = "cp.cache.stats";

  /** Any body in, JSON as {@code DELETE /cache} out. Published, it reaches every node. */
  public static final String CACHE_CLEAR = "cp.cache.clear";

  /** {@code {"shipment_id"}} in, JSON as {@code DELETE /shipments/{shipment_id}} out. */
  public static final String SHIPMENTS_ERASE = "cp.shipments.erase";

  /** The addresses that any Vert.x client may use; each node serves all of them. */
  public static final List<String> PUBLIC =
      List.of(
          PREDICT,
          PREDICT_BATCH,
          OUTCOMES,
          MODELS_STATUS,
          MODELS_RELOAD,
          CACHE_STATS,
          CACHE_CLEAR,
          SHIPMENTS_ERASE);

  /**
   * {@link RecordBatch} in; {@link RecordReply} out, once the predictions are kept as {@code
   * persistence.ack} promises or were refused. In one request an id is of one shipment. Local.
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
   * {@code {"after","limit"}} in, an id of a prediction or empty; out a {@code JsonArray} of at
   * most so many predictions with a greater id, newest first, each {@code
   * {"prediction_id","prefix","cp","confidence","address"}}. Local.
   */
  public static final String RECENT = "cp.recent";

  /**
   * How many ({@code Integer}) of the newest outcomes of stored predictions to count in; out a
   * {@code JsonArray} of one {@code {"since","until","cps":[{"cp","prefix","outcomes"},…]}}, the
   * most frequent first; without outcomes both times are null. Local.
   */
  public static final String DELIVERED = "cp.outcomes.delivered";

  /** Nothing in, JSON as {@code GET /models/drift} out. Local. */
  public static final String MODELS_DRIFT = "cp.models.drift";

  /**
   * {@code JsonArray} of {@code {"shipment_id","cp","author"?}} in; out, once all are committed, a
   * {@code JsonArray} of the results of {@code POST /outcomes}, in the same order. Fails with
   * {@link Failure#NOT_READY} while the database is away. Local.
   */
  public static final String JUDGE = "cp.outcomes.judge";

  /**
   * Shipment id ({@code String}) in; out, once its rows are gone from PostgreSQL, {@code
   * {"erased":{table: rows},"journal":"erased"|"pending"|"retrying"}}. Local.
   */
  public static final String ERASE = "cp.erase";

  /**
   * Published by the node that erased a shipment, to all: {@code {"shipment_id","until","by"}}, of
   * which {@code until} is in milliseconds since 1970: rows predicted up to then are not stored any
   * more.
   */
  public static final String ERASED = "cp.erased";

  /**
   * {@code {"addresses":[as typed,…],"by"}} of an erased shipment in, out once the caches of
   * predictions on this node have forgotten them. Local.
   */
  public static final String FORGET_HERE = "cp.forget.here";

  /**
   * Published to all nodes: the body of {@link #FORGET_HERE}, for the caches of the other nodes and
   * for those of shadow releases.
   */
  public static final String FORGET = "cp.forget";

  /**
   * {@code {"id","at","node","caller","action","target","before","after","request_id"}} in; out
   * nothing, once the entry is on the disk of this node. Local.
   */
  public static final String AUDIT = "cp.audit";

  /**
   * {@code {"limit","before"?}} in; out a {@code JsonArray} of entries of the audit log, newest
   * first, those before the id {@code before}. Local.
   */
  public static final String AUDITED = "cp.audited";

  /**
   * {@code {"action","caller","desk",…}} in, the action being {@code list}, {@code claim}, {@code
   * decide}, {@code skip} or {@code undo}, with the members of the calls of {@code /review}; out
   * the response. Fails with {@link Failure#CONFLICT} where another reviewer was faster, {@link
   * Failure#NOT_READY} while the database is away. Local.
   */
  public static final String REVIEW = "cp.review";

  /**
   * {@code {"codes":[…]}}, or {@code {"query","limit"}}, in; out a {@code JsonArray} of the CPs of
   * the release with these codes, or that match best, each {@code
   * {"cp","prefix","pincode"?,"office"?,"district"?,"state"?}}. Local.
   */
  public static final String CPS = "cp.cps";

  /**
   * {@code {"prefixes":[…]}}, or {@code {}} for all, in; out a {@code JsonArray} of the prefixes
   * that the release has, each {@code {"prefix","cps","districts":[…],"states":[…]}}: the number of
   * its CPs, and where they are, most CPs first, at most three; empty where that is not known.
   * Local.
   */
  public static final String PREFIXES = "cp.prefixes";

  /**
   * Published, now and then and when outcomes came: how many there are, as {@code
   * {"window_days","since","counted_at","unknown","models":[{"prefix","fingerprint","outcomes",
   * "right","top3"},…]}}. Local.
   */
  public static final String OUTCOMES_COUNTED = "cp.outcomes.counted";

  /**
   * {@code {"prefixes":[…]}} in: models of the release that is served, to hold from now on; out,
   * once they serve, {@code {prefix: reason}} of those that can't be used. Local.
   */
  public static final String MODELS_CLAIM = "cp.models.claim";

  /**
   * {@code {"release","prefixes":[…]}} in: models of that release to hold no longer, ignored where
   * another one is served by then; out nothing, once they are gone. Local.
   */
  public static final String MODELS_DROP = "cp.models.drop";

  /** Nothing in, JSON as {@code GET /models/shadow} out. Local. */
  public static final String SHADOW_STATUS = "cp.shadow.status";

  /**
   * {@code {"served","shadow","counter"?,"left"?,"mine"?}} in, ids of releases, of the error counts
   * of {@code mine}, and of the run in which the share of this node was set to 0, and the run that
   * it knows; out the run that all nodes share, as a row of {@code canary_runs} with {@code
   * others}, the pairs in all other counts of it. Fails with {@link Failure#NOT_READY} while the
   * database is away. Local.
   */
  public static final String CANARY_RUN = "cp.canary.run";

  /** Published by the node that stopped a canary, to all: the run, with {@code stopped}. */
  public static final String CANARY_STOPPED = "cp.canary.stopped";

  /**
   * Nothing, or {@code {"prefixes":[…]}}, in; JSON as {@code POST /models/shadow/promote} out.
   * Fails with {@link Failure#NOT_FOUND} where no shadow release is loaded. Local.
   */
  public static final String SHADOW_PROMOTE = "cp.shadow.promote";

  /** Nothing, or {@code {"force"}}, in; JSON as {@code POST /models/shadow/rollback} out. Local. */
  public static final String SHADOW_ROLLBACK = "cp.shadow.rollback";

  /**
   * {@link ComparisonBatch} in; out nothing, once the comparisons are in the journal or, where that
   * does not take them, wait in memory. Local.
   */
  public static final String COMPARED = "cp.shadow.compared";

  /**
   * {@code {"served","shadow"}} in, ids of releases; out a {@code JsonArray} of what the
   * disagreements of these two with a known outcome, among the newest of all, were worth, each
   * {@code {"prefix","outcomes","served_right","shadow_right"}}. Fails with {@link
   * Failure#NOT_READY} while the database is away. Local.
   */
  public static final String COMPARED_OUTCOMES = "cp.shadow.outcomes";

  /**
   * Prefix ({@code String}) in, JSON as {@code GET /models/{prefix}} out. Fails with {@link
   * Failure#NOT_FOUND} where no model of this node has it, {@link Failure#NOT_READY} where one
   * should, and can't be used. Local.
   */
  public static final String MODEL_STATUS = "cp.model.status";

  /**
   * {@code {"from","to","step_seconds","node"}} in, both times as texts; out the body of {@code GET
   * /history} as a buffer. Local.
   */
  public static final String HISTORY = "cp.history";

  /** {@code {"weeks","prefix"}} in; out the body of {@code GET /outcomes/weeks}. Local. */
  public static final String OUTCOME_WEEKS = "cp.outcomes.weeks";

  /**
   * Shipment id ({@code String}) in; out its outcome as {@code GET /outcomes/shipment}, or an empty
   * object. Local.
   */
  public static final String OUTCOME_OF = "cp.outcomes.shipment";

  /** Published: {@link #mark}, to be kept in the history with the time. Local. */
  public static final String MARK = "cp.history.mark";

  /** Published, without a body, when the models of this node have changed. Local. */
  public static final String MODELS_CHANGED = "cp.models.changed";

  /** Published: what a node is and serves now, for all other nodes. */
  public static final String CLUSTER_STATE = "cp.cluster.state";

  /** Header of a message: the name of the caller that a request over HTTP was authorized for. */
  public static final String CALLER = "caller";

  private Bus() {}

  /**
   * {@link ScoreBatch} in, {@link ScoreReplies} out; of one of this node's workers, which all score
   * for every prefix. Without a body in, nothing out, once the worker has finished with what it was
   * sent before. Local.
   *
   * @param worker from 0 on
   */
  public static String score(int worker) {
    return "cp.score." + worker;
  }

  /** {@link OwnerRequest} in, {@link OwnerReply} out; from other nodes to the one of this id. */
  public static String owner(String node) {
    return "cp.scores@" + node;
  }

  /**
   * {@code {"action":"promote","shadow","prefixes"}} or {@code
   * {"action":"rollback","from","force"}} in, out what became of it on the node of this id. From
   * other nodes.
   */
  public static String shadowOf(String node) {
    return "cp.shadow@" + node;
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

  /** As {@link #ask(Vertx, String, Object, Deadline)}, for a named caller. */
  public static <T> Future<T> ask(
      Vertx vertx, String address, @Nullable Object body, Deadline deadline, String caller) {
    var options =
        new DeliveryOptions()
            .setLocalOnly(true)
            .setSendTimeout(deadline.remainingMillis())
            .addHeader(CALLER, caller);
    return vertx.eventBus().<T>request(address, body, options).map(reply -> reply.body());
  }

  /**
   * The body of {@link #MARK}.
   *
   * @param kind {@code start}, {@code stop}, {@code reload}, {@code promotion}, {@code rollback} or
   *     {@code config}
   * @param text for operators; free of secrets and of addresses of shipments
   */
  public static JsonObject mark(String kind, String text) {
    return new JsonObject().put("kind", kind).put("text", text);
  }

  /** Publishes to the consumers of this node only. */
  public static void publishLocal(Vertx vertx, String address, Object body) {
    vertx.eventBus().publish(address, body, new DeliveryOptions().setLocalOnly(true));
  }

  /** Teaches {@code bus} the records of this package; to be called once per Vert.x. */
  public static void registerCodecs(EventBus bus) {
    bus.registerDefaultCodec(ScoreBatch.class, new LocalCodec<>("cp.score-batch"));
    bus.registerDefaultCodec(ScoreReplies.class, new LocalCodec<>("cp.score-replies"));
    bus.registerDefaultCodec(RecordBatch.class, new LocalCodec<>("cp.record-batch"));
    bus.registerDefaultCodec(RecordReply.class, new LocalCodec<>("cp.record-reply"));
    bus.registerDefaultCodec(ComparisonBatch.class, new LocalCodec<>("cp.comparison-batch"));
    bus.registerDefaultCodec(
        OwnerRequest.class, new WireCodec<>("cp.owner-request", Wire::write, Wire::ownerRequest));
    bus.registerDefaultCodec(
        OwnerReply.class, new WireCodec<>("cp.owner-reply", Wire::write, Wire::ownerReply));
  }

  /** Passes an immutable record by reference inside one JVM; it has no form for the wire. */
  private record LocalCodec<T>(String name) implements MessageCodec<T, T> {
    @Override
    public void encodeToWire(Buffer out, T message) {
      throw new UnsupportedOperationException(name + " is sent within a node only");
    }

    @Override
    public T decodeFromWire(int position, Buffer in) {
      throw new UnsupportedOperationException(name + " is sent within a node only");
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

  /**
   * Passes an immutable record by reference inside one JVM, and as length-prefixed JSON between
   * two.
   */
  private record WireCodec<T>(
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
    static JsonObject write(OwnerRequest request) {
      return new JsonObject()
          .put("prefix", request.prefix())
          .put("release", request.release())
          .put("addresses", array(request.addresses(), Wire::write))
          .put("by_pincode", request.byPincode())
          .put("explain", request.explain())
          .put("wrong_pincodes", write(request.wrongPincodes()))
          .put("remaining_ms", request.deadline().remainingMillis());
    }

    static OwnerRequest ownerRequest(JsonObject json) {
      return new OwnerRequest(
          json.getString("prefix"),
          json.getString("release"),
          list(json.getJsonArray("addresses"), Wire::address),
          json.getBoolean("by_pincode"),
          json.getBoolean("explain"),
          errors(json.getJsonArray("wrong_pincodes")),
          Deadline.in(Duration.ofMillis(json.getLong("remaining_ms"))));
    }

    static JsonObject write(OwnerReply reply) {
      return new JsonObject().put("results", array(reply.results(), Wire::write));
    }

    static OwnerReply ownerReply(JsonObject json) {
      return new OwnerReply(list(json.getJsonArray("results"), Wire::result));
    }

    private static JsonObject write(LookupResult result) {
      return new JsonObject()
          .put("scores", write(result.scores()))
          .put("source", result.source().name())
          .put("explanation", result.explanation());
    }

    private static LookupResult result(JsonObject json) {
      return new LookupResult(
              scores(json.getJsonObject("scores")),
              Prediction.Source.valueOf(json.getString("source")))
          .explainedBy(json.getJsonObject("explanation"));
    }

    private static JsonObject write(Address address) {
      return new JsonObject()
          .put("text", address.text())
          .put("pincodes", array(address.candidates(), Wire::write));
    }

    private static Address address(JsonObject json) {
      return Address.believing(
          json.getString("text"), list(json.getJsonArray("pincodes"), Wire::pincode));
    }

    private static JsonObject write(PincodeCandidate candidate) {
      return new JsonObject()
          .put("pincode", candidate.pincode())
          .put("cue", candidate.cue().name())
          .put("position", candidate.position());
    }

    private static PincodeCandidate pincode(JsonObject json) {
      return new PincodeCandidate(
          json.getInteger("pincode"),
          PincodeCandidate.Cue.valueOf(json.getString("cue")),
          json.getInteger("position"));
    }

    private static JsonArray write(PincodeErrors errors) {
      return new JsonArray().add(errors.slips()).add(errors.near()).add(errors.far());
    }

    private static PincodeErrors errors(JsonArray json) {
      return new PincodeErrors(json.getDouble(0), json.getDouble(1), json.getDouble(2));
    }

    private static JsonObject write(PrefixScores scores) {
      var cps = new JsonArray();
      for (int i = 0; i < scores.size(); i++) {
        var cp = new JsonArray().add(scores.cp(i)).add(scores.text(i)).add(scores.usual(i));
        for (int j = 0; j < scores.pincodes(); j++) {
          cp.add(scores.right(i, j)).add(scores.slip(i, j));
        }
        cps.add(cp);
      }
      var near = new JsonArray();
      for (int j = 0; j < scores.pincodes(); j++) near.add(scores.near(j));
      return new JsonObject()
          .put("fingerprint", scores.fingerprint())
          .put("fit", scores.fit())
          .put("near", near)
          .put("cps", cps);
    }

    private static PrefixScores scores(JsonObject json) {
      var ofPincodes = json.getJsonArray("near");
      int pincodes = ofPincodes.size();
      var near = new double[pincodes];
      for (int j = 0; j < pincodes; j++) near[j] = ofPincodes.getDouble(j);
      var rows = json.getJsonArray("cps");
      int size = rows.size();
      var cps = new String[size];
      var text = new double[size];
      var usual = new int[size];
      var right = new double[size * pincodes];
      var slip = new double[size * pincodes];
      for (int i = 0; i < size; i++) {
        var row = rows.getJsonArray(i);
        cps[i] = row.getString(0);
        text[i] = row.getDouble(1);
        usual[i] = row.getInteger(2);
        for (int j = 0; j < pincodes; j++) {
          right[i * pincodes + j] = row.getDouble(3 + 2 * j);
          slip[i * pincodes + j] = row.getDouble(4 + 2 * j);
        }
      }
      var fingerprint = json.getString("fingerprint");
      return new PrefixScores(
          fingerprint, json.getDouble("fit"), pincodes, cps, text, right, slip, near, usual);
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
