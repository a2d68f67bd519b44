package com.cpprediction.http.client.model;

import com.cpprediction.http.client.ApiClient;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** A {@link Prediction}, or a {@link FailedShipment} that failed alone. */
public record BatchAnswerResultsInner(@JsonValue Object value) {
  private static final ObjectMapper MAPPER = ApiClient.createDefaultObjectMapper();

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static BatchAnswerResultsInner of(JsonNode json) {
    var type = json.has("error") ? FailedShipment.class : Prediction.class;
    return new BatchAnswerResultsInner(MAPPER.convertValue(json, type));
  }
}
