package com.cpprediction.http;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The HTTP contract as an OpenAPI 3.1 document. */
final class OpenApiContract {
  private static final String FILE = "openapi.json";

  private OpenApiContract() {}

  /**
   * Reads the jar: blocks.
   *
   * @param version of this service
   */
  static JsonObject read(String version) {
    try (var in = OpenApiContract.class.getResourceAsStream(FILE)) {
      var contract = new JsonObject(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      contract.getJsonObject("info").put("version", version);
      return contract;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
