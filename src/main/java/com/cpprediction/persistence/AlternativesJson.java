package com.cpprediction.persistence;

import com.cpprediction.json.JsonBytes;
import com.cpprediction.prediction.Candidate;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The JSON of a prediction's alternatives, {@code [{"cp":"CP1","confidence":0.02},…]}. */
final class AlternativesJson {
  private static final byte[] CP = "{\"cp\":".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] CONFIDENCE = ",\"confidence\":".getBytes(StandardCharsets.US_ASCII);
  private static final int USUAL_LENGTH = 80;

  private AlternativesJson() {}

  /**
   * @param candidates the best one, then the alternatives
   */
  static String encode(List<Candidate> candidates) {
    var json = new JsonBytes(USUAL_LENGTH).raw('[');
    for (int i = 1; i < candidates.size(); i++) {
      if (i > 1) json.raw(',');
      var candidate = candidates.get(i);
      json.raw(CP).text(candidate.cp()).raw(CONFIDENCE).number(candidate.confidence()).raw('}');
    }
    return json.raw(']').toString();
  }
}
