package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigSchemaTest {
  @ParameterizedTest
  @MethodSource("com.cpprediction.config.Samples#keys")
  void describesEveryKeyInFull(ConfigKey key) {
    assertThat(key.path()).matches("[a-z_]+(\\.[a-z_]+)*");
    assertThat(key.defaultValue()).isNotNull();
    assertThat(key.description()).endsWith(".").doesNotContain("|");
    assertThat(key.reload()).isIn("hot", "restart");
    assertThat(key.range()).isNotBlank();
    assertThat(key.schema().fieldNames())
        .isSubsetOf(
            Set.of(
                "type",
                "default",
                "description",
                "minimum",
                "maximum",
                "multipleOf",
                "enum",
                "items",
                "minItems",
                "maxItems",
                "uniqueItems",
                "pattern",
                "not",
                "x-allowed",
                "x-reload",
                "x-secret",
                "x-secret-part"));
  }

  @Test
  void namesTheVariablesAfterTheKeys() {
    assertThat(Samples.key("data_dir").variable()).isEqualTo("CP_DATA_DIR");
    assertThat(Samples.key("database.pool.max_wait_queue").variable())
        .isEqualTo("CP_DATABASE_POOL_MAX_WAIT_QUEUE");
  }

  @ParameterizedTest
  @MethodSource("com.cpprediction.config.Samples#keys")
  void noListTakesAnEmptyItem(ConfigKey key) {
    if (!key.isArray() || key.ofObjects()) return;

    assertThat(
            Pattern.compile(key.schema().getJsonObject("items").getString("pattern")).asPredicate())
        .rejects("");
  }

  @Test
  void noVariableHasTwoMeanings() {
    var variables =
        Samples.keys().flatMap(key -> Stream.of(key.variable(), key.fileVariable())).toList();

    assertThat(variables).doesNotHaveDuplicates();
  }

  @Test
  void hotKeysAreThese() {
    assertThat(Samples.keys().filter(ConfigKey::hot).map(ConfigKey::path))
        .containsExactly(
            "models.poll_ms",
            "models.max_accuracy_drop",
            "models.drift_ms",
            "models.shadow.dir",
            "models.shadow.share",
            "models.canary.share",
            "models.canary.max_drop",
            "http.max_connections",
            "http.max_pending_bytes",
            "http.max_streams",
            "http.allowed_hosts",
            "http.admin_token",
            "http.predict_token",
            "auth.callers",
            "prediction.inline_us",
            "prediction.max_in_flight",
            "prediction.timeout_ms",
            "prediction.wrong_pincodes",
            "prediction.min_text_confidence",
            "cache.enabled",
            "cache.max_size",
            "cache.ttl_seconds",
            "cache.warm_popular",
            "persistence.when_full",
            "persistence.batch_size",
            "persistence.linger_ms",
            "persistence.queue_capacity",
            "persistence.statement_timeout_ms",
            "persistence.retention_days",
            "persistence.outcomes_window_days",
            "persistence.history_days",
            "review.below",
            "review.doubt",
            "review.days",
            "review.claim_seconds",
            "review.refusals_per_hour",
            "cluster.replicas",
            "cluster.weight",
            "cluster.attempt_ms",
            "metrics.prometheus_url",
            "metrics.prometheus_job",
            "telemetry.sample_ratio",
            "log.level",
            "log.levels",
            "log.format",
            "log.requests");
  }
}
