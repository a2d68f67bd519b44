package com.cpprediction.persistence;

import com.cpprediction.prediction.Candidate;
import io.vertx.core.json.Json;
import java.util.List;

/** The JSON of a prediction's alternatives, {@code [{"cp":"CP1","confidence":0.02},…]}. */
final class AlternativesJson {
  private static final int USUAL_LENGTH = 80;

  private AlternativesJson() {}

  /**
   * @param candidates the best one, then the alternatives
   */
  static String encode(List<Candidate> candidates) {
    var json = new StringBuilder(USUAL_LENGTH).append('[');
    for (int i = 1; i < candidates.size(); i++) {
      if (i > 1) json.append(',');
      var candidate = candidates.get(i);
      json.append("{\"cp\":");
      appendText(json, candidate.cp());
      json.append(",\"confidence\":").append(candidate.confidence()).append('}');
    }
    return json.append(']').toString();
  }

  private static void appendText(StringBuilder json, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c == '"' || c == '\\') {
        json.append(Json.encode(text));
        return;
      }
    }
    json.append('"').append(text).append('"');
  }
}
