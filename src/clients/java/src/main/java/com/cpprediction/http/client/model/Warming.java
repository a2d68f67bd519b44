package com.cpprediction.http.client.model;

import com.cpprediction.http.client.ApiClient;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * Addresses ({@link WarmingOneOf}), or a number of the most frequent ones ({@link WarmingOneOf1}).
 */
public record Warming(@JsonValue Object value) {
  private static final ObjectMapper MAPPER = ApiClient.createDefaultObjectMapper();

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static Warming of(JsonNode json) {
    var type = json.has("addresses") ? WarmingOneOf.class : WarmingOneOf1.class;
    return new Warming(MAPPER.convertValue(json, type));
  }
}
