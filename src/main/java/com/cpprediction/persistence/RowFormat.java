package com.cpprediction.persistence;

import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Prediction.Source;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.UUID;

/**
 * A row as the journal holds it, big-endian: version u8, source u8, id 16 bytes, then shipment id,
 * address as typed, pincode, prefix and fingerprint, then a u8 count of candidates, each a CP and
 * its confidence as f64. Texts are UTF-8 behind a u16 of their bytes; 0xFFFF stands for none.
 */
final class RowFormat {
  private static final byte VERSION = 1;
  private static final int FIXED = 2 + 2 * Long.BYTES + 1;
  private static final int NONE = 0xFFFF;

  private RowFormat() {}

  static byte[] write(PredictionRow row) {
    var texts =
        new byte[][] {
          utf8(row.shipmentId()),
          utf8(row.typed()),
          row.pincode() == null ? null : utf8(row.pincode()),
          utf8(row.prefix()),
          utf8(row.fingerprint())
        };
    var cps = row.candidates().stream().map(candidate -> utf8(candidate.cp())).toList();
    int size = FIXED;
    for (var text : texts) size += Short.BYTES + (text == null ? 0 : text.length);
    for (var cp : cps) size += Short.BYTES + cp.length + Double.BYTES;
    var out = ByteBuffer.allocate(size);
    out.put(VERSION).put((byte) row.source().ordinal());
    out.putLong(row.id().getMostSignificantBits()).putLong(row.id().getLeastSignificantBits());
    for (var text : texts) put(out, text);
    out.put((byte) cps.size());
    for (int i = 0; i < cps.size(); i++) {
      put(out, cps.get(i));
      out.putDouble(row.candidates().get(i).confidence());
    }
    return out.array();
  }

  /** Whether this version can read {@code body}: a later one may have written it. */
  static boolean readable(byte[] body) {
    return body.length > FIXED && body[0] == VERSION;
  }

  static PredictionRow read(byte[] body) {
    var in = ByteBuffer.wrap(body);
    int version = in.get();
    if (version != VERSION) {
      throw new IllegalArgumentException("a row of version " + version + " can't be read");
    }
    var source = Source.values()[in.get()];
    var id = new UUID(in.getLong(), in.getLong());
    var shipmentId = text(in);
    var typed = text(in);
    var pincode = text(in);
    var prefix = text(in);
    var fingerprint = text(in);
    int count = in.get();
    var candidates = new ArrayList<Candidate>(count);
    for (int i = 0; i < count; i++) candidates.add(new Candidate(text(in), in.getDouble()));
    return new PredictionRow(
        id, shipmentId, typed, pincode, prefix, candidates, fingerprint, source);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void put(ByteBuffer out, byte[] text) {
    out.putShort((short) (text == null ? NONE : text.length));
    if (text != null) out.put(text);
  }

  private static String text(ByteBuffer in) {
    int length = Short.toUnsignedInt(in.getShort());
    if (length == NONE) return null;
    var text = new String(in.array(), in.position(), length, StandardCharsets.UTF_8);
    in.position(in.position() + length);
    return text;
  }
}
