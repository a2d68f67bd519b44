package com.cpprediction.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AcceptTest {
  @Test
  void acceptsAnyTypeWithoutAHeader() {
    assertThat(Accept.weight(null, RouteContract.JSON)).isEqualTo(1);
    assertThat(Accept.weight(" ", RouteContract.JSON)).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "*/*                                          | 1",
        "application/json                             | 1",
        "Application/JSON ; q=0.5                     | 0.5",
        "application/*;q=0.3                          | 0.3",
        "text/html, */*;q=0.1                         | 0.1",
        "text/html                                    | 0",
        "*/*, application/json;q=0                    | 0",
        "application/json;q=0.2, application/*;q=0.9  | 0.2",
        "application/json;profile=x;q=0.4             | 0.4",
        "application/json;q=x                         | 0",
        "application/json;q=7                         | 1",
        "application/json;q=-1                        | 0",
        "application/jsonx, ;, /                      | 0",
        ";                                            | 0",
        ",;;                                          | 0"
      })
  void weighsAcceptHeaders(String header, double weight) {
    assertThat(Accept.weight(header, RouteContract.JSON)).isEqualTo(weight);
  }
}
