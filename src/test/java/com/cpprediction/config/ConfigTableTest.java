package com.cpprediction.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConfigTableTest {
  @Test
  void givesEveryKeyOneRowOfSixCells() {
    var lines = ConfigTable.markdown().lines().toList();

    assertThat(lines).hasSize(2 + ConfigSchema.keys().size());
    assertThat(lines).allSatisfy(line -> assertThat(line.split("\\|")).hasSize(7));
    assertThat(lines)
        .contains(
            "| `http.port` | `CP_HTTP_PORT` | `8000` | 0..65535 | restart | Port to listen on, 0 for"
                + " any free one. |");
  }
}
