package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuggestionTest {
  private static final List<String> KNOWN =
      List.of("http.host", "http.port", "persistence.batch_size", "database.pool.size", "cache");

  @ParameterizedTest
  @CsvSource({
    "http.prt, http.port",
    "persistence.batchSize, persistence.batch_size",
    "database.pool_size, database.pool.size",
    "batch_size, persistence.batch_size",
    "server.port, http.port",
    "cahce, cache",
  })
  void suggestsTheNearestName(String written, String meant) {
    assertThat(Suggestion.nearest(written, KNOWN)).contains(meant);
  }

  @Test
  void suggestsNothingWhenNoNameIsSimilar() {
    assertThat(Suggestion.nearest("zebra", KNOWN)).isEmpty();
    assertThat(Suggestion.nearest("", KNOWN)).isEmpty();
    assertThat(Suggestion.nearest("http.port".repeat(100_000), KNOWN)).isEmpty();
  }
}
