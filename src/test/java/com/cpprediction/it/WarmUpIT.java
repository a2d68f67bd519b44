package com.cpprediction.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.cpprediction.logging.CapturedLog;
import com.cpprediction.postgres.TestDatabase;
import com.cpprediction.testing.Await;
import com.cpprediction.testing.Scrape;
import com.cpprediction.testing.TestService;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A service that has just warmed up looks like one that has not. */
class WarmUpIT {
  @Test
  void leavesNoTraceInMetersCacheEstimateAndTable() throws Exception {
    var config =
        new JsonObject()
            .put("server", new JsonObject().put("warm_up_ms", 300))
            .put("log", new JsonObject().put("requests", true))
            .put("persistence", new JsonObject().put("ack", "journal"));

    try (var log = new CapturedLog();
        var service = TestService.started(directory -> config)) {
      assertThat(log.plain())
          .anyMatch(line -> line.matches("(?s).*Warmed up with [1-9]\\d* requests.*"))
          .noneMatch(line -> line.contains("were refused"))
          .noneMatch(line -> line.contains("Answered"));

      var scrape = Scrape.of(service.http().get("/metrics").body());
      for (var counter :
          List.of(
              "cp_predictions_total",
              "cp_prediction_seconds_count",
              "cp_pincode_doubt_count",
              "cp_score_seconds_count",
              "cp_records_total",
              "cp_lookups_total",
              "cp_http_requests_seconds_count",
              "cache_gets_total",
              "cache_puts_total",
              "cache_size",
              "cp_model_leases",
              "cp_db_flush_rows_count")) {
        assertThat(scrape.sum(counter, labels -> true)).as(counter).isZero();
      }
      var status = service.http().get("/models/status").json();
      assertThat(status.getJsonObject("wrong_pincodes").getInteger("observed")).isZero();
      assertThat(status.getJsonArray("models"))
          .isNotEmpty()
          .allSatisfy(model -> assertThat(((JsonObject) model).getLong("requests")).isZero());
      assertThat(TestDatabase.query(service.databaseUri(), "SELECT count(*) FROM predictions"))
          .containsExactly("0");
      Await.until(
          "requests are logged again",
          () -> log.plain().stream().anyMatch(line -> line.contains("Answered")));
    }
  }
}
