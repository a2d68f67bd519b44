package com.cpprediction.config;

import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.util.List;
import java.util.stream.Stream;

/** Good and bad values of every key, made from the schema. */
final class Samples {
  record Sample(Key key, Object value) {
    JsonObject document() {
      var document = new JsonObject();
      key.put(document, value);
      return document;
    }

    @Override
    public String toString() {
      return key.path() + "=" + Json.encode(value);
    }
  }

  private Samples() {}

  static Stream<Key> keys() {
    return ConfigSchema.keys().stream();
  }

  static Key key(String path) {
    return keys().filter(key -> key.path().equals(path)).findAny().orElseThrow();
  }

  /** A valid value that is not the default. */
  static Object another(Key key) {
    return switch (key.path()) {
      case "data_dir", "models.dir" -> "else/where";
      case "http.host" -> "::1";
      case "http.admin_token", "http.predict_token" -> "hunter2-hunter2-hunter2";
      case "http.tls.certificate" -> "server.pem";
      case "http.tls.key" -> "server.key";
      case "http.tls.password" -> "hunter2";
      case "persistence.ack" -> "none";
      case "persistence.when_full" -> "drop";
      case "models.engine" -> "xgboost";
      case "models.mapping" -> "heap";
      case "database.uri" -> "postgresql://cp:secret@db:5432/cp";
      case "log.level" -> "debug";
      default -> {
        if (key.defaultValue() instanceof Boolean flag) yield !flag;
        if (key.defaultValue() instanceof Double number) yield number / 2;
        yield (Integer) key.defaultValue() + 1;
      }
    };
  }

  /** Of the right type, yet refused: a record can be asked too. */
  static Stream<Sample> outOfRange() {
    return keys().flatMap(key -> outOfRange(key).map(value -> new Sample(key, value)));
  }

  /** Secrets that are refused. */
  static Stream<Sample> secrets() {
    return outOfRange().filter(sample -> sample.key().schema().getBoolean("x-secret", false));
  }

  /** The ends of each range. */
  static Stream<Sample> inRange() {
    return keys()
        .filter(key -> key.schema().containsKey("minimum"))
        .flatMap(
            key ->
                Stream.of("minimum", "maximum")
                    .map(end -> new Sample(key, key.normal(key.schema().getValue(end)))));
  }

  static Stream<Sample> ofAnotherType() {
    return keys().flatMap(key -> ofAnotherType(key).map(value -> new Sample(key, value)));
  }

  private static Stream<?> outOfRange(Key key) {
    return switch (key.path()) {
      case "data_dir", "models.dir" -> Stream.of("", " ", "a\nb", "a\u0000");
      case "http.admin_token", "http.predict_token" -> TokensTest.malformed();
      case "http.tls.certificate", "http.tls.key" -> Stream.of(" ", "\n", "a\nb", "a\u0000");
      case "http.tls.password" -> Stream.of("\n", "hunter2\n", "\u0000");
      case "http.host" -> Stream.of("", "http://localhost", "a b", "localhost\n");
      case "models.engine", "models.mapping" -> Stream.of("", "MAPPED", "djl");
      case "persistence.ack" -> Stream.of("", "all", "COMMIT");
      case "persistence.when_full" -> Stream.of("", "wait", "DROP");
      case "database.uri" -> DatabaseUriTest.malformed();
      case "log.level" -> Stream.of("", "INFO", "off", "fatal");
      case "prediction.pincode_trust" -> Stream.of(-0.01, 10.01, 1e300, 0.005, 3.333);
      case "prediction.min_text_confidence" -> Stream.of(-0.001, 1.001);
      default -> {
        if (key.defaultValue() instanceof Boolean) yield Stream.of();
        yield Stream.of(
            key.schema().getInteger("minimum") - 1, key.schema().getInteger("maximum") + 1);
      }
    };
  }

  private static Stream<?> ofAnotherType(Key key) {
    var wrong = Stream.of(new JsonObject().put("a", 1), new JsonArray().add(1));
    var typed =
        switch (key.schema().getString("type")) {
          case "string" -> Stream.of(7, true);
          case "boolean" -> Stream.of(0, "true");
          case "number" -> Stream.of("1.0", true, Double.POSITIVE_INFINITY);
          default ->
              Stream.of("5000", true, 5000.5, BigInteger.TEN.pow(40), Double.POSITIVE_INFINITY);
        };
    return Stream.concat(wrong, typed);
  }

  /** A whole valid file whose hot values all say {@code n}. */
  static String file(int n) {
    return """
        {"prediction": {"max_in_flight": %1$d, "timeout_ms": %1$d}, "cache": {"max_size": %1$d, \
        "ttl_seconds": %1$d}, "persistence": {"batch_size": %1$d, "linger_ms": %1$d, \
        "queue_capacity": %1$d, "statement_timeout_ms": %1$d}}
        """
        .formatted(n);
  }

  /** What {@link #file} of the same {@code n} says, read back from where it has to arrive. */
  static List<Long> hotValues(ServiceConfig config) {
    return List.of(
        (long) config.prediction().maxInFlight(),
        config.prediction().timeout().toMillis(),
        (long) config.cache().maxSize(),
        config.cache().ttl().toSeconds(),
        (long) config.persistence().batchSize(),
        config.persistence().linger().toMillis(),
        (long) config.persistence().queueCapacity(),
        config.persistence().statementTimeout().toMillis());
  }
}
