package com.cpprediction.persistence;

import static com.cpprediction.persistence.RowFormat.append;
import static com.cpprediction.persistence.RowFormat.text;

import com.cpprediction.prediction.ShadowComparison;
import com.cpprediction.prediction.ShadowComparison.Side;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The journal format of comparisons, big-endian: version 5 as u8, with which no record of {@link
 * RowFormat} begins, their number as i32, then for each of them: id 16 bytes, shipment id, prefix,
 * canary u8, then u8 1 and 16 bytes of a run or u8 0 for none, then of the served release and of
 * that of the shadow: release, CP, confidence as f64 and fingerprint. Strings are UTF-8 with a u16
 * length in bytes.
 */
final class ComparisonFormat {
  private static final byte COMPARISONS = 5; // follows the versions of RowFormat
  private static final int HEADER = 1 + Integer.BYTES;
  private static final int COMPARISON_BYTES = 320; // more than most have

  private ComparisonFormat() {}

  static byte[] write(List<ShadowComparison> comparisons) {
    var out =
        Buffer.buffer(HEADER + comparisons.size() * COMPARISON_BYTES)
            .appendByte(COMPARISONS)
            .appendInt(comparisons.size());
    for (var comparison : comparisons) write(comparison, out);
    return out.getBytes();
  }

  private static void write(ShadowComparison comparison, Buffer out) {
    appendId(comparison.id(), out);
    append(comparison.shipmentId(), out);
    append(comparison.prefix(), out);
    out.appendByte((byte) (comparison.canary() ? 1 : 0));
    var run = comparison.run();
    out.appendByte((byte) (run == null ? 0 : 1));
    if (run != null) appendId(run, out);
    write(comparison.served(), out);
    write(comparison.shadow(), out);
  }

  private static void write(Side side, Buffer out) {
    append(side.release(), out);
    append(side.cp(), out);
    out.appendDouble(side.confidence());
    append(side.fingerprint(), out);
  }

  private static void appendId(UUID id, Buffer out) {
    out.appendLong(id.getMostSignificantBits()).appendLong(id.getLeastSignificantBits());
  }

  /** Number of comparisons in {@code body}; 0 for a record of another kind. */
  static int count(byte[] body) {
    return body.length > HEADER && body[0] == COMPARISONS ? ByteBuffer.wrap(body).getInt(1) : 0;
  }

  /** The comparisons in {@code body}, a record of this kind. */
  static List<ShadowComparison> read(byte[] body) {
    var in = ByteBuffer.wrap(body).position(1);
    int count = in.getInt();
    var comparisons = new ArrayList<ShadowComparison>(count);
    for (int i = 0; i < count; i++) {
      comparisons.add(
          new ShadowComparison(
              id(in),
              text(in),
              text(in),
              in.get() == 1,
              in.get() == 1 ? id(in) : null,
              side(in),
              side(in)));
    }
    return comparisons;
  }

  private static Side side(ByteBuffer in) {
    return new Side(text(in), text(in), in.getDouble(), text(in));
  }

  private static UUID id(ByteBuffer in) {
    return new UUID(in.getLong(), in.getLong());
  }
}
