package com.cpprediction.config;

import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Valid and invalid values of every key, made from the schema. */
final class Samples {
  record Sample(ConfigKey key, Object value) {
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

  private static final String NUMBER_OR_TEXT = "[\"string\",\"number\"]";

  private Samples() {}

  static Stream<ConfigKey> keys() {
    return ConfigSchema.keys().stream();
  }

  static ConfigKey key(String path) {
    return keys().filter(key -> key.path().equals(path)).findAny().orElseThrow();
  }

  /** Origin of each value by key, as {@code GET /config} has it. */
  static Map<String, Origin> origins(LoadedConfig loaded) {
    var origins = new LinkedHashMap<String, Origin>();
    for (var entry : loaded.toJson()) {
      var origin = ((JsonObject) entry.getValue()).getString("origin");
      origins.put(entry.getKey(), Origin.valueOf(origin.toUpperCase(Locale.ROOT)));
    }
    return origins;
  }

  /** A valid value that is not the default. */
  static Object another(ConfigKey key) {
    return switch (key.path()) {
      case "data_dir", "models.dir" -> "else/where";
      case "http.host", "cluster.host" -> "::1";
      case "cluster.name", "cluster.service" -> "elsewhere";
      case "cluster.members" -> new JsonArray().add("10.0.0.1:5701").add("[::1]:5702");
      case "cluster.tls.certificate", "cluster.tls.key", "cluster.tls.ca" -> "some.pem";
      case "http.allowed_hosts" -> new JsonArray().add("cp.example").add("[::1]");
      case "http.admin_token", "http.predict_token" -> "hunter2-hunter2-hunter2";
      case "auth.issuer", "auth.jwks_url" -> "https://issuer.example/realm";
      case "telemetry.otlp_endpoint", "metrics.prometheus_url" -> "http://127.0.0.1:65535";
      case "metrics.prometheus_job" -> "elsewhere";
      case "auth.audience", "auth.roles_claim", "auth.name_claim" -> "elsewhere";
      case "auth.callers" ->
          new JsonArray(
              """
              [{"name": "shop", "token": "hunter2-hunter2-hunter2", "roles": ["predict"], "rate": 5},
               {"name": "depot", "token_sha256": "%s", "roles": ["read", "review"]}]
              """
                  .formatted("0f".repeat(32)));
      case "http.tls.certificate" -> "server.pem";
      case "http.tls.key" -> "server.key";
      case "http.tls.password" -> "hunter2";
      case "persistence.ack" -> "none";
      case "persistence.when_full" -> "drop";
      case "models.engine" -> "xgboost";
      case "models.mapping" -> "heap";
      case "models.preload" -> "per_request";
      case "database.uri" -> "postgresql://cp:secret@db:5432/cp";
      case "log.level" -> "debug";
      case "log.levels" -> new JsonArray().add("com.cpprediction.http=warn").add("io.netty=off");
      case "log.format" -> "json";
      case "prediction.wrong_pincodes" -> 0.07;
      case "server.warm_up_ms" -> 750.0;
      case "models.shadow.dir" -> "else/next";
      case "models.canary.share" -> 0.25;
      default -> {
        if (key.defaultValue() instanceof Boolean flag) yield !flag;
        if (key.defaultValue() instanceof Double number) yield number / 2;
        yield (Integer) key.defaultValue() + 1;
      }
    };
  }

  /** Any valid value. */
  static Object random(ConfigKey key, Random random) {
    int n = random.nextInt(1_000);
    return switch (key.path()) {
      case "data_dir", "models.dir", "models.shadow.dir" -> "directory/" + n;
      case "http.host", "cluster.host" -> "host-" + n;
      case "cluster.weight" -> (n + 1) / 100.0;
      case "server.warm_up_ms" -> (double) n;
      case "database.uri" -> "postgresql://cp:secret@db-%d/cp".formatted(n);
      default -> {
        var schema = key.schema();
        if (schema.containsKey("enum")) yield schema.getJsonArray("enum").getValue(n % 2);
        yield switch (String.valueOf(schema.getValue("type"))) {
          case NUMBER_OR_TEXT -> n % 501 / 1_000.0;
          case "boolean" -> random.nextBoolean();
          case "integer" -> {
            int min = schema.getInteger("minimum");
            yield min + random.nextInt(schema.getInteger("maximum") - min);
          }
          case "number" -> {
            double min = schema.getDouble("minimum");
            yield min + n % 101 / 100.0 * (schema.getDouble("maximum") - min);
          }
          default -> another(key);
        };
      }
    };
  }

  /** The text of a value in a variable or in a file of its own. */
  static String text(Object value) {
    return value instanceof JsonArray list && !(list.getValue(0) instanceof JsonObject)
        ? list.stream().map(String.class::cast).collect(Collectors.joining(","))
        : value instanceof JsonArray list ? list.encode() : value.toString();
  }

  /** Of the right type, yet refused. */
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

  /** Every value of the keys that take one of a few. */
  static Stream<Sample> choices() {
    return keys()
        .filter(key -> key.schema().containsKey("enum"))
        .flatMap(
            key -> key.schema().getJsonArray("enum").stream().map(value -> new Sample(key, value)));
  }

  static Stream<Sample> ofAnotherType() {
    return keys().flatMap(key -> ofAnotherType(key).map(value -> new Sample(key, value)));
  }

