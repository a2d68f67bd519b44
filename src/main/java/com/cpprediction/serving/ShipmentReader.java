package com.cpprediction.serving;

import com.cpprediction.cache.AddressCache;
import com.cpprediction.model.ServingRelease;
import com.cpprediction.prediction.Address;
import com.cpprediction.prediction.Failure;
import com.cpprediction.prediction.Hypotheses;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.PredictionIds;
import com.cpprediction.prediction.PredictionRequest;
import com.cpprediction.prediction.Refusal;
import com.cpprediction.prediction.ServiceException;
import com.cpprediction.prediction.TypedAddress;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads requests strictly: a record that passes needs no further check. Everything else is a {@link
 * ServiceException} that names the field.
 */
public final class ShipmentReader {
  public static final int MAX_SHIPMENT_ID = 64;
  static final int MAX_ADDRESS = 1_000;

  private static final int MAX_PINCODE = 64; // as typed; one of any spelling is shorter
  private static final int MAX_PREDICTION_ID = 36;
  private static final Set<String> SHIPMENT =
      Set.of("shipment_id", "address", "pincode", "prediction_id");
  private static final Set<String> PLACE = Set.of("address", "pincode");

  private final Clock clock;
  private final Supplier<PincodeErrors> wrongPincodes;
  private final AddressCache addresses;
  private final @Nullable String within;

  /**
   * @param wrongPincodes the shares of wrong pincodes to assume now for addresses without a caller
   * @param addresses of earlier requests
   */
  public ShipmentReader(
      Clock clock, Supplier<PincodeErrors> wrongPincodes, AddressCache addresses) {
    this(clock, wrongPincodes, addresses, null);
  }

  private ShipmentReader(
      Clock clock,
      Supplier<PincodeErrors> wrongPincodes,
      AddressCache addresses,
      @Nullable String within) {
    this.clock = clock;
    this.wrongPincodes = wrongPincodes;
    this.addresses = addresses;
    this.within = within;
  }

  /** This, for shipments of {@code prefix} whatever their addresses say. */
  ShipmentReader within(String prefix) {
    return new ShipmentReader(clock, wrongPincodes, addresses, prefix);
  }

  /** Whether the prefix of a shipment is told by its address. */
  boolean locates() {
    return within == null;
  }

  /**
   * @param item {@code {"shipment_id","address","pincode"?,"prediction_id"?}}
   * @param wrongPincodes shares of wrong pincodes to assume
   */
  PredictionRequest request(
      @Nullable Object item, ServingRelease lease, PincodeErrors wrongPincodes) {
    var json = object(item, "A shipment");
    onlyKnown(json, SHIPMENT);
    return request(
        json.getValue("shipment_id"),
        json.getValue("address"),
        json.getValue("pincode"),
        json.getValue("prediction_id"),
        lease,
        wrongPincodes);
  }

  /** As {@link #request(Object, ServingRelease, PincodeErrors)}. */
  PredictionRequest request(
      TypedShipment shipment, ServingRelease lease, PincodeErrors wrongPincodes) {
    return request(
        shipment.shipmentId(),
        shipment.address(),
        shipment.pincode(),
        shipment.predictionId(),
        lease,
        wrongPincodes);
  }

  private PredictionRequest request(
      @Nullable Object shipmentId,
      @Nullable Object typed,
      @Nullable Object pincode,
      @Nullable Object predictionId,
      ServingRelease lease,
      PincodeErrors errors) {
    var ofShipment = required(shipmentId, "shipment_id", MAX_SHIPMENT_ID);
    var key = key(typed, pincode);
    var kept = key == null ? null : addresses.get(key);
    if (kept != null && typed instanceof String text) {
      var id = id(predictionId);
      boolean current = kept.isOf(lease.generation(), errors);
      var entry = current ? kept : located(key, kept.address(), lease, errors);
      return new PredictionRequest(id, ofShipment, text, entry.address(), entry.hypotheses());
    }
    var text = required(typed, "address", MAX_ADDRESS);
    var address = Address.of(text, pincode(pincode));
    var id = id(predictionId);
    return new PredictionRequest(
        id, ofShipment, text, address, located(key, address, lease, errors).hypotheses());
  }

  /** The refusal of a shipment that {@link #request} read, and could not place. */
  Refusal refusal(@Nullable Object item, ServiceException reason) {
    var json = object(item, "A shipment");
    return refusal(
        json.getValue("shipment_id"),
        json.getValue("address"),
        json.getValue("pincode"),
        json.getValue("prediction_id"),
        reason);
  }

  /** As {@link #refusal(Object, ServiceException)}. */
  Refusal refusal(TypedShipment shipment, ServiceException reason) {
    return refusal(
        shipment.shipmentId(),
        shipment.address(),
        shipment.pincode(),
        shipment.predictionId(),
        reason);
  }

