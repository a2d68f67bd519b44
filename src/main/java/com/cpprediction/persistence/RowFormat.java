package com.cpprediction.persistence;

import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PrefixSource;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The journal format of a request's rows, big-endian: version 2 as u8, then for each row its length
 * in bytes as i32 and these: version 3 as u8, source u8, id 16 bytes, then shipment id, address as
 * in the request, pincode, prefix and fingerprint, then a u8 count of candidates, each a CP and its
 * confidence as f64, then the belief: source of the prefix u8, pincode field, doubt as f32 (NaN
 * encodes null), believed pincode, and share of wrong pincodes as f64. A row of version 1 has no
 * belief. Strings are UTF-8 with a u16 length in bytes; 0xFFFF encodes null. A record with version
 * 1 is a single row of that version.
 */
final class RowFormat {
  private static final byte ROW = 1; // versions
  private static final byte ROWS = 2;
  private static final byte BELIEF_ROW = 3;
  private static final int FIXED = 2 + 2 * Long.BYTES + 1;
  private static final int BELIEF = 1 + Float.BYTES + 3 * Double.BYTES;
  private static final int NONE = 0xFFFF;

  private RowFormat() {}

  static byte[] write(List<PredictionRow> rows) {
    var written = rows.stream().map(RowFormat::write).toList();
    int size = 1;
    for (var row : written) size += Integer.BYTES + row.length;
    var out = ByteBuffer.allocate(size).put(ROWS);
    for (var row : written) out.putInt(row.length).put(row);
    return out.array();
  }

  private static byte[] write(PredictionRow row) {
    var texts =
        new byte[][] {
          utf8(row.shipmentId()),
          utf8(row.typed()),
          utf8OrNull(row.pincode()),
          utf8(row.prefix()),
          utf8(row.fingerprint())
        };
    var cps = row.candidates().stream().map(candidate -> utf8(candidate.cp())).toList();
    var belief = row.belief();
    var beliefTexts =
        belief == null
            ? new byte[0][]
            : new byte[][] {utf8OrNull(belief.pincodeField()), utf8OrNull(belief.believed())};
    int size = FIXED + (belief == null ? 0 : BELIEF);
    for (var text : beliefTexts) size += Short.BYTES + (text == null ? 0 : text.length);
    for (var text : texts) size += Short.BYTES + (text == null ? 0 : text.length);
    for (var cp : cps) size += Short.BYTES + cp.length + Double.BYTES;
    var out = ByteBuffer.allocate(size);
    out.put(belief == null ? ROW : BELIEF_ROW).put((byte) row.source().ordinal());
    out.putLong(row.id().getMostSignificantBits()).putLong(row.id().getLeastSignificantBits());
    for (var text : texts) put(out, text);
    out.put((byte) cps.size());
    for (int i = 0; i < cps.size(); i++) {
      put(out, cps.get(i));
      out.putDouble(row.candidates().get(i).confidence());
    }
    if (belief != null) {
      out.put((byte) belief.source().ordinal());
      put(out, beliefTexts[0]);
      out.putFloat(belief.doubt() == null ? Float.NaN : belief.doubt());
      put(out, beliefTexts[1]);
      var errors = belief.wrongPincodes();
      out.putDouble(errors.slips()).putDouble(errors.near()).putDouble(errors.far());
    }
    return out.array();
  }

  /** Offsets of the rows in {@code body}; empty for a later version. */
  static int[] rows(byte[] body) {
    if (body.length > FIXED && body[0] == ROW) return new int[] {0};
    var in = ByteBuffer.wrap(body);
    if (body.length == 0 || in.get() != ROWS) return new int[0];
    var rows = IntStream.builder();
    while (in.hasRemaining()) {
      int length = in.remaining() < Integer.BYTES ? -1 : in.getInt();
      if (length <= FIXED || length > in.remaining() || !isRow(in.get(in.position()))) {
        return new int[0];
      }
      rows.add(in.position());
      in.position(in.position() + length);
    }
    return rows.build().toArray();
  }

  private static boolean isRow(byte version) {
    return version == ROW || version == BELIEF_ROW;
  }

  /**
   * @param at one of {@link #rows}
   */
  static PredictionRow read(byte[] body, int at) {
    var in = ByteBuffer.wrap(body).position(at);
    byte version = in.get();
    var source = Source.values()[in.get()];
    var id = new UUID(in.getLong(), in.getLong());
    var shipmentId = text(in);
    var typed = text(in);
    var pincode = textOrNull(in);
    var prefix = text(in);
    var fingerprint = text(in);
    int count = in.get();
    var candidates = new ArrayList<Candidate>(count);
    for (int i = 0; i < count; i++) candidates.add(new Candidate(text(in), in.getDouble()));
    var belief = version == BELIEF_ROW ? belief(in) : null;
    return new PredictionRow(
        id, shipmentId, typed, pincode, prefix, candidates, fingerprint, source, belief);
  }

  private static StoredBelief belief(ByteBuffer in) {
    var source = PrefixSource.values()[in.get()];
    var pincodeField = textOrNull(in);
    float doubt = in.getFloat();
    var believed = textOrNull(in);
    var errors = new PincodeErrors(in.getDouble(), in.getDouble(), in.getDouble());
    return new StoredBelief(
        source, pincodeField, Float.isNaN(doubt) ? null : doubt, believed, errors);
  }

  private static byte @Nullable [] utf8OrNull(@Nullable String text) {
    return text == null ? null : utf8(text);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void put(ByteBuffer out, byte @Nullable [] text) {
    out.putShort((short) (text == null ? NONE : text.length));
    if (text != null) out.put(text);
  }

  private static String text(ByteBuffer in) {
    return Objects.requireNonNull(textOrNull(in));
  }

  private static @Nullable String textOrNull(ByteBuffer in) {
    int length = Short.toUnsignedInt(in.getShort());
    if (length == NONE) return null;
    var text = new String(in.array(), in.position(), length, StandardCharsets.UTF_8);
    in.position(in.position() + length);
    return text;
  }
}
