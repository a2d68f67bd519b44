package com.cpprediction.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NativeLibraryTest {
  /** Messages of the dynamic linker of glibc, and of the JDK. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/t/libxgboost4j1.so: libgomp.so.1: cannot open shared object file | install libgomp1",
        "/t/libxgboost4j1.so: failed to map segment from shared object | (noexec)",
        "No space left on device | make room in",
        "/t/libxgboost4j1.so: version `GLIBC_2.28' not found | it needs glibc and libgomp1"
      })
  void namesTheWayOut(String linker, String wayOut) {
    assertThat(NativeLibrary.message(new UnsatisfiedLinkError(linker)))
        .startsWith("XGBoost cannot be loaded (" + linker + "); ")
        .contains(wayOut);
  }
}
