package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.cpprediction.config.PersistenceConfig.Ack;
import com.cpprediction.config.PersistenceConfig.WhenFull;
import com.cpprediction.config.Samples.Sample;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The records take the values that the schema accepts. */
class ServiceConfigTest {
  private static final String SAMPLES = "com.cpprediction.config.Samples#";

  @Test
  void rowsThatWaitInTheJournalTakeAQuarterOfTheHeapAtMost() {
    var journal = new JournalConfig(256 << 20, Duration.ofMillis(10));

    assertThat(journal.room(192 << 20)).isEqualTo(48 << 20);
    assertThat(journal.room(1L << 40)).isEqualTo(journal.maxBytes());
  }

  @Test
  void anEmptyFileLeavesTheDefaults() {
    assertThat(Configs.of(new JsonObject())).isEqualTo(ServiceConfig.defaults());
  }

  @Test
  void everyKeyReachesItsRecord() {
    var config =
        Configs.of(
            new JsonObject(
                """
                {"data_dir": "d", "server": {"warm_up_ms": 750}, "models": {"dir": "m", "engine": "xgboost", "mapping": "heap", "preload": "per_request", "poll_ms": 300, "max_accuracy_drop": 0.125, "drift_ms": 27, "shadow": {"dir": "sd", "share": 0.5}, "canary": {"share": 0.25, "max_drop": 0.01}}, "http": {"host": "h", "port": 1, "instances": 26, "max_connections": 2, "max_pending_bytes": 24, "max_streams": 25,
                          "allowed_hosts": ["CP.example", "[::1]"],
                          "admin_token": "0123456789abcdef", "predict_token": "fedcba9876543210",
                          "tls": {"certificate": "c", "key": "k", "password": "p"}},
                 "grpc": {"enabled": true, "port": 31},
                 "auth": {"callers": [{"name": "shop", "token": "0123456789abcdef-shop",
                                       "roles": ["predict", "read"], "rate": 12.5,
                                       "max_in_flight": 28}],
                          "issuer": "https://i", "audience": "a", "jwks_url": "https://k",
                          "roles_claim": "r", "name_claim": "n"},
                 "prediction": {"workers": 2, "max_in_flight": 3, "timeout_ms": 40,
                                "inline_us": 27, "wrong_pincodes": 0.05, "min_text_confidence": 0.25},
                 "cache": {"enabled": false, "max_size": 6, "ttl_seconds": 7, "warm_popular": 9},
                 "persistence": {"ack": "none", "when_full": "drop", "batch_size": 8, "linger_ms": 9,
                                 "queue_capacity": 10, "statement_timeout_ms": 110, "retention_days": 19,
                                 "outcomes_window_days": 23, "history_days": 28},
                 "review": {"below": 0.375, "doubt": 0.625, "days": 28, "claim_seconds": 29,
                            "refusals_per_hour": 30},
                 "journal": {"max_bytes": 2000000, "sync_ms": 11},
                 "database": {"uri": "postgres://u", "embedded_port": 12,
                              "pool": {"enabled": false, "size": 13, "max_wait_queue": 14,
                                       "idle_timeout_seconds": 15, "max_lifetime_seconds": 16,
                                       "acquire_timeout_ms": 17, "pipelining_limit": 18}},
                 "cluster": {"name": "n", "host": "c", "port": 20, "bus_port": 21,
                             "members": ["x:1", "y:2"], "service": "s", "trusted_network": true, "replicas": 3,
                             "weight": 0.5, "attempt_ms": 22,
                             "tls": {"certificate": "cert", "key": "key", "ca": "ca"}},
                 "metrics": {"enabled": false, "prometheus_url": "https://p:9090/x", "prometheus_job": "j"},
                 "telemetry": {"otlp_endpoint": "http://t:31", "sample_ratio": 0.375},
                 "log": {"level": "warn", "levels": ["a.B=off"], "format": "json",
                                                        "requests": true}}
                """));

    assertThat(config)
        .isEqualTo(
            new ServiceConfig(
                "d",
                new ServerConfig(OptionalDouble.of(750)),
                new ModelsConfig(
                    "m",
                    "xgboost",
                    "heap",
                    "per_request",
                    Duration.ofMillis(300),
                    0.125,
                    Duration.ofMillis(27),
                    new ModelsConfig.Shadow("sd", 0.5),
                    new ModelsConfig.Canary(0.25, 0.01)),
                new HttpConfig(
                    "h",
                    1,
                    26,
                    2,
                    24,
                    25,
                    List.of("cp.example", "[::1]"),
                    BearerTokens.of("0123456789abcdef"),
                    BearerTokens.of("fedcba9876543210"),
                    new HttpConfig.Tls("c", "k", "p")),
                new GrpcConfig(true, 31),
                new AuthConfig(
                    new CallerList(
                        List.of(
                            new CallerConfig(
                                "shop",
                                List.of(
                                    ByteBuffer.wrap(BearerTokens.digest("0123456789abcdef-shop"))),
                                Set.of(Role.PREDICT, Role.READ),
                                12.5,
                                28))),
                    "https://i",
                    "a",
                    "https://k",
                    "r",
                    "n"),
                new PredictionConfig(
                    2, 27, 3, Duration.ofMillis(40), OptionalDouble.of(0.05), 0.25),
                new CacheConfig(false, 6, Duration.ofSeconds(7), 9),
                new PersistenceConfig(
                    Ack.NONE,
                    WhenFull.DROP,
                    8,
                    Duration.ofMillis(9),
                    10,
                    Duration.ofMillis(110),
                    19,
                    23,
                    28),
                new ReviewConfig(0.375, 0.625, 28, Duration.ofSeconds(29), 30),
                new JournalConfig(2_000_000, Duration.ofMillis(11)),
                new DatabaseConfig(
                    "postgres://u",
                    12,
                    new DatabaseConfig.Pool(
                        false,
                        13,
                        14,
                        Duration.ofSeconds(15),
                        Duration.ofSeconds(16),
                        Duration.ofMillis(17),
                        18)),
                new ClusterConfig(
                    "n",
                    "c",
                    20,
                    21,
                    List.of("x:1", "y:2"),
                    "s",
                    true,
                    3,
                    0.5,
                    Duration.ofMillis(22),
                    new ClusterConfig.Tls("cert", "key", "ca")),
                new MetricsConfig(false, "https://p:9090/x", "j"),
                new TelemetryConfig("http://t:31", 0.375),
                new LogConfig("warn", List.of("a.B=off"), LogConfig.Format.JSON, true)));
  }

