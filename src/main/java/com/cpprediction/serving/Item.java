package com.cpprediction.serving;

import com.cpprediction.json.JsonBytes;
import com.cpprediction.json.MalformedJsonException;
import com.cpprediction.json.StrictJson;
import com.cpprediction.metrics.ServiceMetrics;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Deadline;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.LookupResult;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Posterior;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.PrefixScores;
import com.cpprediction.prediction.PrefixShare;
import com.cpprediction.prediction.Refusal;
import com.cpprediction.prediction.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One shipment of a request on its way to a prediction or a failure. Open until it has one; what
 * comes later is ignored. Read on one thread, then confined to one context.
 */
public final class Item implements Reply {
  /** Bytes of a line of a stream at most. */
  public static final int MAX_LINE = 16 * 1024;

  /** Failures of an address that this generation of the models can't place; another one may. */
  private static final Set<Failure> UNPLACED =
      EnumSet.of(Failure.UNKNOWN_PREFIX, Failure.PINCODE_REQUIRED);

  private final @Nullable String shipmentId;

  /** Reads it against another generation of the models; absent where it can't be read at all. */
  private @Nullable Function<ServingRelease, PredictionRequest> rereading;

  /** Makes the refusal of one that could be read and not be placed. */
  private @Nullable Function<ServiceException, Refusal> refusing;

  /** Of the models that made the guesses of a refusal. */
  private @Nullable String fingerprint;

  private @Nullable PredictionRequest request;
  private List<Future<LookupResult>> lookups = List.of(); // by hypothesis
  private @Nullable JsonObject explanation; // where one was requested
  private @Nullable LookupResult served; // by the model of the predicted prefix
  private @Nullable Prediction prediction;
  private @Nullable ServiceException failure;
  private boolean canary;
  private boolean canaryFailed;

  private Item(
      @Nullable String shipmentId,
      @Nullable PredictionRequest request,
      @Nullable ServiceException failure) {
    this.shipmentId = shipmentId;
    this.request = request;
    this.failure = failure;
  }

  /**
   * Reads a shipment.
   *
   * @param wrongPincodes shares of wrong pincodes to assume
   */
  public static Item read(
      @Nullable Object item,
      ShipmentReader reader,
      ServingRelease lease,
      PincodeErrors wrongPincodes) {
    try {
      var request = reader.request(item, lease, wrongPincodes);
      return new Item(request.shipmentId(), request, null);
    } catch (ServiceException e) {
      var failed = new Item(ShipmentReader.shipmentId(item), null, e);
      failed.rereading = another -> reader.request(item, another, wrongPincodes);
      failed.refusing = reason -> reader.refusal(item, reason);
      return failed;
    }
  }

  /** As {@link #read(Object, ShipmentReader, ServingRelease, PincodeErrors)}. */
  public static Item read(
      TypedShipment typed,
      ShipmentReader reader,
      ServingRelease lease,
      PincodeErrors wrongPincodes) {
    try {
      return new Item(typed.shipmentId(), reader.request(typed, lease, wrongPincodes), null);
    } catch (ServiceException e) {
      var failed = new Item(ShipmentReader.validId(typed.shipmentId()), null, e);
      failed.rereading = another -> reader.request(typed, another, wrongPincodes);
      failed.refusing = reason -> reader.refusal(typed, reason);
      return failed;
    }
  }

  /**
   * Reads a line of a stream.
   *
   * @param content JSON; absent where it is longer than {@link #MAX_LINE}
   */
  static Item parse(
      byte @Nullable [] content,
      ShipmentReader reader,
      ServingRelease lease,
      PincodeErrors wrongPincodes) {
    if (content == null) {
      return failed(Failure.TOO_LARGE.because("The line is longer than " + MAX_LINE + " bytes"));
    }
    var typed = ShipmentParser.shipment(content);
    if (typed != null) return read(typed, reader, lease, wrongPincodes);
    try {
      return read(StrictJson.parse(content), reader, lease, wrongPincodes);
    } catch (MalformedJsonException e) {
      return failed(Failure.MALFORMED_REQUEST.because(e.getMessage()));
    }
  }

