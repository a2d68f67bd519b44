package com.cpprediction.serving;

import com.cpprediction.json.StrictJson;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Parses shipments from bytes without a tree of objects, where they are JSON of the usual shape:
 * objects of strings with known names, each once. Everything else, valid or not, is left to {@link
 * StrictJson}, which alone reports errors; both read the same from what this accepts. An instance
 * parses one document.
 */
public final class ShipmentParser {
  /** Longest string in bytes; {@link ShipmentReader} accepts no longer one. */
  private static final int LONGEST = 16 * 1024;

  private static final byte[] SHIPMENTS = ascii("shipments");
  private static final byte[] SHIPMENT_ID = ascii("shipment_id");
  private static final byte[] ADDRESS = ascii("address");
  private static final byte[] PINCODE = ascii("pincode");
  private static final byte[] PREDICTION_ID = ascii("prediction_id");

  private final byte[] json;
  private int at;

  private ShipmentParser(byte[] json) {
    this.json = json;
  }

  /**
   * The body of {@code POST /predict}, or a line of {@code POST /predict/stream}.
   *
   * @return null where it is of another shape
   */
  public static @Nullable TypedShipment shipment(byte[] utf8) {
    var parser = new ShipmentParser(utf8);
    var shipment = parser.shipment();
    return parser.atEnd() ? shipment : null;
  }

  /**
   * The body of {@code POST /predict/batch}, of 1 to {@link PredictionService#MAX_BATCH} shipments.
   *
   * @return null where it is of another shape
   */
  public static @Nullable List<TypedShipment> batch(byte[] utf8) {
    var parser = new ShipmentParser(utf8);
    var shipments = parser.shipments();
    return parser.atEnd() ? shipments : null;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private @Nullable List<TypedShipment> shipments() {
    if (!take('{') || !take('"') || !name(SHIPMENTS) || !take(':') || !take('[')) return null;
    var shipments = new ArrayList<TypedShipment>();
    do {
      var shipment = shipment();
      if (shipment == null || shipments.size() == PredictionService.MAX_BATCH) return null;
      shipments.add(shipment);
    } while (take(','));
    return take(']') && take('}') ? shipments : null;
  }

  private @Nullable TypedShipment shipment() {
    String shipmentId = null;
    String address = null;
    String pincode = null;
    String predictionId = null;
    if (!take('{')) return null;
    do {
      if (!take('"')) return null;
      if (name(SHIPMENT_ID)) {
        if (shipmentId != null || (shipmentId = value()) == null) return null;
      } else if (name(ADDRESS)) {
        if (address != null || (address = value()) == null) return null;
      } else if (name(PINCODE)) {
        if (pincode != null || (pincode = value()) == null) return null;
      } else if (name(PREDICTION_ID)) {
        if (predictionId != null || (predictionId = value()) == null) return null;
      } else {
        return null;
      }
    } while (take(','));
    if (!take('}') || shipmentId == null || address == null) return null;
    return new TypedShipment(shipmentId, address, pincode, predictionId);
  }

  private boolean atEnd() {
    skipSpace();
    return at == json.length;
  }

  private void skipSpace() {
    while (at < json.length && isSpace(json[at])) at++;
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t';
  }

  private boolean take(char expected) {
    skipSpace();
    if (at == json.length || json[at] != expected) return false;
    at++;
    return true;
  }

  /** Takes {@code name} and the quote after it, where they come next. */
  private boolean name(byte[] name) {
    int end = at + name.length;
    if (end >= json.length || json[end] != '"') return false;
    for (int i = 0; i < name.length; i++) if (json[at + i] != name[i]) return false;
    at = end + 1;
    return true;
  }

  private @Nullable String value() {
    if (!take(':') || !take('"')) return null;
    int start = at;
    int i = start;
    while (i < json.length && json[i] >= ' ' && json[i] != '"' && json[i] != '\\') i++;
    if (i == json.length || i - start > LONGEST) return null;
    if (json[i] != '"') return decode(start);
    at = i + 1;
    return new String(json, start, i - start, StandardCharsets.ISO_8859_1);
  }

  /** A string with escapes, or characters beyond ASCII. */
  private @Nullable String decode(int start) {
    int end = closingQuote(start);
    if (end < 0 || end - start > LONGEST) return null;
    var decoded = new char[end - start];
    int length = 0;
    at = start;
    while (at < end) {
      int b = json[at++];
      int character;
      if (b < 0) character = beyondAscii(b & 0xFF);
      else if (b == '\\') character = escaped(end);
      else character = b < ' ' ? -1 : b;
      if (character < 0) return null;
      if (character <= Character.MAX_VALUE) {
        decoded[length++] = (char) character;
      } else {
        decoded[length++] = Character.highSurrogate(character);
        decoded[length++] = Character.lowSurrogate(character);
      }
    }
    at = end + 1;
    return new String(decoded, 0, length);
  }

  private int closingQuote(int from) {
    for (int i = from; i < json.length; i++) {
      if (json[i] == '"') return i;
      if (json[i] == '\\') i++;
    }
    return -1;
  }

  /** The character of an escape, after its backslash; -1 where it is none. */
  private int escaped(int end) {
    byte kind = json[at++];
    return switch (kind) {
      case '"', '\\', '/' -> kind;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> hex(end);
      default -> -1;
    };
  }

  private int hex(int end) {
    if (at + 4 > end) return -1;
    int character = 0;
    for (int i = 0; i < 4; i++) {
      int digit = json[at] < 0 ? -1 : Character.digit((char) json[at], 16);
      if (digit < 0) return -1;
      character = character << 4 | digit;
      at++;
    }
    return character;
  }

  /** The character that begins with byte {@code lead}; -1 where it is not valid UTF-8. */
  private int beyondAscii(int lead) {
    if (lead < 0xE0) return atLeast(0x80, continued(lead & 0x1F, 1, lead >= 0xC0));
    if (lead < 0xF0) {
      int character = atLeast(0x800, continued(lead & 0x0F, 2, true));
      boolean surrogate =
          character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE;
      return surrogate ? -1 : character;
    }
    int character = atLeast(0x10000, continued(lead & 0x07, 3, lead < 0xF8));
    return character > Character.MAX_CODE_POINT ? -1 : character;
  }

  private static int atLeast(int least, int character) {
    return character < least ? -1 : character;
  }

  private int continued(int bits, int bytes, boolean valid) {
    if (!valid) return -1;
    int character = bits;
    for (int i = 0; i < bytes; i++) {
      if (at == json.length || (json[at] & 0xC0) != 0x80) return -1;
      character = character << 6 | json[at++] & 0x3F;
    }
    return character;
  }
}
