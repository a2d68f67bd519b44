package com.cpprediction.serving;

import com.cpprediction.prediction.Candidate;
import com.cpprediction.prediction.Prediction;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/** A prediction as callers see it. */
public final class PredictionJson {
  private PredictionJson() {}

  static JsonObject encode(Prediction prediction) {
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
    return encode(json, prediction.best())
        .put("alternatives", alternatives)
        .put("pincode", belief.pincode())
        .put("pincode_doubt", belief.doubt())
        .put("pincode_believed", belief.believed())
        .put("prefix", belief.prefix())
        .put("prefix_source", belief.source().label())
        .put("model", prediction.model())
        .put("source", prediction.source().label());
  }

  private static JsonObject encode(JsonObject json, Candidate candidate) {
    return json.put("cp", candidate.cp()).put("confidence", candidate.confidence());
  }
}