  /** One of which nothing can be read. */
  public static Item failed(ServiceException failure) {
    return new Item(null, null, failure);
  }

  /**
   * Fails this when an earlier item has its prediction id for another shipment: one id is one row,
   * so that only one of the two could be kept.
   *
   * @param claimed the first request of each id
   */
  void claim(Map<UUID, PredictionRequest> claimed) {
    if (!open()) return;
    var mine = request();
    var first = claimed.putIfAbsent(mine.id(), mine);
    if (first == null
        || first.shipmentId().equals(shipmentId) && first.address().equals(mine.address())) {
      return;
    }
    fail(PredictionIds.taken());
  }

  /** The shipment of an item that could be read. */
  PredictionRequest request() {
    return Objects.requireNonNull(request);
  }

  /** The id of its shipment; absent where that can't be read. */
  public @Nullable String shipmentId() {
    return shipmentId;
  }

  /** Whether it could be read and located. */
  boolean located() {
    return request != null;
  }

  /** Notes that the shadow release serves it. */
  void byCanary() {
    canary = true;
  }

  /**
   * Notes that the served release serves it instead of the shadow release.
   *
   * @param failed whether the shadow release could not
   */
  void leaveCanary(boolean failed) {
    canary = false;
    canaryFailed = failed;
  }

  /** Counts it while the shadow release has a share; it was served or failed. */
  void count(SecondRelease second) {
    if (request == null) return;
    boolean failed = canaryFailed || prediction == null && reason().failure().status() >= 500;
    if (prediction == null && !failed) return; // refused: comparisons tell which release is right
    second.answered(canary || canaryFailed, failed);
  }

  /** Its prediction, once it has one. */
  public @Nullable Prediction prediction() {
    return prediction;
  }

  /** Why it was not predicted. */
  public @Nullable ServiceException failure() {
    return failure;
  }

  /** The node that served it, as {@link LookupResult#servedBy}; empty where none did. */
  @Override
  public String servedBy() {
    return prediction == null ? "" : served().servedBy();
  }

  private LookupResult served() {
    return Objects.requireNonNull(served, "not looked up");
  }

  /** The failure of a served item without a prediction. */
  private ServiceException reason() {
    return Objects.requireNonNull(failure, "not served");
  }

  boolean open() {
    return prediction == null && failure == null;
  }

  /**
   * Has {@code results}, once they are there, for its lookups.
   *
   * @param results one for each of its hypotheses, in their order
   */
  void await(List<Future<LookupResult>> results) {
    lookups = results;
  }

  /** Whether a lookup failed since its model is not served just now. */
  boolean unserved() {
    for (var lookup : lookups) if (unserved(lookup)) return true;
    return false;
  }

  private static boolean unserved(Future<LookupResult> lookup) {
    return lookup.failed() && Failure.of(lookup.cause()) == Failure.NOT_READY;
  }

  /** Whether it would be open if its address could be placed. */
  boolean unplaced() {
    return failure != null && UNPLACED.contains(failure.failure());
  }

  /** Places it anew, to be looked up with another generation of the models. */
  void relocate(ShipmentReader reader, ServingRelease lease) {
    failure = null;
    try {
      if (request != null) {
        var errors = request.hypotheses().wrongPincodes();
        request = request.at(reader.located(request.address(), lease, errors));
      } else if (rereading != null) {
        request = rereading.apply(lease);
      }
    } catch (ServiceException e) {
      failure = e;
    }
  }

  /** Places it by its pincode alone, to be looked up with the release of other nodes. */
  void relocateByPincode(ServingRelease lease) {
    try {
      var errors = request().hypotheses().wrongPincodes();
      request = request().at(lease.locateByPincode(request().address(), errors));
    } catch (ServiceException e) {
      failure = e;
    }
  }