  private Refusal refusal(
      @Nullable Object shipmentId,
      @Nullable Object typed,
      @Nullable Object pincode,
      @Nullable Object predictionId,
      ServiceException reason) {
    var text = required(typed, "address", MAX_ADDRESS);
    var field = PredictionRequest.pincodeField(Address.of(text, pincode(pincode)));
    var ofShipment = required(shipmentId, "shipment_id", MAX_SHIPMENT_ID);
    return Refusal.of(id(predictionId), ofShipment, text, field, reason, null);
  }

  /** Absent where the address can't be kept. */
  private @Nullable TypedAddress key(@Nullable Object typed, @Nullable Object pincode) {
    if (within != null || !(typed instanceof String text) || !addresses.keeps(text)) return null;
    if (pincode == null) return new TypedAddress(text, null);
    return pincode instanceof String field && field.length() <= MAX_PINCODE
        ? new TypedAddress(text, field)
        : null;
  }

  private AddressCache.Entry located(
      @Nullable TypedAddress key, Address address, ServingRelease lease, PincodeErrors errors) {
    var hypotheses = located(address, lease, errors);
    var entry = new AddressCache.Entry(address, hypotheses, lease.generation());
    if (key != null) addresses.put(key, entry);
    return entry;
  }

  /**
   * @param item an address as typed, or {@code {"address","pincode"?}}
   */
  Address place(@Nullable Object item) {
    if (item instanceof String typed) return Address.of(text(typed, "address", MAX_ADDRESS), null);
    var json = object(item, "An address");
    onlyKnown(json, PLACE);
    var typed = required(json, "address", MAX_ADDRESS);
    return Address.of(typed, pincode(json.getValue("pincode")));
  }

  /** The prefixes of {@code address} in the release of {@code lease}, for no caller. */
  Hypotheses located(Address address, ServingRelease lease) {
    return located(address, lease, wrongPincodes.get());
  }

  /** The prefixes of {@code address} in the release of {@code lease}. */
  Hypotheses located(Address address, ServingRelease lease, PincodeErrors wrongPincodes) {
    if (address.pincode() != null && lease.prefixes().isEmpty()) {
      throw Failure.NOT_READY.because("No model is loaded yet; try again in a moment");
    }
    if (within == null) return lease.locate(address, wrongPincodes);
    if (lease.prefixes().contains(within)) {
      return Hypotheses.certain(within, address, wrongPincodes);
    }
    throw Failure.UNKNOWN_PREFIX.because("No model serves prefix " + within);
  }

  /** {@code item}, which must be an object. */
  static JsonObject object(@Nullable Object item, String what) {
    if (item instanceof JsonObject json) return json;
    throw malformed(what + " must be a JSON object");
  }

  /** Refuses {@code json} when it has a field that isn't among {@code known}. */
  public static void onlyKnown(JsonObject json, Set<String> known) {
    for (var field : json.getMap().keySet()) {
      if (!known.contains(field)) {
        throw malformed("Unknown field \"" + field + '"');
      }
    }
  }

  /** {@code value}, which must be 1 to {@code max} characters of storable text. */
  public static String text(@Nullable Object value, String field, int max) {
    if (!(value instanceof String text)) throw malformed(field + " must be a string");
    if (text.isBlank()) throw malformed(field + " is empty");
    if (text.length() > max && text.codePointCount(0, text.length()) > max) {
      throw malformed(field + " is longer than " + max + " characters");
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0) throw malformed(field + " contains U+0000");
      if (!Character.isSurrogate(c)) continue;
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else {
        throw malformed(field + " contains half a surrogate pair");
      }
    }
    return text;
  }

  /** The id of a shipment that can't be read as a whole, where the id can be. */
  static @Nullable String shipmentId(@Nullable Object item) {
    return item instanceof JsonObject json ? validId(json.getValue("shipment_id")) : null;
  }

  /** {@code value} where it is a valid shipment id. */
  static @Nullable String validId(@Nullable Object value) {
    try {
      return text(value, "shipment_id", MAX_SHIPMENT_ID);
    } catch (ServiceException e) {
      return null;
    }
  }

  public static ServiceException malformed(String detail) {
    return Failure.MALFORMED_REQUEST.because(detail);
  }

  private UUID id(@Nullable Object id) {
    return id == null
        ? PredictionIds.next()
        : PredictionIds.parse(text(id, "prediction_id", MAX_PREDICTION_ID), clock.instant());
  }

  private static @Nullable String pincode(@Nullable Object value) {
    if (value == null || value instanceof String text && text.isBlank()) return null;
    if (value instanceof Number) {
      throw malformed("pincode must be a string of six digits, such as \"560017\", not a number");
    }
    return text(value, "pincode", MAX_PINCODE);
  }

  /** As {@link #text}, of a field that must be there. */
  public static String required(JsonObject json, String field, int max) {
    return required(json.getValue(field), field, max);
  }

  private static String required(@Nullable Object value, String field, int max) {
    if (value == null) throw malformed(field + " is missing");
    return text(value, field, max);
  }
}
