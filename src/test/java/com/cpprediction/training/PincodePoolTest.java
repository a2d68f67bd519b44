package com.cpprediction.training;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PincodePoolTest {
  private final PincodePool pool =
      PincodePool.of(560001, 411038, 110001, 411001, 110002, 411007, 411001, 411999);

  @ParameterizedTest(name = "{0}, pick {1} -> {2}")
  @CsvSource({
    "411007, 0, 411001", // of 411001, 411007, 411038, 411999
    "411007, 1, 411038", // itself, so the next
    "411007, 6, 411038",
    "411999, 3, 411001", // after the last the first
    "411500, 7, 411999", // not in the pool
    "411007, 4294967295, 411999", // 2^32 - 1 mod 4 = 3
    "110002, 1, 110001",
    "560001, 5, 560001", // alone in its prefix
    "700001, 5, 700001", // without a pool
  })
  void insideThePrefix(int truth, long pick, int drawn) {
    assertThat(pool.insidePrefix(truth, pick)).isEqualTo(drawn);
  }

  @ParameterizedTest(name = "{0}, pick {1} -> {2}")
  @CsvSource({
    "411007, 0, 110001", // of 110001, 110002, 411001, 411007, 411038, 411999, 560001
    "411007, 2, 560001", // the next of another prefix
    "411007, 5, 560001",
    "411007, 7, 110001",
    "560001, 6, 110001", // after the last the first
    "110002, 1, 411001",
    "700001, 3, 411007",
    "700001, 4294967295, 411007", // 2^32 - 1 mod 7 = 3
  })
  void outsideThePrefix(int truth, long pick, int drawn) {
    assertThat(pool.outsidePrefix(truth, pick)).isEqualTo(drawn);
  }

  @ParameterizedTest
  @CsvSource({"411001, 411002", "560001, 560001"})
  void aPoolOfOnePrefixOrOnePincodeHasNoneOutside(int first, int second) {
    int truth = first == 411001 ? 411001 : 411033;

    assertThat(PincodePool.of(first, second).outsidePrefix(truth, 1)).isEqualTo(truth);
  }
}
