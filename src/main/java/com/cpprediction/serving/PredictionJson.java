package com.cpprediction.serving;

import com.cpprediction.json.JsonBytes;
import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Prediction;
import com.cpprediction.prediction.PrefixSource;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A prediction as callers see it: as a message, and as the same document in bytes. */
public final class PredictionJson {
  private static final byte[] PREDICTION_ID = ascii("{\"prediction_id\":");
  private static final byte[] SHIPMENT_ID = ascii(",\"shipment_id\":");
  private static final byte[] CP = ascii("\"cp\":");
  private static final byte[] CONFIDENCE = ascii(",\"confidence\":");
  private static final byte[] ALTERNATIVES = ascii(",\"alternatives\":[");
  private static final byte[] PINCODE = ascii("],\"pincode\":");
  private static final byte[] DOUBT = ascii(",\"pincode_doubt\":");
  private static final byte[] BELIEVED = ascii(",\"pincode_believed\":");
  private static final byte[] PREFIX = ascii(",\"prefix\":");
  private static final byte[] NULL = ascii("null");
  private static final byte[][] PREFIX_SOURCES =
      labels(
          ",\"prefix_source\":\"",
          Stream.of(PrefixSource.values()).map(source -> source.label()),
          "\",\"model\":");
  private static final byte[][] SOURCES =
      labels(
          ",\"source\":\"",
          Stream.of(Prediction.Source.values()).map(source -> source.label()),
          "\"");
  private static final byte[] CANARY = ascii(",\"release\":\"canary\"}");
  private static final byte[] END = ascii("}");

  private PredictionJson() {}

  /**
   * @param canary whether the shadow release made it
   */
  static JsonObject encode(Prediction prediction, boolean canary) {
    var request = prediction.request();
    var belief = prediction.belief();
    var alternatives = new JsonArray();
    for (var candidate : prediction.alternatives()) {
      alternatives.add(encode(new JsonObject(), candidate));
    }
    var json =
        new JsonObject()
            .put("prediction_id", request.id().toString())
            .put("shipment_id", request.shipmentId());
    encode(json, prediction.best())
        .put("alternatives", alternatives)
        .put("pincode", belief.pincode())
        .put("pincode_doubt", belief.doubt())
        .put("pincode_believed", belief.believed())
        .put("prefix", belief.prefix())
        .put("prefix_source", belief.source().label())
        .put("model", prediction.model())
        .put("source", prediction.source().label());
    return canary ? json.put("release", "canary") : json;
  }

  private static JsonObject encode(JsonObject json, Candidate candidate) {
    return json.put("cp", candidate.cp()).put("confidence", candidate.confidence());
  }

  /** Writes {@code prediction} as {@link #encode} does. */
  static void write(Prediction prediction, boolean canary, JsonBytes out) {
    var request = prediction.request();
    var belief = prediction.belief();
    var candidates = prediction.scored().candidates();
    out.raw(PREDICTION_ID).text(request.id()).raw(SHIPMENT_ID).text(request.shipmentId()).raw(',');
    write(candidates.get(0), out);
    out.raw(ALTERNATIVES);
    for (int i = 1; i < candidates.size(); i++) {
      if (i > 1) out.raw(',');
      out.raw('{');
      write(candidates.get(i), out);
      out.raw('}');
    }
    write(belief.pincode(), out.raw(PINCODE));
    out.raw(DOUBT);
    if (belief.doubt() == null) out.raw(NULL);
    else out.number(belief.doubt());
    write(belief.believed(), out.raw(BELIEVED));
    out.raw(PREFIX).text(belief.prefix()).raw(PREFIX_SOURCES[belief.source().ordinal()]);
    out.text(prediction.model())
        .raw(SOURCES[prediction.source().ordinal()])
        .raw(canary ? CANARY : END);
  }

  private static void write(Candidate candidate, JsonBytes out) {
    out.raw(CP).text(candidate.cp()).raw(CONFIDENCE).number(candidate.confidence());
  }

  private static void write(@Nullable String value, JsonBytes out) {
    if (value == null) out.raw(NULL);
    else out.text(value);
  }

  private static byte[] ascii(String json) {
    return json.getBytes(StandardCharsets.US_ASCII);
  }

  /** Each label between what is written before and after it. */
  private static byte[][] labels(String before, Stream<String> labels, String after) {
    return labels.map(label -> ascii(before + label + after)).toArray(byte[][]::new);
  }
}