  /**
   * Makes a prediction or a failure of what was looked up by now.
   *
   * @param least how sure a prediction must be without a pincode of its prefix, 0..1
   * @return what the models say, where they do
   */
  @Nullable Posterior settle(double least) {
    if (!open()) return null;
    var scores = new ArrayList<@Nullable PrefixScores>(lookups.size());
    for (var lookup : lookups) {
      if (!lookup.isComplete()) {
        failure = Deadline.exceeded();
        return null;
      }
      boolean first = scores.isEmpty();
      if (lookup.failed() && (first || !unserved(lookup))) {
        failure = Problem.toServiceException(lookup.cause());
        return null;
      }
      scores.add(lookup.failed() ? null : lookup.result().scores());
    }
    var posterior = Posterior.of(request().address(), request().hypotheses(), scores);
    try {
      prediction = request().predicted(posterior.sure(least), lookupSource());
      served = lookup(posterior.belief().prefix());
      explanation = served.explanation().isEmpty() ? null : explanation(scores);
    } catch (ServiceException e) { // it needs a pincode after all
      failure = e;
      fingerprint = posterior.scored().fingerprint();
    }
    return posterior;
  }

  private JsonObject explanation(List<@Nullable PrefixScores> scores) {
    var prefixes = Posterior.prefixes(request().address(), request().hypotheses(), scores);
    var shares = new JsonArray(prefixes.stream().map(PrefixShare::toJson).toList());
    return served().explanation().copy().put("prefixes", shares);
  }

  @Override
  public @Nullable Source source() {
    return prediction == null ? null : prediction.source();
  }

  /** The cache, where no model was asked. */
  private Source lookupSource() {
    for (var lookup : lookups) {
      if (lookup.succeeded() && lookup.result().source() == Source.MODEL) return Source.MODEL;
    }
    return Source.CACHE;
  }

  private LookupResult lookup(String prefix) {
    return lookups.get(request().hypotheses().prefixes().indexOf(prefix)).result();
  }

  /** Whether it needs a pincode, and could be read. */
  boolean refused() {
    return failure != null
        && failure.failure() == Failure.PINCODE_REQUIRED
        && (request != null || refusing != null);
  }

  /** The refusal of one that {@linkplain #refused() is refused}. */
  Refusal refusal() {
    var reason = reason();
    if (request == null) return Objects.requireNonNull(refusing).apply(reason);
    return Refusal.of(
        request.id(),
        request.shipmentId(),
        request.typed(),
        request.pincodeField(),
        reason,
        fingerprint);
  }

  /** Why a lookup failed, where one did. */
  @Nullable Throwable cause() {
    for (var lookup : lookups) if (lookup.failed()) return lookup.cause();
    return null;
  }

  /** Takes the prediction back, if there is one; a failure it has already stays. */
  void fail(ServiceException reason) {
    if (failure != null) return;
    prediction = null;
    failure = reason;
  }

  void count(ServiceMetrics metrics, long nanos) {
    if (prediction != null) {
      metrics.answered(prediction.source(), nanos);
      metrics.confident(prediction.best().confidence());
    } else metrics.failed(reason().failure());
  }

  /** As a result in a response. */
  @Override
  public JsonObject json() {
    if (prediction == null) {
      return new JsonObject()
          .put("shipment_id", shipmentId)
          .put("error", Problem.of(reason()).json());
    }
    var json = PredictionJson.encode(prediction, canary);
    return explanation == null ? json : json.put("explanation", explanation);
  }

  @Override
  public void write(JsonBytes out) {
    if (prediction != null && explanation == null) {
      PredictionJson.write(prediction, canary, out);
    } else {
      Reply.super.write(out);
    }
  }

  /**
   * Writes a result in a stream.
   *
   * @param line of the stream
   */
  public void write(JsonBytes out, long line) {
    if (prediction != null) write(out);
    else out.raw(json().put("line", line).toBuffer().getBytes());
  }
}
