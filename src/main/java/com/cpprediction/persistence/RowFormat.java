package com.cpprediction.persistence;

import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.PincodeErrors;
import com.cpprediction.prediction.Prediction.Source;
import com.cpprediction.prediction.PrefixSource;
import com.cpprediction.prediction.Refusal;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The journal format of a request's rows, big-endian: version 2 as u8, then for each row its length
 * in bytes as i32 and these: version 3 as u8, source u8, id 16 bytes, then shipment id, address as
 * in the request, pincode, prefix and fingerprint, then a u8 count of candidates, each a CP and its
 * confidence as f64, then the belief: source of the prefix u8, pincode field, doubt as f32 (NaN
 * encodes null), believed pincode, and share of wrong pincodes as f64. A row of version 1 has no
 * belief. Version 4 is a refusal: id 16 bytes, then shipment id, address as in the request, pincode
 * field, detail and fingerprint, then the doubt as f32 (NaN encodes null), then a u8 count of
 * guesses, each a CP, its confidence as f64 and its prefix. Strings are UTF-8 with a u16 length in
 * bytes; 0xFFFF encodes null. A record with version 1 is a single row of that version.
 */
final class RowFormat {
  private static final byte ROW = 1; // versions
  private static final byte ROWS = 2;
  private static final byte BELIEF_ROW = 3;
  private static final byte REFUSAL = 4;
  private static final int FIXED = 2 + 2 * Long.BYTES + 1;
  private static final int NONE = 0xFFFF;
  private static final int FEW = 8;
  private static final int ROW_BYTES = 448; // more than most rows have

  private RowFormat() {}

  static byte[] write(List<? extends JournalRow> rows) {
    var out = Buffer.buffer(1 + rows.size() * ROW_BYTES).appendByte(ROWS);
    for (var row : rows) {
      int start = out.length();
      out.appendInt(0);
      if (row instanceof PredictionRow prediction) write(prediction, out);
      else write(((RefusalRow) row).refusal(), out);
      out.setInt(start, out.length() - start - Integer.BYTES);
    }
    return out.getBytes();
  }

  private static void write(PredictionRow row, Buffer out) {
    var belief = row.belief();
    out.appendByte(belief == null ? ROW : BELIEF_ROW)
        .appendByte((byte) row.source().ordinal())
        .appendLong(row.id().getMostSignificantBits())
        .appendLong(row.id().getLeastSignificantBits());
    append(row.shipmentId(), out);
    append(row.typed(), out);
    append(row.pincode(), out);
    append(row.prefix(), out);
    append(row.fingerprint(), out);
    var candidates = row.candidates();
    out.appendByte((byte) candidates.size());
    for (int i = 0; i < candidates.size(); i++) {
      append(candidates.get(i).cp(), out);
      out.appendDouble(candidates.get(i).confidence());
    }
    if (belief == null) return;
    out.appendByte((byte) belief.source().ordinal());
    append(belief.pincodeField(), out);
    out.appendFloat(belief.doubt() == null ? Float.NaN : belief.doubt());
    append(belief.believed(), out);
    var errors = belief.wrongPincodes();
    out.appendDouble(errors.slips()).appendDouble(errors.near()).appendDouble(errors.far());
  }

  private static void write(Refusal refusal, Buffer out) {
    out.appendByte(REFUSAL)
        .appendLong(refusal.id().getMostSignificantBits())
        .appendLong(refusal.id().getLeastSignificantBits());
    append(refusal.shipmentId(), out);
    append(refusal.typed(), out);
    append(refusal.pincodeField(), out);
    append(refusal.detail(), out);
    append(refusal.fingerprint(), out);
    out.appendFloat(refusal.doubt() == null ? Float.NaN : refusal.doubt());
    out.appendByte((byte) refusal.guesses().size());
    for (var guess : refusal.guesses()) {
      append(guess.cp(), out);
      out.appendDouble(guess.confidence());
      append(guess.prefix(), out);
    }
  }

  static void append(@Nullable String text, Buffer out) {
    if (text == null) {
      out.appendShort((short) NONE);
      return;
    }
    var utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.appendShort((short) utf8.length).appendBytes(utf8);
  }

  /** Offsets of the rows in {@code body}; empty for a later version. */
  static int[] rows(byte[] body) {
    if (body.length > FIXED && body[0] == ROW) return new int[] {0};
    if (body.length == 0 || body[0] != ROWS) return new int[0];
    var in = ByteBuffer.wrap(body).position(1);
    var rows = new int[FEW];
    int count = 0;
    while (in.hasRemaining()) {
      int length = in.remaining() < Integer.BYTES ? -1 : in.getInt();
      if (length <= FIXED || length > in.remaining() || !isRow(in.get(in.position()))) {
        return new int[0];
      }
      if (count == rows.length) rows = Arrays.copyOf(rows, 2 * count);
      rows[count++] = in.position();
      in.position(in.position() + length);
    }
    return Arrays.copyOf(rows, count);
  }

  private static boolean isRow(byte version) {
    return version == ROW || version == BELIEF_ROW || version == REFUSAL;
  }

  /**
   * @param at one of {@link #rows}
   */
  static JournalRow read(byte[] body, int at) {
    var in = ByteBuffer.wrap(body).position(at);
    byte version = in.get();
    return version == REFUSAL ? new RefusalRow(refusal(in)) : prediction(version, in);
  }

  private static PredictionRow prediction(byte version, ByteBuffer in) {
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

  private static Refusal refusal(ByteBuffer in) {
    var id = new UUID(in.getLong(), in.getLong());
    var shipmentId = text(in);
    var typed = text(in);
    var pincodeField = textOrNull(in);
    var detail = text(in);
    var fingerprint = textOrNull(in);
    float doubt = in.getFloat();
    int count = in.get();
    var guesses = new ArrayList<Refusal.Guess>(count);
    for (int i = 0; i < count; i++) {
      guesses.add(new Refusal.Guess(text(in), in.getDouble(), text(in)));
    }
    return new Refusal(
        id,
        shipmentId,
        typed,
        pincodeField,
        detail,
        guesses,
        Float.isNaN(doubt) ? null : doubt,
        fingerprint);
  }

  static String text(ByteBuffer in) {
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