  private static Stream<?> outOfRange(ConfigKey key) {
    return switch (key.path()) {
      case "data_dir", "models.dir" -> Stream.of("", " ", "a\nb", "a\u0000");
      case "http.host", "cluster.host" -> Stream.of("", "http://localhost", "a b", "localhost\n");
      case "cluster.name" -> Stream.of("", "a b", "a\n", "a".repeat(65));
      case "cluster.members" ->
          Stream.of(
              List.of("10.0.0.1"),
              List.of("a:1", ""),
              List.of("http://a:1"),
              List.of("a:"),
              List.of("a:1\n"));
      case "cluster.service" -> Stream.of("a b", "a\n", "a:1", "http://a", "a".repeat(254));
      case "cluster.weight" -> Stream.of(0.0, 0.009, 100.5, 1e300);
      case "cluster.tls.certificate", "cluster.tls.key", "cluster.tls.ca" ->
          Stream.of("a\nb", "a\u0000");
      case "http.allowed_hosts" ->
          Stream.of(
              List.of(""),
              List.of("a b"),
              List.of("http://a"),
              List.of("a:80"),
              List.of("*"),
              List.of("a\n"));
      case "http.admin_token", "http.predict_token" -> BearerTokensTest.malformed();
      case "auth.callers" -> malformedCallers();
      case "auth.issuer", "auth.jwks_url" ->
          Stream.of("http://issuer.example", "ftp://a", "https://", "https://a b", "https://a\n");
      case "telemetry.otlp_endpoint", "metrics.prometheus_url" ->
          Stream.of(
              "127.0.0.1:4318",
              "ftp://a",
              "http://",
              "http://u:p@a",
              "http://a?b",
              "http://a\n",
              "http://a:0",
              "http://a:65536",
              "http://a:70000/b",
              "http://a:100000");
      case "auth.audience" -> Stream.of("", "a b", "a\n", "a".repeat(257));
      case "metrics.prometheus_job" -> Stream.of("", "a\"b", "a\n", "a".repeat(101));
      case "auth.roles_claim", "auth.name_claim" -> Stream.of("", "a b", "a\n");
      case "http.tls.certificate", "http.tls.key" -> Stream.of(" ", "\n", "a\nb", "a\u0000");
      case "http.tls.password" -> Stream.of("\n", "hunter2\n", "\u0000");
      case "models.preload" -> Stream.of("", "STARTUP", "lazy");
      case "models.engine", "models.mapping" -> Stream.of("", "MAPPED", "djl");
      case "persistence.ack" -> Stream.of("", "all", "COMMIT");
      case "persistence.when_full" -> Stream.of("", "wait", "DROP");
      case "database.uri" -> SecretPartTest.malformed();
      case "log.level" -> Stream.of("", "INFO", "off", "fatal");
      case "log.levels" ->
          Stream.of(List.of("a"), List.of("=info"), List.of("a=INFO"), List.of("a.b=info\n"));
      case "log.format" -> Stream.of("", "xml", "JSON");
      case "prediction.wrong_pincodes" -> Stream.of(-0.001, 0.501, 1e300, 0.0005, "", "AUTO");
      case "server.warm_up_ms" -> Stream.of(-1, 60_001, 0.5, "", "AUTO");
      case "models.shadow.dir" -> Stream.of("a\nb", "a\u0000");
      case "models.shadow.share",
          "models.canary.share",
          "models.canary.max_drop",
          "telemetry.sample_ratio",
          "prediction.min_text_confidence" ->
          Stream.of(-0.001, 1.001);
      default -> {
        if (key.defaultValue() instanceof Boolean) yield Stream.of();
        yield Stream.of(
            key.schema().getInteger("minimum") - 1, key.schema().getInteger("maximum") + 1);
      }
    };
  }

  private static Stream<?> malformedCallers() {
    var good = new JsonObject().put("name", "shop").put("token", "hunter2-hunter2-hunter2");
    return Stream.of(
            new JsonObject().put("roles", JsonArray.of("all")),
            new JsonObject().put("roles", new JsonArray()),
            new JsonObject(),
            new JsonObject().put("roles", JsonArray.of("read")).put("name", "Shop"),
            new JsonObject().put("roles", JsonArray.of("read")).put("name", "shop\n"),
            new JsonObject().put("roles", JsonArray.of("read")).put("token", "hunter2"),
            new JsonObject().put("roles", JsonArray.of("read")).put("token_sha256", "hunter2"),
            new JsonObject().put("roles", JsonArray.of("read")).put("rate", -1),
            new JsonObject().put("roles", JsonArray.of("read")).put("max_in_flight", 0.5),
            new JsonObject().put("roles", JsonArray.of("read")).put("hunter2", "hunter2"))
        .map(fields -> JsonArray.of(good.copy().mergeIn(fields)));
  }

  private static Stream<?> ofAnotherType(ConfigKey key) {
    var wrong = Stream.of(new JsonObject().put("a", 1), new JsonArray().add(1));
    var typed =
        switch (String.valueOf(key.schema().getValue("type"))) {
          case "string" -> Stream.of(7, true);
          case NUMBER_OR_TEXT -> Stream.of("0.05", true, Double.POSITIVE_INFINITY);
          case "boolean" -> Stream.of(0, "true");
          case "array" -> Stream.of("a", 7, true);
          case "number" -> Stream.of("1.0", true, Double.POSITIVE_INFINITY);
          default ->
              Stream.of("5000", true, 5000.5, BigInteger.TEN.pow(40), Double.POSITIVE_INFINITY);
        };
    return Stream.concat(wrong, typed);
  }

  /** A valid file whose hot values are all {@code n}. */
  static String file(int n) {
    return """
        {"prediction": {"max_in_flight": %1$d, "timeout_ms": %1$d}, "cache": {"max_size": %1$d, \
        "ttl_seconds": %1$d}, "persistence": {"batch_size": %1$d, "linger_ms": %1$d, \
        "queue_capacity": %1$d, "statement_timeout_ms": %1$d}}
        """
        .formatted(n);
  }

  /** The hot values of {@link #file} as they arrive in the records. */
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