  @ParameterizedTest
  @MethodSource(SAMPLES + "inRange")
  void takesBothEndsOfARange(Sample sample) {
    assertThat(Configs.of(sample.document())).isEqualTo(record(sample));
  }

  @ParameterizedTest
  @MethodSource(SAMPLES + "outOfRange")
  void refusesOtherValues(Sample sample) {
    assertThatThrownBy(() -> Configs.of(sample.document()))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(sample.key().path())
        .hasMessageContaining(", must be ");
  }

  @ParameterizedTest
  @MethodSource(SAMPLES + "choices")
  void takesEveryChoice(Sample sample) {
    assertThat(Configs.of(sample.document())).isEqualTo(record(sample));
  }

  @Test
  void takesEveryStepOfTheShareOfWrongPincodesAsItsDecimal() {
    for (int step = 0; step <= 500; step++) {
      var decimal = "0.%03d".formatted(step);

      assertThat(share(decimal)).hasValue(Double.parseDouble(decimal)).hasValue(step / 1000.0);
    }
    assertThat(share("0.300000000000001")).hasValue(0.3);
    assertThat(Double.toString(share("-0.0").orElseThrow())).isEqualTo("0.0");
    assertThat(share("\"auto\"")).isEmpty();
  }

  @Test
  void warmsUpLongerInACluster() {
    var server = ServiceConfig.defaults().server();

    assertThat(server.warmUp(false)).isEqualTo(Duration.ofMillis(500));
    assertThat(server.warmUp(true)).isEqualTo(Duration.ofMillis(2_000));
    assertThat(new ServerConfig(OptionalDouble.of(0)).warmUp(true)).isZero();
    assertThat(new ServerConfig(OptionalDouble.of(750)).warmUp(false)).hasMillis(750);
  }

  private static OptionalDouble share(String json) {
    return Configs.of(new JsonObject("{\"prediction\": {\"wrong_pincodes\": %s}}".formatted(json)))
        .prediction()
        .wrongPincodes();
  }

  @ParameterizedTest
  @MethodSource(SAMPLES + "ofAnotherType")
  void refusesAnotherType(Sample sample) {
    assertThatThrownBy(() -> Configs.of(sample.document()))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(sample.key().path())
        .hasMessageContaining(" is ")
        .hasMessageContaining(", must be ");
  }

  @Test
  void hidesThePasswordInToString() {
    var config =
        Configs.of(
            new JsonObject()
                .put("database", new JsonObject().put("uri", "postgresql://cp:hunter2@db/cp")));

    assertThat(config.toString()).contains("postgresql://cp:***@db/cp").doesNotContain("hunter2");
    assertThat(config.database().uri()).contains("hunter2");
  }

  @Test
  void hidesTokensAndPasswordsInToString() {
    for (var key : List.of("http.admin_token", "http.predict_token", "http.tls.password")) {
      var document = new JsonObject();
      Samples.key(key).put(document, Samples.another(Samples.key(key)));

      assertThat(Configs.of(document).toString()).as(key).doesNotContain("hunter2");
    }
  }

  /** The defaults with one other value, bound without the schema. */
  private static ServiceConfig record(Sample sample) {
    var values = ConfigSchema.defaults();
    values.put(sample.key().path(), sample.value());
    return ServiceConfig.of(values);
  }
}
